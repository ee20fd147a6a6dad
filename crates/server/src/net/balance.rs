//! On how many workers connections are served.
//!
//! Many small requests cost least on one worker: it finds several ready at a time and seldom sleeps, where two find
//! half as many each and have to be woken twice as often, which costs more than a small request does. So connections
//! gather on the first worker while all of them together keep less than 85 % of a core busy. They spread again, half of them
//! to the calmest worker, when a worker has hardly any time left or runs something long: a script that has used up its slice
//! must neither keep others waiting nor share its core with the next one while another is idle.
//!
//! Not always is more done on more workers: scripts that need the same keys wait for each other, and where the clients
//! use the same cores a wake-up may cost more than a script. So connections also gather when workers often wait for each
//! other, and a worker that has spread connections for want of time looks what became of it ([`Trial`]), and takes them
//! back if all workers together get less done with as much time.
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

/// Workers that wait for each other once in so many events had better be one.
const CONFLICT_IN: u32 = 8;

/// A worker this busy has no time left.
const SPREAD_ABOVE: u32 = 900;

/// A worker this busy has time for others' connections.
const CALM_BELOW: u32 = 700;

/// For how long nothing is gathered after something spoke against it, such as a slice that was used up.
const AFTER_LONG_WORK: Duration = Duration::from_secs(3);

/// For how long nothing is gathered after one worker was found to be too few, and nothing spread for want of time after
/// that was found to be in vain; twice as long the next time, up to a minute.
const PAUSE: Duration = Duration::from_secs(2);
const PAUSE_MAX: Duration = Duration::from_secs(64);

/// Periods from spreading on that do not tell yet what it brings, and those that do.
const TRIAL_SETTLES: u32 = 2;
const TRIAL_PERIODS: u32 = 3;

/// Thousandths of the work that was done before: less is worse than before.
const TRIAL_WORSE_BELOW: u64 = 970;

/// What workers tell each other of their last period. Shared by all threads.
#[derive(Debug)]
pub(super) struct Loads {
    workers: Box<[Load]>,
    /// What the pauses count from.
    started: Instant,
    gathering: Pause,
    spreading: Pause,
}

/// How busy one was.
#[derive(Debug, Default)]
struct Load {
    /// Thousandths of a core.
    busy: AtomicU32,
    /// Events that were ready.
    events: AtomicU32,
    /// Turns at whose end something waited for another worker.
    conflicts: AtomicU32,
    /// Bytes received in a millisecond: a measure of what is done.
    rate: AtomicU32,
}

/// A time before which something is not tried again.
#[derive(Debug, Default)]
struct Pause {
    /// When it ends, in milliseconds.
    until: AtomicU64,
    /// How long the last one after a failure was, in milliseconds.
    length: AtomicU64,
}

impl Pause {
    fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.until.load(Ordering::Relaxed)
    }

    fn extend(&self, pause: Duration, now_ms: u64) {
        let until = now_ms + pause.as_millis() as u64;
        self.until.fetch_max(until, Ordering::Relaxed);
    }

    /// It was tried in vain: it is tried again later, each time after twice as long.
    fn double(&self, now_ms: u64) {
        let last = Duration::from_millis(self.length.load(Ordering::Relaxed));
        let pause = (last * 2).clamp(PAUSE, PAUSE_MAX);
        self.length
            .store(pause.as_millis() as u64, Ordering::Relaxed);
        self.extend(pause, now_ms);
    }
}

/// A worker as the others see it.
#[derive(Clone, Copy, Debug)]
struct Seen {
    connections: usize,
    busy: u32,
    events: u32,
    conflicts: u32,
}

impl Loads {
    pub(super) fn new(workers: usize) -> Loads {
        Loads {
            workers: (0..workers).map(|_| Load::default()).collect(),
            started: Instant::now(),
            gathering: Pause::default(),
            spreading: Pause::default(),
        }
    }

    fn ms(&self, time: Instant) -> u64 {
        time.saturating_duration_since(self.started).as_millis() as u64
    }

    fn may_gather(&self, now: Instant) -> bool {
        self.gathering.is_over(self.ms(now))
    }

    /// Nothing is gathered for the time being.
    pub(super) fn do_not_gather(&self, now: Instant) {
        self.gathering.extend(AFTER_LONG_WORK, self.ms(now));
    }

    /// Bytes received by all workers in a millisecond.
    fn rate(&self) -> u64 {
        let rates = self.workers.iter().map(|load| &load.rate);
        rates
            .map(|rate| u64::from(rate.load(Ordering::Relaxed)))
            .sum()
    }
}

/// What a worker had better do with its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Keep them.
    Stay,
    /// Give so many of them to another worker.
    Give { connections: usize, to: usize },
    /// Take so many back from another worker.
    TakeBack { connections: usize, from: usize },
}

/// What has happened since a worker decided the last time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    /// Events that were ready.
    pub(super) events: usize,
    /// Bytes received.
    pub(super) received: usize,
    /// Something waits for another worker.
    pub(super) waited_for_others: bool,
    /// A slice was used up.
    pub(super) long_work: bool,
}

/// Connections given to another worker for want of time, until it is known whether that was good.
#[derive(Debug)]
struct Trial {
    connections: usize,
    to: usize,
    /// What all workers did before.
    rate_before: u64,
    periods: u32,
    /// What they have done since, summed over periods that tell.
    rates: u64,
}

impl Trial {
    fn new(connections: usize, to: usize, rate_before: u64) -> Trial {
        Trial {
            connections,
            to,
            rate_before,
            periods: 0,
            rates: 0,
        }
    }

    /// Counts a period; whether spreading was good, once that is known. `busy` are thousandths of a core that all used:
    /// with much less to do than before, less is done in any case.
    fn judge(&mut self, rate: u64, busy: u32) -> Option<bool> {
        self.periods += 1;
        if self.periods > TRIAL_SETTLES {
            self.rates += rate;
        }
        (self.periods == TRIAL_SETTLES + TRIAL_PERIODS).then(|| {
            let is_less =
                self.rates * 1000 < self.rate_before * TRIAL_WORSE_BELOW * u64::from(TRIAL_PERIODS);
            !is_less || busy < CALM_BELOW
        })
    }
}

/// What one worker remembers to decide about its connections.
#[derive(Debug)]
pub(super) struct Balance {
    own: usize,
    clock: ThreadClock,
    used: Duration,
    looked: Instant,
    events: usize,
    received: usize,
    conflicts: u32,
    /// Periods in a row without time left.
    overloaded: u32,
    /// A slice was used up in this period.
    long_work: bool,
    trial: Option<Trial>,
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
            received: 0,
            conflicts: 0,
            overloaded: 0,
            long_work: false,
            trial: None,
        })
    }

    /// Counts what a turn did. Whether it is time for advice: when a period is over, and when a slice was used up for
    /// the first time in one.
    #[inline]
    pub(super) fn is_due(&mut self, turn: Turn, now: Instant) -> bool {
        self.events = self.events.saturating_add(turn.events);
        self.received = self.received.saturating_add(turn.received);
        self.conflicts = self.conflicts.saturating_add(turn.waited_for_others.into());
        turn.long_work && !self.long_work || now.saturating_duration_since(self.looked) >= PERIOD
    }

    /// Ends a period: says how busy it was, and what is to be done. `may_gather`: the configuration allows fewer workers.
    pub(super) fn advise(
        &mut self,
        loads: &Loads,
        connections: impl Fn(usize) -> usize,
        may_gather: bool,
        long_work: bool,
        now: Instant,
    ) -> Advice {
        let busy = self.publish(&loads.workers[self.own], now);
        self.long_work = long_work;
        if long_work || !may_gather {
            loads.do_not_gather(now);
            self.trial = None;
        }
        self.overloaded = if busy > SPREAD_ABOVE {
            self.overloaded + 1
        } else {
            0
        };
        let is_overloaded = self.overloaded > 1;
        if let Some(trial) = self.end_of_trial(loads, is_overloaded) {
            loads.spreading.double(loads.ms(now));
            return Advice::TakeBack {
                connections: trial.connections,
                from: trial.to,
            };
        }

        let seen: Vec<Seen> = loads
            .workers
            .iter()
            .enumerate()
            .map(|(number, load)| Seen {
                connections: connections(number),
                busy: load.busy.load(Ordering::Relaxed),
                events: load.events.load(Ordering::Relaxed),
                conflicts: load.conflicts.load(Ordering::Relaxed),
            })
            .collect();
        let may_spread = loads.spreading.is_over(loads.ms(now));
        let wants_room = is_overloaded && may_spread;
        let advice = advise(
            self.own,
            &seen,
            long_work || wants_room,
            loads.may_gather(now),
        );
        if let Advice::Give { connections, to } = advice
            && wants_room
        {
            loads.gathering.double(loads.ms(now));
            if may_gather && !long_work {
                self.trial = Some(Trial::new(connections, to, loads.rate()));
            }
        }
        advice
    }

    /// Tells the others how busy this worker was since it last looked; returns it.
    fn publish(&mut self, load: &Load, now: Instant) -> u32 {
        let used = self.clock.used().unwrap_or(self.used);
        let wall = now
            .saturating_duration_since(self.looked)
            .as_micros()
            .max(1);
        let busy = used.saturating_sub(self.used).as_micros() * 1000 / wall;
        let busy = u32::try_from(busy).map_or(1000, |busy| busy.min(1000));
        let number = |value: u128| u32::try_from(value).unwrap_or(u32::MAX);
        load.busy.store(busy, Ordering::Relaxed);
        load.events
            .store(number(self.events as u128), Ordering::Relaxed);
        load.rate.store(
            number(self.received as u128 * 1000 / wall),
            Ordering::Relaxed,
        );
        load.conflicts.store(self.conflicts, Ordering::Relaxed);
        (self.used, self.looked) = (used, now);
        (self.events, self.received, self.conflicts) = (0, 0, 0);
        busy
    }

    /// The trial that is over and has shown that spreading was in vain.
    fn end_of_trial(&mut self, loads: &Loads, is_overloaded: bool) -> Option<Trial> {
        let trial = self.trial.as_mut()?;
        // Who is overloaded again has work for more workers than these.
        let is_settled = is_overloaded && trial.periods >= TRIAL_SETTLES;
        let busy = loads.workers.iter().map(|load| &load.busy);
        let busy = busy.map(|busy| busy.load(Ordering::Relaxed)).sum();
        match trial.judge(loads.rate(), busy) {
            None if !is_settled => None,
            Some(false) if !is_settled => self.trial.take(),
            _ => {
                self.trial = None;
                loads.spreading.length.store(0, Ordering::Relaxed);
                None
            }
        }
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
    let conflicts: u32 = seen.iter().map(|load| load.conflicts).sum();
    let is_worth_it = events >= GATHER_EVENTS;
    let had_better = busy < GATHER_BELOW || conflicts >= events / CONFLICT_IN;
    if may_gather && own != LISTENING && mine > 0 && is_worth_it && had_better {
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
            conflicts: 0,
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
    fn workers_that_wait_for_each_other_had_better_be_one() {
        let mut seen = [seen(2, 700, 1000), seen(2, 700, 1000)];
        assert_eq!(advise(1, &seen, false, true), Advice::Stay);
        seen[0].conflicts = 300;
        assert_eq!(advise(1, &seen, false, true), give(2, 0));
        assert_eq!(advise(1, &seen, false, false), Advice::Stay);
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
    fn what_failed_is_tried_again_ever_later() {
        let pause = Pause::default();
        let mut now = 0;
        assert!(pause.is_over(now));
        for seconds in [2, 4, 8, 16, 32, 64, 64] {
            pause.double(now);
            now += seconds * 1000;
            assert!(!pause.is_over(now - 1));
            assert!(pause.is_over(now));
        }
    }

    fn judged(rate_before: u64, rate: u64, busy: u32) -> bool {
        let mut trial = Trial::new(2, 1, rate_before);
        // What is done until connections have arrived does not count.
        for _ in 0..TRIAL_SETTLES {
            assert_eq!(trial.judge(0, busy), None);
        }
        for _ in 1..TRIAL_PERIODS {
            assert_eq!(trial.judge(rate, busy), None);
        }
        trial.judge(rate, busy).expect("it is known now")
    }

    #[test]
    fn spreading_was_good_unless_less_is_done_with_as_much_time() {
        assert!(judged(1000, 1800, 1900));
        assert!(judged(1000, 980, 1100));
        assert!(!judged(1000, 800, 1100));
        assert!(judged(1000, 300, 300), "there is less to do");
    }
}
