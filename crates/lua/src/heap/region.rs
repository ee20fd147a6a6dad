//! Regions: dropping all that a run allocated in one go.

use super::{Closure, Heap, Native, Upvalue, Userdata};
use crate::table::Table;
use crate::thread::Thread;
use crate::value::{TableHandle, Value};

/// The ends of the arenas when the region was opened: what has a lower index is old. All zero when no region is open, so that nothing is old.
#[derive(Default)]
pub(super) struct Marks {
    open: bool,
    strings: u32,
    tables: u32,
    closures: u32,
    upvalues: u32,
    natives: u32,
    userdata: u32,
    threads: u32,
    /// Free slots among the old ones: not to be used while the region is open.
    free: [Vec<u32>; 7],
}

impl Heap {
    /// Opens a region: everything allocated from now on is young.
    pub fn mark(&mut self) {
        if self.region.open {
            return;
        }
        self.region = Marks {
            open: true,
            strings: self.strings.arena.len() as u32,
            tables: self.tables.len() as u32,
            closures: self.closures.len() as u32,
            upvalues: self.upvalues.len() as u32,
            natives: self.natives.len() as u32,
            userdata: self.userdata.len() as u32,
            threads: self.threads.len() as u32,
            free: std::mem::take(&mut self.region.free),
        };
        self.swap_free_lists();
        self.escaped = false;
    }

    fn swap_free_lists(&mut self) {
        let [
            strings,
            tables,
            closures,
            upvalues,
            natives,
            userdata,
            threads,
        ] = &mut self.region.free;
        std::mem::swap(strings, &mut self.strings.arena.free);
        std::mem::swap(tables, &mut self.tables.free);
        std::mem::swap(closures, &mut self.closures.free);
        std::mem::swap(upvalues, &mut self.upvalues.free);
        std::mem::swap(natives, &mut self.natives.free);
        std::mem::swap(userdata, &mut self.userdata.free);
        std::mem::swap(threads, &mut self.threads.free);
    }

    /// Closes the region. If no older object refers to a young one, drops everything young and returns true; the caller has to have
    /// forgotten all young values by then. Otherwise the young objects become old and are left to the collector.
    pub fn release(&mut self) -> bool {
        if !self.region.open {
            return false;
        }
        let young_free: [Vec<u32>; 7] = Default::default();
        self.swap_free_lists();
        let young_free = std::mem::replace(&mut self.region.free, young_free);
        let dropped = !self.escaped;
        if dropped {
            self.drop_young();
        } else {
            let [
                strings,
                tables,
                closures,
                upvalues,
                natives,
                userdata,
                threads,
            ] = young_free;
            self.strings.arena.free.extend(strings);
            self.tables.free.extend(tables);
            self.closures.free.extend(closures);
            self.upvalues.free.extend(upvalues);
            self.natives.free.extend(natives);
            self.userdata.free.extend(userdata);
            self.threads.free.extend(threads);
        }
        self.region = Marks::default();
        dropped
    }

    fn drop_young(&mut self) {
        let mut freed = 0;
        let marks = &self.region;
        for index in (marks.strings..self.strings.arena.len() as u32).rev() {
            freed += self.strings.release(index);
        }
        self.strings.arena.items.truncate(marks.strings as usize);
        for table in &self.tables.items[marks.tables as usize..] {
            freed += size_of::<Table>() + table.bytes();
        }
        self.tables.items.truncate(marks.tables as usize);
        for closure in &self.closures.items[marks.closures as usize..] {
            freed += closure.bytes();
        }
        self.closures.items.truncate(marks.closures as usize);
        freed += (self.upvalues.len() - marks.upvalues as usize) * size_of::<Upvalue>();
        self.upvalues.items.truncate(marks.upvalues as usize);
        for native in &self.natives.items[marks.natives as usize..] {
            freed += native.bytes();
        }
        self.natives.items.truncate(marks.natives as usize);
        for userdata in &self.userdata.items[marks.userdata as usize..] {
            freed += userdata.bytes();
        }
        self.userdata.items.truncate(marks.userdata as usize);
        for thread in &self.threads.items[marks.threads as usize..] {
            freed += size_of::<Thread>() + thread.bytes();
        }
        self.threads.items.truncate(marks.threads as usize);
        self.subtract_bytes(freed);
    }

    /// To be called before `value` is stored into `table` (as key or as value).
    #[inline(always)]
    pub(crate) fn barrier(&mut self, table: TableHandle, value: Value) {
        if table.0 < self.region.tables {
            self.note_escape(value);
        }
    }

    /// To be called before `value` is stored into an upvalue.
    #[inline(always)]
    pub(crate) fn barrier_upvalue(&mut self, upvalue: crate::value::UpvalueHandle, value: Value) {
        if upvalue.0 < self.region.upvalues {
            self.note_escape(value);
        }
    }

    /// To be called when `value` is stored into a closure.
    pub(super) fn note_escape_from_closure(
        &mut self,
        closure: crate::value::ClosureHandle,
        value: Value,
    ) {
        if closure.0 < self.region.closures {
            self.note_escape(value);
        }
    }

    /// Notes that an old object comes to refer to `value`.
    pub(crate) fn note_escape(&mut self, value: Value) {
        let marks = &self.region;
        let young = match value {
            Value::Nil | Value::Boolean(_) | Value::Number(_) | Value::LightUserdata(_) => false,
            Value::String(string) => string.index() >= marks.strings as usize,
            Value::Table(table) => table.0 >= marks.tables,
            Value::Function(closure) => closure.0 >= marks.closures,
            Value::Native(native) => native.0 >= marks.natives,
            Value::Userdata(userdata) => userdata.0 >= marks.userdata,
            Value::Thread(thread) => thread.0 >= marks.threads,
        };
        self.escaped |= young && marks.open;
    }

    /// Whether a thread is older than the open region: running it lets young values escape onto its stack.
    pub(crate) fn note_thread_run(&mut self, thread: crate::value::ThreadHandle) {
        self.escaped |= thread.0 < self.region.threads;
    }

    /// Whether a slot of an arena belongs to the old ones; freed slots of old and young ones are kept apart.
    pub(super) fn put_free_slots(&mut self, freed: [Vec<u32>; 7]) {
        let marks = &mut self.region;
        let limits = [
            marks.strings,
            marks.tables,
            marks.closures,
            marks.upvalues,
            marks.natives,
            marks.userdata,
            marks.threads,
        ];
        let lists: [&mut Vec<u32>; 7] = [
            &mut self.strings.arena.free,
            &mut self.tables.free,
            &mut self.closures.free,
            &mut self.upvalues.free,
            &mut self.natives.free,
            &mut self.userdata.free,
            &mut self.threads.free,
        ];
        for (((slots, limit), young), old) in freed
            .into_iter()
            .zip(limits)
            .zip(lists)
            .zip(&mut marks.free)
        {
            for slot in slots {
                if slot < limit {
                    old.push(slot)
                } else {
                    young.push(slot)
                }
            }
        }
    }

    /// The free slots of all arenas, old and young.
    pub(super) fn free_slots(&self) -> [Vec<u32>; 7] {
        let lists: [&Vec<u32>; 7] = [
            &self.strings.arena.free,
            &self.tables.free,
            &self.closures.free,
            &self.upvalues.free,
            &self.natives.free,
            &self.userdata.free,
            &self.threads.free,
        ];
        let mut index = 0;
        lists.map(|list| {
            let both = [list.as_slice(), self.region.free[index].as_slice()].concat();
            index += 1;
            both
        })
    }
}

impl Closure {
    pub(super) fn bytes(&self) -> usize {
        let spilled = if self.upvalues.spilled() {
            self.upvalues.capacity()
        } else {
            0
        };
        size_of::<Closure>() + spilled * size_of::<crate::value::UpvalueHandle>()
    }
}

impl Native {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Native>() + size_of_val(self.upvalues.as_ref())
    }
}

impl Userdata {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Userdata>() + size_of_val(self.object.as_ref())
    }
}
