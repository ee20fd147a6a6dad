//! Native functions: their steps, and the calls they ask for.

use std::any::Any;

use super::call::{Action, Step, is_nested};
use super::{Exit, move_down};
use crate::heap::Role;
use crate::native::{Call, Flow, NativeFunction, NativeResult, Raise};
use crate::runtime::Runtime;
use crate::thread::{Finish, Frame, NativeFrame};
use crate::value::{NativeHandle, Value};

/// The most results a native function may return.
const MAX_RESULTS: usize = 1_000_000;

/// A step of a native function that is about to run.
pub(crate) struct NativeStep {
    /// The frame the function gets if it has to wait. Its `pc` is the end of the window.
    pub(crate) frame: Frame,
    pub(crate) step: NativeFunction,
    pub(crate) state: Option<Box<dyn Any + Send>>,
    /// How many arguments the function was called with.
    pub(crate) arguments: usize,
    pub(crate) callback_start: usize,
    pub(crate) failed: bool,
}

/// A call a native function asked for and waits for.
struct Asked {
    /// How many arguments are on the top, above the function.
    arguments: usize,
    resume: NativeFunction,
    protected: bool,
    handler: Option<Value>,
}

impl Runtime {
    /// Calls a native function for the running Lua function. An error is the step that follows if it did not just return.
    #[inline(always)]
    pub(super) fn call_native(
        &mut self,
        handle: NativeHandle,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Result<(), Step> {
        let base = function + 1;
        let top = base + arguments;
        self.ensure_stack(top);
        let step = self.heap.natives[handle.index()].function;
        self.in_native = true;
        let mut call = Call {
            runtime: self,
            state: None,
            function: handle,
            base,
            top,
            arguments,
            callback_start: top,
            failed: false,
        };
        let result = step(&mut call);
        let (state, top) = (call.state, call.top);
        self.in_native = false;
        if let Ok(Flow::Return(1)) = result
            && want == 1
            && top > base
            && state.is_none()
            && !self.heap.needs_attention()
        {
            move_down(&mut self.thread.stack, top - 1, 1, function);
            return Ok(());
        }
        let frame = Frame::native(function, base, top, handle, want, finish);
        Err(self.step_ended(frame, state, arguments, result))
    }

    /// Calls the value in slot `function` for the running Lua function.
    pub(super) fn call_directly(
        &mut self,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Step {
        match self.thread.stack[function] {
            Value::Native(handle) => {
                if finish == Finish::Iterator
                    && let Err(raise) = self.check_depth()
                {
                    return self.raise(raise);
                }
                let done = match self.heap.natives[handle.index()].role {
                    Role::Ordinary | Role::Window | Role::Matches | Role::Question(_) => None,
                    Role::ProtectedCall(_) => self.protect(function, arguments, want, finish),
                    Role::Resume => self.resume_directly(function, arguments, want, finish),
                    Role::Wrapper => self.call_wrapper(function, arguments, want, finish),
                    Role::Yield => self.yield_directly(function, arguments, want, finish),
                };
                if let Some(step) = done {
                    return step;
                }
                match self.call_native(handle, function, arguments, want, finish) {
                    Ok(()) => Step::Run,
                    Err(step) => step,
                }
            }
            Value::Function(closure) => {
                match self.push_frame(closure, function, arguments, want, finish) {
                    Ok(()) => Step::Run,
                    Err(raise) => self.raise(raise),
                }
            }
            _ => self.call(function, arguments, want, finish),
        }
    }

    /// Goes on with the native function that waits below the Lua function that has just returned `count` values from slot `from` up. If it asks for
    /// another call, what it keeps stays where it is.
    pub(super) fn resume_waiting(&mut self, from: usize, count: usize) -> Step {
        let thread = &mut *self.thread;
        let (Some(mut frame), Some(native)) = (thread.frames.pop(), thread.natives.last_mut())
        else {
            return Step::Exit(Exit::Finished);
        };
        let (function, arguments) = (native.function, native.arguments as usize);
        let (resume, state) = (native.resume, native.state.take());
        self.leave_frame(frame.finish);
        let start = frame.pc as usize;
        self.ensure_stack(start + count);
        move_down(&mut self.thread.stack, from, count, start);
        self.in_native = true;
        let mut call = Call {
            runtime: self,
            state,
            function,
            base: frame.base as usize,
            top: start + count,
            arguments,
            callback_start: start,
            failed: false,
        };
        let result = resume(&mut call);
        let (state, top) = (call.state, call.top);
        self.in_native = false;
        if let Ok(Flow::Call {
            arguments: count,
            resume,
        }) = result
            && !is_nested(frame.finish)
            && let called = top - count - 1
            && let Value::Function(closure) = self.thread.stack[called]
            && let Some(native) = self.thread.natives.last_mut()
        {
            native.resume = resume;
            native.state = state;
            native.protected = false;
            native.handler = None;
            frame.pc = called as u32;
            self.thread.frames.push(frame);
            return match self.push_frame(closure, called, count, -1, Finish::Native) {
                Ok(()) => Step::Run,
                Err(raise) => self.raise(raise),
            };
        }
        self.thread.natives.pop();
        frame.pc = top as u32;
        self.step_ended(frame, state, arguments, result)
    }

    /// Does what a step of a native function ended with: the short ways for results and for calls of Lua functions.
    #[inline(always)]
    fn step_ended(
        &mut self,
        frame: Frame,
        state: Option<Box<dyn Any + Send>>,
        arguments: usize,
        result: NativeResult,
    ) -> Step {
        let asked = match result {
            Ok(Flow::Return(count)) if matches!(frame.finish, Finish::Call | Finish::Iterator) => {
                drop(state);
                let (base, top) = (frame.base as usize, frame.pc as usize);
                let count = count.min(top - base).min(MAX_RESULTS);
                self.move_results(top - count, count, frame.function as usize, frame.want);
                if self.heap.needs_attention()
                    && let Err(raise) = self.collect_garbage_if_due()
                {
                    return self.raise(raise);
                }
                return Step::Run;
            }
            Ok(Flow::Call { arguments, resume }) => Asked {
                arguments,
                resume,
                protected: false,
                handler: None,
            },
            Ok(Flow::ProtectedCall {
                arguments,
                handler,
                resume,
            }) => Asked {
                arguments,
                resume,
                protected: true,
                handler,
            },
            result => {
                let action = self.native_ended(frame, state, arguments, result);
                return self.drive(action);
            }
        };
        let count = asked.arguments;
        let called = frame.pc as usize - count - 1;
        if let Err(raise) = self.wait(frame, called, state, arguments, asked) {
            return self.raise(raise);
        }
        if let Value::Function(closure) = self.thread.stack[called] {
            return match self.push_frame(closure, called, count, -1, Finish::Native) {
                Ok(()) => Step::Run,
                Err(raise) => self.raise(raise),
            };
        }
        self.drive(Action::Call {
            function: called,
            arguments: count,
            want: -1,
            finish: Finish::Native,
        })
    }

    /// Runs a step of a native function.
    #[inline(never)]
    pub(crate) fn run_native(&mut self, step: NativeStep) -> Action {
        self.run_native_here(step)
    }

    /// The same where it pays that the step never becomes an object in memory.
    #[inline(always)]
    pub(super) fn run_native_here(&mut self, step: NativeStep) -> Action {
        let mut frame = step.frame;
        self.ensure_stack(frame.pc as usize);
        self.in_native = true;
        let mut call = Call {
            runtime: self,
            state: step.state,
            function: NativeHandle(frame.callee),
            base: frame.base as usize,
            top: frame.pc as usize,
            arguments: step.arguments,
            callback_start: step.callback_start,
            failed: step.failed,
        };
        let result = (step.step)(&mut call);
        let state = call.state;
        frame.pc = call.top as u32;
        self.in_native = false;
        self.native_ended(frame, state, step.arguments, result)
    }

    /// Finds out what a native function's step that ended so leads to.
    #[inline(always)]
    fn native_ended(
        &mut self,
        frame: Frame,
        state: Option<Box<dyn Any + Send>>,
        original: usize,
        result: NativeResult,
    ) -> Action {
        let (function, base, top) = (
            frame.function as usize,
            frame.base as usize,
            frame.pc as usize,
        );
        let (want, finish) = (frame.want, frame.finish);
        let flow = match result {
            Ok(flow) => flow,
            Err(raise) => {
                if is_nested(finish) {
                    self.thread.count_failed_call();
                }
                self.in_native = true;
                return Action::Fail(raise);
            }
        };
        let (end, asked) = match flow {
            Flow::Return(count) => {
                let count = count.min(top - base).min(MAX_RESULTS);
                return Action::Deliver {
                    from: top - count,
                    count,
                    destination: function,
                    want,
                    finish,
                };
            }
            Flow::TailCall { arguments } => {
                let from = top - arguments - 1;
                self.thread.stack.copy_within(from..top, function);
                return Action::Call {
                    function,
                    arguments,
                    want,
                    finish,
                };
            }
            Flow::Yield(count) => {
                return self.yield_values(top - count, count, function, want, finish);
            }
            Flow::Call { arguments, resume } => (
                top - arguments - 1,
                Asked {
                    arguments,
                    resume,
                    protected: false,
                    handler: None,
                },
            ),
            Flow::ProtectedCall {
                arguments,
                handler,
                resume,
            } => (
                top - arguments - 1,
                Asked {
                    arguments,
                    resume,
                    protected: true,
                    handler,
                },
            ),
            Flow::Suspend { resume } => (
                top,
                Asked {
                    arguments: 0,
                    resume,
                    protected: false,
                    handler: None,
                },
            ),
            Flow::ResumeThread {
                arguments, resume, ..
            } => (
                top - arguments,
                Asked {
                    arguments,
                    resume,
                    protected: true,
                    handler: None,
                },
            ),
        };
        let arguments = asked.arguments;
        if let Err(raise) = self.wait(frame, end, state, original, asked) {
            return Action::Fail(raise);
        }
        match flow {
            Flow::Suspend { .. } => Action::Leave(Step::Exit(Exit::SuspendedByNative)),
            Flow::ResumeThread { thread, .. } => self.resume_thread(thread, end, arguments),
            _ => Action::Call {
                function: end,
                arguments,
                want: -1,
                finish: Finish::Native,
            },
        }
    }

    /// Pushes the frame of a native function that waits; its window ends at slot `end`.
    #[inline(always)]
    fn wait(
        &mut self,
        mut frame: Frame,
        end: usize,
        state: Option<Box<dyn Any + Send>>,
        arguments: usize,
        asked: Asked,
    ) -> Result<(), Raise> {
        frame.pc = end as u32;
        self.count_frame(frame.finish)?;
        self.thread.frames.push(frame);
        self.thread.natives.push(NativeFrame {
            function: NativeHandle(frame.callee),
            resume: asked.resume,
            state,
            arguments: arguments as u32,
            protected: asked.protected,
            handler: asked.handler,
            failed_calls: self.thread.failed_calls,
        });
        Ok(())
    }

    /// Takes the top frame off, which has to be a waiting native function, and makes its next step.
    #[inline(always)]
    pub(crate) fn native_step(&mut self, count: usize, failed: bool) -> Option<NativeStep> {
        let mut frame = self.thread.frames.pop()?;
        self.leave_frame(frame.finish);
        let native = self.thread.natives.pop()?;
        let callback_start = frame.pc as usize;
        frame.pc = (callback_start + count) as u32;
        Some(NativeStep {
            frame,
            step: native.resume,
            state: native.state,
            arguments: native.arguments as usize,
            callback_start,
            failed,
        })
    }
}
