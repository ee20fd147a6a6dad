//! Switching between threads.

use super::Exit;
use super::call::{Action, MAX_NATIVE_DEPTH, SAFE_FRAMES, Step, is_nested};
use super::copy_value;
use super::native::NativeStep;
use crate::heap::Role;
use crate::library::coroutine::wrapped_resumed;
use crate::native::Raise;
use crate::opcode::Instruction;
use crate::runtime::Runtime;
use crate::thread::{Finish, Frame, Pending, SMALLEST_STACK, Status, Thread, Waiting};
use crate::value::{NativeHandle, ThreadHandle, Value};

/// Native calls below which a coroutine may still be resumed: one more than other calls into Lua may have.
const MAX_RESUME_DEPTH: u32 = MAX_NATIVE_DEPTH + 1;

/// Most stacks of coroutines that are kept for the next ones, and the most frames such a one may have room for.
const SPARE_STACKS_MAX: usize = 8;
const SPARE_FRAMES_MAX: usize = 16;

impl Runtime {
    /// Makes a coroutine that will run `function`.
    pub(crate) fn new_coroutine(&mut self, function: Value) -> ThreadHandle {
        let environment = self.thread.environment;
        let mut thread = match self.spare_stacks.pop() {
            Some((stack, frames)) => Thread {
                stack,
                frames,
                frames_max: SAFE_FRAMES,
                environment,
                ..Thread::default()
            },
            None => Thread::new(environment, 0),
        };
        thread.stack[0] = function;
        thread.top = 1;
        self.heap.new_thread(thread)
    }

    /// What a coroutine is doing.
    pub(crate) fn thread_status(&self, handle: ThreadHandle) -> Status {
        if handle == self.current {
            Status::Running
        } else {
            self.heap.threads[handle.index()].status
        }
    }

    /// Makes another thread the running one.
    #[inline]
    pub(crate) fn switch_to(&mut self, target: ThreadHandle) {
        if target != self.main {
            self.heap.note_thread_run(target);
        }
        self.heap.barrier_left_thread(self.current);
        std::mem::swap(
            &mut self.thread,
            &mut self.heap.threads[self.current.index()],
        );
        std::mem::swap(&mut self.thread, &mut self.heap.threads[target.index()]);
        self.current = target;
        self.thread.status = Status::Running;
    }

    /// Resumes a coroutine with `count` values from slot `from` of the running thread.
    pub(crate) fn resume_thread(
        &mut self,
        target: ThreadHandle,
        from: usize,
        count: usize,
    ) -> Action {
        if self.thread.native_depth >= MAX_RESUME_DEPTH {
            // 5.1 leaves a coroutine dead that it could not even begin to run.
            self.heap.threads[target.index()].status = Status::Dead;
            let raise = Raise::Error(self.heap.new_string(b"C stack overflow").into());
            return self.unwind(raise);
        }
        let resumer = self.current;
        self.thread.status = Status::Normal;
        let depth = self.thread.native_depth + 1;
        self.switch_to(target);
        // A coroutine can only have yielded where nothing native was under way in it.
        self.thread.native_depth = depth;
        self.thread.base_depth = depth;
        self.thread.resumer = Some(resumer);
        match self.thread.pending.take() {
            None => {
                self.copy_from_thread(resumer, from, count, 1);
                Action::Call {
                    function: 0,
                    arguments: count,
                    want: -1,
                    finish: Finish::Bottom,
                }
            }
            Some(Pending {
                destination,
                want,
                finish,
            }) => {
                let destination = destination as usize;
                if matches!(finish, Finish::Call | Finish::Iterator) {
                    return self.take_results(resumer, from, count, destination, want);
                }
                self.copy_from_thread(resumer, from, count, destination);
                Action::Deliver {
                    from: destination,
                    count,
                    destination,
                    want,
                    finish,
                }
            }
        }
    }

    /// Carries out a call of `coroutine.yield`, `coroutine.resume` or a function that `coroutine.wrap` made.
    #[inline(never)]
    pub(super) fn switch_threads(&mut self, instruction: Instruction) -> Step {
        if self.switch_at_once(instruction).is_some() {
            return Step::Run;
        }
        self.execute_call(instruction)
    }

    /// The same where the other thread is at such a call, too, and nothing has to grow. None if it is not so simple; then nothing has happened.
    #[inline(always)]
    fn switch_at_once(&mut self, instruction: Instruction) -> Option<()> {
        let thread = &mut *self.thread;
        let function = thread.frames.last()?.base as usize + instruction.a() as usize;
        let first = function + 1;
        let arguments = match instruction.b() {
            0 => thread.top.saturating_sub(first),
            b => b as usize - 1,
        };
        let want = i16::from(instruction.c()) - 1;
        let Value::Native(handle) = thread.stack[function] else {
            return None;
        };
        let native = &self.heap.natives[handle.index()];
        if let Role::Yield = native.role {
            let resumer = thread.resumer?;
            let frame = *self.heap.threads[resumer.index()].frames.last()?;
            if thread.native_depth > thread.base_depth
                || !matches!(frame.waiting()?, Waiting::Resume | Waiting::Wrapper)
                || frame.finish != Finish::Call
            {
                return None;
            }
            let function_there = frame.function as usize;
            let skipped = usize::from(frame.waiting() == Some(Waiting::Resume));
            let wanted = self.results_fit(
                resumer,
                arguments,
                function_there + skipped,
                frame.want,
                skipped,
            )?;
            let thread = &mut *self.thread;
            thread.pending = Some(Pending {
                destination: function as u32,
                want,
                finish: Finish::Call,
            });
            thread.status = Status::Suspended;
            thread.top = first + arguments;
            thread.resumer = None;
            let yielding = self.current;
            self.switch_to(resumer);
            let thread = &mut *self.thread;
            thread.frames.pop();
            if skipped > 0 {
                thread.stack[function_there] = Value::Boolean(true);
            }
            self.put_results(
                yielding,
                first,
                arguments,
                function_there + skipped,
                wanted,
                frame.want,
            );
            return Some(());
        }
        let (waiting, target, from) = match native.role {
            Role::Wrapper => (Waiting::Wrapper, *native.upvalues.first()?, first),
            Role::Resume if arguments > 0 => (Waiting::Resume, thread.stack[first], first + 1),
            _ => return None,
        };
        let Value::Thread(target) = target else {
            return None;
        };
        if target == self.current || thread.native_depth + 1 >= MAX_RESUME_DEPTH {
            return None;
        }
        let there = &self.heap.threads[target.index()];
        let pending = there.pending?;
        if there.status != Status::Suspended
            || pending.finish != Finish::Call
            || thread.frames.len() >= thread.frames.capacity().min(SAFE_FRAMES)
            || thread.overflowed
        {
            return None;
        }
        let count = first + arguments - from;
        let destination = pending.destination as usize;
        let wanted = self.results_fit(target, count, destination, pending.want, 0)?;
        let thread = &mut *self.thread;
        let frame = Frame::waiting_for(waiting, function, handle, want, Finish::Call);
        thread.frames.push(frame);
        thread.status = Status::Normal;
        let depth = thread.native_depth + 1;
        let resumer = self.current;
        self.switch_to(target);
        let thread = &mut *self.thread;
        thread.native_depth = depth;
        thread.base_depth = depth;
        thread.resumer = Some(resumer);
        thread.pending = None;
        self.put_results(resumer, from, count, destination, wanted, pending.want);
        Some(())
    }

    /// How many slots from `destination` on `count` results take in another thread, of which the receiver has `skipped` already: none if
    /// its stack would have to grow, or the collector has something to do.
    #[inline(always)]
    fn results_fit(
        &self,
        thread: ThreadHandle,
        count: usize,
        destination: usize,
        want: i16,
        skipped: usize,
    ) -> Option<usize> {
        let wanted = match usize::try_from(want) {
            Ok(want) => want.saturating_sub(skipped),
            Err(_) => count,
        };
        let reach = self.heap.threads[thread.index()].reach;
        (destination + wanted <= reach && !self.heap.needs_attention()).then_some(wanted)
    }

    /// Puts `wanted` of the `count` values from slot `from` of another thread up to slot `destination` of the running one, or nils.
    #[inline(always)]
    fn put_results(
        &mut self,
        other: ThreadHandle,
        from: usize,
        count: usize,
        destination: usize,
        wanted: usize,
        want: i16,
    ) {
        let values = &self.heap.threads[other.index()].stack[from..from + count];
        let places = &mut self.thread.stack[destination..destination + wanted];
        for (index, place) in places.iter_mut().enumerate() {
            copy_value(values.get(index).unwrap_or(&Value::Nil), place);
        }
        if want < 0 {
            self.thread.top = destination + wanted;
        }
    }

    /// A call of `coroutine.resume` in slot `function`. None if it is for the function itself to say what is wrong.
    pub(super) fn resume_directly(
        &mut self,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Option<Step> {
        let (Value::Thread(target), 1..) = (self.thread.stack[function + 1], arguments) else {
            return None;
        };
        let values = (function + 2, arguments - 1);
        self.wait_for_thread(Waiting::Resume, target, function, values, want, finish)
    }

    /// A call of a function that `coroutine.wrap` made. None if it is for the function itself to say what is wrong.
    pub(super) fn call_wrapper(
        &mut self,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Option<Step> {
        let Value::Native(wrapper) = self.thread.stack[function] else {
            return None;
        };
        let Value::Thread(target) = self.heap.native_upvalue(wrapper, 0) else {
            return None;
        };
        let values = (function + 1, arguments);
        self.wait_for_thread(Waiting::Wrapper, target, function, values, want, finish)
    }

    /// Resumes a coroutine with so many values from a slot up; the native function in slot `function` waits for it.
    #[inline]
    fn wait_for_thread(
        &mut self,
        waiting: Waiting,
        target: ThreadHandle,
        function: usize,
        (from, count): (usize, usize),
        want: i16,
        finish: Finish,
    ) -> Option<Step> {
        if self.thread_status(target) != Status::Suspended
            || self.thread.native_depth + 1 >= MAX_RESUME_DEPTH
        {
            return None;
        }
        let Value::Native(handle) = self.thread.stack[function] else {
            return None;
        };
        if let Err(raise) = self.count_frame(finish) {
            return Some(self.raise(raise));
        }
        let frame = Frame::waiting_for(waiting, function, handle, want, finish);
        self.thread.frames.push(frame);
        Some(match self.resume_thread(target, from, count) {
            Action::Leave(step) => step,
            action => self.drive(action),
        })
    }

    /// A call of `coroutine.yield` in slot `function`.
    pub(super) fn yield_directly(
        &mut self,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Option<Step> {
        let action = self.yield_values(function + 1, arguments, function, want, finish);
        Some(match action {
            Action::Leave(step) => step,
            action => self.drive(action),
        })
    }

    /// Yields `count` values from slot `from`; the call of `yield` gets its results in `destination`.
    pub(crate) fn yield_values(
        &mut self,
        from: usize,
        count: usize,
        destination: usize,
        want: i16,
        finish: Finish,
    ) -> Action {
        if self.thread.resumer.is_none()
            || self.thread.native_depth > self.thread.base_depth
            || is_nested(finish)
        {
            let message = self
                .heap
                .new_string(b"attempt to yield across metamethod/C-call boundary");
            return Action::Fail(Raise::Error(message.into()));
        }
        self.thread.pending = Some(Pending {
            destination: destination as u32,
            want,
            finish,
        });
        self.thread.status = Status::Suspended;
        self.thread.top = from + count;
        let yielding = self.current;
        self.leave_thread();
        if let Some(frame) = self.take_waiting_frame() {
            let (function, mut want) = (frame.function as usize, frame.want);
            let mut destination = function;
            if frame.waiting() == Some(Waiting::Resume) {
                self.thread.stack[function] = Value::Boolean(true);
                destination += 1;
                if want > 0 {
                    want -= 1;
                }
            }
            return self.take_results(yielding, from, count, destination, want);
        }
        let start = self.resumption_slot();
        self.copy_from_thread(yielding, from, count, start);
        self.go_on_in_resumer(count, false)
    }

    /// Takes the top frame off if it waits for a coroutine without a step to follow.
    #[inline]
    fn take_waiting_frame(&mut self) -> Option<Frame> {
        let frame = *self.thread.frames.last()?;
        if !matches!(frame.waiting()?, Waiting::Resume | Waiting::Wrapper) {
            return None;
        }
        self.thread.frames.pop();
        self.leave_frame(frame.finish);
        Some(frame)
    }

    /// Makes `count` values from slot `from` of another thread the results of a call instruction of the running one.
    #[inline]
    fn take_results(
        &mut self,
        other: ThreadHandle,
        from: usize,
        count: usize,
        destination: usize,
        want: i16,
    ) -> Action {
        let wanted = if want < 0 { count } else { want as usize };
        let copied = count.min(wanted);
        self.copy_from_thread(other, from, copied, destination);
        if want < 0 {
            self.thread.top = destination + count;
        } else {
            self.thread.stack[destination + copied..destination + wanted].fill(Value::Nil);
        }
        if self.heap.needs_attention()
            && let Err(raise) = self.collect_garbage_if_due()
        {
            return Action::Fail(raise);
        }
        Action::Leave(Step::Run)
    }

    /// Copies `count` values from slot `from` of another thread to slot `to` of the running one.
    fn copy_from_thread(&mut self, other: ThreadHandle, from: usize, count: usize, to: usize) {
        self.ensure_stack(to + count);
        let values = &self.heap.threads[other.index()].stack[from..from + count];
        self.thread.stack[to..to + count].copy_from_slice(values);
    }

    /// Ends the running thread with `count` results from slot `from`.
    pub(crate) fn finish_thread(&mut self, from: usize, count: usize) -> Action {
        if self.thread.resumer.is_none() {
            return Action::Leave(Step::Exit(Exit::Finished));
        }
        let values: smallvec::SmallVec<[Value; 8]> = self.thread.stack[from..from + count].into();
        self.bury_thread();
        self.back_to_resumer(&values, false)
    }

    /// Ends the running thread with an error nothing in it catches.
    pub(crate) fn fail_thread(&mut self, raise: Raise, catchable: bool) -> Action {
        if self.thread.resumer.is_none() {
            return Action::Leave(Step::Exit(Exit::Failed(raise)));
        }
        self.bury_thread();
        if catchable {
            let value = self.error_value(raise);
            return self.back_to_resumer(&[value], true);
        }
        self.leave_thread();
        self.unwind(raise)
    }

    /// Gives up the memory of the running thread, which is over.
    pub(crate) fn bury_thread(&mut self) {
        let (resumer, environment) = (self.thread.resumer, self.thread.environment);
        let counted = self.thread.counted;
        let stack = std::mem::take(&mut self.thread.stack);
        let mut frames = std::mem::take(&mut self.thread.frames);
        if stack.capacity() == SMALLEST_STACK
            && frames.capacity() <= SPARE_FRAMES_MAX
            && self.spare_stacks.len() < SPARE_STACKS_MAX
        {
            frames.clear();
            self.spare_stacks.push((stack, frames));
        }
        *self.thread = Thread {
            status: Status::Dead,
            resumer,
            environment,
            counted,
            ..Thread::default()
        };
        self.heap.recount_thread(&mut self.thread);
    }

    /// Makes the thread that resumed the running one the running one.
    fn leave_thread(&mut self) {
        let status = self.thread.status;
        if let Some(resumer) = self.thread.resumer.take() {
            self.switch_to(resumer);
        }
        debug_assert!(status != Status::Running);
    }

    fn back_to_resumer(&mut self, values: &[Value], failed: bool) -> Action {
        self.leave_thread();
        if let Some(frame) = self.take_waiting_frame() {
            return self.results_of_thread(frame, values, failed);
        }
        let start = self.resumption_slot();
        self.ensure_stack(start + values.len());
        self.thread.stack[start..start + values.len()].copy_from_slice(values);
        self.go_on_in_resumer(values.len(), failed)
    }

    /// What a coroutine that is over leads to in the native function that waited for it with this frame.
    fn results_of_thread(&mut self, frame: Frame, values: &[Value], failed: bool) -> Action {
        let function = frame.function as usize;
        let end = function + 1 + values.len();
        self.ensure_stack(end);
        self.thread.stack[function + 1..end].copy_from_slice(values);
        let is_wrapper = frame.waiting() == Some(Waiting::Wrapper);
        if is_wrapper && failed {
            // What it makes of an error is its own concern.
            return self.run_native(NativeStep {
                frame: Frame::native(
                    function,
                    function + 1,
                    end,
                    NativeHandle(frame.callee),
                    frame.want,
                    frame.finish,
                ),
                step: wrapped_resumed,
                state: None,
                arguments: 0,
                callback_start: function + 1,
                failed,
            });
        }
        let from = if is_wrapper {
            function + 1
        } else {
            self.thread.stack[function] = Value::Boolean(!failed);
            function
        };
        Action::Deliver {
            from,
            count: end - from,
            destination: function,
            want: frame.want,
            finish: frame.finish,
        }
    }

    /// Where the native function that resumed a coroutine expects what comes of it.
    fn resumption_slot(&self) -> usize {
        self.thread
            .frames
            .last()
            .map_or(0, |frame| frame.pc as usize)
    }

    #[inline(always)]
    fn go_on_in_resumer(&mut self, count: usize, failed: bool) -> Action {
        match self.native_step(count, failed) {
            Some(step) => self.run_native_here(step),
            None => Action::Leave(Step::Exit(Exit::Finished)),
        }
    }
}
