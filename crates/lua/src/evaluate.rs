//! Code run beside a run: what a debugger evaluates while the program is stopped.
//!
//! The suspended run stays as it is; the code gets a thread of its own, unwatched, and its own fuel. Evaluated
//! [at a level](Vm::evaluate_at), code sees the variables of the function there as if it stood in it, and can assign to them.

use std::sync::Arc;

use crate::compiler::{self, error::CompileError};
use crate::engine::{RuntimeError, Vm};
use crate::inspect::Variable;
use crate::native::{Call, Flow, Indexed, NativeResult, Raise};
use crate::thread::{Finish, Status};
use crate::value::{TableHandle, Value};
use crate::vm::{self, Exit};

/// Why there is no value.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The text is neither an expression nor a chunk.
    #[error(transparent)]
    Syntax(#[from] CompileError),
    /// It failed, or took too long.
    #[error(transparent)]
    Run(#[from] Box<RuntimeError>),
}

impl Vm {
    /// Calls a function while a run is suspended, or between runs. The suspended run is left as it is, whatever becomes of the call; a call that
    /// has not ended when its fuel is used up fails with [`ErrorKind::Stopped`](crate::ErrorKind::Stopped).
    pub fn call_beside(
        &mut self,
        function: Value,
        arguments: &[Value],
        fuel: u64,
    ) -> Result<Vec<Value>, Box<RuntimeError>> {
        let Vm {
            entries,
            runtime,
            suspended,
            ..
        } = self;
        let waiting = suspended.take();
        let hooks = std::mem::take(&mut runtime.hooks);
        let interrupt = runtime.meter.interrupt.take();
        let fuel_left = runtime.meter.fuel;
        let below = runtime.current;
        runtime.heap.pinned.push(Value::Thread(below));
        runtime.heap.barrier_stack(Value::Thread(below));
        let beside = runtime.new_coroutine(function);
        runtime.thread.status = Status::Normal;
        runtime.switch_to(beside);
        runtime.ensure_stack(1 + arguments.len());
        runtime.thread.stack[1..=arguments.len()].copy_from_slice(arguments);
        runtime.meter.refill(fuel);
        let step = runtime.call(0, arguments.len(), -1, Finish::Bottom);
        let exit = vm::execute(entries, runtime, step);
        let result = match exit {
            Exit::Finished => Ok(runtime.thread.stack[..runtime.thread.top].to_vec()),
            Exit::Failed(raise) => Err(raise),
            Exit::Suspended | Exit::SuspendedByNative | Exit::SuspendedByHook => {
                while runtime.current != beside {
                    // What the failure would lead to is of no interest: everything is dropped.
                    let _ = runtime.fail_thread(Raise::Stopped, false);
                }
                runtime.close_upvalues(0);
                Err(Raise::Stopped)
            }
        };
        let result = result.map_err(|raise| Box::new(self.failure(raise)));
        let runtime = &mut self.runtime;
        runtime.bury_thread();
        runtime.switch_to(below);
        self.unpin(Value::Thread(below));
        let runtime = &mut self.runtime;
        runtime.hooks = hooks;
        runtime.meter.interrupt = interrupt;
        runtime.meter.fuel = fuel_left;
        runtime.meter.suspend_requested = false;
        runtime.failure = None;
        self.suspended = waiting;
        result
    }

    /// Evaluates an expression, or runs a chunk, with the global table as its environment: its values.
    pub fn evaluate(
        &mut self,
        text: &[u8],
        chunk_name: &[u8],
        fuel: u64,
    ) -> Result<Vec<Value>, EvaluationError> {
        let environment = self.globals();
        self.evaluate_in(environment, text, chunk_name, fuel)
    }

    /// The same as if the text stood in the function at `level`, where the run is: its local variables and upvalues can be read and assigned to.
    pub fn evaluate_at(
        &mut self,
        level: usize,
        text: &[u8],
        chunk_name: &[u8],
        fuel: u64,
    ) -> Result<Vec<Value>, EvaluationError> {
        let runtime = &mut self.runtime;
        let environment = match runtime.call_info(level).map(|info| info.function) {
            Some(Value::Function(closure)) => runtime.heap.closures[closure.index()].environment,
            _ => runtime.heap.globals,
        };
        // A name stands for the innermost variable that has it: the last local, else an upvalue.
        let mut variables = runtime.upvalues(level);
        variables.extend(runtime.locals(level));
        variables.retain(|variable| variable.name.first() != Some(&b'('));
        let scope = self.scope_of(&variables, environment);
        let result = self.evaluate_in(scope, text, chunk_name, fuel);
        for variable in &variables {
            let heap = &mut self.runtime.heap;
            let name = heap.new_string(&variable.name);
            let value = heap.raw_get_string(scope, name);
            let shown = self.runtime.variable(level, &variable.name);
            if shown.is_some_and(|shown| !shown.is_identical(value)) {
                self.runtime.set_variable(level, &variable.name, value);
            }
        }
        result
    }

    fn evaluate_in(
        &mut self,
        environment: TableHandle,
        text: &[u8],
        chunk_name: &[u8],
        fuel: u64,
    ) -> Result<Vec<Value>, EvaluationError> {
        let expression = [b"return ".as_slice(), text].concat();
        let proto = compiler::compile(&expression, chunk_name)
            .or_else(|_| compiler::compile(text, chunk_name))?;
        // The environment has to outlive the evaluation, which can collect, for its variables to be read.
        self.pin(Value::Table(environment));
        let function = self.load_with_environment(&Arc::new(proto), environment);
        let result = self.call_beside(function, &[], fuel);
        self.unpin(Value::Table(environment));
        Ok(result?)
    }

    /// A table that holds the variables and stands for `environment` beside them.
    fn scope_of(&mut self, variables: &[Variable], environment: TableHandle) -> TableHandle {
        let heap = &mut self.runtime.heap;
        let scope = heap.new_table(0, variables.len());
        let names = heap.new_table(0, variables.len());
        for variable in variables {
            let name = heap.new_string(&variable.name);
            heap.raw_set_string(scope, name, variable.value);
            heap.raw_set_string(names, name, Value::Boolean(true));
        }
        let around = [Value::Table(names), Value::Table(environment)];
        let metatable = heap.new_table(0, 2);
        let read = heap.new_native(read_around, &around);
        let write = heap.new_native(write_around, &around);
        heap.raw_set_field(metatable, "__index", Value::Native(read));
        heap.raw_set_field(metatable, "__newindex", Value::Native(write));
        heap.set_table_metatable(scope, Some(metatable));
        scope
    }
}

/// Whether the name is that of a variable, which then is nil.
fn is_variable(call: &Call<'_>, name: Value) -> bool {
    match call.upvalue(0) {
        Value::Table(names) => call.heap().raw_get(names, name).is_truthy(),
        _ => false,
    }
}

fn read_around(call: &mut Call<'_>) -> NativeResult {
    let name = call.argument(2);
    if is_variable(call, name) {
        return call.return_value(Value::Nil);
    }
    let environment = call.upvalue(1);
    match call.index(environment, name)? {
        Indexed::Done(value) => call.return_value(value),
        Indexed::Handler { function, object } => {
            call.push_index_call(function, object, name);
            Ok(Flow::TailCall { arguments: 2 })
        }
    }
}

fn write_around(call: &mut Call<'_>) -> NativeResult {
    let (name, value) = (call.argument(2), call.argument(3));
    let target = match (is_variable(call, name), call.argument(1), call.upvalue(1)) {
        (true, Value::Table(scope), _) => scope,
        (_, _, Value::Table(environment)) => environment,
        _ => return Ok(Flow::Return(0)),
    };
    call.check_writable(target)?;
    call.raw_set(target, name, value)?;
    Ok(Flow::Return(0))
}
