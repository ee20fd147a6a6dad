//! Errors on their way up: handlers, frames taken off, and who catches them.

use super::Exit;
use super::call::{Action, Step};
use crate::native::Raise;
use crate::runtime::{Failure, Runtime};
use crate::thread::{Finish, NativeFrame, Waiting};
use crate::value::Value;

impl Runtime {
    /// Decides what an error leads to: a call of an `xpcall` handler, a `pcall` that returns, a coroutine that dies, or the end of the run.
    pub(crate) fn handle_error(&mut self, raise: Raise) -> Action {
        let in_native = std::mem::take(&mut self.in_native);
        let value = match raise {
            Raise::Error(value) => value,
            Raise::NoRoomForHandler | Raise::OutOfMemory | Raise::Stopped => {
                self.note_failure();
                return self.unwind(raise);
            }
        };
        match self.handler() {
            Some(Some(handler)) => {
                let is_function = matches!(handler, Value::Function(_) | Value::Native(_));
                if !is_function {
                    return self.unwind(Raise::NoRoomForHandler);
                }
                // If the handler's call is one too many, the handler is told of that, with the position of what it would have been called for.
                self.in_native = in_native;
                let checked = self.check_depth();
                self.in_native = false;
                let value = match checked {
                    Ok(()) => value,
                    Err(Raise::Error(overflow)) => overflow,
                    Err(raise) => return self.unwind(raise),
                };
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

    /// The handler of the innermost protected call: none if nothing protects, an inner none if errors are just caught.
    fn handler(&self) -> Option<Option<Value>> {
        let mut natives = self.thread.natives.iter().rev();
        for frame in self.thread.frames.iter().rev() {
            match frame.waiting() {
                Some(Waiting::ProtectedCall) => return Some(None),
                Some(Waiting::Step) => {
                    let native = natives.next()?;
                    if native.protected {
                        return Some(native.handler);
                    }
                }
                _ => {}
            }
        }
        None
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
            Raise::Error(_) | Raise::NoRoomForHandler => true,
        };
        while let Some(frame) = self.thread.frames.last() {
            let waiting = frame.waiting();
            if waiting == Some(Waiting::ProtectedCall) && catchable {
                let called = frame.function as usize + 1;
                self.close_upvalues(called);
                // It was called where nothing had failed.
                self.thread.forget_failed_calls(0);
                self.restore_frame_limit();
                return self.protected_call_failed(raise);
            }
            let native = match waiting {
                Some(Waiting::Step) => self.thread.natives.last(),
                _ => None,
            };
            if let Some(&NativeFrame {
                protected: true,
                failed_calls,
                ..
            }) = native
                && catchable
            {
                let start = frame.pc as usize;
                self.close_upvalues(start);
                let value = self.error_value(raise);
                self.thread.forget_failed_calls(failed_calls);
                self.restore_frame_limit();
                self.ensure_stack(start + 1);
                self.thread.stack[start] = value;
                return match self.native_step(1, true) {
                    Some(step) => self.run_native(step),
                    None => Action::Leave(Step::Exit(Exit::Finished)),
                };
            }
            if waiting == Some(Waiting::Step) {
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
            Raise::NoRoomForHandler => self.heap.new_string(b"error in error handling").into(),
            Raise::OutOfMemory => self.heap.new_string(b"not enough memory").into(),
            Raise::Stopped => self.heap.new_string(b"script stopped").into(),
        }
    }
}
