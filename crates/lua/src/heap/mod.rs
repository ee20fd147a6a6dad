//! The heap: one arena per object type, addressed by checked handles.
//!
//! **Safety.** Every dereference is a bounds-checked index into an array of one type. A wrong handle is a wrong answer or a
//! panic, never a memory error.
//!
//! **Who may allocate.** Allocation never fails and never collects: it only counts. The VM compares the count with the collector's threshold and with
//! the cap at allocating instructions and after natives. So Rust code may hold handles freely between two instructions.
//!
//! **Regions.** A run of a script marks the ends of the arenas when it starts ([`Heap::mark`]); what lies behind the marks is *young*. When it
//! ends and no older object refers to a young one, everything young is dropped in one go ([`Heap::release`]). Stores into
//! tables, upvalues, metatables and environments go through a barrier that notes when an old object comes to refer to a young one.
//!
//! **Collection.** Mark and sweep ([`collect`]), for long runs and for what survives regions.

mod arena;
mod collect;
mod region;
mod string;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;

use smallvec::SmallVec;

pub(crate) use arena::Arena;
pub(crate) use collect::{Marker, Roots};
pub use string::{Strings, hash_bytes};

use crate::metamethod::Metamethod;
use crate::native::{NativeFunction, Raise};
use crate::number;
use crate::shortcut::Shortcut;
use crate::table::{InvalidKey, Table, TableError};
use crate::thread::Thread;
use crate::value::{
    ClosureHandle, MAX_SHORT, NativeHandle, StringHandle, TableHandle, ThreadHandle, Type,
    UpvalueHandle, UserdataHandle, Value,
};
use region::Marks;
use string::StringData;

/// A Lua function together with the variables it captured.
#[derive(Default)]
pub(crate) struct Closure {
    /// Number of the loaded prototype.
    pub(crate) proto: u32,
    pub(crate) environment: TableHandle,
    pub(crate) upvalues: SmallVec<[UpvalueHandle; 4]>,
}

/// A variable captured by closures.
#[derive(Clone, Copy)]
pub(crate) enum Upvalue {
    /// Still a register of a running function.
    Open { thread: ThreadHandle, slot: u32 },
    /// On its own.
    Closed(Value),
}

impl Default for Upvalue {
    fn default() -> Upvalue {
        Upvalue::Closed(Value::Nil)
    }
}

/// A native function as a value.
pub(crate) struct Native {
    pub(crate) function: NativeFunction,
    pub(crate) environment: TableHandle,
    pub(crate) upvalues: Box<[Value]>,
    pub(crate) shortcut: Option<Shortcut>,
}

impl Default for Native {
    fn default() -> Native {
        Native {
            function: |_| Ok(crate::native::Flow::Return(0)),
            environment: TableHandle::default(),
            upvalues: Box::new([]),
            shortcut: None,
        }
    }
}

/// A host object as a value.
pub(crate) struct Userdata {
    pub(crate) object: Box<dyn Any + Send>,
    pub(crate) metatable: Option<TableHandle>,
    pub(crate) environment: TableHandle,
}

impl Default for Userdata {
    fn default() -> Userdata {
        Userdata {
            object: Box::new(()),
            metatable: None,
            environment: TableHandle::default(),
        }
    }
}

/// All objects of a VM.
pub struct Heap {
    pub(crate) strings: Strings,
    pub(crate) tables: Arena<Table>,
    pub(crate) closures: Arena<Closure>,
    pub(crate) upvalues: Arena<Upvalue>,
    pub(crate) natives: Arena<Native>,
    pub(crate) userdata: Arena<Userdata>,
    pub(crate) threads: Arena<Box<Thread>>,
    /// Bytes in use.
    bytes: usize,
    /// The cap on `bytes`.
    limit: usize,
    /// `bytes` at which the collector runs.
    pub(crate) threshold: usize,
    pub(crate) collector_stopped: bool,
    pub(crate) pause_percent: usize,
    pub(crate) step_multiplier: usize,
    region: Marks,
    escaped: bool,
    /// Metatables of the types whose values have none of their own.
    type_metatables: [Option<TableHandle>; 8],
    metamethod_names: Box<[StringHandle]>,
    /// The environment of functions made outside any Lua function.
    pub(crate) globals: TableHandle,
    /// Values the host keeps alive.
    pub(crate) pinned: Vec<Value>,
    /// Where strings are put together.
    scratch: Vec<u8>,
    pub(crate) iterators: Iterators,
    collection_requested: bool,
}

/// The native functions that loops know.
#[derive(Clone, Copy, Default)]
pub(crate) struct Iterators {
    /// `next`.
    pub(crate) next: Option<NativeHandle>,
    /// What `ipairs` returns.
    pub(crate) ipairs_step: Option<NativeHandle>,
    /// The node whose key a loop over `next` saw last: where it most likely goes on.
    cursor: usize,
}

impl Heap {
    pub(crate) fn new() -> Heap {
        let mut heap = Heap {
            strings: Strings::new(),
            tables: Arena::new(),
            closures: Arena::new(),
            upvalues: Arena::new(),
            natives: Arena::new(),
            userdata: Arena::new(),
            threads: Arena::new(),
            bytes: 0,
            limit: usize::MAX,
            threshold: 1 << 20,
            collector_stopped: false,
            pause_percent: 200,
            step_multiplier: 200,
            region: Marks::default(),
            escaped: false,
            type_metatables: [None; 8],
            metamethod_names: Box::new([]),
            globals: TableHandle::default(),
            pinned: Vec::new(),
            scratch: Vec::new(),
            iterators: Iterators::default(),
            collection_requested: false,
        };
        heap.metamethod_names = Metamethod::ALL
            .iter()
            .map(|event| heap.new_string(event.name().as_bytes()))
            .collect();
        heap.globals = heap.new_table(0, 2);
        heap
    }

    /// The global table.
    pub fn global_table(&self) -> TableHandle {
        self.globals
    }

    // ---- accounting ------------------------------------------------------------------------------

    /// Bytes in use by all objects.
    pub fn bytes_in_use(&self) -> usize {
        self.bytes
    }

    /// The cap on the bytes in use.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Sets the cap on the bytes in use (`usize::MAX`: none).
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
        self.set_threshold();
    }

    /// Whether `more` bytes fit under the cap.
    #[inline]
    pub fn has_room(&self, more: usize) -> bool {
        self.bytes.saturating_add(more) <= self.limit
    }

    #[inline]
    pub(crate) fn add_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    #[inline]
    pub(crate) fn subtract_bytes(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Whether the VM must collect (or fail) at the next safe point.
    #[inline(always)]
    pub(crate) fn needs_attention(&self) -> bool {
        self.bytes > self.threshold
    }

    /// Makes the collector run at the next safe point.
    pub(crate) fn request_collection(&mut self) {
        self.collection_requested = true;
        self.threshold = 0;
    }

    /// Whether the collector has to run now that the threshold is passed.
    pub(crate) fn take_collection_request(&mut self) -> bool {
        std::mem::take(&mut self.collection_requested)
            || !self.collector_stopped
            || !self.has_room(0)
    }

    /// The collector runs next when the bytes in use have grown by the pause, or half the room under the cap is used,
    /// so that natives, which cannot collect, meet the cap only if they really make a lot.
    pub(crate) fn set_threshold(&mut self) {
        let grown = (self.bytes / 100)
            .saturating_mul(self.pause_percent.max(110))
            .max(1 << 20);
        let room = self.limit.saturating_sub(self.bytes) / 2;
        self.threshold = grown.min(self.bytes.saturating_add(room));
    }

    // ---- strings ---------------------------------------------------------------------------------

    /// Makes a string of any bytes.
    #[inline]
    pub fn new_string(&mut self, bytes: &[u8]) -> StringHandle {
        let (handle, added) = if bytes.len() <= MAX_SHORT {
            self.strings.intern(bytes)
        } else {
            self.strings.add_long(StringData::Owned(bytes.into()))
        };
        self.bytes += added;
        handle
    }

    /// The string that a part of another one is. The range must lie within it.
    pub fn new_substring(
        &mut self,
        string: StringHandle,
        range: std::ops::Range<usize>,
    ) -> StringHandle {
        let bytes = self.strings.bytes(string);
        if range.len() == bytes.len() {
            return string;
        }
        let (handle, added) = if range.len() <= MAX_SHORT {
            self.strings.intern_part(string, range)
        } else {
            let bytes = bytes[range].into();
            self.strings.add_long(StringData::Owned(bytes))
        };
        self.bytes += added;
        handle
    }

    /// Makes a string from a buffer without copying it, if it is long.
    pub fn new_string_from_vec(&mut self, bytes: Vec<u8>) -> StringHandle {
        if bytes.len() <= MAX_SHORT {
            return self.new_string(&bytes);
        }
        let (handle, added) = self
            .strings
            .add_long(StringData::Owned(bytes.into_boxed_slice()));
        self.bytes += added;
        handle
    }

    /// Makes a string that shares a buffer with the host (short ones are copied).
    pub fn new_shared_string(&mut self, bytes: &Arc<[u8]>) -> StringHandle {
        if bytes.len() <= MAX_SHORT {
            return self.new_string(bytes);
        }
        let (handle, added) = self.strings.add_long(StringData::Shared(Arc::clone(bytes)));
        self.bytes += added;
        handle
    }

    /// The bytes of a string.
    #[inline(always)]
    pub fn bytes(&self, string: StringHandle) -> &[u8] {
        self.strings.bytes(string)
    }

    /// The string a number is converted to (`%.14g`).
    pub fn number_to_string(&mut self, number: f64) -> StringHandle {
        self.new_string(number::to_text(number).as_bytes())
    }

    /// A value as a number, as arithmetic converts it: numbers and strings that read as numbers.
    #[inline]
    pub fn to_number(&self, value: Value) -> Option<f64> {
        match value {
            Value::Number(number) => Some(number),
            Value::String(string) => number::parse(self.bytes(string)),
            _ => None,
        }
    }

    /// Joins strings and numbers into one string.
    pub(crate) fn concat(&mut self, values: &[Value]) -> Result<StringHandle, Raise> {
        let mut buffer = std::mem::take(&mut self.scratch);
        buffer.clear();
        for &value in values {
            match value {
                Value::String(string) => {
                    let bytes = self.strings.bytes(string);
                    if !self.has_room(buffer.len() + bytes.len()) {
                        return Err(Raise::OutOfMemory);
                    }
                    buffer.extend_from_slice(bytes);
                }
                Value::Number(number) => number::write_number(&mut buffer, number),
                _ => {}
            }
        }
        let string = self.new_string(&buffer);
        // A buffer that has become very big is not kept.
        if buffer.capacity() <= 1 << 16 {
            self.scratch = buffer;
        }
        Ok(string)
    }

    /// Reads a field of a value by a string key, following `__index` as long as it is a table. None if that does not settle it: a
    /// function or an error is involved.
    #[inline(always)]
    pub(crate) fn find_field(&mut self, mut object: Value, key: StringHandle) -> Option<Value> {
        if key.is_long() {
            return None;
        }
        for _ in 0..16 {
            let metatable = match object {
                Value::Table(handle) => {
                    let table = &self.tables[handle.index()];
                    let value = table.get_short(key);
                    if !value.is_nil() {
                        return Some(value);
                    }
                    match table.metatable {
                        Some(metatable) => metatable,
                        None => return Some(Value::Nil),
                    }
                }
                _ => self.metatable(object)?,
            };
            match self.fast_metamethod(metatable, Metamethod::Index) {
                Some(next @ Value::Table(_)) => object = next,
                None if matches!(object, Value::Table(_)) => return Some(Value::Nil),
                _ => return None,
            }
        }
        None
    }

    /// Whether the equality of two values that are not identical needs more than their handles.
    #[inline(always)]
    pub(crate) fn equality_is_open(&self, left: Value, right: Value) -> bool {
        match (left, right) {
            (Value::String(left), Value::String(right)) => left.is_long() && right.is_long(),
            (Value::Table(left), Value::Table(_)) => self.tables[left.index()].metatable.is_some(),
            (Value::Userdata(_), Value::Userdata(_)) => true,
            _ => false,
        }
    }

    /// Whether two values are equal without metamethods.
    #[inline]
    pub fn raw_equals(&self, a: Value, b: Value) -> bool {
        self.strings.raw_equals(a, b)
    }

    // ---- tables ----------------------------------------------------------------------------------

    /// Makes a table with room for so many array and hash entries.
    #[inline]
    pub fn new_table(&mut self, array: usize, hash: usize) -> TableHandle {
        let table = Table::with_sizes(array, hash);
        self.bytes += size_of::<Table>() + table.bytes();
        TableHandle(self.tables.insert(table))
    }

    /// Makes a table with the nodes of `layout`, and these values at these positions.
    pub(crate) fn new_table_like(
        &mut self,
        layout: &Table,
        positions: &[u32],
        values: &[Value],
    ) -> TableHandle {
        let table = layout.with_values(positions, values);
        self.bytes += size_of::<Table>() + table.bytes();
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
    /// before the region ends, so the write does not keep what it refers to alive beyond it.
    pub fn raw_set_transient(&mut self, table: TableHandle, key: StringHandle, value: Value) {
        if let Some(slot) = self.tables[table.index()].short_slot(key) {
            *slot = value;
            return;
        }
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
        self.barrier(table, key);
        self.barrier(table, value);
        let object = &mut self.tables[table.index()];
        let before = (object.array.len(), object.nodes.len());
        *object.slot(key, &self.strings)? = value;
        if (object.array.len(), object.nodes.len()) != before {
            let after = object.bytes();
            self.account_resize(before, after);
        }
        Ok(())
    }

    /// Counts a table whose parts had the sizes `before` and now take `after` bytes.
    #[inline]
    pub(crate) fn account_resize(&mut self, before: (usize, usize), after: usize) {
        let old = before.0 * size_of::<Value>() + before.1 * size_of::<crate::table::Node>();
        self.bytes = (self.bytes + after).saturating_sub(old);
    }

    /// Writes a table at an integer key. For the host filling its own tables: ignores the read-only flag.
    #[inline]
    pub fn raw_set_integer(&mut self, table: TableHandle, key: i64, value: Value) {
        self.barrier(table, value);
        let array = &mut self.tables[table.index()].array;
        if let Some(slot) = array.get_mut(key.wrapping_sub(1) as usize) {
            *slot = value;
            return;
        }
        // Only an overflowing table can refuse an integer key.
        let _ = self.store(table, Value::Number(key as f64), value);
    }

    /// Writes a table at a string key. For the host filling its own tables: ignores the read-only flag.
    #[inline]
    pub fn raw_set_string(&mut self, table: TableHandle, key: StringHandle, value: Value) {
        // Only an overflowing table can refuse a string key.
        let _ = self.store(table, Value::String(key), value);
    }

    /// Writes the field `name`. For the host filling its own tables: ignores the read-only flag.
    pub fn raw_set_field(&mut self, table: TableHandle, name: &str, value: Value) {
        let key = self.new_string(name.as_bytes());
        self.raw_set_string(table, key, value);
    }

    /// `#table`.
    #[inline]
    pub fn length(&self, table: TableHandle) -> usize {
        self.tables[table.index()].length()
    }

    /// The entry after `key` (nil for the first one); none after the last one.
    pub fn next(
        &self,
        table: TableHandle,
        key: Value,
    ) -> Result<Option<(Value, Value)>, InvalidKey> {
        self.tables[table.index()].next(key, &self.strings)
    }

    /// The entry at or after a traversal position (0 first) and the position after it: a faster `next` for loops that do not change the table.
    pub fn entry_from(&self, table: TableHandle, position: usize) -> Option<(usize, Value, Value)> {
        self.tables[table.index()].entry_from(position)
    }

    /// `next` for a loop: puts the entry after `key` into `results` (nil after the last one). False if the key is not in the table.
    #[inline]
    pub(crate) fn next_into(
        &mut self,
        table: TableHandle,
        key: Value,
        results: &mut [Value; 2],
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
            Some((position, key, value)) => {
                *results = [key, value];
                self.iterators.cursor = position.wrapping_sub(table.array.len() + 1);
            }
            None => results[0] = Value::Nil,
        }
        true
    }

    /// A step of `ipairs` for a loop. False if the control value is not what such a loop makes.
    #[inline]
    pub(crate) fn next_element_into(
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
            let before = (object.array.len(), object.nodes.len());
            object.resize_array(size, &self.strings)?;
            let after = object.bytes();
            self.account_resize(before, after);
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
            let before = (object.array.len(), object.nodes.len());
            object.array.truncate(size);
            object.array.shrink_to_fit();
            let after = object.bytes();
            self.account_resize(before, after);
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

    // ---- metatables ------------------------------------------------------------------------------

    /// The metatable of a value: its own or its type's.
    #[inline]
    pub fn metatable(&self, value: Value) -> Option<TableHandle> {
        match value {
            Value::Table(table) => self.tables[table.index()].metatable,
            Value::Userdata(userdata) => self.userdata[userdata.index()].metatable,
            _ => self.type_metatables[value.kind() as usize],
        }
    }

    /// Gives a table its metatable.
    pub fn set_table_metatable(&mut self, table: TableHandle, metatable: Option<TableHandle>) {
        if let Some(metatable) = metatable {
            self.barrier(table, Value::Table(metatable));
        }
        self.tables[table.index()].metatable = metatable;
    }

    /// Gives a full userdata its metatable.
    pub fn set_userdata_metatable(
        &mut self,
        userdata: UserdataHandle,
        metatable: Option<TableHandle>,
    ) {
        self.userdata[userdata.index()].metatable = metatable;
        self.note_escape(metatable.map_or(Value::Nil, Value::Table));
    }

    /// Gives all values of a type (other than tables and full userdata) their metatable.
    pub fn set_type_metatable(&mut self, kind: Type, metatable: Option<TableHandle>) {
        self.type_metatables[kind as usize] = metatable;
        self.note_escape(metatable.map_or(Value::Nil, Value::Table));
    }

    /// The field `name` of a value's metatable; nil if it has none.
    pub fn metafield(&mut self, value: Value, name: &str) -> Value {
        match self.metatable(value) {
            Some(metatable) => self.raw_get_field(metatable, name),
            None => Value::Nil,
        }
    }

    /// A metamethod of a value; nil if it has none.
    #[inline]
    pub(crate) fn metamethod(&self, value: Value, event: Metamethod) -> Value {
        match self.metatable(value) {
            Some(metatable) => {
                self.tables[metatable.index()].get_short(self.metamethod_names[event as usize])
            }
            None => Value::Nil,
        }
    }

    /// A metamethod of a metatable, remembering if it is absent. Only for the first eight events.
    #[inline]
    pub(crate) fn fast_metamethod(
        &mut self,
        metatable: TableHandle,
        event: Metamethod,
    ) -> Option<Value> {
        let table = &mut self.tables[metatable.index()];
        let bit = 1u8 << event as u8;
        if table.absent & bit != 0 {
            return None;
        }
        let value = table.get_short(self.metamethod_names[event as usize]);
        if value.is_nil() {
            table.absent |= bit;
            return None;
        }
        Some(value)
    }

    // ---- functions, userdata, threads ------------------------------------------------------------

    pub(crate) fn new_closure(&mut self, closure: Closure) -> ClosureHandle {
        self.bytes += size_of::<Closure>();
        if closure.upvalues.spilled() {
            self.bytes += closure.upvalues.capacity() * size_of::<UpvalueHandle>();
        }
        ClosureHandle(self.closures.insert(closure))
    }

    /// Gives a Lua function its environment.
    pub(crate) fn set_closure_environment(
        &mut self,
        closure: ClosureHandle,
        environment: TableHandle,
    ) {
        self.closures[closure.index()].environment = environment;
        self.note_escape_from_closure(closure, Value::Table(environment));
    }

    pub(crate) fn new_upvalue(&mut self, upvalue: Upvalue) -> UpvalueHandle {
        self.bytes += size_of::<Upvalue>();
        UpvalueHandle(self.upvalues.insert(upvalue))
    }

    /// Makes a native function value, with upvalues of its own; its environment is the global table.
    pub fn new_native(&mut self, function: NativeFunction, upvalues: &[Value]) -> NativeHandle {
        self.bytes += size_of::<Native>() + size_of_val(upvalues);
        let native = Native {
            function,
            environment: self.globals,
            upvalues: upvalues.into(),
            shortcut: None,
        };
        NativeHandle(self.natives.insert(native))
    }

    /// Puts native functions into a table under their names.
    pub fn register(&mut self, table: TableHandle, entries: &[crate::native::LibraryEntry]) {
        for &(name, function) in entries {
            let native = self.new_native(function, &[]);
            self.raw_set_field(table, name, Value::Native(native));
        }
    }

    /// Upvalue `n` (from 0) of a native function; nil if there is none.
    pub fn native_upvalue(&self, native: NativeHandle, n: usize) -> Value {
        self.natives[native.index()]
            .upvalues
            .get(n)
            .copied()
            .unwrap_or(Value::Nil)
    }

    /// Sets upvalue `n` (from 0) of a native function, if it has that many.
    pub fn set_native_upvalue(&mut self, native: NativeHandle, n: usize, value: Value) {
        if let Some(slot) = self.natives[native.index()].upvalues.get_mut(n) {
            *slot = value;
        }
        self.note_escape(value);
    }

    /// Makes a full userdata.
    pub fn new_userdata(
        &mut self,
        object: Box<dyn Any + Send>,
        metatable: Option<TableHandle>,
    ) -> UserdataHandle {
        self.bytes += size_of::<Userdata>() + size_of_val(object.as_ref());
        let environment = self.globals;
        UserdataHandle(self.userdata.insert(Userdata {
            object,
            metatable,
            environment,
        }))
    }

    /// The host object inside a full userdata, if it is a `T`.
    pub fn userdata<T: Any>(&self, handle: UserdataHandle) -> Option<&T> {
        self.userdata[handle.index()].object.downcast_ref()
    }

    /// The host object inside a full userdata, if it is a `T`.
    pub fn userdata_mut<T: Any>(&mut self, handle: UserdataHandle) -> Option<&mut T> {
        self.userdata[handle.index()].object.downcast_mut()
    }

    pub(crate) fn new_thread(&mut self, thread: Thread) -> ThreadHandle {
        self.bytes += size_of::<Thread>() + thread.bytes();
        ThreadHandle(self.threads.insert(Box::new(thread)))
    }
}
