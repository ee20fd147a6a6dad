//! Switching between threads.

use super::Exit;
use super::call::{Action, MAX_NATIVE_DEPTH, Step, is_nested};
use crate::native::Raise;
use crate::runtime::Runtime;
use crate::thread::{Finish, Pending, Status, Thread};
use crate::value::{ThreadHandle, Value};

/// Native calls below which a coroutine may still be resumed: one more than other calls into Lua may have.
const MAX_RESUME_DEPTH: u32 = MAX_NATIVE_DEPTH + 1;

impl Runtime {
    /// Makes a coroutine that will run `function`.
    pub(crate) fn new_coroutine(&mut self, function: Value) -> ThreadHandle {
        let mut thread = Thread::new(self.thread.environment, 0);
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
    pub(crate) fn switch_to(&mut self, target: ThreadHandle) {
        if target != self.main {
            self.heap.note_thread_run(target);
        }
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
        let start = self.resumption_slot();
        self.copy_from_thread(yielding, from, count, start);
        self.go_on_in_resumer(count, false)
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
        let freed = self.thread.bytes();
        self.heap.subtract_bytes(freed);
        let (resumer, environment) = (self.thread.resumer, self.thread.environment);
        *self.thread = Thread {
            status: Status::Dead,
            resumer,
            environment,
            ..Thread::default()
        };
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
        let start = self.resumption_slot();
        self.ensure_stack(start + values.len());
        self.thread.stack[start..start + values.len()].copy_from_slice(values);
        self.go_on_in_resumer(values.len(), failed)
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
