//! What there may be to look at before a script's call of a command, as bits.
//!
//! Most calls of most scripts concern nobody: the script has written before, reads on, and nothing it calls is refused to
//! scripts. Which commands are looked at more closely depends on the run; whether a command is one of them is then one
//! comparison. What is looked at, and in which order, stands on the [road](crate::road::check) alone.

use commands::record::flag;
use commands::{Command, Handler};

use crate::few_locks;
use crate::road::check;

/// Sides of a command, or those that a run watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Concerns(u8);

impl Concerns {
    /// Scripts must not call it.
    pub(crate) const NOT_FOR_SCRIPTS: Concerns = Concerns(1);
    /// Replicas get it too.
    pub(crate) const REPLICATED: Concerns = Concerns(1 << 1);
    /// It writes.
    pub(crate) const WRITING: Concerns = Concerns(1 << 2);
    /// It may make the data set grow.
    pub(crate) const GROWING: Concerns = Concerns(1 << 3);
    /// It is one of the server's own.
    pub(crate) const OWN: Concerns = Concerns(1 << 4);
    /// It cannot be undone.
    pub(crate) const IRREVOCABLE: Concerns = Concerns(1 << 5);
    /// Every side of every command.
    pub(crate) const ALL: Concerns = Concerns(u8::MAX);
    /// What every command has.
    const ANY: Concerns = Concerns(1 << 7);

    /// Those of a command.
    pub(crate) fn of(command: &Command) -> Concerns {
        Concerns::ANY
            .and_if(command.has(flag::NOSCRIPT), Concerns::NOT_FOR_SCRIPTS)
            .and_if(check::may_replicate(command), Concerns::REPLICATED)
            .and_if(command.has(flag::WRITE), Concerns::WRITING)
            .and_if(command.has(flag::DENYOOM), Concerns::GROWING)
            .and_if(!matches!(command.handler, Handler::Data(_)), Concerns::OWN)
            .and_if(few_locks::is_irrevocable(command), Concerns::IRREVOCABLE)
    }

    /// These, and others under a condition.
    pub(crate) fn and_if(self, condition: bool, others: Concerns) -> Concerns {
        if condition {
            Concerns(self.0 | others.0)
        } else {
            self
        }
    }

    /// Whether a command that has these is to be looked at, given what is watched.
    #[inline(always)]
    pub(crate) fn meet(self, watched: Concerns) -> bool {
        self.0 & watched.0 != 0
    }
}
