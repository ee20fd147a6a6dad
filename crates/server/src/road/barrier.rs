//! States of the whole server in which some commands are refused, and in which order they are asked for.
//!
//! Whoever knows of such a state raises its barrier: memory and `min-replicas-to-write` do today. A barrier that nobody
//! raises yet (a disk that fails, being a replica) has its place, its text and its tests here, so that persistence and
//! replication only have to raise it. The road reads one word per command; only if a barrier is up, the lists are gone
//! through. Redis asks in one order of a client's command and of a script about to start, and in another of a script's
//! inner call; both orders are those that redis-server 7.0.15 shows when two states hold at once.

use std::sync::atomic::{AtomicU32, Ordering};

use commands::CommandError;
use commands::record::flag;

/// A state in which some commands are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Barrier {
    /// More memory is in use than `maxmemory` allows.
    MemoryIsFull = 1,
    /// The last snapshot or append failed, and `stop-writes-on-bgsave-error` is set.
    DiskError = 2,
    /// `min-replicas-to-write` asks for more replicas than there are.
    LacksReplicas = 4,
    /// This is a replica that takes writes from its primary only.
    ReadOnlyReplica = 8,
    /// This is a replica without its primary that must not serve its data meanwhile.
    StaleData = 16,
}

/// The barriers that are up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Raised(u32);

impl Raised {
    /// Whether none is.
    #[inline]
    pub(crate) fn none(self) -> bool {
        self.0 == 0
    }

    /// Whether this one is.
    #[inline]
    pub(crate) fn has(self, barrier: Barrier) -> bool {
        self.0 & barrier as u32 != 0
    }

    /// These and one more.
    #[cfg(test)]
    fn with(self, barrier: Barrier) -> Raised {
        Raised(self.0 | barrier as u32)
    }
}

/// The barriers of a server.
#[derive(Debug, Default)]
pub(crate) struct Barriers(AtomicU32);

impl Barriers {
    /// Raises or lowers a barrier.
    pub(crate) fn set(&self, barrier: Barrier, raised: bool) {
        if raised {
            self.0.fetch_or(barrier as u32, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!(barrier as u32), Ordering::Relaxed);
        }
    }

    /// What is up now.
    #[inline]
    pub(crate) fn raised(&self) -> Raised {
        Raised(self.0.load(Ordering::Relaxed))
    }
}

/// What of a command the barriers look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    /// It may make the data set grow.
    pub(crate) needs_memory: bool,
    /// It writes.
    pub(crate) writes: bool,
    /// It needs no data that is up to date.
    pub(crate) takes_stale_data: bool,
    /// It is PING, with which clients ask for the server's health.
    pub(crate) is_ping: bool,
}

impl Traits {
    /// Those of a command with these flags.
    pub(crate) fn of_flags(flags: u64) -> Traits {
        Traits {
            needs_memory: flags & flag::DENYOOM != 0,
            writes: flags & flag::WRITE != 0,
            takes_stale_data: flags & flag::STALE != 0,
            is_ping: false,
        }
    }

    fn are_stopped_by(self, barrier: Barrier) -> bool {
        match barrier {
            Barrier::MemoryIsFull => self.needs_memory,
            Barrier::DiskError => self.writes || self.is_ping,
            Barrier::LacksReplicas | Barrier::ReadOnlyReplica => self.writes,
            Barrier::StaleData => !self.takes_stale_data,
        }
    }
}

/// The order for a client's command, and for a script about to start.
const AT_THE_DOOR: [Barrier; 5] = [
    Barrier::MemoryIsFull,
    Barrier::DiskError,
    Barrier::LacksReplicas,
    Barrier::ReadOnlyReplica,
    Barrier::StaleData,
];

/// The order for the inner call of a script, after staleness and permissions.
const BEFORE_AN_INNER_WRITE: [Barrier; 3] = [
    Barrier::ReadOnlyReplica,
    Barrier::DiskError,
    Barrier::LacksReplicas,
];

/// The first barrier that stops a client's command.
///
/// # Errors
/// That barrier's text.
#[cold]
pub(crate) fn at_the_door(raised: Raised, traits: Traits) -> Result<(), CommandError> {
    first_of(&AT_THE_DOOR, raised, traits)
}

/// The first barrier that stops a script's inner write, but for memory, which is asked for later.
///
/// # Errors
/// That barrier's text.
#[cold]
pub(crate) fn before_an_inner_write(raised: Raised, traits: Traits) -> Result<(), CommandError> {
    first_of(&BEFORE_AN_INNER_WRITE, raised, traits)
}

fn first_of(order: &[Barrier], raised: Raised, traits: Traits) -> Result<(), CommandError> {
    let stops = |barrier: &&Barrier| raised.has(**barrier) && traits.are_stopped_by(**barrier);
    match order.iter().find(stops) {
        Some(barrier) => Err(text(*barrier)),
        None => Ok(()),
    }
}

/// What is answered to a command that a barrier stops.
pub(crate) fn text(barrier: Barrier) -> CommandError {
    CommandError::text(match barrier {
        Barrier::MemoryIsFull => "OOM command not allowed when used memory > 'maxmemory'.",
        Barrier::DiskError => {
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands \
             that may modify the data set are disabled, because this instance is configured to report errors during \
             writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for \
             details about the RDB error."
        }
        Barrier::LacksReplicas => "NOREPLICAS Not enough good replicas to write.",
        Barrier::ReadOnlyReplica => "READONLY You can't write against a read only replica.",
        Barrier::StaleData => {
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
        }
    })
}

/// What an inner call is answered whose script may run on stale data while its command may not.
pub(crate) const STALE_INNER_CALL: CommandError =
    CommandError::text("ERR Can not execute the command on a stale replica");

#[cfg(test)]
mod tests {
    use super::*;

    const SET: Traits = Traits {
        needs_memory: true,
        writes: true,
        takes_stale_data: false,
        is_ping: false,
    };
    const GET: Traits = Traits {
        needs_memory: false,
        writes: false,
        takes_stale_data: false,
        is_ping: false,
    };

    fn raised(barriers: &[Barrier]) -> Raised {
        let all = barriers.iter();
        all.fold(Raised::default(), |raised, barrier| raised.with(*barrier))
    }

    fn code(result: Result<(), CommandError>) -> String {
        let text = result.map_or_else(|error| error.to_string(), |()| "OK".to_owned());
        text.split(' ').next().unwrap_or_default().to_owned()
    }

    /// Pairs of states as redis-server 7.0.15 was seen to answer SET: from a client, and as an inner call.
    #[test]
    fn of_two_states_the_same_one_speaks_as_in_redis() {
        use Barrier::{DiskError, LacksReplicas, MemoryIsFull, ReadOnlyReplica};
        for (states, door, inner) in [
            (&[MemoryIsFull, LacksReplicas], "OOM", "NOREPLICAS"),
            (&[MemoryIsFull, DiskError], "OOM", "MISCONF"),
            (&[DiskError, LacksReplicas], "MISCONF", "MISCONF"),
            (&[DiskError, ReadOnlyReplica], "MISCONF", "READONLY"),
        ] {
            let raised = raised(states);
            assert_eq!(code(at_the_door(raised, SET)), door, "{states:?}");
            assert_eq!(
                code(before_an_inner_write(raised, SET)),
                inner,
                "{states:?}"
            );
        }
    }

    #[test]
    fn a_read_is_stopped_by_stale_data_alone() {
        for barrier in AT_THE_DOOR {
            let stopped = at_the_door(raised(&[barrier]), GET).is_err();
            assert_eq!(stopped, barrier == Barrier::StaleData, "{barrier:?}");
        }
        let ping = Traits {
            takes_stale_data: true,
            is_ping: true,
            ..GET
        };
        assert_eq!(
            code(at_the_door(raised(&[Barrier::DiskError]), ping)),
            "MISCONF"
        );
        assert_eq!(code(at_the_door(raised(&[Barrier::StaleData]), ping)), "OK");
    }

    #[test]
    fn barriers_go_up_and_down_alone() {
        let barriers = Barriers::default();
        assert!(barriers.raised().none());
        barriers.set(Barrier::DiskError, true);
        barriers.set(Barrier::StaleData, true);
        barriers.set(Barrier::DiskError, false);
        assert!(barriers.raised().has(Barrier::StaleData));
        assert!(!barriers.raised().has(Barrier::DiskError));
        assert!(!barriers.raised().none());
    }
}
