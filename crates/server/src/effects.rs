//! Where the effects of all units come together, in the order in which they took place.
//!
//! The append-only file and replicas are to read here; so does DEBUG EFFECTS, by which tests see them. While nobody reads,
//! nothing is recorded.

use std::sync::atomic::{AtomicBool, Ordering};

use keyspace::{Effect, EffectReaders};
use parking_lot::Mutex;
use types::Bytes;

/// Most effects kept for DEBUG EFFECTS; what comes then is left out.
const KEPT_MAX: usize = 100_000;

/// The stream of effects.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    wanted: AtomicBool,
    kept: Mutex<Vec<Effect>>,
}

impl Effects {
    /// Whether anybody reads.
    #[inline]
    pub(crate) fn are_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Begins or ends to keep effects; forgets those kept.
    pub(crate) fn keep(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::Relaxed);
        self.kept.lock().clear();
    }

    /// Takes the effects kept so far.
    pub(crate) fn take(&self) -> Vec<Effect> {
        std::mem::take(&mut *self.kept.lock())
    }

    /// Adds the effects of a unit, whose locks are still held. More than one are to happen together.
    pub(crate) fn add(&self, effects: Vec<Effect>) {
        let Some(first) = effects.first() else {
            return;
        };
        let bracket = |word: &str| Effect {
            database: first.database,
            command: vec![Bytes::from(word.as_bytes())],
            readers: EffectReaders::ALL,
        };
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT_MAX {
            return;
        }
        if effects.len() == 1 {
            kept.extend(effects);
        } else {
            let (begin, end) = (bracket("MULTI"), bracket("EXEC"));
            kept.push(begin);
            kept.extend(effects);
            kept.push(end);
        }
    }
}
