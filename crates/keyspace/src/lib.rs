//! The keyspace: databases, shards and their locks, entries, expiry, SCAN, and the door.
//!
//! Keys are spread over [`SHARD_COUNT`] shards by the hash slot of their hash tag, so keys that share a tag share a
//! shard. A thread that wants to run a command plans which shards it needs ([`LockPlan`]), takes their locks in
//! ascending order ([`Keyspace::try_lock`]) and gets a [`Unit`]: one atomic unit of work with a frozen clock and a
//! selected database. Everything a handler does to data goes through the unit.
//!
//! A mutable value is had only through the door: [`Unit::edit`] and its kin return an [`Edit`], whose
//! [`ValueMut`] has the type's mutators, and what must know of a change (WATCH, keyspace events, blocked clients, the
//! change count, the undo log) is told there and nowhere else.
//!
//! A unit that is to be all or nothing says so with [`Unit::begin_undo`] and ends with [`Unit::commit`] or
//! [`Unit::undo`]. Undoing gives every key back exactly what it was, and nobody outside has heard of the changes.
//!
//! Nothing here reads a clock or a random source, and nothing knows of commands.
#![forbid(unsafe_code)]

mod changes;
mod database;
mod edit;
mod effect;
mod entry;
mod event;
mod expiry_order;
mod guards;
mod kind;
mod lock;
mod look_ahead;
mod segment;
mod shard;
mod table;
#[cfg(test)]
mod tests;
mod undo;
mod unit;
mod value_mut;
mod whole;

pub use changes::{Changes, KeyEvent, Modification, ReadyKey};
pub use edit::Edit;
pub use effect::{Effect, EffectReaders, EffectRecord};
pub use entry::{AccessPolicy, ObjectInfo};
pub use event::{Event, EventClass};
pub use kind::{Kind, WrongType};
pub use lock::{KeptLock, Keyspace, LockPlan, Patience, SHARD_COUNT, Settings, ShardIndex};
pub use look_ahead::{Ahead, LOOK_AHEAD_MAX};
pub use shard::{WaiterId, Watch};
pub use undo::Removed;
pub use unit::{Expiry, Unit};
pub use value_mut::ValueMut;
pub use whole::{DatabaseOverhead, DatabaseStats};
