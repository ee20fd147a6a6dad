//! Calls and returns of every kind that is not Lua calling Lua: natives, metamethods, continuations.
//!
//! Nothing here recurses: what has to happen next is an [`Action`], and [`Runtime::drive`] performs actions until a Lua function has to be
//! executed or the run is left.

use std::any::Any;

use super::{Exit, move_down};
use crate::heap::Upvalue;
use crate::metamethod::Metamethod;
use crate::native::{Call, Flow, NativeFunction, NativeResult, Raise};
use crate::runtime::{Failure, Runtime};
use crate::thread::{Finish, Frame, NativeFrame, WINDOW};
use crate::value::{ClosureHandle, NativeHandle, Value};

/// Most stack slots a thread can have before "stack overflow", which frames of many arguments reach long before they are
/// too many: 64 MB.
const STACK_SLOTS_MAX: usize = 1 << 22;

/// Most frames a thread can have before "stack overflow": 5.1 doubles its frame array up to 16,384 entries.
pub(crate) const MAX_FRAMES: usize = 16_384;
/// Frames beyond that are for error handlers only.
const SPARE_FRAMES: usize = 500;
/// Most nested calls from natives and metamethods into Lua: one below 5.1's `LUAI_MAXCCALLS`.
pub(crate) const MAX_NATIVE_DEPTH: u32 = 199;
/// Depth that leaves no room for error handlers either.
const MAX_HANDLER_DEPTH: u32 = 225;
/// The most results a native function may return.
const MAX_RESULTS: usize = 1_000_000;

/// What has to happen next.
pub(crate) enum Action {
    /// Call the value in slot `function`.
    Call {
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    },
    /// Hand `count` results, from slot `from` up, to whoever waits for them.
    Deliver {
        from: usize,
        count: usize,
        destination: usize,
        want: i16,
        finish: Finish,
    },
    /// Find out who handles an error.
    Fail(Raise),
    /// Leave: run Lua code or return to the host.
    Leave(Step),
}

/// A step of a native function that is about to run.
pub(crate) struct NativeStep {
    pub(crate) handle: NativeHandle,
    pub(crate) step: NativeFunction,
    pub(crate) state: Option<Box<dyn Any + Send>>,
    /// Slot its results go to.
    pub(crate) function: usize,
    pub(crate) base: usize,
    pub(crate) top: usize,
    pub(crate) arguments: usize,
    pub(crate) callback_start: usize,
    pub(crate) failed: bool,
    pub(crate) want: i16,
    pub(crate) finish: Finish,
}

/// What the dispatch loop does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Execute the top frame, a Lua function.
    Run,
    /// Return to the host.
    Exit(Exit),
}

/// Whether a call with this finish comes from a native or a metamethod, which 5.1 counts on the C stack.
pub(crate) fn is_nested(finish: Finish) -> bool {
    !matches!(finish, Finish::Call | Finish::Bottom)
}

impl Runtime {
    /// Calls the value in slot `function` with the arguments above it.
    pub(crate) fn call(
        &mut self,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Step {
        self.drive(Action::Call {
            function,
            arguments,
            want,
            finish,
        })
    }

    /// Calls `function` with these arguments from the running Lua frame (for a metamethod).
    pub(crate) fn call_handler(
        &mut self,
        function: Value,
        arguments: &[Value],
        finish: Finish,
    ) -> Step {
        let slot = self.free_slot();
        self.ensure_stack(slot + 1 + arguments.len());
        self.thread.stack[slot] = function;
        self.thread.stack[slot + 1..slot + 1 + arguments.len()].copy_from_slice(arguments);
        if let Value::Function(closure) = function {
            return match self.push_frame(closure, slot, arguments.len(), 1, finish) {
                Ok(()) => Step::Run,
                Err(raise) => self.raise(raise),
            };
        }
        self.call(slot, arguments.len(), 1, finish)
    }

    /// The first slot above everything the top frame uses.
    pub(crate) fn free_slot(&self) -> usize {
        let max_stack = |proto: u32| {
            self.loaded
                .get(proto as usize)
                .and_then(Option::as_ref)
                .map_or(WINDOW, |loaded| loaded.max_stack.into())
        };
        match self.thread.frames.last() {
            Some(frame) if frame.is_lua() => frame.base as usize + max_stack(frame.proto),
            Some(frame) => frame.pc as usize,
            None => 0,
        }
    }

    /// Makes sure that the stack has `slots` slots and a register window above them.
    #[inline]
    pub(crate) fn ensure_stack(&mut self, slots: usize) {
        if self.thread.stack.len() < slots + WINDOW {
            self.grow_stack(slots + WINDOW);
        }
    }

    /// Performs an action and those that follow from it.
    pub(crate) fn drive(&mut self, mut action: Action) -> Step {
        loop {
            action = match action {
                Action::Call {
                    function,
                    arguments,
                    want,
                    finish,
                } => match self.enter(function, arguments, want, finish) {
                    Ok(action) => action,
                    Err(raise) => Action::Fail(raise),
                },
                Action::Deliver {
                    from,
                    count,
                    destination,
                    want,
                    finish,
                } => self.deliver(from, count, destination, want, finish),
                Action::Fail(raise) => self.handle_error(raise),
                Action::Leave(step) => return step,
            }
        }
    }

    /// Starts a call.
    fn enter(
        &mut self,
        function: usize,
        mut arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Result<Action, Raise> {
        match self.thread.stack[function] {
            Value::Function(closure) => {
                self.push_frame(closure, function, arguments, want, finish)?;
                Ok(Action::Leave(Step::Run))
            }
            Value::Native(handle) => {
                if is_nested(finish) {
                    self.check_depth()?;
                }
                let base = function + 1;
                Ok(self.run_native(NativeStep {
                    handle,
                    step: self.heap.natives[handle.index()].function,
                    state: None,
                    function,
                    base,
                    top: base + arguments,
                    arguments,
                    callback_start: base + arguments,
                    failed: false,
                    want,
                    finish,
                }))
            }
            value => {
                let handler = self.heap.metamethod(value, Metamethod::Call);
                if !matches!(handler, Value::Function(_) | Value::Native(_)) {
                    let register = self.register_of(function);
                    return Err(self.operand_error("call", value, register));
                }
                self.ensure_stack(function + arguments + 2);
                self.thread
                    .stack
                    .copy_within(function..function + 1 + arguments, function + 1);
                self.thread.stack[function] = handler;
                arguments += 1;
                Ok(Action::Call {
                    function,
                    arguments,
                    want,
                    finish,
                })
            }
        }
    }

    /// The register of the running Lua function that a slot is, if it is one.
    fn register_of(&self, slot: usize) -> Option<u8> {
        let frame = self.thread.frames.last()?;
        let proto = self.frame_proto(frame)?;
        let register = slot.checked_sub(frame.base as usize)?;
        (register < usize::from(proto.max_stack)).then_some(register as u8)
    }

    fn check_depth(&mut self) -> Result<(), Raise> {
        if self.thread.native_depth < MAX_NATIVE_DEPTH {
            return Ok(());
        }
        if self.thread.native_depth == MAX_NATIVE_DEPTH {
            self.thread.native_depth += 1;
            let raise = self.error("C stack overflow");
            self.thread.native_depth -= 1;
            return Err(raise);
        }
        if self.thread.native_depth >= MAX_HANDLER_DEPTH {
            return Err(self.error_in_error_handling());
        }
        Ok(())
    }

    pub(crate) fn error_in_error_handling(&mut self) -> Raise {
        Raise::Error(self.heap.new_string(b"error in error handling").into())
    }

    /// Counts a frame in; fails if there are too many.
    fn count_frame(&mut self, finish: Finish) -> Result<(), Raise> {
        let frames = self.thread.frames.len();
        if frames >= MAX_FRAMES || self.thread.stack.len() > STACK_SLOTS_MAX {
            if !self.thread.overflowed {
                self.thread.overflowed = true;
                return Err(self.error("stack overflow"));
            }
            if frames >= MAX_FRAMES + SPARE_FRAMES {
                return Err(self.error_in_error_handling());
            }
        } else if self.thread.overflowed && frames < MAX_FRAMES - SPARE_FRAMES {
            self.thread.overflowed = false;
        }
        if is_nested(finish) {
            self.check_depth()?;
            self.thread.native_depth += 1;
        }
        Ok(())
    }

    /// Pushes the frame of a Lua function, its arguments arranged as it expects them.
    pub(crate) fn push_frame(
        &mut self,
        closure: ClosureHandle,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Result<(), Raise> {
        let number = self.heap.closures[closure.index()].proto;
        let Some(Some(loaded)) = self.loaded.get(number as usize) else {
            return Err(self.error("attempt to call a function that was unloaded"));
        };
        let (parameters, is_vararg, needs_arg) = (
            usize::from(loaded.parameters),
            loaded.is_vararg,
            loaded.needs_arg,
        );
        self.count_frame(finish)?;
        let slots = function + 1 + arguments + parameters + 1;
        if self.thread.stack.len() < slots + WINDOW {
            self.grow_stack(slots + WINDOW);
            if !self.heap.has_room(0) {
                return Err(Raise::OutOfMemory);
            }
        }
        let first = function + 1;
        let stack = &mut self.thread.stack;
        let base = if is_vararg {
            // The fixed parameters move above the extra arguments.
            let base = first + arguments;
            for index in 0..parameters {
                stack[base + index] = if index < arguments {
                    std::mem::take(&mut stack[first + index])
                } else {
                    Value::Nil
                };
            }
            stack[base + parameters] = Value::Nil;
            if needs_arg {
                let extra = arguments.saturating_sub(parameters);
                let table = self.heap.new_table(extra, 1);
                for index in 0..extra {
                    let value = self.thread.stack[first + parameters + index];
                    self.heap.raw_set_integer(table, index as i64 + 1, value);
                }
                self.heap
                    .raw_set_field(table, "n", Value::Number(extra as f64));
                self.thread.stack[base + parameters] = Value::Table(table);
            }
            base
        } else {
            for slot in &mut stack[first + arguments.min(parameters)..first + parameters] {
                *slot = Value::Nil;
            }
            first
        };
        self.thread.frames.push(Frame {
            function: function as u32,
            base: base as u32,
            pc: 0,
            proto: number,
            callee: closure.0,
            tail_calls: 0,
            want,
            finish,
        });
        Ok(())
    }

    /// Calls the value in slot `function` for the running Lua function: the short way for natives that just return.
    pub(crate) fn call_directly(
        &mut self,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Step {
        let handle = match self.thread.stack[function] {
            Value::Native(handle) => handle,
            Value::Function(closure) => {
                return match self.push_frame(closure, function, arguments, want, finish) {
                    Ok(()) => Step::Run,
                    Err(raise) => self.raise(raise),
                };
            }
            _ => return self.call(function, arguments, want, finish),
        };
        if finish == Finish::Iterator
            && let Err(raise) = self.check_depth()
        {
            return self.raise(raise);
        }
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
        self.step_ended(
            Frame::native(
                function as u32,
                base as u32,
                top as u32,
                handle,
                want,
                finish,
            ),
            state,
            arguments,
            result,
        )
    }

    /// Goes on with the native function that waits below the Lua function that has just returned `count` values from slot `from` up.
    fn resume_waiting(&mut self, from: usize, count: usize) -> Step {
        let (Some(mut frame), Some(native)) = (self.thread.frames.pop(), self.thread.natives.pop())
        else {
            return Step::Exit(Exit::Finished);
        };
        self.leave_frame(frame.finish);
        let start = frame.pc as usize;
        self.move_results(from, count, start, -1);
        self.ensure_stack(start + count);
        let arguments = native.arguments as usize;
        self.in_native = true;
        let mut call = Call {
            runtime: self,
            state: native.state,
            function: native.function,
            base: frame.base as usize,
            top: start + count,
            arguments,
            callback_start: start,
            failed: false,
        };
        let result = (native.resume)(&mut call);
        let (state, top) = (call.state, call.top);
        self.in_native = false;
        frame.pc = top as u32;
        self.step_ended(frame, state, arguments, result)
    }

    /// Does what a step of a native function ended with: the short ways for results and for calls of Lua functions. The frame is the
    /// one the function gets if it has to wait; its `pc` is the end of the window.
    #[inline(always)]
    fn step_ended(
        &mut self,
        mut frame: Frame,
        state: Option<Box<dyn Any + Send>>,
        arguments: usize,
        result: NativeResult,
    ) -> Step {
        let (function, base, top) = (
            frame.function as usize,
            frame.base as usize,
            frame.pc as usize,
        );
        let (asked, resume, protected, handler) = match result {
            Ok(Flow::Return(count)) if matches!(frame.finish, Finish::Call | Finish::Iterator) => {
                drop(state);
                let count = count.min(top - base).min(MAX_RESULTS);
                let from = top - count;
                if frame.want == 1 && count > 0 {
                    let stack = &mut self.thread.stack;
                    move_down(stack, from, 1, function);
                } else {
                    self.move_results(from, count, function, frame.want);
                }
                if self.heap.needs_attention()
                    && let Err(raise) = self.collect_garbage_if_due()
                {
                    return self.raise(raise);
                }
                return Step::Run;
            }
            Ok(Flow::Call { arguments, resume }) => (arguments, resume, false, None),
            Ok(Flow::ProtectedCall {
                arguments,
                handler,
                resume,
            }) => (arguments, resume, true, handler),
            result => {
                let action = self.native_ended(
                    NativeStep {
                        handle: NativeHandle(frame.callee),
                        step: |_| Ok(Flow::Return(0)),
                        state,
                        function,
                        base,
                        top,
                        arguments,
                        callback_start: top,
                        failed: false,
                        want: frame.want,
                        finish: frame.finish,
                    },
                    result,
                );
                return self.drive(action);
            }
        };
        let called = top - asked - 1;
        frame.pc = called as u32;
        if let Err(raise) = self.count_frame(frame.finish) {
            return self.raise(raise);
        }
        self.thread.frames.push(frame);
        self.thread.natives.push(NativeFrame {
            function: NativeHandle(frame.callee),
            resume,
            state,
            arguments: arguments as u32,
            protected,
            handler,
        });
        if let Value::Function(closure) = self.thread.stack[called] {
            return match self.push_frame(closure, called, asked, -1, Finish::Native) {
                Ok(()) => Step::Run,
                Err(raise) => self.raise(raise),
            };
        }
        self.drive(Action::Call {
            function: called,
            arguments: asked,
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
    pub(crate) fn run_native_here(&mut self, mut step: NativeStep) -> Action {
        self.ensure_stack(step.top);
        self.in_native = true;
        let mut call = Call {
            runtime: self,
            state: step.state.take(),
            function: step.handle,
            base: step.base,
            top: step.top,
            arguments: step.arguments,
            callback_start: step.callback_start,
            failed: step.failed,
        };
        let result = (step.step)(&mut call);
        step.state = call.state;
        step.top = call.top;
        self.in_native = false;
        self.native_ended(step, result)
    }

    /// Does what a native function's step ended with.
    #[inline(always)]
    fn native_ended(&mut self, step: NativeStep, result: NativeResult) -> Action {
        let NativeStep {
            handle,
            state,
            function,
            base,
            top,
            arguments: original,
            want,
            finish,
            ..
        } = step;
        let flow = match result {
            Ok(flow) => flow,
            Err(raise) => return Action::Fail(raise),
        };
        match flow {
            Flow::Return(count) => {
                let count = count.min(top - base).min(MAX_RESULTS);
                Action::Deliver {
                    from: top - count,
                    count,
                    destination: function,
                    want,
                    finish,
                }
            }
            Flow::TailCall { arguments } => {
                let from = top - arguments - 1;
                self.thread.stack.copy_within(from..top, function);
                Action::Call {
                    function,
                    arguments,
                    want,
                    finish,
                }
            }
            Flow::Call { arguments, resume } => {
                let waiting = self.waiting(handle, resume, state, original, false, None);
                let called = top - arguments - 1;
                self.wait(
                    Frame::native(
                        function as u32,
                        base as u32,
                        called as u32,
                        handle,
                        want,
                        finish,
                    ),
                    waiting,
                    |_| Action::Call {
                        function: called,
                        arguments,
                        want: -1,
                        finish: Finish::Native,
                    },
                )
            }
            Flow::ProtectedCall {
                arguments,
                handler,
                resume,
            } => {
                let waiting = self.waiting(handle, resume, state, original, true, handler);
                let called = top - arguments - 1;
                self.wait(
                    Frame::native(
                        function as u32,
                        base as u32,
                        called as u32,
                        handle,
                        want,
                        finish,
                    ),
                    waiting,
                    |_| Action::Call {
                        function: called,
                        arguments,
                        want: -1,
                        finish: Finish::Native,
                    },
                )
            }
            Flow::Suspend { resume } => {
                let waiting = self.waiting(handle, resume, state, original, false, None);
                self.wait(
                    Frame::native(
                        function as u32,
                        base as u32,
                        top as u32,
                        handle,
                        want,
                        finish,
                    ),
                    waiting,
                    |_| Action::Leave(Step::Exit(Exit::SuspendedByNative)),
                )
            }
            Flow::ResumeThread {
                thread,
                arguments,
                resume,
            } => {
                let waiting = self.waiting(handle, resume, state, original, true, None);
                let end = top - arguments;
                self.wait(
                    Frame::native(
                        function as u32,
                        base as u32,
                        end as u32,
                        handle,
                        want,
                        finish,
                    ),
                    waiting,
                    |runtime| runtime.resume_thread(thread, end, arguments),
                )
            }
            Flow::Yield(count) => self.yield_values(top - count, count, function, want, finish),
        }
    }

    fn waiting(
        &self,
        function: NativeHandle,
        resume: NativeFunction,
        state: Option<Box<dyn Any + Send>>,
        arguments: usize,
        protected: bool,
        handler: Option<Value>,
    ) -> NativeFrame {
        NativeFrame {
            function,
            resume,
            state,
            arguments: arguments as u32,
            protected,
            handler,
        }
    }

    /// Pushes the frame of a native function that waits, then goes on with an action.
    fn wait(
        &mut self,
        frame: Frame,
        native: NativeFrame,
        action: impl FnOnce(&mut Runtime) -> Action,
    ) -> Action {
        if let Err(raise) = self.count_frame(frame.finish) {
            return Action::Fail(raise);
        }
        self.thread.frames.push(frame);
        self.thread.natives.push(native);
        action(self)
    }

    /// Takes the top frame off, which has to be a waiting native function, and makes its next step.
    #[inline(always)]
    pub(crate) fn native_step(&mut self, count: usize, failed: bool) -> Option<NativeStep> {
        let frame = self.thread.frames.pop()?;
        self.leave_frame(frame.finish);
        let native = self.thread.natives.pop()?;
        let callback_start = frame.pc as usize;
        Some(NativeStep {
            handle: native.function,
            step: native.resume,
            state: native.state,
            function: frame.function as usize,
            base: frame.base as usize,
            top: callback_start + count,
            arguments: native.arguments as usize,
            callback_start,
            failed,
            want: frame.want,
            finish: frame.finish,
        })
    }

    /// Counts a frame out.
    pub(crate) fn leave_frame(&mut self, finish: Finish) {
        if is_nested(finish) {
            self.thread.native_depth -= 1;
        }
    }

    /// Returns from the top Lua frame with `count` results from slot `from` up.
    pub(crate) fn return_from_frame(&mut self, from: usize, count: usize) -> Step {
        let Some(frame) = self.thread.frames.pop() else {
            return Step::Exit(Exit::Finished);
        };
        self.close_upvalues(frame.base as usize);
        self.leave_frame(frame.finish);
        if frame.finish == Finish::Native {
            return self.resume_waiting(from, count);
        }
        let action = self.deliver(
            from,
            count,
            frame.function as usize,
            frame.want,
            frame.finish,
        );
        match action {
            Action::Leave(step) => step,
            action => self.drive(action),
        }
    }

    /// Hands results to whoever waits for them.
    fn deliver(
        &mut self,
        from: usize,
        count: usize,
        destination: usize,
        want: i16,
        finish: Finish,
    ) -> Action {
        let first = if count > 0 {
            self.thread.stack[from]
        } else {
            Value::Nil
        };
        match finish {
            Finish::Call | Finish::Iterator => {
                self.move_results(from, count, destination, want);
                if self.heap.needs_attention()
                    && let Err(raise) = self.collect_garbage_if_due()
                {
                    return Action::Fail(raise);
                }
                Action::Leave(Step::Run)
            }
            Finish::Bottom => {
                self.move_results(from, count, destination, -1);
                self.finish_thread(destination, count)
            }
            Finish::Store(register) => {
                let slot = self.caller_slot(register);
                self.thread.stack[slot] = first;
                Action::Leave(Step::Run)
            }
            Finish::Discard => Action::Leave(Step::Run),
            Finish::Condition(sense) => {
                self.decide_condition(first.is_truthy() == sense);
                Action::Leave(Step::Run)
            }
            Finish::Concat(register) => {
                let slot = self.caller_slot(register);
                self.thread.stack[slot] = first;
                Action::Leave(self.continue_concat(register))
            }
            Finish::Native => {
                let Some(frame) = self.thread.frames.last() else {
                    return Action::Leave(Step::Exit(Exit::Finished));
                };
                let start = frame.pc as usize;
                self.move_results(from, count, start, -1);
                match self.native_step(count, false) {
                    Some(step) => self.run_native_here(step),
                    None => Action::Leave(Step::Exit(Exit::Finished)),
                }
            }
            Finish::ErrorHandler => self.unwind(Raise::Error(first)),
        }
    }

    fn caller_slot(&self, register: u8) -> usize {
        self.thread
            .frames
            .last()
            .map_or(0, |frame| frame.base as usize)
            + usize::from(register)
    }

    /// Takes or skips the jump that follows the top frame's instruction.
    pub(crate) fn decide_condition(&mut self, taken: bool) {
        let loaded = &self.loaded;
        let Some(frame) = self.thread.frames.last_mut() else {
            return;
        };
        let Some(Some(entry)) = loaded.get(frame.proto as usize) else {
            return;
        };
        let jump = entry.proto.code[frame.pc as usize];
        let next = i64::from(frame.pc) + 1;
        frame.pc = if taken {
            (next + i64::from(jump.sj())) as u32
        } else {
            next as u32
        };
    }

    /// Moves results to where they are wanted: `want` of them, padded with nil, or all of them (then they end at the thread's top).
    #[inline]
    fn move_results(&mut self, from: usize, count: usize, destination: usize, want: i16) {
        if want < 0 {
            self.ensure_stack(destination + count);
            move_down(&mut self.thread.stack, from, count, destination);
            self.thread.top = destination + count;
            return;
        }
        let want = want as usize;
        let stack = &mut self.thread.stack;
        let moved = count.min(want);
        move_down(stack, from, moved, destination);
        for slot in &mut stack[destination + moved..destination + want] {
            *slot = Value::Nil;
        }
    }

    /// Gives the registers from `slot` up, as far as closures captured them, a life of their own.
    #[inline]
    pub(crate) fn close_upvalues(&mut self, slot: usize) {
        while let Some(open) = self.thread.open.last() {
            if (open.slot as usize) < slot {
                break;
            }
            let value = self.thread.stack[open.slot as usize];
            let upvalue = open.upvalue;
            self.heap.barrier_upvalue(upvalue, value);
            self.heap.upvalues[upvalue.index()] = Upvalue::Closed(value);
            self.thread.open.pop();
            self.thread.open_end = self
                .thread
                .open
                .last()
                .map_or(0, |open| open.slot as usize + 1);
        }
    }

    // ---- errors ----------------------------------------------------------------------------------

    /// Decides what an error leads to: a call of an `xpcall` handler, a `pcall` that returns, a coroutine that dies, or the end of the run.
    pub(crate) fn handle_error(&mut self, raise: Raise) -> Action {
        let value = match raise {
            Raise::Error(value) => value,
            Raise::OutOfMemory | Raise::Stopped => {
                self.note_failure();
                return self.unwind(raise);
            }
        };
        let handler = self
            .thread
            .natives
            .iter()
            .rev()
            .find(|native| native.protected)
            .map(|native| native.handler);
        match handler {
            Some(Some(handler)) => {
                self.thread.handler_depth += 1;
                let is_function = matches!(handler, Value::Function(_) | Value::Native(_));
                let depth = self.thread.native_depth + self.thread.handler_depth;
                if !is_function || depth >= MAX_HANDLER_DEPTH {
                    let raise = self.error_in_error_handling();
                    return self.unwind(raise);
                }
                let slot = self.free_slot().max(self.thread.top);
                self.ensure_stack(slot + 2);
                self.thread.stack[slot] = handler;
                self.thread.stack[slot + 1] = value;
                Action::Call {
                    function: slot,
                    arguments: 1,
                    want: 1,
                    finish: Finish::ErrorHandler,
                }
            }
            Some(None) => self.unwind(raise),
            None => {
                if self.thread.resumer.is_none() {
                    self.note_failure();
                }
                self.unwind(raise)
            }
        }
    }

    /// Notes where an error happened that ends the run.
    fn note_failure(&mut self) {
        let lua_frame = self
            .thread
            .frames
            .iter()
            .rev()
            .find(|frame| frame.is_lua())
            .copied();
        self.failure = Some(Failure {
            traceback: self.traceback(1),
            source: lua_frame.and_then(|frame| Some(self.frame_proto(&frame)?.source.clone())),
            line: lua_frame.and_then(|frame| self.frame_line(&frame)),
        });
    }

    /// Takes frames off until one that catches the error.
    pub(crate) fn unwind(&mut self, raise: Raise) -> Action {
        let catchable = match raise {
            Raise::Stopped => false,
            Raise::OutOfMemory => !self.memory_error_is_fatal,
            Raise::Error(_) => true,
        };
        while let Some(frame) = self.thread.frames.last() {
            let protected = !frame.is_lua()
                && self
                    .thread
                    .natives
                    .last()
                    .is_some_and(|native| native.protected);
            if protected && catchable {
                let start = frame.pc as usize;
                self.close_upvalues(start);
                let value = self.error_value(raise);
                self.thread.handler_depth = 0;
                self.ensure_stack(start + 1);
                self.thread.stack[start] = value;
                return match self.native_step(1, true) {
                    Some(step) => self.run_native(step),
                    None => Action::Leave(Step::Exit(Exit::Finished)),
                };
            }
            if !frame.is_lua() {
                self.thread.natives.pop();
            }
            let finish = frame.finish;
            self.thread.frames.pop();
            self.leave_frame(finish);
        }
        self.close_upvalues(0);
        self.fail_thread(raise, catchable)
    }

    /// What `pcall` returns for an error.
    pub(crate) fn error_value(&mut self, raise: Raise) -> Value {
        match raise {
            Raise::Error(value) => value,
            Raise::OutOfMemory => self.heap.new_string(b"not enough memory").into(),
            Raise::Stopped => self.heap.new_string(b"script stopped").into(),
        }
    }
}
