//! All-or-nothing scripts and transactions: whose changes can be undone, and what waits until they stand.
//!
//! The keys' side of it is the undo log at the door ([`Unit::begin_undo`]). Here is the rest: what subscribers would
//! hear is held back in [`Bench::held`], in order, and counts stay with the unit, until [`commit`] lets both go or
//! [`undo`] drops them. What a transaction does to anything but keys and subscribers (CONFIG SET, say) is not undone.

use keyspace::{EventClass, KeyEvent, Unit};
use scripting::{Failure, ScriptFlags};

use crate::config::Config;
use crate::pubsub::{Kind, OwnMessages};
use crate::road::run::Bench;
use crate::server::Server;
use crate::tracking::{self, OwnedModification, TrackedReads};

/// When the writes of a script are undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undoing {
    /// Never, as in Redis.
    Never,
    /// When it is killed or its time is up (`script-kill-undo`).
    OnKill,
    /// However it fails: it is atomic.
    OnFailure,
}

impl Undoing {
    /// What the configuration and the script itself ask for.
    pub(crate) fn of(flags: ScriptFlags, read_only: bool, config: &Config) -> Undoing {
        if flags.atomic || config.script_atomic {
            Undoing::OnFailure
        } else if config.script_kill_undo && !read_only {
            Undoing::OnKill
        } else {
            Undoing::Never
        }
    }

    /// Whether a script that fails like this is undone.
    pub(crate) fn covers(self, failure: Failure) -> bool {
        match self {
            Undoing::Never => false,
            Undoing::OnKill => matches!(failure, Failure::Killed | Failure::TimeUp),
            Undoing::OnFailure => true,
        }
    }
}

/// What subscribers hear when the changes stand.
#[derive(Debug)]
pub(crate) enum Held {
    Message {
        kind: Kind,
        channel: Vec<u8>,
        message: Vec<u8>,
    },
    Event(KeyEvent),
    Modification(OwnedModification),
    /// What a client that tracks has read, in its place among the modifications.
    Reads(TrackedReads),
}

/// Lets what the unit has changed since it keeps an undo log stand, and tells subscribers.
pub(crate) fn commit(server: &Server, bench: &mut Bench, unit: &mut Unit<'static>) {
    unit.commit(&mut |garbage| server.dispose(garbage));
    for held in std::mem::take(&mut bench.held) {
        match held {
            Held::Message {
                kind: Kind::ShardChannel,
                channel,
                message,
            } => {
                server
                    .pubsub
                    .publish_shard(&channel, &message, &mut bench.own);
            }
            Held::Message {
                channel, message, ..
            } => {
                server.pubsub.publish(&channel, &message, &mut bench.own);
            }
            Held::Event(event) => publish_event(server, &event, &mut bench.own),
            Held::Modification(modification) => tracking::tell(server, bench, modification),
            Held::Reads(reads) => tracking::remember(server, bench, &reads),
        }
    }
}

/// Takes back what the unit has changed since it keeps an undo log; whether that was anything.
pub(crate) fn undo(server: &Server, bench: &mut Bench, unit: &mut Unit<'static>) -> bool {
    let any = unit.can_undo() || !bench.held.is_empty();
    unit.undo(&mut |garbage| server.dispose(garbage));
    bench.held.clear();
    any
}

/// Publishes a keyspace event on the channels that are switched on.
pub(crate) fn publish_event(server: &Server, event: &KeyEvent, own: &mut OwnMessages) {
    let mask = server.keyspace.settings.notify_mask();
    if mask & EventClass::KEYSPACE.0 != 0 {
        let mut channel = format!("__keyspace@{}__:", event.database).into_bytes();
        channel.extend_from_slice(&event.key);
        server
            .pubsub
            .publish(&channel, event.event.name.as_bytes(), own);
    }
    if mask & EventClass::KEYEVENT.0 != 0 {
        let channel = format!("__keyevent@{}__:{}", event.database, event.event.name);
        server.pubsub.publish(channel.as_bytes(), &event.key, own);
    }
}
