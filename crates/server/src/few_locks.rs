//! Scripts that start with fewer locks than they may need.
//!
//! A script whose keys its code does not tell starts under the locks of the keys it declares and tries to take others as
//! it meets them. If one is not free, the run is undone, as if it had never been, and its request runs again under all
//! the locks it was seen to need ([`scripting::Widening`] remembers them for later runs). Until it is over, nobody
//! learns of what such a run does: its changes are in an undo log, and what it tells is held back. What can be neither
//! undone nor held back is only done under all locks, for then the run will not have to start again.

use commands::Command;
use commands::record::flag;
use keyspace::LockPlan;
use scripting::{KeyUse, Widening};

use crate::client::Client;
use crate::road::Entry;
use crate::road::run::Bench;
use crate::server::Server;
use crate::transaction::OwnedArgs;

/// Runs that were undone so often start with all locks.
const RERUNS_MAX: u32 = 3;

/// How a run that has fewer locks than it may need started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FewLocks {
    /// The locks of the keys it declares, as [`LockPlan::to_bits`] tells them.
    pub(crate) declared: u64,
    /// How often it was undone and started again.
    pub(crate) reruns: u32,
}

/// What the locks of a run depend on beside its code.
#[derive(Debug, Default)]
pub(crate) struct Planning {
    /// Set while what is planned and started is a script that has to start again.
    pub(crate) rerun: Option<Conflict>,
    /// Set while only those locks count that a run is sure to need.
    pub(crate) only_sure: bool,
    /// The locks of the keys of the code whose locks were planned last.
    declared: u64,
}

impl Planning {
    /// The locks a script or function starts with: those of its keys. One that may touch others takes theirs as it meets
    /// them, and those that earlier runs were seen to need at the start. In a transaction it could not start again, so
    /// it takes all.
    pub(crate) fn plan(
        &mut self,
        key_use: KeyUse,
        widening: &Widening,
        client: &Client,
        keys: &[&[u8]],
    ) -> LockPlan {
        // The debugger's user may call any command.
        if client.debugging.is_some() {
            return LockPlan::All;
        }
        match key_use {
            KeyUse::None => return LockPlan::None,
            KeyUse::Any if client.transaction.open => return LockPlan::All,
            KeyUse::Declared | KeyUse::Any => {}
        }
        let mut plan = LockPlan::for_keys(keys.iter().copied());
        if key_use == KeyUse::Any {
            self.declared = plan.to_bits();
            match &self.rerun {
                Some(conflict) if conflict.reruns >= RERUNS_MAX && !self.only_sure => {
                    return LockPlan::All;
                }
                Some(conflict) => plan.add(&conflict.needed),
                None if self.only_sure => {}
                None => plan.add_bits(widening.needed(self.declared)),
            }
        }
        plan
    }

    /// How a run starts whose locks were planned last, if they may not be enough.
    pub(crate) fn few_locks(&self) -> FewLocks {
        FewLocks {
            declared: self.declared,
            reruns: self.rerun.as_ref().map_or(0, |conflict| conflict.reruns),
        }
    }
}

/// Why a run has to start again.
#[derive(Debug)]
pub(crate) struct Conflict {
    /// The locks it had and those it could not get.
    pub(crate) needed: LockPlan,
    /// How often it was undone, this time included.
    pub(crate) reruns: u32,
}

impl Conflict {
    pub(crate) fn new(few_locks: FewLocks, needed: LockPlan) -> Conflict {
        let reruns = few_locks.reruns + 1;
        Conflict { needed, reruns }
    }
}

/// The locks a call is sure to need, without what was learnt of earlier calls: what it has to wait for.
pub(crate) fn sure_plan(
    server: &Server,
    bench: &mut Bench,
    client: &Client,
    entry: &Entry,
    args: &[&[u8]],
) -> LockPlan {
    let before = std::mem::replace(&mut bench.machines.planning.only_sure, true);
    let plan = entry.plan(server, bench, client, args);
    bench.machines.planning.only_sure = before;
    plan
}

/// A request whose script has to start again.
#[derive(Debug)]
pub(crate) struct Rerun {
    pub(crate) args: OwnedArgs,
    pub(crate) conflict: Conflict,
}

/// Whether a command does what cannot be undone: what it changes are neither keys nor what waits for the run's end.
pub(crate) fn is_irrevocable(command: &Command) -> bool {
    command.flags & (flag::ADMIN | flag::NOSCRIPT) != 0
}
