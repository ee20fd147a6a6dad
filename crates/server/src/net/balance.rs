//! On how many workers connections are served.
//!
//! Many small requests cost least on one worker: it finds several ready at a time and seldom sleeps, where two find
//! half as many each and have to be woken twice as often, which costs more than a small request does. So connections
//! gather on the first worker while all of them together keep less than 85 % of a core busy. They spread again, half of them
//! to the calmest worker, when a worker has hardly any time left or runs something long: a script that has used up its slice
//! must neither keep others waiting nor share its core with the next one while another is idle.
//!
//! Ten times a second each worker says how busy it was ([`Load`]) and decides about its own connections ([`advise`]).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::hub::LISTENING;
use super::process::ThreadClock;

/// How often a worker looks at its load.
const PERIOD: Duration = Duration::from_millis(100);

/// Thousandths of a core that one worker can give to what all of them do, with room for more.
const GATHER_BELOW: u32 = 850;

/// So many events a period, of all workers, are worth gathering.
const GATHER_EVENTS: u32 = 100;

/// A worker this busy has no time left.
const SPREAD_ABOVE: u32 = 900;

/// A worker this busy has time for others' connections.
const CALM_BELOW: u32 = 700;

/// For how long nothing is gathered after something spoke against it, such as a slice that was used up.
const AFTER_LONG_WORK: Duration = Duration::from_secs(3);

/// For how long nothing is gathered after one worker was found to be too few; twice as long the next time, up to a minute.
const AFTER_OVERLOAD: Duration = Duration::from_secs(2);
const AFTER_OVERLOAD_MAX: Duration = Duration::from_secs(64);

/// What workers tell each other of their last period. Shared by all threads.
#[derive(Debug)]
pub(super) struct Loads {
    workers: Box<[Load]>,
    /// What the times below count from.
    started: Instant,
    /// Nothing is gathered before this time, in milliseconds.
    gather_from_ms: AtomicU64,
    /// For how long nothing was gathered after connections had to be spread for the last time, in milliseconds.
    pause_ms: AtomicU64,
}

/// How busy one was.
#[derive(Debug, Default)]
struct Load {
    /// Thousandths of a core.
    busy: AtomicU32,
    /// Events that were ready.
    events: AtomicU32,
}

/// A worker as the others see it.
#[derive(Clone, Copy, Debug)]
struct Seen {
    connections: usize,
    busy: u32,
    events: u32,
}

impl Loads {
    pub(super) fn new(workers: usize) -> Loads {
        Loads {
            workers: (0..workers).map(|_| Load::default()).collect(),
            started: Instant::now(),
            gather_from_ms: AtomicU64::new(0),
            pause_ms: AtomicU64::new(0),
        }
    }

    fn ms(&self, time: Instant) -> u64 {
        time.saturating_duration_since(self.started).as_millis() as u64
    }

    fn may_gather(&self, now: Instant) -> bool {
        self.ms(now) >= self.gather_from_ms.load(Ordering::Relaxed)
    }

    /// Nothing is gathered for the time being.
    pub(super) fn do_not_gather(&self, now: Instant) {
        self.pause_gathering(AFTER_LONG_WORK, now);
    }

    fn pause_gathering(&self, pause: Duration, now: Instant) {
        let until = self.ms(now + pause);
        self.gather_from_ms.fetch_max(until, Ordering::Relaxed);
    }

    /// Gathering was too much for one worker: it is tried again later, each time after twice as long.
    fn note_overload(&self, now: Instant) {
        let last = Duration::from_millis(self.pause_ms.load(Ordering::Relaxed));
        let pause = (last * 2).clamp(AFTER_OVERLOAD, AFTER_OVERLOAD_MAX);
        self.pause_ms
            .store(pause.as_millis() as u64, Ordering::Relaxed);
        self.pause_gathering(pause, now);
    }
}

/// What a worker had better do with its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Keep them.
    Stay,
    /// Give so many of them to another worker.
    Give { connections: usize, to: usize },
}

/// What one worker remembers to decide about its connections.
#[derive(Debug)]
pub(super) struct Balance {
    own: usize,
    clock: ThreadClock,
    used: Duration,
    looked: Instant,
    events: u32,
    /// Periods in a row without time left.
    overloaded: u32,
    /// A slice was used up in this period.
    long_work: bool,
}

impl Balance {
    /// For worker `own`; called in its thread. None if there is nobody to share with, or where the system does not tell
    /// the time that a thread has used: then connections stay where they are.
    pub(super) fn new(own: usize, workers: usize, now: Instant) -> Option<Balance> {
        let clock = ThreadClock::of_this_thread().filter(|_| workers > 1)?;
        Some(Balance {
            own,
            clock,
            used: Duration::ZERO,
            looked: now,
            events: 0,
            overloaded: 0,
            long_work: false,
        })
    }

    /// Counts the events of a turn. Whether it is time for advice: when a period is over, and when a slice was used up for
    /// the first time in one (`long_work`).
    #[inline]
    pub(super) fn is_due(&mut self, events: usize, long_work: bool, now: Instant) -> bool {
        self.events = self.events.saturating_add(events as u32);
        long_work && !self.long_work || now.saturating_duration_since(self.looked) >= PERIOD
    }

    /// Ends a period: says how busy it was, and what is to be done.
    pub(super) fn advise(
        &mut self,
        loads: &Loads,
        connections: impl Fn(usize) -> usize,
        long_work: bool,
        now: Instant,
    ) -> Advice {
        let used = self.clock.used().unwrap_or(self.used);
        let wall = now
            .saturating_duration_since(self.looked)
            .as_micros()
            .max(1);
        let busy = used.saturating_sub(self.used).as_micros() * 1000 / wall;
        let busy = u32::try_from(busy).map_or(1000, |busy| busy.min(1000));
        let load = &loads.workers[self.own];
        load.busy.store(busy, Ordering::Relaxed);
        load.events.store(self.events, Ordering::Relaxed);
        (self.used, self.looked, self.events) = (used, now, 0);
        self.long_work = long_work;
        if long_work {
            loads.do_not_gather(now);
        }
        self.overloaded = if busy > SPREAD_ABOVE {
            self.overloaded + 1
        } else {
            0
        };

        let seen: Vec<Seen> = loads
            .workers
            .iter()
            .enumerate()
            .map(|(number, load)| Seen {
                connections: connections(number),
                busy: load.busy.load(Ordering::Relaxed),
                events: load.events.load(Ordering::Relaxed),
            })
            .collect();
        let is_overloaded = self.overloaded > 1;
        let advice = advise(
            self.own,
            &seen,
            long_work || is_overloaded,
            loads.may_gather(now),
        );
        if is_overloaded && advice != Advice::Stay {
            loads.note_overload(now);
        }
        advice
    }
}

/// What worker `own` had better do. `wants_room`: it has no time for all its connections; `may_gather`: nothing
/// speaks against fewer workers.
fn advise(own: usize, seen: &[Seen], wants_room: bool, may_gather: bool) -> Advice {
    let mine = seen[own].connections;
    if wants_room {
        let calmest = (0..seen.len())
            .filter(|&other| other != own && seen[other].busy < CALM_BELOW)
            .min_by_key(|&other| (seen[other].busy / 100, seen[other].connections));
        return match calmest.map(|other| (other, seen[other].connections)) {
            Some((to, theirs)) if mine > theirs + 1 => Advice::Give {
                connections: (mine - theirs).div_ceil(2),
                to,
            },
            _ => Advice::Stay,
        };
    }
    let busy: u32 = seen.iter().map(|load| load.busy).sum();
    let events: u32 = seen.iter().map(|load| load.events).sum();
    if may_gather && own != LISTENING && mine > 0 && busy < GATHER_BELOW && events >= GATHER_EVENTS
    {
        return Advice::Give {
            connections: mine,
            to: LISTENING,
        };
    }
    Advice::Stay
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(connections: usize, busy: u32, events: u32) -> Seen {
        Seen {
            connections,
            busy,
            events,
        }
    }

    fn give(connections: usize, to: usize) -> Advice {
        Advice::Give { connections, to }
    }

    #[test]
    fn small_requests_gather_on_the_first_worker() {
        let seen = [seen(25, 400, 3000), seen(25, 400, 3000)];
        assert_eq!(advise(1, &seen, false, true), give(25, 0));
        assert_eq!(advise(0, &seen, false, true), Advice::Stay);
        assert_eq!(advise(1, &seen, false, false), Advice::Stay);
    }

    #[test]
    fn nothing_gathers_when_one_worker_could_not_do_it_or_nothing_happens() {
        let busy = [seen(25, 500, 3000), seen(25, 400, 3000)];
        assert_eq!(advise(1, &busy, false, true), Advice::Stay);
        let asleep = [seen(25, 0, 10), seen(25, 0, 10)];
        assert_eq!(advise(1, &asleep, false, true), Advice::Stay);
    }

    #[test]
    fn who_needs_room_gives_half_of_the_difference_to_the_calmest() {
        let loads = [seen(50, 990, 3000), seen(0, 650, 0), seen(3, 10, 0)];
        assert_eq!(advise(0, &loads, true, true), give(24, 2));
        let two = [seen(2, 1000, 1), seen(0, 0, 0)];
        assert_eq!(advise(0, &two, true, true), give(1, 1));
    }

    #[test]
    fn nobody_is_sent_to_and_fro() {
        let even = [seen(2, 1000, 1), seen(1, 0, 0)];
        assert_eq!(advise(0, &even, true, true), Advice::Stay);
        let full = [seen(20, 1000, 1), seen(1, 800, 0)];
        assert_eq!(advise(0, &full, true, true), Advice::Stay);
    }

    #[test]
    fn gathering_that_failed_is_tried_again_ever_later() {
        let loads = Loads::new(2);
        let mut now = Instant::now();
        assert!(loads.may_gather(now));
        for pause in [2, 4, 8, 16, 32, 64, 64] {
            loads.note_overload(now);
            now += Duration::from_secs(pause) - Duration::from_millis(10);
            assert!(!loads.may_gather(now));
            now += Duration::from_millis(20);
            assert!(loads.may_gather(now));
        }
    }
}
