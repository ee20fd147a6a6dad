//! What the heap is told of stores into objects.

use super::super::Heap;
use super::Phase;
use crate::value::{
    ClosureHandle, NativeHandle, TableHandle, ThreadHandle, UpvalueHandle, UserdataHandle, Value,
};

impl Heap {
    /// To be called when `value` is stored into `table`, as key or as value.
    #[inline(always)]
    pub(crate) fn barrier(&mut self, table: TableHandle, value: &Value) {
        if table.0 < self.watched_tables {
            self.stored_in_table(table, value);
        }
    }

    #[inline(never)]
    fn stored_in_table(&mut self, table: TableHandle, value: &Value) {
        let value = *value;
        if table.0 < self.tables.young_from {
            self.note_escape(value);
        }
        if self.collector.phase == Phase::Mark && self.tables.marks.contains(table.index()) {
            self.shade(value);
        }
    }

    /// To be called when `value` is stored into an upvalue, unless it is open on the running thread.
    #[inline(always)]
    pub(crate) fn barrier_upvalue(&mut self, upvalue: UpvalueHandle, value: &Value) {
        if upvalue.0 < self.watched_upvalues {
            self.stored_in_upvalue(upvalue, value);
        }
    }

    #[inline(never)]
    fn stored_in_upvalue(&mut self, upvalue: UpvalueHandle, value: &Value) {
        let value = *value;
        if upvalue.0 < self.upvalues.young_from {
            self.note_escape(value);
        }
        if self.collector.phase == Phase::Mark && self.upvalues.marks.contains(upvalue.index()) {
            self.shade(value);
        }
    }

    /// To be called when `value` is stored into a closure.
    pub(crate) fn barrier_closure(&mut self, closure: ClosureHandle, value: Value) {
        if closure.0 < self.closures.young_from {
            self.note_escape(value);
        }
        self.shade_while_marking(value);
    }

    /// To be called when `value` is stored into a native function.
    pub(crate) fn barrier_native(&mut self, native: NativeHandle, value: Value) {
        if native.0 < self.natives.young_from {
            self.note_escape(value);
        }
        self.shade_while_marking(value);
    }

    /// To be called when `value` is stored into a userdata.
    pub(crate) fn barrier_userdata(&mut self, userdata: UserdataHandle, value: Value) {
        if userdata.0 < self.userdata.young_from {
            self.note_escape(value);
        }
        self.shade_while_marking(value);
    }

    /// To be called when `value` is stored where everything can see it: in the host, or as a type's metatable.
    pub(crate) fn barrier_root(&mut self, value: Value) {
        self.note_escape(value);
        self.shade_while_marking(value);
    }

    /// To be called when `value` is stored into a slot of a stack below the running function's registers, or is kept alive for less than a region.
    pub(crate) fn barrier_stack(&mut self, value: Value) {
        self.shade_while_marking(value);
    }

    /// To be called when a thread ceases to be the one that runs, before its state goes back to its slot.
    #[inline]
    pub(crate) fn barrier_left_thread(&mut self, thread: ThreadHandle) {
        if self.collector.phase == Phase::Mark && self.threads.marks.contains(thread.index()) {
            self.shade_thread(thread);
        }
    }

    /// To be called after values were moved within a table otherwise than by the operations of the table itself.
    #[inline]
    pub(crate) fn note_moved_values(&mut self, table: TableHandle) {
        if table.0 == self.collector.partial_table {
            self.restart_partial();
        }
    }

    /// The same if each moved down by one place at most.
    #[inline]
    pub(crate) fn note_shifted_values(&mut self, table: TableHandle) {
        if table.0 == self.collector.partial_table {
            self.step_partial_back();
        }
    }

    #[inline]
    fn shade_while_marking(&mut self, value: Value) {
        if self.collector.phase == Phase::Mark {
            self.shade(value);
        }
    }
}
