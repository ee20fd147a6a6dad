//! `pcall` without a step of a native function: a frame that waits, and what becomes of it when the call returns or fails.

use super::call::{Action, Step};
use super::copy_value;
use super::stack::settle;
use crate::heap::Role;
use crate::native::Raise;
use crate::opcode::Instruction;
use crate::runtime::Runtime;
use crate::thread::{Finish, Frame, Waiting};
use crate::value::{NativeHandle, Value};

impl Runtime {
    /// A call of `pcall` in slot `function`. None if it is for the function itself.
    pub(super) fn protect(
        &mut self,
        function: usize,
        arguments: usize,
        want: i16,
        finish: Finish,
    ) -> Option<Step> {
        let (Value::Native(handle), 1..) = (self.thread.stack[function], arguments) else {
            return None;
        };
        // The frame does not keep how many calls had failed before.
        if self.thread.failed_calls > 0 {
            return None;
        }
        if let Err(raise) = self.count_frame(finish) {
            return Some(self.raise(raise));
        }
        let frame = Frame::waiting_for(Waiting::ProtectedCall, function, handle, want, finish);
        self.thread.frames.push(frame);
        let (called, arguments) = (function + 1, arguments - 1);
        if let Value::Function(closure) = self.thread.stack[called] {
            let pushed = self.push_frame(closure, called, arguments, -1, Finish::Protected);
            return Some(match pushed {
                Ok(()) => Step::Run,
                Err(raise) => self.raise(raise),
            });
        }
        Some(self.call(called, arguments, -1, Finish::Protected))
    }

    /// Returns one value to the `pcall` below, and that to its caller. False if there is more to it; then nothing has happened.
    #[inline(always)]
    pub(super) fn return_to_protected_call(&mut self, instruction: Instruction) -> bool {
        let thread = &mut *self.thread;
        let [.., waiting, frame] = &*thread.frames else {
            return false;
        };
        let base = frame.base as usize;
        if frame.finish != Finish::Protected
            || waiting.finish != Finish::Call
            || thread.open_end > base
        {
            return false;
        }
        let (function, want) = (waiting.function as usize, waiting.want);
        let value = thread.stack[base + usize::from(instruction.a())];
        thread.frames.pop();
        thread.frames.pop();
        thread.native_depth -= 1;
        thread.stack[function] = Value::Boolean(true);
        copy_value(&value, &mut thread.stack[function + 1]);
        settle(&mut thread.stack, &mut thread.top, function, 2, want);
        true
    }

    /// The function a `pcall` called has returned `count` results from slot `from` up.
    #[inline]
    pub(super) fn protected_call_returned(&mut self, from: usize, count: usize) -> Action {
        let Some(frame) = self.thread.frames.pop() else {
            return Action::Leave(Step::Run);
        };
        self.leave_frame(frame.finish);
        let function = frame.function as usize;
        let want = if frame.want < 0 {
            -1
        } else {
            (frame.want - 1).max(0)
        };
        self.move_results(from, count, function + 1, want);
        self.thread.stack[function] = Value::Boolean(true);
        if self.heap.needs_attention()
            && let Err(raise) = self.collect_garbage_if_due()
        {
            return Action::Fail(raise);
        }
        Action::Leave(Step::Run)
    }

    /// The `pcall` whose frame is on top catches an error.
    pub(super) fn protected_call_failed(&mut self, raise: Raise) -> Action {
        let Some(frame) = self.thread.frames.pop() else {
            return Action::Fail(raise);
        };
        self.leave_frame(frame.finish);
        let function = frame.function as usize;
        let mut value = self.error_value(raise);
        let native = NativeHandle(frame.callee);
        if let Role::ProtectedCall(on_error) = self.heap.natives[native.index()].role {
            value = on_error(&mut self.heap, value);
        }
        self.ensure_stack(function + 2);
        self.thread.stack[function] = Value::Boolean(false);
        self.thread.stack[function + 1] = value;
        Action::Deliver {
            from: function,
            count: 2,
            destination: function,
            want: frame.want,
            finish: frame.finish,
        }
    }
}
