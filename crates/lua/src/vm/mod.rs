//! The virtual machine: execution of loaded prototypes on a [`Runtime`].
//!
//! A run is a state (`Thread`: stack and frames; the heap; the fuel) and a loop that advances it. There is no Rust recursion: Lua calling Lua pushes a frame
//! inside the [dispatch loop](dispatch); everything else (natives, metamethods, `pcall`, coroutines, error handlers) is a chain of
//! [actions](call) between two instructions. So a run can be left at any instruction, kept, resumed, inspected or dropped.

mod arithmetic;
mod call;
mod concat;
mod coroutine;
mod dispatch;
mod enter;
mod error;
mod kernel;
mod loops;
mod metamethod;
pub(crate) mod names;
mod native;
mod pause;
mod protected;
mod question;
mod slow;
mod stack;
mod unwind;
mod upvalue;

pub(crate) use arithmetic::{modulo, power};
pub(crate) use call::{Action, MAX_NATIVE_DEPTH, SAFE_FRAMES, Step};
pub(crate) use error::Level;
pub(crate) use kernel::{copy_value, move_down, truncate};
pub(crate) use stack::open_count;

use crate::loaded::CodeEntry;
use crate::native::Raise;
use crate::runtime::Runtime;

/// Why a run returns to the host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exit {
    /// The bottom function returned; its results end at the thread's top.
    Finished,
    /// The host wanted it suspended.
    Suspended,
    /// A native function waits for values of the host.
    SuspendedByNative,
    /// The hook wanted it suspended.
    SuspendedByHook,
    /// An error nothing caught.
    Failed(Raise),
}

/// Why the dispatch loop was left.
enum Leave {
    Exit(Exit),
    /// A prototype was loaded meanwhile: the loop's slice of code entries is too short, or has none at its number. Or some are to be dropped.
    CodeMissing,
}

impl Runtime {
    /// Turns an error in the running Lua code into what happens next.
    pub(crate) fn raise(&mut self, raise: Raise) -> Step {
        self.drive(Action::Fail(raise))
    }
}

/// Executes until the run is left, beginning with `step`.
pub(crate) fn execute(entries: &mut Vec<CodeEntry>, runtime: &mut Runtime, step: Step) -> Exit {
    if let Step::Exit(exit) = step {
        return exit;
    }
    loop {
        update_entries(entries, runtime);
        let leave = if runtime.hooks.is_set() {
            dispatch::dispatch::<true>(entries, runtime)
        } else {
            dispatch::dispatch::<false>(entries, runtime)
        };
        match leave {
            Leave::Exit(exit) => return exit,
            Leave::CodeMissing => {
                if entries.len() >= runtime.loaded.len()
                    && !runtime.unloaded.has_reused()
                    && runtime.unloaded.is_empty()
                {
                    return Exit::Failed(
                        runtime.error("attempt to call a function that was unloaded"),
                    );
                }
            }
        }
    }
}

/// Drops the code of prototypes the collector found unused.
#[inline]
pub(crate) fn forget_unloaded(entries: &mut [CodeEntry], runtime: &mut Runtime) {
    if !runtime.unloaded.is_empty() {
        vacate_unloaded(entries, runtime);
    }
}

#[cold]
fn vacate_unloaded(entries: &mut [CodeEntry], runtime: &mut Runtime) {
    let (numbers, bytes) = runtime.unloaded.take();
    for number in numbers {
        let number = number as usize;
        // The number can have been given to another since.
        if let (Some(entry), Some(None)) = (entries.get_mut(number), runtime.loaded.get(number)) {
            *entry = CodeEntry::vacant();
            runtime.unloaded.vacate(number as u32);
        }
    }
    runtime.heap.subtract_bytes(bytes);
}

/// Brings the code entries up to date with the loaded prototypes.
fn update_entries(entries: &mut Vec<CodeEntry>, runtime: &mut Runtime) {
    forget_unloaded(entries, runtime);
    for loaded in &runtime.loaded[entries.len().min(runtime.loaded.len())..] {
        entries.push(
            loaded
                .as_ref()
                .map_or_else(CodeEntry::vacant, |loaded| CodeEntry::of(loaded)),
        );
    }
    runtime.unloaded.entries = entries.len();
    if let Some(numbers) = runtime.unloaded.take_reused() {
        renew_entries(entries, runtime, &numbers);
    }
}

/// Makes the code entries of numbers that were given to other prototypes.
#[cold]
fn renew_entries(entries: &mut [CodeEntry], runtime: &Runtime, numbers: &[u32]) {
    for &number in numbers {
        let number = number as usize;
        if let (Some(entry), Some(Some(loaded))) =
            (entries.get_mut(number), runtime.loaded.get(number))
        {
            *entry = CodeEntry::of(loaded);
        }
    }
}
