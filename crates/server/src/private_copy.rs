//! A private copy of the data: what a debugging session works on whose changes are to be discarded.
//!
//! Redis forks for that. Here the session gets a keyspace of its own into which keys are copied: all of them at the start if they are few;
//! else those the script declares, and others when a command first names them. Other clients are never held up for longer than
//! the copying takes, and see nothing of the session. A key that is copied late is copied as it is then, which is the one difference from a fork.

use std::collections::HashSet;

use commands::CommandError;
use commands::keys::key_positions;
use commands::record::Locks;
use keyspace::{Changes, Event, Expiry, Keyspace, LockPlan, SHARD_COUNT, ShardIndex, Unit};
use parking_lot::Mutex;
use types::{Bytes, Value};

use crate::road::Entry;
use crate::server::Server;

/// Keys that are copied at once when a session starts; with more, each is copied when it is needed.
const COPIED_AT_ONCE: usize = 10_000;

/// How often busy locks are tried before a command is told that its keys cannot be had.
const TRIES: u32 = 50;

/// Keyspaces for sessions, kept because locks on them may be held across calls, as on the server's own.
#[derive(Default)]
pub(crate) struct PrivateKeyspaces {
    idle: Mutex<Vec<&'static Keyspace>>,
}

impl PrivateKeyspaces {
    fn take(&self, databases: usize) -> &'static Keyspace {
        let idle = self.idle.lock().pop();
        idle.unwrap_or_else(|| Box::leak(Box::new(Keyspace::new(databases))))
    }
}

/// What was copied so far.
pub(crate) struct PrivateCopy {
    keys: HashSet<(usize, Bytes)>,
    whole_shards: [bool; SHARD_COUNT],
}

/// A key on its way into the copy.
type Copied = (usize, Bytes, Value, Option<i64>);

impl PrivateCopy {
    /// Starts a copy of what `unit`, which holds every lock, works on, with these keys in it from the start. The result's second part
    /// is to be used in the unit's place.
    pub(crate) fn new(
        server: &'static Server,
        unit: &mut Unit<'static>,
        keys: &[Vec<u8>],
    ) -> (PrivateCopy, Unit<'static>) {
        let databases = server.keyspace.database_count();
        let keyspace = server.private_keyspaces.take(databases);
        let mut own = keyspace.lock(&LockPlan::All, unit.database(), unit.now_ms());
        let mut copy = PrivateCopy {
            keys: HashSet::new(),
            whole_shards: [false; SHARD_COUNT],
        };
        let selected = unit.database();
        let count: usize = (0..databases)
            .map(|database| {
                unit.select(database);
                unit.key_count()
            })
            .sum();
        if count <= COPIED_AT_ONCE {
            copy.copy_held(unit, &mut own);
            copy.whole_shards = [true; SHARD_COUNT];
        } else {
            let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
            copy.copy_keys(unit, &mut own, &keys);
        }
        unit.select(selected);
        own.select(selected);
        own.changes = Changes::default();
        (copy, own)
    }

    /// Ends a session's use of its keyspace.
    pub(crate) fn release(server: &'static Server, mut own: Unit<'static>) {
        let keyspace = own.keyspace();
        for database in 0..keyspace.database_count() {
            own.flush(database, &mut |garbage| server.dispose(garbage));
        }
        drop(own);
        server.private_keyspaces.idle.lock().push(keyspace);
    }

    /// Copies what a command is about to look at.
    pub(crate) fn bring(
        &mut self,
        server: &'static Server,
        entry: &Entry,
        args: &[&[u8]],
        own: &mut Unit<'static>,
    ) -> Result<(), CommandError> {
        let now_ms = own.now_ms();
        match entry.command.locks {
            Locks::None => {}
            Locks::All => {
                for shard in 0..SHARD_COUNT {
                    if !self.whole_shards[shard] {
                        let plan = LockPlan::Shards([shard as ShardIndex].into_iter().collect());
                        let mut unit = lock(server, &plan, now_ms)?;
                        self.copy_held(&mut unit, own);
                        self.whole_shards[shard] = true;
                    }
                }
            }
            Locks::Keys => {
                let positions = key_positions(entry.command, args).unwrap_or_default();
                let mut keys: Vec<&[u8]> = positions.iter().map(|key| args[key.index]).collect();
                keys.retain(|key| {
                    !self.whole_shards[usize::from(Keyspace::shard_of(key))]
                        && !self.keys.contains(&(0, Bytes::from(*key)))
                });
                if !keys.is_empty() {
                    let plan = LockPlan::for_keys(keys.iter().copied());
                    let mut unit = lock(server, &plan, now_ms)?;
                    self.copy_keys(&mut unit, own, &keys);
                }
            }
        }
        Ok(())
    }

    /// Copies all keys of the shards a unit holds that are not in the copy.
    fn copy_held(&mut self, unit: &mut Unit<'static>, own: &mut Unit<'static>) {
        for database in 0..unit.keyspace().database_count() {
            unit.select(database);
            let mut copied: Vec<Copied> = Vec::new();
            unit.for_each(|key, value, expiry| {
                let name = (database, Bytes::from(key));
                if !self.keys.contains(&name) {
                    copied.push((database, name.1, value.clone(), expiry));
                }
            });
            put(own, copied);
        }
    }

    /// Copies keys, from whichever database has them.
    fn copy_keys(&mut self, unit: &mut Unit<'static>, own: &mut Unit<'static>, keys: &[&[u8]]) {
        let mut copied: Vec<Copied> = Vec::new();
        for &key in keys {
            for database in 0..unit.keyspace().database_count() {
                if !self.keys.insert((database, Bytes::from(key))) {
                    continue;
                }
                unit.select(database);
                if let Some(value) = unit.peek(key).cloned() {
                    let expiry = unit.expiry(key).flatten();
                    copied.push((database, Bytes::from(key), value, expiry));
                }
            }
        }
        put(own, copied);
    }
}

fn put(own: &mut Unit<'static>, copied: Vec<Copied>) {
    for (database, key, value, expiry) in copied {
        own.select(database);
        let expiry = expiry.map_or(Expiry::Clear, Expiry::At);
        own.set(&key, value, expiry, Event::generic("copy_to"));
    }
}

fn lock(
    server: &'static Server,
    plan: &LockPlan,
    now_ms: i64,
) -> Result<Unit<'static>, CommandError> {
    for _ in 0..TRIES {
        if let Some(unit) = server.keyspace.try_lock(plan, 0, now_ms) {
            return Ok(unit);
        }
        // Whoever holds the lock may be a script on this very thread: it is not to be waited for.
        std::thread::yield_now();
    }
    Err(CommandError::text(
        "ERR The keys cannot be copied for the debugger now, because a running script holds them",
    ))
}
