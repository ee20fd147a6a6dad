//! Scripts that have run past their first slice: what SCRIPT KILL and -BUSY look at.
//!
//! A script that ends within its slice is never listed here, so the list costs nothing to those.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use keyspace::LockPlan;
use parking_lot::Mutex;
use scripting::World;

use crate::machines::Control;
use crate::transaction::OwnedArgs;

/// A script that runs in slices.
#[derive(Debug)]
pub(crate) struct RunningScript {
    pub(crate) id: u64,
    /// Whether it is a script or a function.
    pub(crate) world: World,
    /// The SHA1 of a script, the name of a function.
    pub(crate) name: String,
    /// What a script calls itself.
    pub(crate) given_name: Option<Arc<str>>,
    /// The command that runs it.
    pub(crate) command: OwnedArgs,
    pub(crate) started: Instant,
    /// The locks it holds.
    pub(crate) plan: Mutex<LockPlan>,
    pub(crate) control: Arc<Control>,
    /// Whether the script has changed data, so that it cannot be killed unless that can be undone.
    pub(crate) has_written: AtomicBool,
    pub(crate) can_undo: bool,
}

impl RunningScript {
    /// What a command is told that it stands in the way of.
    pub(crate) fn busy_text(&self) -> String {
        let busy = KillError::Busy(self.world);
        match &self.given_name {
            Some(name) => format!("{busy} Script name is: {name}."),
            None => busy.to_string(),
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct RunningScripts {
    next_id: AtomicU64,
    scripts: Mutex<Vec<Arc<RunningScript>>>,
    /// How many there are, for those who only want to know whether there are any.
    count: AtomicUsize,
}

/// Why SCRIPT KILL or FUNCTION KILL does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KillError {
    #[error("NOTBUSY No scripts in execution right now.")]
    NotBusy,
    #[error("NOTBUSY No script of this name in execution right now.")]
    NoSuchScript,
    #[error(
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the \
         script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
    )]
    HasWritten,
    /// What runs is of the other kind; also what commands are told that it stands in the way of.
    #[error("BUSY Redis is busy running a script. You can only call {} or SHUTDOWN NOSAVE.", kill_command(*.0))]
    Busy(World),
}

fn kill_command(world: World) -> &'static str {
    match world {
        World::Scripts => "SCRIPT KILL",
        World::Functions => "FUNCTION KILL",
    }
}

impl RunningScripts {
    /// Lists what `make` makes of a new number.
    pub(crate) fn add(&self, make: impl FnOnce(u64) -> RunningScript) -> Arc<RunningScript> {
        let script = Arc::new(make(self.next_id.fetch_add(1, Ordering::Relaxed)));
        let mut scripts = self.scripts.lock();
        scripts.push(Arc::clone(&script));
        self.count.store(scripts.len(), Ordering::Release);
        drop(scripts);
        script
    }

    pub(crate) fn remove(&self, script: &RunningScript) {
        let mut scripts = self.scripts.lock();
        scripts.retain(|running| running.id != script.id);
        self.count.store(scripts.len(), Ordering::Release);
    }

    /// Whether any script has run past its first slice.
    pub(crate) fn any(&self) -> bool {
        self.count.load(Ordering::Acquire) != 0
    }

    /// Asks the scripts, or the functions, that run to end; with a name, whatever has it. If one of several has written
    /// and cannot be undone, the others still go.
    pub(crate) fn kill(&self, world: World, name: Option<&[u8]>) -> Result<(), KillError> {
        let scripts = self.scripts.lock();
        let Some(first) = scripts.first() else {
            return Err(KillError::NotBusy);
        };
        let is_meant = |script: &&Arc<RunningScript>| match name {
            None => script.world == world,
            Some(name) => {
                let given_name = script.given_name.as_deref();
                name.eq_ignore_ascii_case(script.name.as_bytes())
                    || given_name.is_some_and(|given| *given.as_bytes() == *name)
            }
        };
        if !scripts.iter().any(|script| is_meant(&script)) {
            return Err(if name.is_some() {
                KillError::NoSuchScript
            } else if first.has_written.load(Ordering::Acquire) {
                KillError::HasWritten
            } else {
                KillError::Busy(first.world)
            });
        }
        let mut killed = false;
        for script in scripts.iter().filter(is_meant) {
            if script.can_undo || !script.has_written.load(Ordering::Acquire) {
                script.control.kill();
                killed = true;
            }
        }
        if killed {
            Ok(())
        } else {
            Err(KillError::HasWritten)
        }
    }

    /// Ends all scripts, whatever they did: the server is going down without saving.
    pub(crate) fn kill_all(&self) {
        for script in self.scripts.lock().iter() {
            script.control.kill();
        }
    }

    /// What stands in the way of `plan` and has run longer than the threshold.
    pub(crate) fn overdue(&self, plan: &LockPlan, threshold_ms: u64) -> Option<Arc<RunningScript>> {
        let scripts = self.scripts.lock();
        let overdue = scripts.iter().find(|script| {
            script.started.elapsed().as_millis() as u64 >= threshold_ms
                && meet(&script.plan.lock(), plan)
        });
        overdue.cloned()
    }

    /// What has run longer than the threshold, whatever keys it holds; 0 is for no threshold.
    pub(crate) fn any_overdue(&self, threshold_ms: u64) -> Option<Arc<RunningScript>> {
        let scripts = self.scripts.lock();
        let is_overdue = |script: &&Arc<RunningScript>| {
            script.started.elapsed().as_millis() as u64 >= threshold_ms
        };
        let overdue = scripts.iter().find(is_overdue).filter(|_| threshold_ms > 0);
        overdue.cloned()
    }

    /// The function that has run longest.
    pub(crate) fn function(&self) -> Option<Arc<RunningScript>> {
        let scripts = self.scripts.lock();
        let functions = scripts
            .iter()
            .filter(|script| script.world == World::Functions);
        functions.min_by_key(|script| script.started).cloned()
    }
}

fn meet(held: &LockPlan, wanted: &LockPlan) -> bool {
    match (held, wanted) {
        (LockPlan::None, _) | (_, LockPlan::None) => false,
        (LockPlan::All, _) | (_, LockPlan::All) => true,
        (LockPlan::Shards(held), LockPlan::Shards(wanted)) => {
            held.iter().any(|shard| wanted.binary_search(shard).is_ok())
        }
    }
}
