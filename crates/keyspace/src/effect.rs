//! Effects: what the append-only file and replicas read of a unit's changes.
//!
//! An effect is a command that, run on the data as it was, brings about the change again, whatever the clock and the dice say
//! then: SPOP becomes SREM, EXPIRE becomes PEXPIREAT. The road takes a command that changed something as its own effect, unless
//! its handler has told another ([`Unit::tell_effect`]); a key that goes because its time has come is an effect by itself.

use types::Bytes;

use crate::unit::Unit;

/// Who is to read an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectReaders {
    /// The append-only file.
    pub append_only_file: bool,
    /// The replicas.
    pub replicas: bool,
}

impl EffectReaders {
    /// All there are.
    pub const ALL: EffectReaders = EffectReaders {
        append_only_file: true,
        replicas: true,
    };

    /// Whether nobody is to read it.
    pub fn is_none(self) -> bool {
        !self.append_only_file && !self.replicas
    }
}

/// A change as a command that brings it about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The database it works in.
    pub database: usize,
    /// The command and its arguments.
    pub command: Vec<Bytes>,
    /// Who reads it.
    pub readers: EffectReaders,
}

/// The effects of a unit so far.
#[derive(Debug)]
pub struct EffectRecord {
    effects: Vec<Effect>,
    readers: EffectReaders,
    /// Whether the command that runs has told its effects itself.
    told: bool,
}

impl EffectRecord {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.effects.len()
    }

    /// Forgets all but the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.effects.truncate(count);
    }

    pub(crate) fn push<'a>(
        &mut self,
        database: usize,
        command: impl IntoIterator<Item = &'a [u8]>,
    ) {
        if !self.readers.is_none() {
            self.effects.push(Effect {
                database,
                command: command.into_iter().map(Bytes::from).collect(),
                readers: self.readers,
            });
        }
    }
}

impl Unit<'_> {
    /// From now on effects are recorded. To be said before each command.
    pub fn record_effects(&mut self) {
        match &mut self.changes.effects {
            Some(record) => record.told = false,
            None => {
                self.changes.effects = Some(Box::new(EffectRecord {
                    effects: Vec::new(),
                    readers: EffectReaders::ALL,
                    told: false,
                }));
            }
        }
    }

    /// Whether effects are recorded: then a handler whose command is not its own effect tells it.
    #[inline]
    pub fn records_effects(&self) -> bool {
        self.changes.effects.is_some()
    }

    /// Tells the effect of the command that runs, in place of the command; with further calls more than one.
    pub fn tell_effect(&mut self, command: &[&[u8]]) {
        let database = self.database();
        if let Some(record) = &mut self.changes.effects {
            record.told = true;
            record.push(database, command.iter().copied());
        }
    }

    /// Tells that the command that runs sends a message: replicas' clients are to get it too. It is no change of the data,
    /// so the append-only file does not read it.
    pub fn tell_message(&mut self, command: &[&[u8]]) {
        let database = self.database();
        if let Some(record) = &mut self.changes.effects {
            record.told = true;
            let readers = record.readers;
            record.readers.append_only_file = false;
            record.push(database, command.iter().copied());
            record.readers = readers;
        }
    }

    /// The effect of the command that ran is the command itself, if its handler has told no other.
    pub fn finish_effects(&mut self, database: usize, command: &[&[u8]]) {
        if let Some(record) = &mut self.changes.effects
            && !record.told
        {
            record.push(database, command.iter().copied());
        }
    }

    /// Who is to read what follows: `redis.set_repl`.
    pub fn set_effect_readers(&mut self, readers: EffectReaders) {
        if let Some(record) = &mut self.changes.effects {
            record.readers = readers;
        }
    }

    /// Takes the effects out, at the unit's end.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        self.changes
            .effects
            .take()
            .map_or_else(Vec::new, |record| record.effects)
    }
}
