//! The incremental collector: mark and sweep in steps of bounded work.
//!
//! **Marking.** Objects are *white* (no mark), *gray* (marked, listed as still to be scanned) or *black* (marked and scanned). Marks are bits
//! beside the arenas, so objects carry no collector state and new ones are white for free. Scanning uses a list: no
//! recursion, however deep the data; big tables are scanned in pieces. While marking, a store of a white object into a marked
//! one marks the stored object (Dijkstra's barrier), so a black object never refers to a white one.
//!
//! **Stacks** have no barrier. When nothing gray is left, the running thread is scanned, which may bring up new gray objects; marking is over when
//! such a scan and all that follows from it fit into one step. Frames that have been scanned carry the number of the collection, and
//! what lies below a frame cannot have changed as long as that frame is there: so scanning again starts where the stack has changed, and
//! deep stacks are scanned in pieces. A coroutine that ran is put back on the list when it is left.
//!
//! **Weak tables** are listed when they are scanned, and lose their dead entries when marking is over.
//!
//! **Sweeping** goes over the arenas slot by slot, takes off the marks and collects the vacant slots. New objects only get slots it has passed, or ones beyond the
//! end it had when it began. A dead string that is asked for again before the sweep has come to it lives again.
//!
//! Work is counted in units of about one table slot looked at, and is so deterministic.

mod barrier;
mod mark;
mod pace;
mod stack;
mod sweep;
mod weak;

use std::sync::Arc;

use super::Heap;
use super::marks::Marks;
use crate::loaded::{LoadedProto, Unloaded};
use crate::thread::Thread;
use crate::value::{TableHandle, ThreadHandle, Value};
use mark::{Gray, Partial};
use pace::Pace;
use sweep::Sweep;

/// The work of marking an object, beside what is in it.
const OBJECT_WORK: usize = 4;
/// The work of freeing an object.
pub(super) const FREEING_WORK: usize = 3;

/// What a collection is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Waiting for the next one to be due.
    #[default]
    Idle,
    Mark,
    Sweep,
}

/// What is outside the heap and refers to objects in it.
pub(crate) struct Roots<'a> {
    pub(crate) loaded: &'a mut Vec<Option<Arc<LoadedProto>>>,
    /// Bytes of the prototypes found unused.
    pub(crate) unloaded: &'a mut Unloaded,
    /// The thread that runs.
    pub(crate) thread: &'a mut Thread,
    pub(crate) current: ThreadHandle,
    pub(crate) main: ThreadHandle,
    /// The end of the slots in use by a native function that runs now; 0 if there is none.
    pub(crate) native_top: usize,
}

/// What the collector has done so far, in units of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollectorStatistics {
    /// Collections completed.
    pub collections: u64,
    /// Steps taken; a collection on request is none.
    pub steps: u64,
    /// The work of all steps.
    pub work: u64,
    /// The work of the longest step.
    pub longest_step: usize,
}

/// The state of the collector.
pub(crate) struct Collector {
    phase: Phase,
    /// The number of the collection under way or last ended; what frames that were scanned carry.
    number: u32,
    gray: Vec<Gray>,
    /// The table whose scan (or clearing) has begun.
    partial: Option<Partial>,
    /// That table's number; `u32::MAX` if there is none.
    partial_table: u32,
    /// The threads on the gray list.
    gray_threads: Marks,
    /// Marks of the loaded prototypes.
    protos: Marks,
    weak: Vec<TableHandle>,
    /// How many of the weak tables have been cleared, and up to which slot the next one.
    cleared: (usize, usize),
    sweep: Sweep,
    pub(super) pace: Pace,
    pub(crate) statistics: CollectorStatistics,
}

impl Collector {
    pub(super) fn new() -> Collector {
        Collector {
            phase: Phase::Idle,
            number: 0,
            gray: Vec::new(),
            partial: None,
            partial_table: u32::MAX,
            gray_threads: Marks::default(),
            protos: Marks::default(),
            weak: Vec::new(),
            cleared: (0, 0),
            sweep: Sweep::default(),
            pace: Pace::default(),
            statistics: CollectorStatistics::default(),
        }
    }

    /// The number of the table whose scan (or clearing) has begun; `u32::MAX` if there is none.
    #[inline(always)]
    pub(super) fn partial_table(&self) -> u32 {
        self.partial_table
    }
}

impl Heap {
    /// Does up to `work` units of the collection under way, or of a new one. True if it is over now.
    pub(crate) fn collect_in_part(&mut self, roots: &mut Roots<'_>, work: usize) -> bool {
        let mut left = work;
        let is_over = self.advance(roots, &mut left);
        let done = work - left;
        let statistics = &mut self.collector.statistics;
        statistics.steps += 1;
        statistics.work += done as u64;
        statistics.longest_step = statistics.longest_step.max(done);
        is_over
    }

    /// A prototype has been given a number that was there before: a sweep that has yet to come there must not take it for one of those it
    /// was begun for.
    pub(crate) fn keep_new_proto(&mut self, number: usize) {
        if self.collector.phase == Phase::Sweep && self.collector.sweep.is_to_meet_proto(number) {
            self.collector.protos.insert(number);
        }
    }

    fn advance(&mut self, roots: &mut Roots<'_>, left: &mut usize) -> bool {
        self.note_peak();
        if self.collector.phase == Phase::Idle {
            self.begin_marking(roots);
        }
        if self.collector.phase == Phase::Mark {
            if !self.mark_in_part(roots, left) {
                return false;
            }
            self.begin_sweep(roots.loaded.len());
            self.collector.pace.reached_bytes = self.bytes_in_use();
        }
        if *left == 0 || !self.sweep_in_part(roots, left) {
            return false;
        }
        self.collector.phase = Phase::Idle;
        self.collector.statistics.collections += 1;
        true
    }

    /// A whole collection: what is unreachable now is gone after it.
    pub(crate) fn collect_all(&mut self, roots: &mut Roots<'_>) {
        match self.collector.phase {
            Phase::Idle => {}
            Phase::Mark => self.abandon_marking(),
            Phase::Sweep => {
                self.note_peak();
                self.sweep_in_part(roots, &mut { usize::MAX });
            }
        }
        self.collector.phase = Phase::Idle;
        self.advance(roots, &mut { usize::MAX });
    }

    fn begin_marking(&mut self, roots: &Roots<'_>) {
        self.collector.phase = Phase::Mark;
        self.collector.number = self.collector.number.wrapping_add(1).max(1);
        self.collector.partial_table = u32::MAX;
        self.watch_stores();
        let (mut shade, _) = self.parts(roots.loaded.len());
        for name in shade.names {
            shade.string(*name);
        }
        for metatable in shade.type_metatables.into_iter().flatten() {
            shade.value(Value::Table(metatable));
        }
        shade.value(Value::Table(shade.globals));
        shade.value(Value::Thread(roots.main));
        shade.value(Value::Thread(roots.current));
        for native in [shade.iterators.next, shade.iterators.ipairs_step]
            .into_iter()
            .flatten()
        {
            shade.value(Value::Native(native));
        }
        for value in shade.pinned {
            shade.value(*value);
        }
    }

    /// Gives up the marking under way, as if it had not begun.
    fn abandon_marking(&mut self) {
        let collector = &mut self.collector;
        collector.gray.clear();
        collector.gray_threads.clear();
        collector.protos.clear();
        self.strings.arena.marks.clear();
        self.tables.marks.clear();
        self.closures.marks.clear();
        self.upvalues.marks.clear();
        self.natives.marks.clear();
        self.userdata.marks.clear();
        self.threads.marks.clear();
        self.end_marking();
    }

    fn end_marking(&mut self) {
        let collector = &mut self.collector;
        collector.phase = Phase::Idle;
        collector.partial = None;
        collector.partial_table = u32::MAX;
        collector.weak.clear();
        collector.cleared = (0, 0);
        self.watch_stores();
    }

    /// Whether a collection is at work that must hear of every store.
    #[inline]
    pub(super) fn is_marking(&self) -> bool {
        self.collector.phase == Phase::Mark
    }

    /// Makes stores into the tables and upvalues whose barrier is of use pass it.
    pub(super) fn watch_stores(&mut self) {
        if self.collector.phase == Phase::Mark {
            self.watched_tables = u32::MAX;
            self.watched_upvalues = u32::MAX;
        } else {
            self.watched_tables = self.tables.young_from;
            self.watched_upvalues = self.upvalues.young_from;
        }
    }

    /// Forgets the loaded prototypes from number `first` up.
    pub(crate) fn forget_protos(&mut self, first: usize) {
        self.collector.protos.truncate(first);
        self.collector.sweep.limit_protos(first);
    }
}
