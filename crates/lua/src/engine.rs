//! The engine as a host uses it: a [`Vm`] loads prototypes, runs functions and hands out results.

use std::any::Any;
use std::sync::Arc;

use crate::heap::Closure;
use crate::heap::collector::CollectorStatistics;
use crate::hook::{Events, Hook};
use crate::loaded::{self, CodeEntry, NUMBER_BYTES};
use crate::meter::Interrupt;
use crate::native::{Host, LibraryEntry, Raise};
use crate::proto::Proto;
use crate::runtime::Runtime;
use crate::thread::{Finish, SMALLEST_STACK, Status};
use crate::value::{TableHandle, Value};
use crate::vm::{self, Exit, Step};

/// The biggest stack that is kept, in slots, when a region ends: each run that follows has to clear it.
const KEPT_SLOTS: usize = 1024;

/// How a run (or a part of one) ended.
#[derive(Debug)]
pub enum Outcome {
    /// The function returned; [`Vm::results`] has what.
    Finished,
    /// The fuel is used up and the host did not refill it, or a native function suspended the run: [`Vm::resume`] goes on.
    Suspended,
    /// An error that nothing in Lua caught.
    Failed(Box<RuntimeError>),
}

/// What kind of failure ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A Lua error.
    Error,
    /// The memory cap.
    OutOfMemory,
    /// The host stopped the run.
    Stopped,
}

/// An error that ended a run.
#[derive(Debug, thiserror::Error)]
#[error("{}", String::from_utf8_lossy(.message))]
pub struct RuntimeError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The error value. Its handle is good until the next run or the end of the region.
    pub value: Value,
    /// The error value if it is a string or number (position in front); else a description of it.
    pub message: Vec<u8>,
    /// Chunk name of the innermost Lua function when the error happened.
    pub chunk_name: Option<Arc<[u8]>>,
    /// Line in that function.
    pub line: Option<u32>,
    /// The call stack as `debug.traceback` shows it.
    pub traceback: Vec<u8>,
}

/// A Lua virtual machine.
///
/// Not tied to a thread: it can be moved between threads between (parts of) runs.
pub struct Vm {
    pub(crate) entries: Vec<CodeEntry>,
    /// Heap, fuel and the state of the run.
    pub runtime: Runtime,
    /// The run is in the middle.
    pub(crate) suspended: Option<Exit>,
    /// Number of loaded prototypes when the region was opened.
    loaded_before_region: usize,
}

impl Default for Vm {
    fn default() -> Vm {
        Vm::new()
    }
}

impl Vm {
    /// A VM with an empty global table.
    pub fn new() -> Vm {
        Vm {
            entries: Vec::new(),
            runtime: Runtime::new(),
            suspended: None,
            loaded_before_region: 0,
        }
    }

    /// The global table.
    pub fn globals(&self) -> TableHandle {
        self.runtime.heap.globals
    }

    /// Puts native functions into the global table `name`, which is made if there is none.
    pub fn register_library(&mut self, name: &str, entries: &[LibraryEntry]) -> TableHandle {
        let globals = self.globals();
        let heap = &mut self.runtime.heap;
        let table = match heap.raw_get_field(globals, name) {
            Value::Table(table) => table,
            _ => {
                let table = heap.new_table(0, entries.len());
                heap.raw_set_field(globals, name, Value::Table(table));
                table
            }
        };
        heap.register(table, entries);
        table
    }

    /// Loads a prototype and makes a function of it, with the global table as its environment. The function lives as long as it is
    /// reachable; [`Vm::pin`] it to keep it.
    pub fn load(&mut self, proto: &Arc<Proto>) -> Value {
        let environment = self.globals();
        self.load_with_environment(proto, environment)
    }

    /// Like [`Vm::load`], with another environment.
    pub fn load_with_environment(&mut self, proto: &Arc<Proto>, environment: TableHandle) -> Value {
        self.runtime.load_function(proto, environment)
    }

    /// A new function of an already loaded one's code, with another environment (and fresh upvalues): cheaper than loading again.
    pub fn instantiate(&mut self, function: Value, environment: TableHandle) -> Value {
        let Value::Function(handle) = function else {
            return Value::Nil;
        };
        let proto = self.runtime.heap.closures[handle.index()].proto;
        self.runtime.new_main_closure(proto, environment)
    }

    /// Keeps a value alive until it is unpinned.
    pub fn pin(&mut self, value: Value) {
        self.runtime.heap.barrier_root(value);
        self.runtime.heap.pinned.push(value);
    }

    /// Undoes one [`Vm::pin`] of a value. Quick for those that were pinned last.
    pub fn unpin(&mut self, value: Value) {
        let pinned = &mut self.runtime.heap.pinned;
        if let Some(index) = pinned.iter().rposition(|other| other.is_identical(value)) {
            pinned.swap_remove(index);
        }
    }

    /// Opens a region: what is allocated from now on is dropped by [`Vm::end_region`], unless it escapes.
    pub fn begin_region(&mut self) {
        self.loaded_before_region = self.runtime.loaded.len();
        self.runtime
            .unloaded
            .begin_region(self.loaded_before_region);
        self.runtime.heap.mark();
    }

    /// Closes the region: drops everything allocated since it was opened, if no older object refers to any of it. All values obtained in it are invalid then.
    /// Also ends a run that is in the middle.
    pub fn end_region(&mut self) {
        self.abandon();
        self.clear_stack();
        // What is left in them may have no meaning any more.
        self.runtime.spare_stacks.clear();
        if self.runtime.heap.release() {
            let loaded = &mut self.runtime.loaded;
            let first = self.loaded_before_region.min(loaded.len());
            let bytes = loaded
                .drain(first..)
                .map(|loaded| NUMBER_BYTES + loaded.map_or(0, |loaded| loaded.bytes))
                .sum();
            self.runtime.heap.subtract_bytes(bytes);
            self.runtime.heap.forget_protos(self.loaded_before_region);
            self.entries.truncate(self.loaded_before_region);
            self.runtime.unloaded.forget_from(first);
            self.runtime.unloaded.end_region();
        } else {
            self.runtime.unloaded.end_region();
            self.collect_step_if_due();
        }
    }

    /// Forgets the values on the stack of a run that is over, and what it took for a deep recursion.
    fn clear_stack(&mut self) {
        let thread = &mut self.runtime.thread;
        if thread.stack.len() > KEPT_SLOTS {
            thread.stack = vec![Value::Nil; SMALLEST_STACK];
            thread.frames = Vec::new();
            thread.begin_shallow();
            self.runtime.heap.recount_thread(&mut self.runtime.thread);
        } else {
            thread.clear_stack();
        }
    }

    /// Puts host state where natives find it ([`Call::host`](crate::native::Call::host)).
    pub fn set_host(&mut self, host: Box<dyn Host>) {
        self.runtime.host = Some(host);
    }

    /// Takes the host state back.
    pub fn take_host(&mut self) -> Option<Box<dyn Host>> {
        self.runtime.host.take()
    }

    /// The host state, if there is one of type `T`.
    pub fn host_mut<T: Any>(&mut self) -> Option<&mut T> {
        let host: &mut dyn Any = self.runtime.host.as_deref_mut()?;
        host.downcast_mut()
    }

    /// Sets what is asked when the fuel is used up. Without a callback the run is suspended.
    pub fn set_interrupt(&mut self, interrupt: Option<Interrupt>) {
        self.runtime.meter.interrupt = interrupt;
    }

    /// Sets what is asked at these events; none to run unwatched, at full speed. To be called between (parts of) runs.
    pub fn set_hook(&mut self, events: Events, hook: Option<Hook>) {
        self.runtime.hooks.set(events, hook);
    }

    /// Whether the run was suspended by the hook, at an instruction it was asked about.
    pub fn is_at_hook(&self) -> bool {
        matches!(self.suspended, Some(Exit::SuspendedByHook))
    }

    /// Caps the bytes in use from now on to `bytes` more than now; none for no cap. If `fatal`, Lua code cannot catch the error.
    pub fn set_memory_limit(&mut self, bytes: Option<usize>, fatal: bool) {
        let used = self.runtime.heap.bytes_in_use();
        self.runtime.memory_error_is_fatal = fatal;
        self.runtime
            .heap
            .set_limit(bytes.map_or(usize::MAX, |bytes| used.saturating_add(bytes)));
    }

    /// Runs `function` with these arguments and this much fuel. A run that is in the middle is dropped.
    pub fn call(&mut self, function: Value, arguments: &[Value], fuel: u64) -> Outcome {
        self.abandon();
        let runtime = &mut self.runtime;
        runtime.meter.refill(fuel);
        if runtime.answer_at_once(function, arguments) {
            return Outcome::Finished;
        }
        runtime.ensure_stack(1 + arguments.len() + runtime.window_of(function));
        runtime.thread.stack[0] = function;
        runtime.thread.stack[1..1 + arguments.len()].copy_from_slice(arguments);
        let step = match function {
            Value::Function(closure) => {
                match runtime.push_frame(closure, 0, arguments.len(), -1, Finish::Bottom) {
                    Ok(()) => Step::Run,
                    Err(raise) => runtime.raise(raise),
                }
            }
            _ => runtime.call(0, arguments.len(), -1, Finish::Bottom),
        };
        self.advance(step)
    }

    /// Goes on with a suspended run. `values` are the results of the native function that suspended it, if one did.
    pub fn resume(&mut self, values: &[Value], fuel: u64) -> Outcome {
        let Some(suspended) = self.suspended.take() else {
            return Outcome::Finished;
        };
        let runtime = &mut self.runtime;
        runtime.meter.refill(fuel);
        let step = if let Exit::SuspendedByNative = suspended {
            let start = runtime.free_slot();
            runtime.ensure_stack(start + values.len());
            runtime.thread.stack[start..start + values.len()].copy_from_slice(values);
            match runtime.native_step(values.len(), false) {
                Some(step) => {
                    let action = runtime.run_native(step);
                    runtime.drive(action)
                }
                None => Step::Exit(Exit::Finished),
            }
        } else {
            if let Exit::SuspendedByHook = suspended {
                runtime.leave_hook();
            }
            Step::Run
        };
        self.advance(step)
    }

    /// Goes on with a suspended run as if an error had happened where it stands.
    pub fn resume_with_error(&mut self, raise: Raise, fuel: u64) -> Outcome {
        if self.suspended.take().is_none() {
            return Outcome::Finished;
        }
        self.runtime.meter.refill(fuel);
        let step = self.runtime.raise(raise);
        self.advance(step)
    }

    /// Whether a run is in the middle.
    pub fn is_suspended(&self) -> bool {
        self.suspended.is_some()
    }

    /// Drops a run that is in the middle.
    pub fn abandon(&mut self) {
        if self.suspended.is_some() || !self.runtime.is_at_rest() {
            self.drop_run();
        }
        self.runtime.thread.top = 0;
    }

    #[inline(never)]
    fn drop_run(&mut self) {
        self.suspended = None;
        let runtime = &mut self.runtime;
        runtime.hooks.forget_place();
        runtime.failure = None;
        while runtime.current != runtime.main {
            let action = runtime.fail_thread(Raise::Stopped, false);
            // What the failure would lead to is of no interest: everything is dropped.
            let _ = action;
        }
        runtime.close_upvalues(0);
        let thread = &mut runtime.thread;
        thread.frames.clear();
        thread.natives.clear();
        thread.native_depth = runtime.outer_calls;
        thread.failed_calls = 0;
        thread.overflowed = false;
        thread.has_overflowed = false;
        thread.status = Status::Running;
    }

    /// The results of the function that returned.
    pub fn results(&self) -> &[Value] {
        &self.runtime.thread.stack[..self.runtime.thread.top]
    }

    /// Runs the collector.
    pub fn collect_garbage(&mut self) {
        self.runtime.collect_garbage(0);
        vm::forget_unloaded(&mut self.entries, &mut self.runtime);
        // Between runs the numbers at the end can be given to others.
        if self.suspended.is_none() {
            while let Some(None) = self.runtime.loaded.last() {
                self.runtime.loaded.pop();
                self.runtime.heap.subtract_bytes(NUMBER_BYTES);
            }
            let count = self.runtime.loaded.len();
            self.entries.truncate(count);
            self.runtime.unloaded.forget_from(count);
        }
    }

    /// Brings the collector forward by one step if it is due.
    fn collect_step_if_due(&mut self) {
        if self.runtime.heap.needs_attention() {
            // The cap is the next run's concern.
            let _ = self.runtime.collect_garbage_if_due();
            vm::forget_unloaded(&mut self.entries, &mut self.runtime);
        }
    }

    /// Takes a step of the collector between runs, worth `kilobytes` of allocation (0: a small one). Whether a
    /// collection is over with it.
    pub fn collect_garbage_step(&mut self, kilobytes: usize) -> bool {
        let is_over = self.runtime.collect_step(0, kilobytes);
        vm::forget_unloaded(&mut self.entries, &mut self.runtime);
        is_over
    }

    /// What the collector has done so far.
    pub fn collector_statistics(&self) -> CollectorStatistics {
        self.runtime.heap.collector.statistics
    }

    fn advance(&mut self, step: Step) -> Outcome {
        let exit = vm::execute(&mut self.entries, &mut self.runtime, step);
        vm::forget_unloaded(&mut self.entries, &mut self.runtime);
        match exit {
            Exit::Finished => Outcome::Finished,
            Exit::Suspended | Exit::SuspendedByNative | Exit::SuspendedByHook => {
                self.suspended = Some(exit);
                Outcome::Suspended
            }
            Exit::Failed(raise) => Outcome::Failed(Box::new(self.failure(raise))),
        }
    }

    pub(crate) fn failure(&mut self, raise: Raise) -> RuntimeError {
        let runtime = &mut self.runtime;
        let kind = match raise {
            Raise::Error(_) | Raise::NoRoomForHandler => ErrorKind::Error,
            Raise::OutOfMemory => ErrorKind::OutOfMemory,
            Raise::Stopped => ErrorKind::Stopped,
        };
        let value = runtime.error_value(raise);
        let message = match value {
            Value::String(string) => runtime.heap.bytes(string).to_vec(),
            Value::Number(number) => crate::number::to_text(number).as_bytes().to_vec(),
            value => format!("(error object is a {} value)", value.type_name()).into_bytes(),
        };
        let failure = runtime.failure.take();
        let (chunk_name, line, traceback) = match failure {
            Some(failure) => (failure.source, failure.line, failure.traceback),
            None => (None, None, Vec::new()),
        };
        RuntimeError {
            kind,
            value,
            message,
            chunk_name,
            line,
            traceback,
        }
    }
}

impl Runtime {
    /// Whether a run has left nothing to be cleared away.
    #[inline]
    fn is_at_rest(&self) -> bool {
        let thread = &*self.thread;
        self.current == self.main
            && thread.frames.is_empty()
            && thread.natives.is_empty()
            && thread.open.is_empty()
            && thread.native_depth == self.outer_calls
            && thread.failed_calls == 0
            && !thread.overflowed
            && thread.status == Status::Running
            && self.failure.is_none()
            && !self.hooks.is_set()
    }

    /// The result of a call by the host, if the function is a [leaf](crate::leaf).
    #[inline]
    fn answer_at_once(&mut self, function: Value, arguments: &[Value]) -> bool {
        let Value::Function(closure) = function else {
            return false;
        };
        let Some((value, count @ ..=1)) = self.leaf_results(closure, arguments) else {
            return false;
        };
        self.ensure_stack(count);
        vm::copy_value(&value, &mut self.thread.stack[0]);
        self.thread.top = count;
        true
    }

    /// The slots that a function uses from its first register on, as long as it calls no other Lua function.
    #[inline]
    fn window_of(&self, function: Value) -> usize {
        // `...` puts as many values above the registers without asking.
        const SPREAD: usize = 8;
        let Value::Function(closure) = function else {
            return 0;
        };
        let number = self.heap.closures[closure.index()].proto as usize;
        match self.loaded.get(number) {
            Some(Some(loaded)) => usize::from(loaded.max_stack) + SPREAD,
            _ => 0,
        }
    }

    /// Loads a prototype and makes a function of it.
    pub(crate) fn load_function(&mut self, proto: &Arc<Proto>, environment: TableHandle) -> Value {
        let number = loaded::load(&mut self.heap, &mut self.loaded, &mut self.unloaded, proto);
        self.new_main_closure(number, environment)
    }

    fn new_main_closure(&mut self, proto: u32, environment: TableHandle) -> Value {
        let count = match self.loaded.get(proto as usize) {
            Some(Some(loaded)) => loaded.proto.upvalue_count(),
            _ => 0,
        };
        let upvalues = (0..count)
            .map(|_| self.heap.new_upvalue(crate::heap::Upvalue::default()))
            .collect();
        Value::Function(self.heap.new_closure(Closure {
            proto,
            environment,
            upvalues,
        }))
    }
}

impl Vm {
    /// The code of a Lua function; `None` for anything else.
    pub fn prototype(&self, function: Value) -> Option<Arc<Proto>> {
        let Value::Function(handle) = function else {
            return None;
        };
        let closure = &self.runtime.heap.closures[handle.index()];
        let loaded = self.runtime.loaded.get(closure.proto as usize)?.as_ref()?;
        Some(Arc::clone(&loaded.proto))
    }

    /// Gives all Lua functions whose environment is `old` the environment `new`. To be called between runs, outside of a
    /// region.
    pub fn change_environment(&mut self, old: TableHandle, new: TableHandle) {
        let closures = &mut self.runtime.heap.closures;
        for index in 0..closures.len() {
            let closure = &mut closures[index];
            if closure.environment == old {
                closure.environment = new;
            }
        }
        self.runtime.heap.barrier_root(Value::Table(new));
    }
}
