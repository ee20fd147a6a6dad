//! The state of a thread of execution: stack, frames and captured registers. All of it is data, so a run can be left at any instruction and
//! taken up again.

use std::any::Any;

use crate::native::NativeFunction;
use crate::value::{ClosureHandle, NativeHandle, TableHandle, ThreadHandle, UpvalueHandle, Value};
use crate::vm::SAFE_FRAMES;

/// Slots every frame may use above its base: as many as an 8-bit operand can name.
pub(crate) const WINDOW: usize = 256;

/// Slots of a new stack.
pub(crate) const SMALLEST_STACK: usize = WINDOW + 16;

/// The numbers in a frame's `proto` that mark native functions which wait.
const NATIVE: u32 = u32::MAX;
const PROTECTED_CALL: u32 = u32::MAX - 1;
const RESUME: u32 = u32::MAX - 2;
const WRAPPER: u32 = u32::MAX - 3;

/// What the native function of a frame waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// What its [`NativeFrame`] says.
    Step,
    /// `pcall`, for the function it called. The frame is all there is to it.
    ProtectedCall,
    /// `coroutine.resume`, for the coroutine. The frame is all there is to it.
    Resume,
    /// The same of a function that `coroutine.wrap` made.
    Wrapper,
}

/// What happens with the results of a frame when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// They go to the caller's registers, from the function's slot up.
    Call,
    /// Like `Call`, for the function of a generic `for`, which cannot yield.
    Iterator,
    /// They are the results of the run, or of the coroutine.
    Bottom,
    /// The first one goes to this register of the caller.
    Store(u8),
    /// They are ignored.
    Discard,
    /// The first one's truth is compared with the flag to decide about the jump that follows the caller's instruction.
    Condition(bool),
    /// The first one becomes the last operand of a concatenation that goes on: the register of that operand.
    Concat(u8),
    /// The native function below goes on with them.
    Native,
    /// They are the results of the `pcall` below, behind `true`.
    Protected,
    /// The first one is the error value an `xpcall` handler made.
    ErrorHandler,
}

/// A function being executed.
// 32 bytes, so that the next one is a shift away.
#[derive(Clone, Copy, Debug)]
#[repr(align(16))]
pub(crate) struct Frame {
    /// Slot of the called function; results go there.
    pub(crate) function: u32,
    /// First register (Lua) or first argument (native).
    pub(crate) base: u32,
    /// Next instruction (Lua) or end of the window (native).
    pub(crate) pc: u32,
    /// Number of the loaded prototype, or what kind of native function waits.
    pub(crate) proto: u32,
    /// The Lua closure; for natives the native handle's number.
    pub(crate) callee: u32,
    /// Tail calls that led to this frame and left no frame behind.
    pub(crate) tail_calls: u32,
    /// The collection in which everything below this frame was scanned while it was there; 0 for a new frame.
    pub(crate) scanned: u32,
    /// Results the caller wants; negative for all.
    pub(crate) want: i16,
    pub(crate) finish: Finish,
}

impl Frame {
    #[inline(always)]
    pub(crate) fn is_lua(&self) -> bool {
        self.proto < WRAPPER
    }

    /// What it waits for, if it is that of a native function.
    #[inline(always)]
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        match self.proto {
            NATIVE => Some(Waiting::Step),
            PROTECTED_CALL => Some(Waiting::ProtectedCall),
            RESUME => Some(Waiting::Resume),
            WRAPPER => Some(Waiting::Wrapper),
            _ => None,
        }
    }

    pub(crate) fn closure(&self) -> Option<ClosureHandle> {
        self.is_lua().then_some(ClosureHandle(self.callee))
    }

    /// The frame of a Lua function that is about to begin.
    #[inline(always)]
    pub(crate) fn lua(
        function: usize,
        base: usize,
        proto: u32,
        closure: ClosureHandle,
        want: i16,
        finish: Finish,
    ) -> Frame {
        Frame {
            function: function as u32,
            base: base as u32,
            pc: 0,
            proto,
            callee: closure.0,
            tail_calls: 0,
            scanned: 0,
            want,
            finish,
        }
    }

    /// Makes this the frame of a Lua function called in place of the one that it was for. The slot of the function.
    #[inline(always)]
    pub(crate) fn reuse(&mut self, proto: u32, closure: ClosureHandle) -> usize {
        self.base = self.function + 1;
        self.proto = proto;
        self.callee = closure.0;
        self.tail_calls = self.tail_calls.saturating_add(1);
        self.function as usize
    }

    /// The frame of a native function: only one that waits for a call it asked for is among a thread's frames.
    #[inline(always)]
    pub(crate) fn native(
        function: usize,
        base: usize,
        end: usize,
        handle: NativeHandle,
        want: i16,
        finish: Finish,
    ) -> Frame {
        Frame {
            function: function as u32,
            base: base as u32,
            pc: end as u32,
            proto: NATIVE,
            callee: handle.0,
            tail_calls: 0,
            want,
            finish,
            scanned: 0,
        }
    }

    /// The frame of a native function the VM itself carries out: its window ends behind the function's slot.
    #[inline(always)]
    pub(crate) fn waiting_for(
        waiting: Waiting,
        function: usize,
        handle: NativeHandle,
        want: i16,
        finish: Finish,
    ) -> Frame {
        let base = function + 1;
        Frame {
            proto: match waiting {
                Waiting::Step => NATIVE,
                Waiting::ProtectedCall => PROTECTED_CALL,
                Waiting::Resume => RESUME,
                Waiting::Wrapper => WRAPPER,
            },
            ..Frame::native(function, base, base, handle, want, finish)
        }
    }
}

/// What a waiting native function keeps.
pub(crate) struct NativeFrame {
    pub(crate) function: NativeHandle,
    pub(crate) resume: NativeFunction,
    pub(crate) state: Option<Box<dyn Any + Send>>,
    pub(crate) arguments: u32,
    /// Errors of the call are caught and handed to `resume`.
    pub(crate) protected: bool,
    /// `xpcall`'s handler.
    pub(crate) handler: Option<Value>,
    /// The thread's `failed_calls` when it began to wait.
    pub(crate) failed_calls: u32,
}

/// A register captured by closures.
#[derive(Clone, Copy)]
pub(crate) struct OpenUpvalue {
    pub(crate) slot: u32,
    pub(crate) upvalue: UpvalueHandle,
}

/// What a coroutine is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not started, or yielded.
    #[default]
    Suspended,
    /// The one that runs.
    Running,
    /// Waits for a coroutine it has resumed.
    Normal,
    /// Returned or failed.
    Dead,
}

/// A thread of execution.
#[derive(Default)]
pub(crate) struct Thread {
    pub(crate) stack: Vec<Value>,
    pub(crate) frames: Vec<Frame>,
    /// The end of the slots that whoever is not the window of a Lua function may have written to. There are [`WINDOW`] slots above it.
    pub(crate) reach: usize,
    /// The most frames that calls push without asking: in a run that is shallow just the bottom one, else as many as are safe.
    pub(crate) frames_max: usize,
    pub(crate) natives: Vec<NativeFrame>,
    /// By ascending slot.
    pub(crate) open: Vec<OpenUpvalue>,
    /// The slot behind the highest captured one; 0 if none is captured.
    pub(crate) open_end: usize,
    /// End of the values an instruction with open results left.
    pub(crate) top: usize,
    pub(crate) status: Status,
    pub(crate) environment: TableHandle,
    pub(crate) resumer: Option<ThreadHandle>,
    /// Calls by natives and metamethods that are under way, with those that failed and whose error nothing has caught yet.
    pub(crate) native_depth: u32,
    /// Those below the first call of a coroutine: its resume, and all that its resumer had.
    pub(crate) base_depth: u32,
    /// How many of `native_depth` have failed without leaving a frame: 5.1 takes them off its C stack only when the error is caught, so
    /// that error handlers run above them.
    pub(crate) failed_calls: u32,
    /// There was a "stack overflow" that nothing has caught yet: error handlers may have more frames.
    pub(crate) overflowed: bool,
    /// There was one that has been caught: the next comes later, as 5.1's array of frames has got another size.
    pub(crate) has_overflowed: bool,
    /// Where the values go that a suspended coroutine is resumed with.
    pub(crate) pending: Option<Pending>,
    /// Its slot in the heap holds no thread.
    pub(crate) is_vacant: bool,
    /// The bytes counted for it.
    pub(crate) counted: usize,
}

/// The call of `coroutine.yield` that waits for the values of the next resume.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) destination: u32,
    pub(crate) want: i16,
    pub(crate) finish: Finish,
}

impl Thread {
    /// A thread with an empty stack of the smallest size, below which there are `native_depth` native calls.
    pub(crate) fn new(environment: TableHandle, native_depth: u32) -> Thread {
        Thread {
            stack: vec![Value::Nil; SMALLEST_STACK],
            frames_max: SAFE_FRAMES,
            environment,
            native_depth,
            base_depth: native_depth,
            ..Thread::default()
        }
    }

    /// Whether only the bottom function has run since the stack was clear: then nothing is written from `reach` on.
    #[inline]
    pub(crate) fn is_shallow(&self) -> bool {
        self.frames_max == 1
    }

    /// Forgets all values on a stack that is not in use.
    pub(crate) fn clear_stack(&mut self) {
        let end = match self.is_shallow() {
            true => self.reach.min(self.stack.len()),
            false => self.stack.len(),
        };
        self.stack[..end].fill(Value::Nil);
        debug_assert!(self.stack.iter().all(|value| value.is_nil()));
        self.begin_shallow();
    }

    /// Notes that the stack is clear.
    pub(crate) fn begin_shallow(&mut self) {
        self.reach = 0;
        self.frames_max = 1;
    }

    /// Counts a call that failed before it had a frame, or was that of a native function.
    pub(crate) fn count_failed_call(&mut self) {
        self.native_depth += 1;
        self.failed_calls += 1;
    }

    /// Takes the calls off that have failed since there were `failed_calls`: their error is caught.
    pub(crate) fn forget_failed_calls(&mut self, failed_calls: u32) {
        self.native_depth -= self.failed_calls.saturating_sub(failed_calls);
        self.failed_calls = failed_calls;
    }

    /// The heap bytes behind the thread.
    pub(crate) fn bytes(&self) -> usize {
        self.stack.capacity() * size_of::<Value>()
            + self.frames.capacity() * size_of::<Frame>()
            + self.natives.capacity() * size_of::<NativeFrame>()
            + self.open.capacity() * size_of::<OpenUpvalue>()
    }

    /// How many slots of the stack may hold values in use.
    pub(crate) fn used_slots(&self, max_stack: impl Fn(u32) -> usize) -> usize {
        let frames = self.frames.last().map_or(0, |frame| {
            if frame.is_lua() {
                frame.base as usize + max_stack(frame.proto)
            } else {
                frame.pc as usize
            }
        });
        frames.max(self.top)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::compiler::compile;
    use crate::{Outcome, Vm};

    /// What writes to slots in its own way.
    const SOURCES: [&str; 12] = [
        "return 1",
        "local a, b, c = 'a', {}, 'c' .. 'd' return b",
        "local t = {} for i = 1, 400 do t[i] = tostring(i) end return select('#', unpack(t))",
        "local function f(n) if n == 0 then return {} end return f(n - 1), 'x' end return f(30)",
        "local function f(...) local a, b, c, d, e, f, g = ... return {...} end return f('1', '2', '3', '4', '5', '6', '7')",
        "return pcall(function() local t = {} t[1] = {} error(t) end)",
        "return pcall(error, {})",
        "local t = setmetatable({}, {__index = function(t, k) return k .. k end}) return t.x, t.y",
        "return (string.gsub('a b c', '%w', function(w) return w .. '!' end))",
        "local c = coroutine.wrap(function(a) for i = 1, 9 do a = coroutine.yield({}, a, 'b') end end) for i = 1, 9 do c('x') end",
        "local t = {'c', 'b', 'a'} table.sort(t, function(a, b) return a < b end) return unpack(t)",
        "local t = setmetatable({}, {__call = function(self, ...) return select(2, ...) end}) return t('a', 'b', {})",
    ];

    #[test]
    fn a_run_leaves_no_value_on_the_stack() {
        let mut vm = Vm::new();
        crate::library::open_all(&mut vm);
        let functions: Vec<_> = SOURCES
            .iter()
            .map(|source| {
                let proto = compile(source.as_bytes(), b"=test").expect(source);
                let function = vm.load(&Arc::new(proto));
                vm.pin(function);
                function
            })
            .collect();
        for _ in 0..3 {
            for (&function, source) in functions.iter().zip(SOURCES) {
                vm.begin_region();
                let outcome = vm.call(function, &[], 1_000_000);
                assert!(matches!(outcome, Outcome::Finished), "{source}");
                vm.end_region();
                let stack = &vm.runtime.thread.stack;
                assert!(stack.iter().all(|value| value.is_nil()), "{source}");
                assert!(vm.runtime.thread.is_shallow(), "{source}");
            }
        }
    }

    #[test]
    fn a_call_of_a_leaf_gives_as_many_results_as_it_returns() {
        let mut vm = Vm::new();
        for (source, results) in [
            ("return 7", 1),
            ("local a = 1", 0),
            ("return", 0),
            ("return nil", 1),
            ("return 1, 2", 2),
        ] {
            let proto = compile(source.as_bytes(), b"=test").expect(source);
            let function = vm.load(&Arc::new(proto));
            assert!(matches!(vm.call(function, &[], 1000), Outcome::Finished));
            assert_eq!(vm.results().len(), results, "{source}");
        }
    }
}
