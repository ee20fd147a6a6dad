//! When the collector works, and how much.
//!
//! A collection begins when the bytes in use have grown by the pause since the last one. From then on every allocated byte is
//! a debt of work, paid in steps of at most [`MOST_STEP_WORK`] at the safe points that follow. If the debt becomes as large as a whole collection (someone
//! allocates in huge pieces), it is paid at once: the collector cannot be outrun. When half the room that was left under the cap has been
//! used up there is a whole collection, so that natives, which cannot collect, meet the cap only if they really make a lot.

use super::super::Heap;
use super::{Phase, Roots};

/// Bytes allocated from one step to the next.
const STEP_BYTES: usize = 8 << 10;
/// The most work of a step, unless the debt is out of hand: a fraction of 100 µs.
const MOST_STEP_WORK: usize = 2 << 10;
/// The least work of a step.
const LEAST_STEP_WORK: usize = 256;
/// The bytes a unit of work stands for: those of a slot.
const UNIT_BYTES: usize = 16;
/// Below so many bytes in use no collection begins.
const LEAST_BYTES: usize = 1 << 20;

/// The pause, in percent, unless a program sets it.
const PAUSE_PERCENT: usize = 200;
/// The multiplier, in percent, unless a program sets it.
const MULTIPLIER_PERCENT: usize = 200;

/// The settings and the account of the collector.
pub(in super::super) struct Pace {
    /// Collections begin only on request or at the cap.
    pub(in super::super) is_stopped: bool,
    /// The bytes in use at which a collection begins, in percent of those after the last one.
    pub(in super::super) pause_percent: usize,
    /// The work for every allocated byte, in percent of a byte's worth.
    pub(in super::super) multiplier_percent: usize,
    /// Work still to be done for what was allocated.
    debt: usize,
    /// The bytes in use when the debt was last brought up to date.
    bytes_before: usize,
    /// What was in use when marking ended, without what the sweep has freed of it.
    pub(super) reached_bytes: usize,
    /// The bytes in use at which everything is collected at once.
    urgent_bytes: usize,
    /// The work that the collection under way probably takes.
    expected_work: usize,
    /// Work for each kilobyte allocated.
    rate: usize,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            is_stopped: false,
            pause_percent: PAUSE_PERCENT,
            multiplier_percent: MULTIPLIER_PERCENT,
            debt: 0,
            bytes_before: 0,
            reached_bytes: 0,
            urgent_bytes: usize::MAX,
            expected_work: 0,
            rate: 0,
        }
    }
}

impl Heap {
    /// Brings the collection forward now that the threshold is passed. The work it took.
    pub(crate) fn collect_if_due(&mut self, roots: &mut Roots<'_>) -> usize {
        let bytes = self.bytes_in_use();
        let pace = &mut self.collector.pace;
        if bytes > pace.urgent_bytes && (!pace.is_stopped || bytes > self.limit) {
            return self.collect_now(roots);
        }
        if pace.is_stopped {
            self.pace();
            return 0;
        }
        if self.collector.phase == Phase::Idle {
            self.begin_payment();
        }
        let pace = &mut self.collector.pace;
        let allocated = bytes.saturating_sub(pace.bytes_before);
        pace.debt = pace
            .debt
            .saturating_add((allocated / 16).saturating_mul(pace.rate) / 64);
        let most = if pace.debt > pace.expected_work {
            usize::MAX
        } else {
            // A native function may have made much since the last step. If less were looked at, marking might never end, because it always
            // finds what the last call made; and the pause is in proportion to the time the call took.
            MOST_STEP_WORK.max(allocated / UNIT_BYTES)
        };
        let work = pace.debt.clamp(LEAST_STEP_WORK, most);
        let before = self.collector.statistics.work;
        self.collect_in_part(roots, work);
        let done = (self.collector.statistics.work - before) as usize;
        self.collector.pace.debt = self.collector.pace.debt.saturating_sub(work);
        self.pace();
        done
    }

    /// A step on request, worth `kilobytes` of allocation. Whether a collection is over with it, and the work it took. A collector that was
    /// stopped works by itself again, as in 5.1.
    pub(crate) fn collect_on_request(
        &mut self,
        roots: &mut Roots<'_>,
        kilobytes: usize,
    ) -> (bool, usize) {
        self.collector.pace.is_stopped = false;
        if self.collector.phase == Phase::Idle {
            self.begin_payment();
        }
        let work = kilobytes
            .saturating_mul(self.collector.pace.rate)
            .max(LEAST_STEP_WORK);
        let before = self.collector.statistics.work;
        let is_over = self.collect_in_part(roots, work);
        self.pace();
        (is_over, (self.collector.statistics.work - before) as usize)
    }

    /// A whole collection at once. The work it took, roughly.
    pub(crate) fn collect_now(&mut self, roots: &mut Roots<'_>) -> usize {
        let work = self.bytes_in_use() / UNIT_BYTES;
        self.collect_all(roots);
        self.pace();
        work
    }

    fn begin_payment(&mut self) {
        let (bytes, limit) = (self.bytes_in_use(), self.limit);
        let pace = &mut self.collector.pace;
        pace.debt = 0;
        pace.bytes_before = bytes;
        // Marking and sweeping look at everything about once each; objects cost more than their bytes.
        pace.expected_work = (bytes / UNIT_BYTES)
            .saturating_mul(3)
            .max(LEAST_BYTES / UNIT_BYTES);
        // It has to be over before a quarter of the room is used up.
        let room = limit.saturating_sub(bytes) / 4;
        let needed = pace.expected_work.saturating_mul(1024) / room.max(1024);
        pace.rate = (pace.multiplier_percent.max(100) * 1024 / UNIT_BYTES / 100).max(needed);
    }

    /// Sets the bytes in use at which the collector works next.
    pub(in super::super) fn pace(&mut self) {
        let (bytes, room) = (
            self.bytes_in_use(),
            self.limit.saturating_sub(self.bytes_in_use()),
        );
        let is_idle = self.collector.phase == Phase::Idle;
        let pace = &mut self.collector.pace;
        if is_idle {
            pace.urgent_bytes = bytes.saturating_add(room / 2);
            // What was allocated while the sweep was under way is not known to be in use.
            let grown = (pace.reached_bytes.min(bytes) / 100)
                .saturating_mul(pace.pause_percent.max(110))
                .max(LEAST_BYTES);
            self.threshold = grown.min(bytes.saturating_add(room / 4));
        } else {
            // The cap may have been moved since.
            pace.urgent_bytes = pace.urgent_bytes.min(self.limit);
            self.threshold = if pace.debt > LEAST_STEP_WORK {
                bytes
            } else {
                bytes.saturating_add(STEP_BYTES.min(room / 4))
            };
        }
        pace.bytes_before = bytes;
        if pace.is_stopped {
            self.threshold = self.limit;
        }
    }

    /// Takes back what a program has set with `collectgarbage`, so that the next one finds the collector as it was.
    pub fn reset_collector_settings(&mut self) {
        let pace = &mut self.collector.pace;
        pace.pause_percent = PAUSE_PERCENT;
        pace.multiplier_percent = MULTIPLIER_PERCENT;
        if pace.is_stopped {
            self.restart_collector();
        }
    }

    /// Makes collections begin only on request or at the cap.
    pub(crate) fn stop_collector(&mut self) {
        self.collector.pace.is_stopped = true;
        self.pace();
    }

    /// Makes collections begin by themselves again.
    pub(crate) fn restart_collector(&mut self) {
        self.collector.pace.is_stopped = false;
        self.pace();
    }

    /// Sets the pause, in percent; returns what it was.
    pub(crate) fn set_collector_pause(&mut self, percent: usize) -> usize {
        std::mem::replace(&mut self.collector.pace.pause_percent, percent)
    }

    /// Sets the step multiplier, in percent; returns what it was.
    pub(crate) fn set_collector_multiplier(&mut self, percent: usize) -> usize {
        std::mem::replace(&mut self.collector.pace.multiplier_percent, percent)
    }
}
