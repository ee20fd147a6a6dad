//! Mark and sweep.
//!
//! Marks live in bit vectors made for the collection, so that objects carry no collector state. Marking uses an explicit list of
//! objects still to be scanned: no recursion, however deep the data. Sweeping empties the slots that were not reached and
//! hands them out again later.

use std::sync::Arc;

use super::{Heap, Upvalue};
use crate::loaded::LoadedProto;
use crate::metamethod::Metamethod;
use crate::table::{Node, Table};
use crate::thread::Thread;
use crate::value::{ClosureHandle, StringHandle, TableHandle, UpvalueHandle, Value};

/// A set of arena indices.
struct Bits(Vec<u64>);

impl Bits {
    fn new(length: usize) -> Bits {
        Bits(vec![0; length.div_ceil(64)])
    }

    /// Adds an index; whether it was new.
    #[inline]
    fn insert(&mut self, index: usize) -> bool {
        let word = &mut self.0[index / 64];
        let bit = 1 << (index % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    #[inline]
    fn contains(&self, index: usize) -> bool {
        self.0[index / 64] & (1 << (index % 64)) != 0
    }
}

/// What is reached, whatever the heap says about it.
pub(crate) struct Roots<'a> {
    pub(crate) loaded: &'a [Option<Arc<LoadedProto>>],
}

/// The state of a collection.
pub(crate) struct Marker<'a> {
    heap: &'a Heap,
    loaded: &'a [Option<Arc<LoadedProto>>],
    gray: Vec<Value>,
    weak: Vec<TableHandle>,
    reached: Reached,
}

/// The objects reached so far.
pub(crate) struct Reached {
    strings: Bits,
    tables: Bits,
    closures: Bits,
    upvalues: Bits,
    natives: Bits,
    userdata: Bits,
    threads: Bits,
    protos: Bits,
    weak: Vec<TableHandle>,
}

impl<'a> Marker<'a> {
    pub(crate) fn new(heap: &'a Heap, roots: &Roots<'a>) -> Marker<'a> {
        let reached = Reached {
            strings: Bits::new(heap.strings.arena.len()),
            tables: Bits::new(heap.tables.len()),
            closures: Bits::new(heap.closures.len()),
            upvalues: Bits::new(heap.upvalues.len()),
            natives: Bits::new(heap.natives.len()),
            userdata: Bits::new(heap.userdata.len()),
            threads: Bits::new(heap.threads.len()),
            protos: Bits::new(roots.loaded.len()),
            weak: Vec::new(),
        };
        let mut marker = Marker {
            heap,
            loaded: roots.loaded,
            gray: Vec::new(),
            weak: Vec::new(),
            reached,
        };
        for &name in &heap.metamethod_names {
            marker.mark_string(name);
        }
        for metatable in heap.type_metatables.iter().flatten() {
            marker.mark(Value::Table(*metatable));
        }
        marker.mark(Value::Table(heap.globals));
        for &value in &heap.pinned {
            marker.mark(value);
        }
        marker
    }

    fn mark_string(&mut self, string: StringHandle) {
        self.reached.strings.insert(string.index());
    }

    /// Notes that a value is reached.
    #[inline]
    pub(crate) fn mark(&mut self, value: Value) {
        let new = match value {
            Value::Nil | Value::Boolean(_) | Value::Number(_) | Value::LightUserdata(_) => return,
            Value::String(string) => return self.mark_string(string),
            Value::Table(table) => self.reached.tables.insert(table.index()),
            Value::Function(closure) => self.reached.closures.insert(closure.index()),
            Value::Native(native) => self.reached.natives.insert(native.index()),
            Value::Userdata(userdata) => self.reached.userdata.insert(userdata.index()),
            Value::Thread(thread) => self.reached.threads.insert(thread.index()),
        };
        if new {
            self.gray.push(value);
        }
    }

    pub(crate) fn mark_closure(&mut self, closure: ClosureHandle) {
        self.mark(Value::Function(closure));
    }

    fn mark_table(&mut self, table: TableHandle) {
        self.mark(Value::Table(table));
    }

    fn mark_upvalue(&mut self, upvalue: UpvalueHandle) {
        if self.reached.upvalues.insert(upvalue.index()) {
            match self.heap.upvalues[upvalue.index()] {
                Upvalue::Closed(value) => self.mark(value),
                Upvalue::Open { thread, .. } => self.mark(Value::Thread(thread)),
            }
        }
    }

    /// Notes that a loaded prototype is in use.
    pub(crate) fn mark_proto(&mut self, proto: u32) {
        let loaded = self.loaded;
        let Some(Some(proto_ref)) = loaded.get(proto as usize) else {
            return;
        };
        if self.reached.protos.insert(proto as usize) {
            for &constant in proto_ref.constants.iter() {
                self.mark(constant);
            }
            for &child in proto_ref.children.iter() {
                self.mark_proto(child);
            }
        }
    }

    /// Notes what the stack of a thread refers to. `used` is the number of slots in use.
    pub(crate) fn mark_thread_state(&mut self, thread: &Thread) {
        let used = thread.used_slots(|proto| {
            self.loaded
                .get(proto as usize)
                .and_then(Option::as_ref)
                .map_or(256, |p| usize::from(p.proto.max_stack))
        });
        for &value in &thread.stack[..used.min(thread.stack.len())] {
            self.mark(value);
        }
        for frame in &thread.frames {
            if let Some(closure) = frame.closure() {
                self.mark_closure(closure);
            }
        }
        for native in &thread.natives {
            self.mark(Value::Native(native.function));
            self.mark(native.handler.unwrap_or_default());
        }
        for open in &thread.open {
            self.mark_upvalue(open.upvalue);
        }
        self.mark_table(thread.environment);
        if let Some(resumer) = thread.resumer {
            self.mark(Value::Thread(resumer));
        }
    }

    fn scan(&mut self, value: Value) {
        let heap = self.heap;
        match value {
            Value::Table(handle) => self.scan_table(handle, &heap.tables[handle.index()]),
            Value::Function(handle) => {
                let closure = &heap.closures[handle.index()];
                self.mark_table(closure.environment);
                for &upvalue in &closure.upvalues {
                    self.mark_upvalue(upvalue);
                }
                self.mark_proto(closure.proto);
            }
            Value::Native(handle) => {
                let native = &heap.natives[handle.index()];
                self.mark_table(native.environment);
                for &upvalue in &native.upvalues {
                    self.mark(upvalue);
                }
            }
            Value::Userdata(handle) => {
                let userdata = &heap.userdata[handle.index()];
                self.mark_table(userdata.environment);
                if let Some(metatable) = userdata.metatable {
                    self.mark_table(metatable);
                }
            }
            Value::Thread(handle) => self.mark_thread_state(&heap.threads[handle.index()]),
            _ => {}
        }
    }

    fn scan_table(&mut self, handle: TableHandle, table: &Table) {
        let (mut weak_keys, mut weak_values) = (false, false);
        if let Some(metatable) = table.metatable {
            self.mark_table(metatable);
            let mode = self.heap.metamethod(Value::Table(handle), Metamethod::Mode);
            if let Value::String(mode) = mode {
                weak_keys = self.heap.bytes(mode).contains(&b'k');
                weak_values = self.heap.bytes(mode).contains(&b'v');
            }
        }
        if weak_keys || weak_values {
            self.weak.push(handle);
        }
        if !weak_values {
            for &value in &table.array {
                self.mark(value);
            }
        }
        for &Node { key, value, .. } in &table.nodes {
            // The keys of cleared entries stay: a traversal may stand on them.
            if !weak_keys || value.is_nil() || matches!(key, Value::String(_)) {
                self.mark(key);
            }
            if !weak_values || matches!(value, Value::String(_)) {
                self.mark(value);
            }
        }
    }

    /// Follows all references to the end.
    pub(crate) fn propagate(mut self) -> Reached {
        while let Some(value) = self.gray.pop() {
            self.scan(value);
        }
        self.reached.weak = self.weak;
        self.reached
    }
}

impl Reached {
    fn is_dead(&self, value: Value) -> bool {
        match value {
            Value::Nil | Value::Boolean(_) | Value::Number(_) | Value::LightUserdata(_) => false,
            Value::String(string) => !self.strings.contains(string.index()),
            Value::Table(table) => !self.tables.contains(table.index()),
            Value::Function(closure) => !self.closures.contains(closure.index()),
            Value::Native(native) => !self.natives.contains(native.index()),
            Value::Userdata(userdata) => !self.userdata.contains(userdata.index()),
            Value::Thread(thread) => !self.threads.contains(thread.index()),
        }
    }

    /// Whether a loaded prototype is in use.
    pub(crate) fn has_proto(&self, proto: u32) -> bool {
        self.protos.contains(proto as usize)
    }
}

impl Heap {
    /// Frees everything that was not reached.
    pub(crate) fn sweep(&mut self, mut reached: Reached) -> Reached {
        for handle in std::mem::take(&mut reached.weak) {
            self.clear_weak(handle, &reached);
        }
        let free = self.free_slots();
        let mut freed: [Vec<u32>; 7] = Default::default();
        let mut bytes = 0;
        {
            let sets = [
                &mut reached.strings,
                &mut reached.tables,
                &mut reached.closures,
                &mut reached.upvalues,
                &mut reached.natives,
                &mut reached.userdata,
                &mut reached.threads,
            ];
            let lengths = [
                self.strings.arena.len(),
                self.tables.len(),
                self.closures.len(),
                self.upvalues.len(),
                self.natives.len(),
                self.userdata.len(),
                self.threads.len(),
            ];
            for (((set, free), length), dead) in
                sets.into_iter().zip(free).zip(lengths).zip(&mut freed)
            {
                for slot in free {
                    set.insert(slot as usize);
                }
                dead.extend(
                    (0..length)
                        .filter(|&index| !set.contains(index))
                        .map(|index| index as u32),
                );
            }
        }
        let [
            strings,
            tables,
            closures,
            upvalues,
            natives,
            userdata,
            threads,
        ] = &freed;
        for &index in strings {
            bytes += self.strings.release(index);
        }
        for &index in tables {
            bytes += size_of::<Table>() + std::mem::take(&mut self.tables[index as usize]).bytes();
        }
        for &index in closures {
            bytes += std::mem::take(&mut self.closures[index as usize]).bytes();
        }
        for &index in upvalues {
            self.upvalues[index as usize] = Upvalue::default();
            bytes += size_of::<Upvalue>();
        }
        for &index in natives {
            bytes += std::mem::take(&mut self.natives[index as usize]).bytes();
        }
        for &index in userdata {
            bytes += std::mem::take(&mut self.userdata[index as usize]).bytes();
        }
        for &index in threads {
            let thread = std::mem::take(&mut self.threads[index as usize]);
            bytes += size_of::<Thread>() + thread.bytes();
        }
        self.subtract_bytes(bytes);
        self.put_free_slots(freed);
        self.set_threshold();
        reached
    }

    /// Removes the entries of a weak table whose key or value is gone.
    fn clear_weak(&mut self, handle: TableHandle, reached: &Reached) {
        let table = &mut self.tables[handle.index()];
        for value in &mut table.array {
            if reached.is_dead(*value) {
                *value = Value::Nil;
            }
        }
        for node in &mut table.nodes {
            if reached.is_dead(node.key) {
                // NaN equals no key, so the dead key is never found again, and its slot is not taken for a free one.
                node.key = Value::Number(f64::NAN);
                node.value = Value::Nil;
            } else if reached.is_dead(node.value) {
                node.value = Value::Nil;
            }
        }
    }
}
