//! Marking: shading what is referred to, scanning what is gray.

use std::sync::Arc;

use super::super::string::StringObject;
use super::super::{Closure, Heap, Iterators, Native, Upvalue, Userdata};
use super::{Marks, OBJECT_WORK, Phase, Roots};
use crate::loaded::LoadedProto;
use crate::metamethod::Metamethod;
use crate::table::Table;
use crate::thread::Thread;
use crate::value::{
    ClosureHandle, NativeHandle, StringHandle, TableHandle, ThreadHandle, UpvalueHandle,
    UserdataHandle, Value,
};

/// An object that is marked and has still to be scanned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gray {
    Table(TableHandle),
    Closure(ClosureHandle),
    Native(NativeHandle),
    Userdata(UserdataHandle),
    Thread(ThreadHandle),
    Proto(u32),
}

/// A table that was scanned in part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partial {
    pub(super) table: TableHandle,
    /// The next slot: array slots first, then nodes.
    pub(super) position: usize,
    weak_keys: bool,
    weak_values: bool,
}

/// The heap as marking changes it, with the roots in it.
pub(super) struct Shade<'a> {
    strings: &'a mut Marks,
    tables: &'a mut Marks,
    closures: &'a mut Marks,
    upvalues: &'a mut Marks,
    natives: &'a mut Marks,
    userdata: &'a mut Marks,
    threads: &'a mut Marks,
    protos: &'a mut Marks,
    gray: &'a mut Vec<Gray>,
    gray_threads: &'a mut Marks,
    upvalue_objects: &'a [Upvalue],
    /// The number of the collection.
    pub(super) number: u32,
    /// The work of what was shaded.
    pub(super) work: usize,
    pub(super) names: &'a [StringHandle],
    pub(super) type_metatables: [Option<TableHandle>; 8],
    pub(super) globals: TableHandle,
    pub(super) iterators: Iterators,
    pub(super) pinned: &'a [Value],
}

/// The heap as marking reads it.
pub(super) struct Objects<'a> {
    strings: &'a [StringObject],
    tables: &'a [Table],
    closures: &'a [Closure],
    natives: &'a [Native],
    userdata: &'a [Userdata],
    /// Scanning leaves traces on frames.
    pub(super) threads: &'a mut [Box<Thread>],
    partial: &'a mut Option<Partial>,
    partial_table: &'a mut u32,
    weak: &'a mut Vec<TableHandle>,
}

impl Heap {
    /// The heap taken apart for marking.
    pub(super) fn parts(&mut self, protos: usize) -> (Shade<'_>, Objects<'_>) {
        let collector = &mut self.collector;
        self.strings
            .arena
            .marks
            .cover(self.strings.arena.items.len());
        self.tables.marks.cover(self.tables.items.len());
        self.closures.marks.cover(self.closures.items.len());
        self.upvalues.marks.cover(self.upvalues.items.len());
        self.natives.marks.cover(self.natives.items.len());
        self.userdata.marks.cover(self.userdata.items.len());
        self.threads.marks.cover(self.threads.items.len());
        collector.gray_threads.cover(self.threads.items.len());
        collector.protos.cover(protos);
        let shade = Shade {
            strings: &mut self.strings.arena.marks,
            tables: &mut self.tables.marks,
            closures: &mut self.closures.marks,
            upvalues: &mut self.upvalues.marks,
            natives: &mut self.natives.marks,
            userdata: &mut self.userdata.marks,
            threads: &mut self.threads.marks,
            protos: &mut collector.protos,
            gray: &mut collector.gray,
            gray_threads: &mut collector.gray_threads,
            upvalue_objects: &self.upvalues.items,
            number: collector.number,
            work: 0,
            names: &self.metamethod_names,
            type_metatables: self.type_metatables,
            globals: self.globals,
            iterators: self.iterators,
            pinned: &self.pinned,
        };
        let objects = Objects {
            strings: &self.strings.arena.items,
            tables: &self.tables.items,
            closures: &self.closures.items,
            natives: &self.natives.items,
            userdata: &self.userdata.items,
            threads: &mut self.threads.items,
            partial: &mut collector.partial,
            partial_table: &mut collector.partial_table,
            weak: &mut collector.weak,
        };
        (shade, objects)
    }

    /// Marks a value while marking is under way.
    pub(super) fn shade(&mut self, value: Value) {
        debug_assert!(self.collector.phase == Phase::Mark);
        if self.is_white(value) {
            // Prototypes are not met by shading a value, only by scanning.
            self.parts(0).0.value(value);
        }
    }

    /// Puts a marked thread back on the gray list.
    pub(super) fn shade_thread(&mut self, thread: ThreadHandle) {
        self.parts(0).0.gray_thread(thread);
    }

    /// Does up to `left` units of marking. True when everything reachable is marked and weak tables are cleared.
    pub(super) fn mark_in_part(&mut self, roots: &mut Roots<'_>, left: &mut usize) -> bool {
        let mut is_stack_scanned = false;
        loop {
            if !self.scan_gray(roots, left) {
                return false;
            }
            if !is_stack_scanned {
                if !self.scan_running(roots, left) {
                    return false;
                }
                is_stack_scanned = true;
            } else {
                return self.clear_weak_tables(left);
            }
        }
    }

    /// Scans gray objects until there is none (true) or no work is left.
    fn scan_gray(&mut self, roots: &Roots<'_>, left: &mut usize) -> bool {
        let (mut shade, mut objects) = self.parts(roots.loaded.len());
        while *left > 0 {
            shade.work = 0;
            if let Some(partial) = objects.partial.take() {
                let Some(table) = objects.tables.get(partial.table.index()) else {
                    continue;
                };
                let (position, is_whole) = shade.entries(table, partial, *left);
                if !is_whole {
                    *objects.partial = Some(Partial {
                        position,
                        ..partial
                    });
                    *objects.partial_table = partial.table.0;
                } else {
                    *objects.partial_table = u32::MAX;
                }
            } else if let Some(gray) = shade.gray.pop() {
                objects.scan(&mut shade, gray, roots, *left);
            } else {
                return true;
            }
            *left = left.saturating_sub(shade.work + 1);
        }
        false
    }

    /// Begins the scan of the table that was scanned in part anew.
    #[cold]
    pub(super) fn restart_partial(&mut self) {
        if let Some(partial) = &mut self.collector.partial {
            partial.position = 0;
        }
        self.collector.cleared.1 = 0;
    }

    /// To be called before the young objects are dropped: the table that was scanned in part may be one of them, and its
    /// place another table's soon.
    pub(in super::super) fn forget_young_partial(&mut self) {
        let young_from = self.tables.young_from;
        let collector = &mut self.collector;
        if collector.partial_table != u32::MAX && collector.partial_table >= young_from {
            collector.partial = None;
            collector.partial_table = u32::MAX;
            collector.cleared.1 = 0;
        }
    }

    #[cold]
    pub(super) fn step_partial_back(&mut self) {
        if let Some(partial) = &mut self.collector.partial {
            partial.position = partial.position.saturating_sub(1);
        }
        self.collector.cleared.1 = self.collector.cleared.1.saturating_sub(1);
    }

    /// To be called after a key was added to the table that was scanned in part, and whether all its keys were placed anew.
    #[cold]
    pub(in super::super) fn partial_table_changed(
        &mut self,
        table: TableHandle,
        is_rehashed: bool,
    ) {
        if is_rehashed || self.collector.partial.is_none() {
            self.restart_partial();
        } else if let Some((key, value)) = self.tables[table.index()].last_moved() {
            self.shade(key);
            self.shade(value);
        }
    }
}

impl Shade<'_> {
    #[inline]
    pub(super) fn string(&mut self, string: StringHandle) {
        self.work += usize::from(self.strings.insert(string.index()));
    }

    /// Marks a value.
    #[inline]
    pub(super) fn value(&mut self, value: Value) {
        let (is_new, gray) = match value {
            Value::Nil | Value::Boolean(_) | Value::Number(_) | Value::LightUserdata(_) => return,
            Value::String(string) => return self.string(string),
            Value::Table(table) => (self.tables.insert(table.index()), Gray::Table(table)),
            Value::Function(closure) => (
                self.closures.insert(closure.index()),
                Gray::Closure(closure),
            ),
            Value::Native(native) => (self.natives.insert(native.index()), Gray::Native(native)),
            Value::Userdata(userdata) => (
                self.userdata.insert(userdata.index()),
                Gray::Userdata(userdata),
            ),
            Value::Thread(thread) => {
                if self.threads.insert(thread.index()) {
                    self.gray_thread(thread);
                }
                return;
            }
        };
        if is_new {
            self.gray.push(gray);
        }
    }

    fn gray_thread(&mut self, thread: ThreadHandle) {
        if self.gray_threads.insert(thread.index()) {
            self.gray.push(Gray::Thread(thread));
        }
    }

    pub(super) fn upvalue(&mut self, upvalue: UpvalueHandle) {
        if self.upvalues.insert(upvalue.index()) {
            self.work += 2;
            match self.upvalue_objects.get(upvalue.index()) {
                Some(Upvalue::Closed(value)) => self.value(*value),
                Some(Upvalue::Open { thread, .. }) => self.value(Value::Thread(*thread)),
                None => {}
            }
        }
    }

    fn proto(&mut self, proto: u32) {
        if self.protos.insert(proto as usize) {
            self.gray.push(Gray::Proto(proto));
        }
    }

    /// Scans about `most` slots of a table. Returns where to go on and whether it was the rest.
    fn entries(&mut self, table: &Table, partial: Partial, most: usize) -> (usize, bool) {
        let Partial {
            position,
            weak_keys,
            weak_values,
            ..
        } = partial;
        let size = table.array.len();
        let end = position.saturating_add(most).min(size + table.nodes.len());
        self.work += end.saturating_sub(position);
        if position < size {
            for &value in &table.array[position..end.min(size)] {
                if !weak_values || matches!(value, Value::String(_)) {
                    self.value(value);
                }
            }
        }
        if end > size {
            for node in &table.nodes[position.saturating_sub(size)..end - size] {
                let (key, value) = (node.key, node.value);
                // The keys of cleared entries stay: a traversal may stand on them.
                if !weak_keys || value.is_nil() || matches!(key, Value::String(_)) {
                    self.value(key);
                }
                if !weak_values || matches!(value, Value::String(_)) {
                    self.value(value);
                }
            }
        }
        (end, end >= size + table.nodes.len())
    }
}

impl Objects<'_> {
    /// Which sides of a table's entries are weak: keys, values.
    fn weak_sides(&self, table: &Table, mode: StringHandle) -> (bool, bool) {
        let Some(metatable) = table.metatable else {
            return (false, false);
        };
        let Some(metatable) = self.tables.get(metatable.index()) else {
            return (false, false);
        };
        let Value::String(mode) = metatable.get_short(mode) else {
            return (false, false);
        };
        let mode = self
            .strings
            .get(mode.index())
            .map_or(&[][..], StringObject::bytes);
        (mode.contains(&b'k'), mode.contains(&b'v'))
    }

    // Objects that are not there (any more) can be on the list: a region may have been dropped.
    fn scan(&mut self, shade: &mut Shade<'_>, gray: Gray, roots: &Roots<'_>, most: usize) {
        shade.work += OBJECT_WORK;
        match gray {
            Gray::Table(handle) => {
                let Some(table) = self.tables.get(handle.index()) else {
                    return;
                };
                if let Some(metatable) = table.metatable {
                    shade.value(Value::Table(metatable));
                }
                let (weak_keys, weak_values) =
                    self.weak_sides(table, shade.names[Metamethod::Mode as usize]);
                if weak_keys || weak_values {
                    self.weak.push(handle);
                }
                let mut partial = Partial {
                    table: handle,
                    position: 0,
                    weak_keys,
                    weak_values,
                };
                let (position, is_whole) = shade.entries(table, partial, most);
                if !is_whole {
                    partial.position = position;
                    *self.partial = Some(partial);
                    *self.partial_table = handle.0;
                }
            }
            Gray::Closure(handle) => {
                if let Some(closure) = self.closures.get(handle.index()) {
                    shade.value(Value::Table(closure.environment));
                    shade.proto(closure.proto);
                    for upvalue in closure.upvalues.iter() {
                        shade.upvalue(upvalue);
                    }
                }
            }
            Gray::Native(handle) => {
                if let Some(native) = self.natives.get(handle.index()) {
                    shade.value(Value::Table(native.environment));
                    for &upvalue in &native.upvalues {
                        shade.value(upvalue);
                    }
                }
            }
            Gray::Userdata(handle) => {
                if let Some(userdata) = self.userdata.get(handle.index()) {
                    shade.value(Value::Table(userdata.environment));
                    shade.value(userdata.metatable.map_or(Value::Nil, Value::Table));
                }
            }
            Gray::Thread(handle) => {
                shade.gray_threads.remove(handle.index());
                // The one that runs is scanned at the end.
                if handle != roots.current
                    && let Some(thread) = self.threads.get_mut(handle.index())
                    && !shade.thread(thread, roots.loaded, 0, most)
                {
                    shade.gray_thread(handle);
                }
            }
            Gray::Proto(number) => {
                if let Some(Some(proto)) = roots.loaded.get(number as usize) {
                    shade.constants(proto);
                }
            }
        }
    }
}

impl Shade<'_> {
    fn constants(&mut self, proto: &Arc<LoadedProto>) {
        self.work += proto.constants.len() + proto.children.len();
        for &constant in proto.constants.iter() {
            self.value(constant);
        }
        for &child in proto.children.iter() {
            self.proto(child);
        }
    }
}
