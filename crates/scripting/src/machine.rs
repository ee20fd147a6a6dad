//! A machine: one VM with Redis's sandbox, made ready once and used for one script's run after the other.
//!
//! Between runs a machine keeps the functions of the scripts it has met. A run opens a region on the VM's heap, and when
//! it is over everything the run has allocated is dropped in one go.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashMap;
use lua::library::math::Random as RandomSequence;
use lua::meter::Decision;
use lua::native::Raise;
use lua::proto::Proto;
use lua::value::{StringHandle, TableHandle, Value};
use lua::{ErrorKind, Outcome, Vm};
use resp::{Protocol, Reply};

use crate::arguments::Arguments;
use crate::code::Code;
use crate::convert;
use crate::debugger::Debugger;
use crate::field_names::FieldNames;
use crate::function::library::{Function, Library, LibraryError};
use crate::function::registration::{self, Registration, Registrations};
use crate::host::{Failure, ScriptHost, Verdict};
use crate::redis_api::Rollback;
use crate::sandbox;
use crate::script::Script;

/// Fuel between two looks at the clock: some tens of microseconds of work.
const FUEL: u64 = 20_000;

/// Functions a machine keeps before it forgets them all, lest scripts that differ only in a literal fill it.
const FUNCTIONS_MAX: usize = 1000;

/// A machine that had more bytes in use than this is not kept: its arenas do not shrink.
const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Libraries a machine keeps before it forgets them all.
const LIBRARIES_MAX: usize = 1000;

/// What a machine is for: the globals of scripts and of functions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// EVAL and its kin.
    Scripts,
    /// FCALL and its kin.
    Functions,
}

/// How a slice of a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The script is over; its reply is written.
    Finished {
        /// Whether the reply is an error or holds one.
        failed: bool,
    },
    /// The script goes on with the next call.
    Suspended,
}

/// Asked when the fuel is used up.
pub type Interrupt = Box<dyn FnMut() -> Verdict + Send>;

/// What natives find in the VM during a run.
pub(crate) struct RunState {
    /// What the server has put in.
    pub(crate) host: Option<Box<dyn ScriptHost>>,
    pub(crate) names: FieldNames,
    /// What the script chose with `redis.setresp`.
    pub(crate) protocol: Protocol,
    /// What `redis.rollback` ends the run with.
    pub(crate) rollback: Option<Vec<u8>>,
    /// The arguments of the command being called.
    pub(crate) arguments: Arguments,
    /// What caps the bytes in use, if what the run takes in the server is to count as well.
    pub(crate) shared_limit: Option<SharedLimit>,
    /// Set while the run is debugged.
    pub(crate) debugger: Option<Box<Debugger>>,
    /// Set while a library's code runs to register its functions.
    pub(crate) registration: Option<Registration>,
}

/// What caps a run, heap and undo log together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedLimit {
    /// The most bytes the heap may have in use if there is no undo log.
    pub(crate) limit: usize,
    /// How many of them were the run's when it started.
    pub(crate) room: usize,
}

/// A VM that runs scripts.
pub struct Machine {
    pub(crate) vm: Vm,
    /// By the script's number.
    functions: HashMap<u64, Value>,
    /// By the library's number: the callbacks of its functions, and the table that keeps them alive.
    libraries: HashMap<u64, Callbacks>,
    /// The globals of a library's code while it is loaded.
    load_environment: Option<TableHandle>,
    keys_name: StringHandle,
    argv_name: StringHandle,
    /// Where the globals KEYS and ARGV were found.
    list_places: [usize; 2],
    current: Option<Code>,
    /// The most bytes that were in use in the last run.
    peak: usize,
    /// Bytes in use before the run that was made ready.
    bytes_before: usize,
    started: bool,
    function: Value,
    /// KEYS and ARGV of a function.
    arguments: [Value; 2],
    names: FieldNames,
    /// The last run was ended because its time was up, not by SCRIPT KILL.
    time_is_up: Arc<AtomicBool>,
    rollback: Option<Rollback>,
    /// The run is all or nothing.
    is_atomic: bool,
    /// The run's memory is capped.
    is_capped: bool,
    /// A run had so much memory in use that the machine should not be kept.
    is_worn: bool,
}

/// The functions of a loaded library, as one machine has them.
struct Callbacks {
    table: TableHandle,
    functions: Box<[Value]>,
}

impl Machine {
    /// A machine whose runs ask `interrupt` now and then whether they may go on. All machines of a server share one
    /// `sequence`, so that `math.random` never gives two scripts the same numbers.
    pub fn new(world: World, mut interrupt: Interrupt, sequence: RandomSequence) -> Machine {
        let mut vm = Vm::new();
        sandbox::build(&mut vm, world);
        let time_is_up = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&time_is_up);
        vm.set_interrupt(Some(Box::new(move || match interrupt() {
            Verdict::Continue => Decision::Continue(FUEL),
            Verdict::Suspend => Decision::Suspend,
            verdict => {
                noted.store(verdict == Verdict::TimeUp, Ordering::Relaxed);
                Decision::Stop
            }
        })));
        vm.runtime.libraries.random = sequence;
        let keys_name = vm.runtime.heap.new_string(b"KEYS");
        let argv_name = vm.runtime.heap.new_string(b"ARGV");
        vm.pin(Value::String(keys_name));
        vm.pin(Value::String(argv_name));
        let names = FieldNames::new(&mut vm);
        let rollback = Rollback::new(&mut vm);
        vm.set_host(Box::new(RunState {
            host: None,
            names,
            protocol: Protocol::Resp2,
            rollback: None,
            arguments: Arguments::new(),
            shared_limit: None,
            debugger: None,
            registration: None,
        }));
        Machine {
            vm,
            functions: HashMap::new(),
            libraries: HashMap::new(),
            load_environment: None,
            keys_name,
            argv_name,
            list_places: [0; 2],
            current: None,
            peak: 0,
            bytes_before: 0,
            started: false,
            function: Value::Nil,
            arguments: [Value::Nil; 2],
            names,
            time_is_up,
            rollback,
            is_atomic: false,
            is_capped: false,
            is_worn: false,
        }
    }

    /// Makes a script or function ready to run with these keys and arguments. The code of a function's library runs here first
    /// if this machine has not met it yet. Functions are only for a machine of [`World::Functions`].
    ///
    /// # Errors
    /// The library's code fails, which it did not when the library was loaded.
    pub fn prepare(
        &mut self,
        code: Code,
        keys: &[&[u8]],
        arguments: &[&[u8]],
    ) -> Result<(), LibraryError> {
        self.function = match &code {
            Code::Script(script) => self.function_of(script),
            Code::Function(function) => self.callback_of(function)?,
        };
        self.begin_region();
        let (keys, arguments) = (self.list(keys), self.list(arguments));
        match &code {
            Code::Script(_) => self.set_lists(keys, arguments),
            Code::Function(_) => self.arguments = [keys, arguments],
        }
        self.current = Some(code);
        self.started = false;
        Ok(())
    }

    /// Sets the globals KEYS and ARGV, for the time of a run.
    #[inline]
    fn set_lists(&mut self, keys: Value, arguments: Value) {
        let heap = &mut self.vm.runtime.heap;
        let globals = heap.global_table();
        let [keys_place, argv_place] = &mut self.list_places;
        heap.raw_set_transient(globals, self.keys_name, keys, keys_place);
        heap.raw_set_transient(globals, self.argv_name, arguments, argv_place);
    }

    /// Makes the run that was made ready all or nothing: it may end itself with `redis.rollback`.
    pub fn set_atomic(&mut self) {
        if let Some(rollback) = &self.rollback {
            rollback.show(&mut self.vm, true);
        }
        self.is_atomic = true;
    }

    /// Caps the memory of the run that was made ready to so many bytes more than are in use now.
    pub fn set_memory_limit(&mut self, bytes: usize) {
        self.vm.set_memory_limit(Some(bytes), true);
        self.is_capped = true;
        let limit = self.vm.runtime.heap.limit();
        if let Some(state) = self.vm.host_mut::<RunState>() {
            state.shared_limit = Some(SharedLimit { limit, room: bytes });
        }
    }

    /// Whether runs had so much memory in use that the machine should be dropped to give it back.
    pub fn is_worn(&self) -> bool {
        self.is_worn
    }

    #[inline]
    fn begin_region(&mut self) {
        self.vm.begin_region();
        self.bytes_before = self.memory();
        self.vm.runtime.heap.forget_peak();
    }

    fn callback_of(&mut self, function: &Function) -> Result<Value, LibraryError> {
        let (library, index) = (function.library(), function.index());
        let known = self.libraries.get(&library.id());
        let callback = match known {
            Some(callbacks) => callbacks.functions.get(index).copied(),
            None => {
                let callbacks = self.load_library(library)?;
                let callback = callbacks.functions.get(index).copied();
                self.libraries.insert(library.id(), callbacks);
                callback
            }
        };
        // The code is the same and sees nothing that changes, so it registers the same functions each time.
        callback.ok_or(LibraryError::NoFunctions)
    }

    fn load_library(&mut self, library: &Library) -> Result<Callbacks, LibraryError> {
        if self.libraries.len() >= LIBRARIES_MAX {
            for (_, callbacks) in std::mem::take(&mut self.libraries) {
                self.vm.unpin(Value::Table(callbacks.table));
            }
            self.vm.collect_garbage();
        }
        let (registrations, table) = self.run_library(library.proto())?;
        Ok(Callbacks {
            table,
            functions: registrations.callbacks,
        })
    }

    /// Runs a library's code to learn what it registers. The callbacks are good as long as the machine.
    pub(crate) fn register(&mut self, code: &Arc<Proto>) -> Result<Registrations, LibraryError> {
        Ok(self.run_library(code)?.0)
    }

    /// Runs a library's code: what it registers, and the table that keeps the callbacks alive until it is unpinned.
    fn run_library(
        &mut self,
        code: &Arc<Proto>,
    ) -> Result<(Registrations, TableHandle), LibraryError> {
        let environment = match self.load_environment {
            Some(environment) => environment,
            None => registration::build_environment(&mut self.vm),
        };
        self.load_environment = Some(environment);
        let callbacks = self.vm.runtime.heap.new_table(0, 0);
        self.vm.pin(Value::Table(callbacks));
        if let Some(state) = self.vm.host_mut::<RunState>() {
            state.registration = Some(Registration::new(callbacks));
        }
        let main = self.vm.load_with_environment(code, environment);
        let mut outcome = self.vm.call(main, &[], FUEL);
        while let Outcome::Suspended = outcome {
            outcome = self.vm.resume(&[], FUEL);
        }
        let result = match outcome {
            Outcome::Failed(error) if error.kind == ErrorKind::Stopped => {
                Err(LibraryError::Timeout)
            }
            Outcome::Failed(error) => {
                let (text, _) = convert::error_text(&mut self.vm.runtime.heap, error.value);
                Err(LibraryError::Registration(text))
            }
            Outcome::Finished | Outcome::Suspended => Ok(()),
        };
        self.vm.abandon();
        self.forget_settings();
        let state = self.vm.host_mut::<RunState>();
        let registration = state.and_then(|state| state.registration.take());
        if let Err(error) = result {
            self.vm.unpin(Value::Table(callbacks));
            return Err(error);
        }
        // From now on the library's functions see what functions see.
        let globals = self.vm.globals();
        self.vm.change_environment(environment, globals);
        let registration = registration.ok_or(LibraryError::NoFunctions)?;
        let heap = &self.vm.runtime.heap;
        let registrations = Registrations {
            callbacks: (1..=registration.functions.len() as i64)
                .map(|index| heap.raw_get_integer(callbacks, index))
                .collect(),
            functions: registration.functions,
            log: registration.log,
        };
        Ok((registrations, callbacks))
    }

    /// The code of a function.
    pub(crate) fn prototype(&self, function: Value) -> Option<Arc<Proto>> {
        self.vm.prototype(function)
    }

    #[inline(always)]
    fn list(&mut self, items: &[&[u8]]) -> Value {
        let heap = &mut self.vm.runtime.heap;
        let table = heap.new_list(items.len());
        for (index, item) in items.iter().enumerate() {
            let item = Value::String(heap.new_string(item));
            heap.raw_set_integer(table, index as i64 + 1, item);
        }
        Value::Table(table)
    }

    fn function_of(&mut self, script: &Arc<Script>) -> Value {
        if let Some(&function) = self.functions.get(&script.id()) {
            return function;
        }
        if self.functions.len() >= FUNCTIONS_MAX {
            let functions = std::mem::take(&mut self.functions);
            let mut functions: Vec<(u64, Value)> = functions.into_iter().collect();
            // By and large those that were pinned last come first.
            functions.sort_unstable_by_key(|&(id, _)| std::cmp::Reverse(id));
            for (_, function) in functions {
                self.vm.unpin(function);
            }
            self.vm.collect_garbage();
        }
        let function = self.vm.load(script.proto());
        self.vm.pin(function);
        self.functions.insert(script.id(), function);
        function
    }

    /// Gives the machine its host, which stays from run to run.
    pub fn set_host(&mut self, host: Box<dyn ScriptHost>) {
        if let Some(state) = self.vm.host_mut::<RunState>() {
            state.host = Some(host);
        }
    }

    /// What runs, or ran last.
    pub fn code(&self) -> Option<&Code> {
        self.current.as_ref()
    }

    /// The host, if it is a `T`.
    pub fn host_mut<T: Any>(&mut self) -> Option<&mut T> {
        let host: &mut dyn Any = self.vm.host_mut::<RunState>()?.host.as_mut()?.as_any_mut();
        host.downcast_mut()
    }

    /// Runs the script, from its start or from where it was suspended; its reply or error goes to `reply` when it is
    /// over.
    pub fn run(&mut self, reply: &mut dyn Reply) -> Progress {
        self.run_on(None, reply)
    }

    /// The same; a run that stands at a stop can be made to fail there.
    pub(crate) fn run_on(&mut self, raise: Option<Raise>, reply: &mut dyn Reply) -> Progress {
        let outcome = if let Some(raise) = raise {
            self.vm.resume_with_error(raise, FUEL)
        } else if self.started {
            self.vm.resume(&[], FUEL)
        } else {
            self.started = true;
            let arguments: &[Value] = match self.current {
                Some(Code::Function(_)) => &self.arguments,
                _ => &[],
            };
            self.vm.call(self.function, arguments, FUEL)
        };
        if let Outcome::Suspended = outcome {
            return Progress::Suspended;
        }
        let protocol = self.take_protocol();
        let failed = match outcome {
            Outcome::Suspended => false,
            Outcome::Finished => {
                let value = self.vm.results().first().copied().unwrap_or(Value::Nil);
                if let Value::Table(table) = value
                    && self.fails_with(table, reply)
                {
                    self.end();
                    return Progress::Finished { failed: true };
                }
                if self.is_capped && !self.reply_fits(value, protocol) {
                    self.write_failure(Failure::OutOfMemory, None, reply);
                    self.end();
                    return Progress::Finished { failed: true };
                }
                let heap = &mut self.vm.runtime.heap;
                let errors = convert::write_value(heap, &self.names, value, protocol, reply);
                for text in &errors.uncounted {
                    self.count_error(text);
                }
                errors.any
            }
            Outcome::Failed(error) => {
                self.write_error(&error, reply);
                true
            }
        };
        self.end();
        Progress::Finished { failed }
    }

    /// Whether the script's result is an error and its writes were undone because of it; the reply is written then.
    fn fails_with(&mut self, table: TableHandle, reply: &mut dyn Reply) -> bool {
        let heap = &mut self.vm.runtime.heap;
        let Some((mut text, counted)) = convert::error_in(heap, &self.names, table) else {
            return false;
        };
        if !self.fail(Failure::ErrorReply) {
            return false;
        }
        if !counted {
            self.count_error(&text);
        }
        tell_of_undoing(&mut text);
        reply.error(&text);
        true
    }

    /// Tells the host that the run is over; whether its writes were undone.
    fn fail(&mut self, failure: Failure) -> bool {
        let state = self.vm.host_mut::<RunState>();
        state
            .and_then(|state| state.host.as_mut())
            .is_some_and(|host| host.fail(failure))
    }

    fn count_error(&mut self, text: &[u8]) {
        let state = self.vm.host_mut::<RunState>();
        if let Some(host) = state.and_then(|state| state.host.as_mut()) {
            host.count_error(text);
        }
    }

    /// What the run has chosen with `redis.setresp`, which is over with it.
    fn take_protocol(&mut self) -> Protocol {
        let state = self.vm.host_mut::<RunState>();
        state.map_or(Protocol::Resp2, |state| {
            std::mem::replace(&mut state.protocol, Protocol::Resp2)
        })
    }

    /// Writes the error of a failed run: its text, then which script failed where.
    fn write_error(&mut self, error: &lua::RuntimeError, reply: &mut dyn Reply) {
        let state = self.vm.host_mut::<RunState>();
        if let Some(text) = state.and_then(|state| state.rollback.take()) {
            self.fail(Failure::RolledBack);
            self.count_error(&text);
            reply.error(&text);
            return;
        }
        let failure = match error.kind {
            ErrorKind::Stopped if self.time_is_up.load(Ordering::Relaxed) => Failure::TimeUp,
            ErrorKind::Stopped => Failure::Killed,
            ErrorKind::OutOfMemory if self.is_capped => Failure::OutOfMemory,
            ErrorKind::OutOfMemory | ErrorKind::Error => Failure::Error,
        };
        self.write_failure(failure, Some(error), reply);
    }

    /// Whether the reply that a result stands for is no larger than the script may be: a table may hold the same value many
    /// times.
    fn reply_fits(&mut self, value: Value, protocol: Protocol) -> bool {
        let heap = &mut self.vm.runtime.heap;
        let limit = heap.limit();
        convert::reply_fits(heap, &self.names, value, protocol, limit)
    }

    /// Writes the error of a run that failed like this, if it did in Lua with `error`.
    fn write_failure(
        &mut self,
        failure: Failure,
        error: Option<&lua::RuntimeError>,
        reply: &mut dyn Reply,
    ) {
        let heap = &mut self.vm.runtime.heap;
        let own = |text: &str| (text.as_bytes().to_vec(), false);
        let (mut text, counted) = match failure {
            Failure::Killed => own("ERR Script killed by user with SCRIPT KILL..."),
            Failure::TimeUp => own("ERR Script ran longer than script-time-limit allows."),
            Failure::OutOfMemory => {
                own("ERR Script needs more memory than script-memory-limit allows.")
            }
            _ => convert::error_text(heap, error.map_or(Value::Nil, |error| error.value)),
        };
        text.truncate(types::up_to_zero(&text).len());
        // A native function that a library registers as it is fails nowhere in particular.
        let chunk_name = error.and_then(|error| error.chunk_name.as_ref());
        let is_placed = chunk_name.is_some() || matches!(self.current, Some(Code::Script(_)));
        if let Some(code) = self.current.as_ref().filter(|_| is_placed) {
            text.extend_from_slice(b" script: ");
            text.extend_from_slice(code.name().as_bytes());
            if let Some(name) = code.given_name() {
                text.extend_from_slice(format!(" ({name})").as_bytes());
            }
            if let (Some(chunk_name), Some(error)) = (chunk_name, error) {
                text.extend_from_slice(b", on ");
                text.extend_from_slice(chunk_name);
                text.extend_from_slice(format!(":{}.", error.line.unwrap_or(0)).as_bytes());
            }
        }
        if !counted {
            self.count_error(&text);
        }
        if self.fail(failure) {
            tell_of_undoing(&mut text);
        }
        reply.error(&text);
    }

    fn end(&mut self) {
        self.peak = self.vm.runtime.heap.peak_bytes();
        if let Some(Code::Script(_)) = &self.current {
            self.set_lists(Value::Nil, Value::Nil);
        }
        self.forget_settings();
        self.is_worn |= self.peak > KEPT_BYTES_MAX;
        self.vm.end_region();
        if self.is_capped {
            self.vm.set_memory_limit(None, false);
            self.is_capped = false;
            if let Some(state) = self.vm.host_mut::<RunState>() {
                state.shared_limit = None;
            }
        }
        if self.is_atomic {
            if let Some(rollback) = &self.rollback {
                rollback.show(&mut self.vm, false);
            }
            self.is_atomic = false;
        }
    }

    /// What ran last, and the most bytes it had in use beyond what the machine had before. Only once after each run.
    pub fn take_ended(&mut self) -> Option<(Code, usize)> {
        let code = self.current.take()?;
        Some((code, self.peak.saturating_sub(self.bytes_before)))
    }

    /// Takes back what a run has set of the libraries and the collector: it is nobody else's.
    fn forget_settings(&mut self) {
        self.vm.runtime.libraries.forget_settings();
        self.vm.runtime.heap.reset_collector_settings();
    }

    /// Drops a run that is in the middle; its host stays.
    pub fn abandon(&mut self) {
        self.vm.abandon();
        self.take_protocol();
        self.end();
    }

    /// Bytes the machine's heap has in use.
    pub fn memory(&self) -> usize {
        self.vm.runtime.heap.bytes_in_use()
    }
}

/// Adds to an error that the script's writes are undone.
fn tell_of_undoing(text: &mut Vec<u8>) {
    if !text.ends_with(b".") {
        text.push(b'.');
    }
    text.extend_from_slice(b" All its writes were undone.");
}
