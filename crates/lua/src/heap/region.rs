//! Regions: dropping all that a run allocated in one go.

use super::Heap;
use crate::value::{ThreadHandle, Value};

impl Heap {
    /// Opens a region: everything allocated from now on is young.
    pub fn mark(&mut self) {
        if self.region_is_open {
            return;
        }
        self.region_is_open = true;
        self.escaped = false;
        self.strings.arena.open_region();
        self.tables.open_region();
        self.closures.open_region();
        self.upvalues.open_region();
        self.natives.open_region();
        self.userdata.open_region();
        self.threads.open_region();
        self.watch_stores();
    }

    /// Closes the region. If no older object refers to a young one, drops everything young and returns true; the caller has to have
    /// forgotten all young values by then. Otherwise the young objects become old and are left to the collector.
    pub fn release(&mut self) -> bool {
        if !self.region_is_open {
            return false;
        }
        let is_dropped = !self.escaped;
        if is_dropped {
            self.sweep_old_only();
            self.forget_young_partial();
            let freed = self.strings.drop_young()
                + self.tables.drop_young()
                + self.closures.drop_young()
                + self.upvalues.drop_young()
                + self.natives.drop_young()
                + self.userdata.drop_young()
                + self.threads.drop_young();
            self.subtract_bytes(freed);
        } else {
            self.strings.arena.keep_young();
            self.tables.keep_young();
            self.closures.keep_young();
            self.upvalues.keep_young();
            self.natives.keep_young();
            self.userdata.keep_young();
            self.threads.keep_young();
        }
        self.region_is_open = false;
        self.watch_stores();
        is_dropped
    }

    /// Notes that an old object comes to refer to `value`.
    pub(super) fn note_escape(&mut self, value: Value) {
        let is_young = match value {
            Value::Nil | Value::Boolean(_) | Value::Number(_) | Value::LightUserdata(_) => false,
            Value::String(string) => string.index() >= self.strings.arena.young_from as usize,
            Value::Table(table) => table.0 >= self.tables.young_from,
            Value::Function(closure) => closure.0 >= self.closures.young_from,
            Value::Native(native) => native.0 >= self.natives.young_from,
            Value::Userdata(userdata) => userdata.0 >= self.userdata.young_from,
            Value::Thread(thread) => thread.0 >= self.threads.young_from,
        };
        self.escaped |= is_young && self.region_is_open;
    }

    /// Whether a thread is older than the open region: running it lets young values escape onto its stack.
    pub(crate) fn note_thread_run(&mut self, thread: ThreadHandle) {
        self.escaped |= thread.0 < self.threads.young_from;
    }
}
