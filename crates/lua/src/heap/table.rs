//! Reading and writing tables without metamethods, for the VM, natives and the host.

use super::Heap;
use super::arena::Object;
use crate::meter::Meter;
use crate::opcode::decode_float_byte;
use crate::table::{InvalidKey, Table, TableError};
use crate::value::{NativeHandle, StringHandle, TableHandle, Value};
use crate::vm::copy_value;

/// The array part that a table has after `len` elements, if none is nil and they came one after the other.
#[inline]
fn list_room(len: usize) -> usize {
    if len == 0 { 0 } else { len.next_power_of_two() }
}

impl Heap {
    /// Makes a table with room for so many array and hash entries.
    #[inline]
    pub fn new_table(&mut self, array: usize, hash: usize) -> TableHandle {
        // Made where it stays: to copy what was just written in other pieces is to wait for it.
        let index = self.tables.insert(Table::EMPTY);
        let table = &mut self.tables.items[index as usize];
        table.make_room(array, hash);
        self.bytes += table.size();
        TableHandle(index)
    }

    /// Makes a table with room for `len` elements: the room that growing by one element at a time comes to, on which `#` of a list
    /// that later gets holes depends.
    #[inline]
    pub fn new_list(&mut self, len: usize) -> TableHandle {
        self.new_table(list_room(len), 0)
    }

    /// Takes back the room that a list of [`new_list`](Heap::new_list) does not have after `len` elements. What comes next then
    /// finds its place as in a table that nobody knew the size of; so it has to be before the first element that is nil.
    #[cold]
    pub fn stop_list_at(&mut self, list: TableHandle, len: usize) {
        self.tables[list.index()].array.truncate(list_room(len));
        if list.0 == self.collector.partial_table() {
            self.partial_table_changed(list, true);
        }
    }

    /// Makes a table with the nodes of `layout`, and these values at these positions.
    pub(crate) fn new_table_like(
        &mut self,
        layout: &Table,
        positions: &[u32],
        values: &[Value],
    ) -> TableHandle {
        let table = layout.with_values(positions, values);
        self.count_table(&table);
        TableHandle(self.tables.insert(table))
    }

    /// The nodes of a table that holds just these different keys, without their values, and the keys' positions; none if
    /// it holds anything else.
    pub(crate) fn layout(
        &self,
        table: TableHandle,
        keys: &[StringHandle],
    ) -> Option<(Box<[u32]>, Table)> {
        self.tables[table.index()].layout(keys, &self.strings)
    }

    /// Reads a table without metamethods.
    #[inline]
    pub fn raw_get(&self, table: TableHandle, key: Value) -> Value {
        self.tables[table.index()].get(key, &self.strings)
    }

    /// Reads a table at an integer key, without metamethods.
    #[inline]
    pub fn raw_get_integer(&self, table: TableHandle, key: i64) -> Value {
        self.tables[table.index()].get_number(key as f64)
    }

    /// Reads a table at a string key, without metamethods.
    #[inline]
    pub fn raw_get_string(&self, table: TableHandle, key: StringHandle) -> Value {
        self.raw_get(table, Value::String(key))
    }

    /// Writes a field of an old table for the time of a region only: the host promises to overwrite it with an old value
    /// before the region ends, so the write does not keep what it refers to alive beyond it. `place` is where the field was
    /// found when it was written before, 0 at first.
    #[inline]
    pub fn raw_set_transient(
        &mut self,
        table: TableHandle,
        key: StringHandle,
        value: Value,
        place: &mut usize,
    ) {
        if !self.is_marking()
            && let Some(node) = self.tables[table.index()].nodes.get_mut(*place)
            && let Value::String(string) = node.key
            && string == key
        {
            copy_value(&value, &mut node.value);
            return;
        }
        self.set_transient(table, key, value);
        *place = self.tables[table.index()].place_of(key).unwrap_or(0);
    }

    #[inline(never)]
    fn set_transient(&mut self, table: TableHandle, key: StringHandle, value: Value) {
        let escaped = self.escaped;
        self.raw_set_string(table, key, value);
        self.escaped = escaped;
    }

    /// Reads the field `name`, without metamethods.
    pub fn raw_get_field(&mut self, table: TableHandle, name: &str) -> Value {
        let key = self.new_string(name.as_bytes());
        self.raw_get_string(table, key)
    }

    /// Writes a table without metamethods. Fails for a nil or NaN key, for a table that grows beyond its limits and for a read-only table.
    #[inline]
    pub fn raw_set(
        &mut self,
        table: TableHandle,
        key: Value,
        value: Value,
    ) -> Result<(), TableError> {
        if self.tables[table.index()].readonly {
            return Err(TableError::Readonly);
        }
        self.store(table, key, value)
    }

    /// Writes a table without metamethods and without regard to its read-only flag.
    #[inline]
    pub(crate) fn store(
        &mut self,
        table: TableHandle,
        key: Value,
        value: Value,
    ) -> Result<(), TableError> {
        let key = match key {
            Value::String(string) => Value::String(self.settle(string)),
            key => key,
        };
        self.barrier(table, &key);
        self.barrier(table, &value);
        let object = &mut self.tables[table.index()];
        let (before, rehashes) = (object.bytes(), object.rehashes());
        *object.slot(key, &self.strings)? = value;
        let is_rehashed = object.rehashes() != rehashes;
        if is_rehashed {
            self.recount_table(table, before);
        }
        if table.0 == self.collector.partial_table() {
            self.partial_table_changed(table, is_rehashed);
        }
        Ok(())
    }

    /// The same for the dispatch loop, in which a copy of this would be in the way.
    #[inline(never)]
    pub(crate) fn add_entry(
        &mut self,
        table: TableHandle,
        key: Value,
        value: &Value,
    ) -> Result<(), TableError> {
        self.store(table, key, *value)
    }

    /// The same at a string key that was not found by its handle.
    #[inline(never)]
    pub(crate) fn add_field(
        &mut self,
        table: TableHandle,
        key: StringHandle,
        value: &Value,
    ) -> Result<(), TableError> {
        if key.is_plain_key()
            && table.0 != self.collector.partial_table()
            && let Some(place) = self.tables[table.index()].claim_main_position(key)
        {
            copy_value(value, place);
            self.barrier(table, &Value::String(key));
            self.barrier(table, value);
            return Ok(());
        }
        self.store(table, Value::String(key), *value)
    }

    /// Makes a table with room for as many array and hash entries as floating bytes say.
    #[inline(never)]
    pub(crate) fn new_table_by_hints(&mut self, array: u8, hash: u8) -> TableHandle {
        let (array, hash) = (decode_float_byte(array), decode_float_byte(hash));
        self.new_table(array as usize, hash as usize)
    }

    /// Writes a table at an integer key. For the host filling its own tables: ignores the read-only flag.
    #[inline]
    pub fn raw_set_integer(&mut self, table: TableHandle, key: i64, value: Value) {
        self.barrier(table, &value);
        let array = &mut self.tables[table.index()].array;
        if let Some(slot) = array.get_mut(key.wrapping_sub(1) as usize) {
            *slot = value;
            return;
        }
        // Only an overflowing table can refuse an integer key.
        let _ = self.store(table, Value::Number(key as f64), value);
    }

    /// Writes strings to a table from an integer key on. For the host filling its own tables: ignores the read-only flag.
    #[inline]
    pub fn raw_set_strings<const N: usize>(
        &mut self,
        table: TableHandle,
        key: i64,
        strings: [StringHandle; N],
    ) {
        for string in strings {
            self.barrier(table, &Value::String(string));
        }
        let array = &mut self.tables[table.index()].array;
        let slots = array.get_mut(key.wrapping_sub(1) as usize..);
        if let Some(slots) = slots.and_then(|slots| slots.first_chunk_mut::<N>()) {
            for (slot, string) in slots.iter_mut().zip(strings) {
                *slot = Value::String(string);
            }
            return;
        }
        for (key, string) in (key..).zip(strings) {
            self.raw_set_integer(table, key, Value::String(string));
        }
    }

    /// Writes a table at a string key. For the host filling its own tables: ignores the read-only flag.
    #[inline]
    pub fn raw_set_string(&mut self, table: TableHandle, key: StringHandle, value: Value) {
        if key.is_plain_key()
            && let Some(slot) = self.tables[table.index()].short_slot(key)
        {
            *slot = value;
            self.barrier(table, &value);
            return;
        }
        // Only an overflowing table can refuse a string key.
        let _ = self.store(table, Value::String(key), value);
    }

    /// Writes the field `name`. For the host filling its own tables: ignores the read-only flag.
    pub fn raw_set_field(&mut self, table: TableHandle, name: &str, value: Value) {
        let key = self.new_string(name.as_bytes());
        self.raw_set_string(table, key, value);
    }

    /// Empties a table and writes its fields anew, in this order, into room for so many; a name without a value just takes a place. Then
    /// `pairs` finds them as it finds those of a table that was filled so. For the host's own tables, before anything runs.
    pub fn arrange_fields(&mut self, table: TableHandle, room: usize, names: &[&str]) {
        let fresh = self.new_table(0, room);
        let mut vacant = Vec::new();
        for &name in names {
            let value = match self.raw_get_field(table, name) {
                Value::Nil => {
                    vacant.push(name);
                    Value::Boolean(false)
                }
                value => value,
            };
            self.raw_set_field(fresh, name, value);
        }
        for name in vacant {
            self.raw_set_field(fresh, name, Value::Nil);
        }
        // The handles stay; both tables are counted, as either was.
        let [arranged, former] = [fresh, table]
            .map(|table| std::mem::replace(&mut self.tables[table.index()], Table::EMPTY));
        self.tables[table.index()] = arranged;
        self.tables[fresh.index()] = former;
    }

    /// `#table`.
    #[inline]
    pub fn length(&self, table: TableHandle) -> usize {
        self.tables[table.index()].length()
    }

    /// The entry after `key` (nil for the first one); none after the last one. The meter is charged for empty slots in between.
    pub fn next(
        &self,
        table: TableHandle,
        key: Value,
        meter: &mut Meter,
    ) -> Result<Option<(Value, Value)>, InvalidKey> {
        let table = &self.tables[table.index()];
        let position = table.position_after(key, &self.strings).ok_or(InvalidKey)?;
        let entry = table.entry_from(position);
        let end = entry.map_or(table.slot_count(), |(next, ..)| next);
        meter.burn_for_slots(end - position);
        Ok(entry.map(|(_, key, value)| (key, value)))
    }

    /// The entry at or after a traversal position (0 first) and the position after it: a faster `next` for loops that do not change the table.
    pub fn entry_from(&self, table: TableHandle, position: usize) -> Option<(usize, Value, Value)> {
        self.tables[table.index()].entry_from(position)
    }

    /// A step of a generic `for` over `table` with `next` or the iterator of `ipairs`: puts key and value into the first two registers of
    /// `results`, which has at least these. False if it is another iterator, or a step these do not take.
    #[inline(always)]
    pub(crate) fn iterate(
        &mut self,
        iterator: NativeHandle,
        table: TableHandle,
        control: Value,
        results: &mut [Value],
        meter: &mut Meter,
    ) -> bool {
        let Some(results) = results.first_chunk_mut() else {
            return false;
        };
        if Some(iterator) == self.iterators.next {
            self.next_into(table, control, results, meter)
        } else if Some(iterator) == self.iterators.ipairs_step {
            self.next_element_into(table, control, results)
        } else {
            false
        }
    }

    /// The number of slots a traversal goes over, empty ones included.
    pub fn slot_count(&self, table: TableHandle) -> usize {
        self.tables[table.index()].slot_count()
    }

    /// `next` for a loop: puts the entry after `key` into `results` (nil after the last one). False if the key is not in the table.
    #[inline]
    fn next_into(
        &mut self,
        table: TableHandle,
        key: Value,
        results: &mut [Value; 2],
        meter: &mut Meter,
    ) -> bool {
        let table = &self.tables[table.index()];
        let hint = self.iterators.cursor;
        let position = match table.nodes.get(hint) {
            Some(node) if node.key.is_identical(key) && !key.is_nil() => {
                table.array.len() + hint + 1
            }
            _ => match table.position_after(key, &self.strings) {
                Some(position) => position,
                None => return false,
            },
        };
        match table.entry_from(position) {
            Some((next, key, value)) => {
                *results = [key, value];
                self.iterators.cursor = next.wrapping_sub(table.array.len() + 1);
                meter.burn_for_slots(next - position);
            }
            None => {
                results[0] = Value::Nil;
                meter.burn_for_slots(table.slot_count() - position);
            }
        }
        true
    }

    /// A step of `ipairs` for a loop. False if the control value is not what such a loop makes.
    #[inline]
    fn next_element_into(
        &self,
        table: TableHandle,
        control: Value,
        results: &mut [Value; 2],
    ) -> bool {
        let Value::Number(number) = control else {
            return false;
        };
        if f64::from(number as i32) != number || number >= f64::from(i32::MAX) {
            return false;
        }
        let next = number + 1.0;
        let value = self.tables[table.index()].get_number(next);
        *results = if value.is_nil() {
            [Value::Nil, Value::Nil]
        } else {
            [Value::Number(next), value]
        };
        true
    }

    /// The size of the array part.
    pub fn array_size(&self, table: TableHandle) -> usize {
        self.tables[table.index()].array.len()
    }

    /// Grows the array part to at least `size` slots (what `SetList` does before it stores).
    pub(crate) fn grow_array(&mut self, table: TableHandle, size: usize) -> Result<(), TableError> {
        let object = &mut self.tables[table.index()];
        if size > object.array.len() {
            let before = object.bytes();
            let result = object.resize_array(size, &self.strings);
            self.recount_table(table, before);
            self.note_moved_values(table);
            result?;
        }
        Ok(())
    }

    /// Takes back the array slots that were made beyond the `used` first ones, so that the table is as if those had been
    /// stored one by one.
    pub(crate) fn shrink_array(&mut self, table: TableHandle, used: usize) {
        let size = if used == 0 {
            0
        } else {
            used.next_power_of_two()
        };
        let object = &mut self.tables[table.index()];
        if size < object.array.len() {
            let before = object.bytes();
            object.array.truncate(size);
            object.array.shrink_to_fit();
            self.recount_table(table, before);
            self.note_moved_values(table);
        }
    }

    /// Whether the table refuses writes.
    pub fn is_readonly(&self, table: TableHandle) -> bool {
        self.tables[table.index()].readonly
    }

    /// Makes a table refuse writes, or accept them again.
    pub fn set_readonly(&mut self, table: TableHandle, readonly: bool) {
        self.tables[table.index()].readonly = readonly;
    }
}
