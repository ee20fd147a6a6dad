//! Calls and returns of every kind that is not Lua calling Lua; [natives](super::native) have their own place.
//!
//! Nothing here recurses: what has to happen next is an [`Action`], and [`Runtime::drive`] performs actions until a Lua function has to be
//! executed or the run is left.

use super::native::NativeStep;
use super::{Exit, move_down};
use crate::metamethod::Metamethod;
use crate::native::Raise;
use crate::runtime::Runtime;
use crate::thread::{Finish, Frame, WINDOW};
use crate::value::{ClosureHandle, Value};

/// Most stack slots a thread can have before "stack overflow", which frames of many arguments reach long before they are
/// too many: 64 MB.
const STACK_SLOTS_MAX: usize = 1 << 22;

/// Most frames a thread can have before its first "stack overflow", its host's included: 5.1 doubles an array of frames, and the next
/// size is above its limit. It doubles the array all the same, so that error handlers have as many frames again.
const FIRST_MAX_FRAMES: usize = 16_384;
/// 5.1's `LUAI_MAXCALLS`: the size the array gets when the error is caught, and so the most frames before the next "stack overflow" (its
/// collector may have halved the array a few times by then, for a few frames less).
const MAX_FRAMES: usize = 20_000;
/// So many frames there may be whatever the host has.
pub(crate) const SAFE_FRAMES: usize = FIRST_MAX_FRAMES - 500;
/// Most nested calls from natives and metamethods into Lua: one below 5.1's `LUAI_MAXCCALLS`.
pub(crate) const MAX_NATIVE_DEPTH: u32 = 199;
/// Depth that leaves no room for error handlers either.
const MAX_HANDLER_DEPTH: u32 = 224;

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
        if self.thread.reach < slots {
            self.extend_reach(slots);
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
                let frame = Frame::native(function, base, base + arguments, handle, want, finish);
                let step = self.heap.natives[handle.index()].function;
                Ok(self.run_native(NativeStep {
                    frame,
                    step,
                    state: None,
                    arguments,
                    callback_start: base + arguments,
                    failed: false,
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

    /// Fails if natives and metamethods call into Lua too deeply.
    #[inline(always)]
    pub(super) fn check_depth(&mut self) -> Result<(), Raise> {
        if self.thread.native_depth < MAX_NATIVE_DEPTH {
            return Ok(());
        }
        self.too_deep()
    }

    #[cold]
    fn too_deep(&mut self) -> Result<(), Raise> {
        if self.thread.native_depth == MAX_NATIVE_DEPTH {
            self.thread.count_failed_call();
            return Err(self.error("C stack overflow"));
        }
        if self.thread.native_depth >= MAX_HANDLER_DEPTH {
            return Err(Raise::NoRoomForHandler);
        }
        Ok(())
    }

    /// Counts a frame in; fails if there are too many.
    #[inline(always)]
    pub(super) fn count_frame(&mut self, finish: Finish) -> Result<(), Raise> {
        let thread = &*self.thread;
        if thread.frames.len() >= SAFE_FRAMES
            || thread.stack.len() > STACK_SLOTS_MAX
            || thread.overflowed
        {
            self.check_frames()?;
        }
        if is_nested(finish) {
            self.check_depth()?;
            self.thread.native_depth += 1;
        }
        Ok(())
    }

    #[cold]
    fn check_frames(&mut self) -> Result<(), Raise> {
        let frames = self.frames_in_use();
        let thread = &mut *self.thread;
        let most = if thread.has_overflowed {
            MAX_FRAMES
        } else {
            FIRST_MAX_FRAMES
        };
        if thread.overflowed {
            if frames >= 2 * most || thread.stack.len() > 2 * STACK_SLOTS_MAX {
                return Err(Raise::NoRoomForHandler);
            }
            // It had outgrown its slots, which it has given back.
            if frames < SAFE_FRAMES && thread.stack.len() <= STACK_SLOTS_MAX {
                thread.overflowed = false;
            }
        } else if frames >= most || thread.stack.len() > STACK_SLOTS_MAX {
            thread.overflowed = true;
            return Err(self.error("stack overflow"));
        }
        Ok(())
    }

    /// How many frames the running thread has as 5.1 counts them: a coroutine has one below its function, and the main thread one for
    /// each call of the host.
    fn frames_in_use(&self) -> usize {
        let outer = match self.thread.resumer {
            None => self.outer_calls as usize,
            Some(_) => 1,
        };
        self.thread.frames.len() + outer
    }

    /// An error has been caught: if it was caught below the limit, "stack overflow" can be raised again.
    #[inline]
    pub(super) fn restore_frame_limit(&mut self) {
        if self.thread.overflowed
            && self.thread.stack.len() <= STACK_SLOTS_MAX
            && self.frames_in_use() < MAX_FRAMES - 1
        {
            self.thread.overflowed = false;
            self.thread.has_overflowed = true;
        }
    }

    /// Pushes the frame of a Lua function, its arguments arranged as it expects them.
    #[inline]
    pub(crate) fn push_frame(
        &mut self,
        closure: ClosureHandle,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Result<(), Raise> {
        if self.push_plain_frame(closure, function, arguments, want, finish) {
            return Ok(());
        }
        self.push_any_frame(closure, function, arguments, want, finish)
    }

    /// The same where nothing has to grow or to move. False if it is not so simple; then nothing has happened.
    #[inline(always)]
    fn push_plain_frame(
        &mut self,
        closure: ClosureHandle,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> bool {
        let number = self.heap.closures[closure.index()].proto;
        let Some(Some(loaded)) = self.loaded.get(number as usize) else {
            return false;
        };
        let parameters = usize::from(loaded.parameters);
        let thread = &mut *self.thread;
        let (base, slots) = (function + 1, thread.stack.len());
        let room = thread.frames.capacity().min(thread.frames_max);
        if (loaded.is_vararg && (arguments > 0 || loaded.needs_arg))
            || thread.overflowed
            || thread.frames.len() >= room
            || slots > STACK_SLOTS_MAX
            || slots < base + arguments + parameters + 1 + WINDOW
            || thread.native_depth >= MAX_NATIVE_DEPTH
        {
            return false;
        }
        if is_nested(finish) {
            thread.native_depth += 1;
        }
        for index in arguments..parameters {
            thread.stack[base + index] = Value::Nil;
        }
        if loaded.is_vararg {
            // The register of `arg`.
            thread.stack[base + parameters] = Value::Nil;
        }
        let frame = Frame::lua(function, base, number, closure, want, finish);
        thread.frames.push(frame);
        true
    }

    #[inline(never)]
    fn push_any_frame(
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
        if !self.thread.frames.is_empty() {
            // The run is no longer a shallow one.
            self.thread.frames_max = SAFE_FRAMES;
        }
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
        let room = self.thread.frames.capacity();
        self.thread
            .frames
            .push(Frame::lua(function, base, number, closure, want, finish));
        if self.thread.frames.capacity() != room {
            self.heap.recount_thread(&mut self.thread);
        }
        Ok(())
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
        if frame.finish == Finish::Bottom && self.thread.resumer.is_none() {
            self.move_results(from, count, frame.function as usize, -1);
            return Step::Exit(Exit::Finished);
        }
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
            Finish::Protected => self.protected_call_returned(from, count),
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
    pub(super) fn move_results(
        &mut self,
        from: usize,
        count: usize,
        destination: usize,
        want: i16,
    ) {
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
}
