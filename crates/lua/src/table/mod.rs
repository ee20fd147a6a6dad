//! Tables: an array part and a hash part, laid out exactly as Lua 5.1 lays them out.
//!
//! The order of `pairs`, and `#` of a table with holes, depend on the layout, and scripts (and the output of cjson and cmsgpack) depend on both.
//! So the layout rules are 5.1's, to the slot:
//!  - the hash part is a power-of-two vector of nodes with chains inside it (Brent's variation): a key sits in its main position unless that is taken;
//!    a colliding node that is not in *its* main position is moved to a free slot, otherwise the new key goes there;
//!    free slots are found by a pointer that moves down from the end;
//!  - when there is no free slot, all integer keys are counted per power-of-two slice; the array part gets the largest size `n`
//!    such that more than `n / 2` of its slots are in use, and everything else is re-inserted from the last node to the first;
//!  - assigning nil keeps the key, and assigning nil to an absent key even makes a node.
//!
//! Nodes are addressed by index; `NO_NODE` ends a chain. A table does not know the heap: operations that may compare long strings take the string
//! arena.

mod array;
mod next;
mod rehash;
#[cfg(test)]
mod tests;

use crate::heap::Strings;
use crate::value::{StringHandle, TableHandle, Value};
use crate::vm::truncate;

pub use next::InvalidKey;

/// The end of a chain.
const NO_NODE: u32 = u32::MAX;

/// An entry of the hash part.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub(crate) key: Value,
    pub(crate) value: Value,
    next: u32,
}

const EMPTY_NODE: Node = Node {
    key: Value::Nil,
    value: Value::Nil,
    next: NO_NODE,
};

/// Where in the array part a number key is, if that is so long; beyond any array for one that is no integer.
#[inline(always)]
fn array_index(key: f64) -> usize {
    let whole = truncate(key);
    // The bits, which no comparison of numbers has to order: what is neither below nor above is another branch. There is no key -0 in the array.
    if (whole as f64).to_bits() == key.to_bits() {
        whole.wrapping_sub(1) as usize
    } else {
        // A branch, which is foreseen, rather than a selection that the look into the array would wait for.
        std::hint::cold_path();
        usize::MAX
    }
}

/// Why a table refuses a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The key is nil.
    #[error("table index is nil")]
    NilKey,
    /// The key is not a number, in IEEE's sense.
    #[error("table index is NaN")]
    NanKey,
    /// The table would have more than 2^26 slots.
    #[error("table overflow")]
    Overflow,
    /// The table is read-only.
    #[error("Attempt to modify a readonly table")]
    Readonly,
}

/// A table.
#[derive(Default)]
pub struct Table {
    pub(crate) array: Vec<Value>,
    pub(crate) nodes: Vec<Node>,
    last_free: u32,
    pub(crate) metatable: Option<TableHandle>,
    /// Bit `n` is set if this table, as a metatable, is known to lack the metamethod numbered `n` (of the first eight); cleared by every new key.
    pub(crate) absent: u8,
    pub(crate) readonly: bool,
    /// Nothing is here.
    pub(crate) is_vacant: bool,
    /// Counts, from 0 again after 255, how often all keys were placed anew.
    rehashes: u8,
}

impl Table {
    /// A table without any room.
    pub(crate) const EMPTY: Table = Table {
        array: Vec::new(),
        nodes: Vec::new(),
        last_free: 0,
        metatable: None,
        absent: 0,
        readonly: false,
        is_vacant: false,
        rehashes: 0,
    };

    /// Gives a table that is [`Table::EMPTY`] room for so many entries in the array and in the hash part (the latter is rounded up to a
    /// power of two).
    #[inline]
    pub(crate) fn make_room(&mut self, array: usize, hash: usize) {
        if array > 0 {
            self.array = vec![Value::Nil; array];
        }
        if hash > 0 {
            self.set_node_count(hash);
        }
    }

    /// A table with the nodes of this one, which has no array part and no values, and these values at these positions.
    pub(crate) fn with_values(&self, positions: &[u32], values: &[Value]) -> Table {
        let mut nodes = self.nodes.clone();
        for (&position, &value) in positions.iter().zip(values) {
            nodes[position as usize].value = value;
        }
        Table {
            nodes,
            last_free: self.last_free,
            ..Table::default()
        }
    }

    /// See [`Heap::layout`](crate::heap::Heap::layout).
    pub(crate) fn layout(
        &self,
        keys: &[StringHandle],
        strings: &Strings,
    ) -> Option<(Box<[u32]>, Table)> {
        let mut nodes = self.nodes.clone();
        let mut positions = Vec::with_capacity(keys.len());
        for &key in keys {
            let position = self.find_node(Value::String(key), strings)?;
            // A key that comes twice finds its value gone.
            if nodes[position].value.is_nil() {
                return None;
            }
            nodes[position].value = Value::Nil;
            positions.push(position as u32);
        }
        if !self.array.is_empty() || nodes.iter().any(|node| !node.value.is_nil()) {
            return None;
        }
        let layout = Table {
            nodes,
            last_free: self.last_free,
            ..Table::default()
        };
        Some((positions.into(), layout))
    }

    /// The heap bytes behind the table, its own struct excluded.
    pub(crate) fn bytes(&self) -> usize {
        self.array.capacity() * size_of::<Value>() + self.nodes.capacity() * size_of::<Node>()
    }

    /// Changes whenever all keys were placed anew.
    #[inline(always)]
    pub(crate) fn rehashes(&self) -> u8 {
        self.rehashes
    }

    /// The entry that was put into a free node last: either the last new one or one that had to give way to it.
    pub(crate) fn last_moved(&self) -> Option<(Value, Value)> {
        let node = self.nodes.get(self.last_free as usize)?;
        Some((node.key, node.value))
    }

    /// The value at a short (interned) string key.
    #[inline(always)]
    pub(crate) fn get_short(&self, key: StringHandle) -> Value {
        match self.find_short(key) {
            Some(node) => node.value,
            None => Value::Nil,
        }
    }

    /// The value at a short string key, in its place; none if the key has no node.
    #[inline(always)]
    pub(crate) fn short(&self, key: StringHandle) -> Option<&Value> {
        self.find_short(key).map(|node| &node.value)
    }

    /// The element at a number key that is inside the array part, in its place.
    #[inline(always)]
    pub(crate) fn element(&self, key: f64) -> Option<&Value> {
        self.array.get(array_index(key))
    }

    /// The number of the node of a short string key.
    pub(crate) fn place_of(&self, key: StringHandle) -> Option<usize> {
        let is_it = |node: &Node| matches!(node.key, Value::String(string) if string == key);
        self.nodes.iter().position(is_it)
    }

    /// The node of a short string key.
    #[inline(always)]
    fn find_short(&self, key: StringHandle) -> Option<&Node> {
        let mut index = key.hash() as usize & self.nodes.len().wrapping_sub(1);
        while let Some(node) = self.nodes.get(index) {
            if let Value::String(string) = node.key
                && string.is_same_key(key)
            {
                return Some(node);
            }
            index = node.next as usize;
        }
        None
    }

    /// The place of the value at a short string key, if the key has a node.
    #[inline(always)]
    pub(crate) fn short_slot(&mut self, key: StringHandle) -> Option<&mut Value> {
        let mut index = key.hash() as usize & self.nodes.len().wrapping_sub(1);
        loop {
            let node = self.nodes.get(index)?;
            if let Value::String(string) = node.key
                && string.is_same_key(key)
            {
                return Some(&mut self.nodes[index].value);
            }
            index = node.next as usize;
        }
    }

    /// The value at a number key.
    #[inline(always)]
    pub(crate) fn get_number(&self, key: f64) -> Value {
        match self.array.get(array_index(key)) {
            Some(&value) => value,
            None => self.get_number_in_nodes(key),
        }
    }

    fn get_number_in_nodes(&self, key: f64) -> Value {
        match self.find_number(key) {
            Some(index) => self.nodes[index].value,
            None => Value::Nil,
        }
    }

    fn find_number(&self, key: f64) -> Option<usize> {
        if self.nodes.is_empty() {
            return None;
        }
        let mut index = self.number_position(key);
        while let Some(node) = self.nodes.get(index) {
            if let Value::Number(number) = node.key
                && number == key
            {
                return Some(index);
            }
            index = node.next as usize;
        }
        None
    }

    /// The place of an array element, if the key is inside the array part.
    #[inline(always)]
    pub(crate) fn array_slot(&mut self, key: f64) -> Option<&mut Value> {
        self.array.get_mut(array_index(key))
    }

    /// The value at any key.
    pub(crate) fn get(&self, key: Value, strings: &Strings) -> Value {
        match key {
            Value::Number(number) => self.get_number(number),
            Value::String(string) if string.is_plain_key() => self.get_short(string),
            Value::Nil => Value::Nil,
            Value::String(string) if string.is_loose() => {
                self.get(Value::String(strings.key(string)), strings)
            }
            _ => match self.find_node(key, strings) {
                Some(index) => self.nodes[index].value,
                None => Value::Nil,
            },
        }
    }

    /// The node of a key that is not in the array part.
    fn find_node(&self, key: Value, strings: &Strings) -> Option<usize> {
        if let Value::Number(number) = key {
            return self.find_number(number);
        }
        if self.nodes.is_empty() {
            return None;
        }
        let mut index = self.main_position(key);
        while let Some(node) = self.nodes.get(index) {
            if strings.raw_equals(node.key, key) {
                return Some(index);
            }
            index = node.next as usize;
        }
        None
    }

    /// The place of the value at any key, made if the key is absent (`luaH_set`).
    pub(crate) fn slot(&mut self, key: Value, strings: &Strings) -> Result<&mut Value, TableError> {
        self.absent = 0;
        match key {
            Value::Number(number) => {
                let index = array_index(number);
                if index < self.array.len() {
                    return Ok(&mut self.array[index]);
                }
                if number.is_nan() {
                    return Err(TableError::NanKey);
                }
            }
            Value::Nil => return Err(TableError::NilKey),
            _ => {}
        }
        match self.find_node(key, strings) {
            Some(index) => Ok(&mut self.nodes[index].value),
            None => self.insert_new(key, strings),
        }
    }

    /// Puts a short string key that has no node where it wants to be. None if that is taken by an entry.
    #[inline]
    pub(crate) fn claim_main_position(&mut self, key: StringHandle) -> Option<&mut Value> {
        let index = key.hash() as usize & self.nodes.len().wrapping_sub(1);
        let node = self.nodes.get_mut(index)?;
        if !node.value.is_nil() {
            return None;
        }
        self.absent = 0;
        node.key = Value::String(key);
        Some(&mut node.value)
    }

    /// Makes a node for a key that has none.
    fn insert_new(&mut self, key: Value, strings: &Strings) -> Result<&mut Value, TableError> {
        if self.nodes.is_empty() {
            self.rehash(key, strings)?;
            return self.slot(key, strings);
        }
        let mut place = self.main_position(key);
        if !self.nodes[place].value.is_nil() {
            let Some(free) = self.free_position() else {
                self.rehash(key, strings)?;
                return self.slot(key, strings);
            };
            let other = self.main_position(self.nodes[place].key);
            if other != place {
                let mut previous = other;
                while self.nodes[previous].next as usize != place {
                    previous = self.nodes[previous].next as usize;
                }
                self.nodes[previous].next = free as u32;
                self.nodes[free] = self.nodes[place];
                self.nodes[place].next = NO_NODE;
                self.nodes[place].value = Value::Nil;
            } else {
                self.nodes[free].next = self.nodes[place].next;
                self.nodes[place].next = free as u32;
                place = free;
            }
        }
        let node = &mut self.nodes[place];
        node.key = key;
        Ok(&mut node.value)
    }

    /// The highest free slot below the last one handed out; none if the hash part is used up.
    fn free_position(&mut self) -> Option<usize> {
        while self.last_free > 0 {
            self.last_free -= 1;
            if self.nodes[self.last_free as usize].key.is_nil() {
                return Some(self.last_free as usize);
            }
        }
        None
    }

    /// The node a key wants. The hash part must not be empty.
    fn main_position(&self, key: Value) -> usize {
        let mask = self.nodes.len() - 1;
        let odd = |hash: u64| (hash % (mask as u64 | 1)) as usize;
        match key {
            Value::String(string) => string.hash() as usize & mask,
            Value::Number(number) => self.number_position(number),
            Value::Boolean(boolean) => boolean as usize & mask,
            Value::Nil => 0,
            Value::Table(handle) => odd(u64::from(handle.0) * 4 + 1),
            Value::Function(handle) => odd(u64::from(handle.0) * 4 + 2),
            Value::Native(handle) => odd(u64::from(handle.0) * 4 + 3),
            Value::Userdata(handle) => odd(u64::from(handle.0) * 4),
            Value::Thread(handle) => odd(u64::from(handle.0) * 4 + 5),
            Value::LightUserdata(address) => odd(address & 0xffff_ffff),
        }
    }

    #[inline]
    fn number_position(&self, number: f64) -> usize {
        if number == 0.0 {
            return 0;
        }
        let bits = number.to_bits();
        let hash = (bits as u32).wrapping_add((bits >> 32) as u32);
        (hash % ((self.nodes.len() as u32 - 1) | 1)) as usize
    }
}
