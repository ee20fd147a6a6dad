//! The bytes in use, to the byte: what every object takes is added when it is made or grows and subtracted when it is dropped.

use super::Heap;
use super::arena::Object;
use crate::table::Table;
use crate::thread::Thread;
use crate::value::TableHandle;

impl Heap {
    /// Bytes in use by all objects.
    pub fn bytes_in_use(&self) -> usize {
        self.bytes
    }

    /// The most bytes that were in use since [`Heap::forget_peak`]. Only collections take bytes out of use, but for what a
    /// table or a stack gives up when it is made anew.
    pub fn peak_bytes(&self) -> usize {
        self.peak.max(self.bytes)
    }

    /// From now on [`Heap::peak_bytes`] tells the peak.
    pub fn forget_peak(&mut self) {
        self.peak = 0;
    }

    /// Before bytes go out of use.
    pub(super) fn note_peak(&mut self) {
        self.peak = self.peak_bytes();
    }

    /// The cap on the bytes in use.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Sets the cap on the bytes in use (`usize::MAX`: none).
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
        self.pace();
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
        debug_assert!(
            bytes <= self.bytes,
            "more is freed than there was: {bytes} of {}",
            self.bytes
        );
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Whether the VM must collect (or fail) at the next safe point.
    #[inline(always)]
    pub(crate) fn needs_attention(&self) -> bool {
        self.bytes > self.threshold
    }

    /// Counts a table whose parts took `before` bytes.
    #[inline]
    pub(crate) fn recount_table(&mut self, table: TableHandle, before: usize) {
        let after = self.tables[table.index()].bytes();
        self.bytes = (self.bytes + after).saturating_sub(before);
    }

    /// Counts a thread with what its stack and lists take by now.
    pub(crate) fn recount_thread(&mut self, thread: &mut Thread) {
        let before = thread.counted;
        thread.counted = size_of::<Thread>() + thread.bytes();
        self.bytes = (self.bytes + thread.counted).saturating_sub(before);
    }

    /// What all objects take, found by looking at each.
    #[cfg(test)]
    pub(crate) fn count_objects(&self) -> usize {
        self.strings.arena.size()
            + self.tables.size()
            + self.closures.size()
            + self.upvalues.size()
            + self.natives.size()
            + self.userdata.size()
            + self.threads.size()
    }

    /// What a new table takes.
    #[inline(always)]
    pub(super) fn count_table(&mut self, table: &Table) {
        self.bytes += table.size();
    }
}
