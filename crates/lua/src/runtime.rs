//! Everything running code touches: heap, fuel, the running thread, the host's state.
//!
//! A `Vm` is a runtime plus the code of the loaded prototypes. The two are apart so that the dispatch loop can hold slices of code and constants while
//! it changes the runtime.

use std::any::Any;
use std::sync::Arc;

use crate::heap::{Heap, Roots};
use crate::hook::HookState;
use crate::loaded::{LoadedProto, Unloaded};
use crate::meter::Meter;
use crate::native::{Host, Raise};
use crate::thread::{Frame, Thread, WINDOW};
use crate::value::{ThreadHandle, Value};

/// The running part of a VM, as natives see it.
pub struct Runtime {
    /// All objects.
    pub heap: Heap,
    /// Fuel.
    pub meter: Meter,
    /// The thread that runs; its slot in the heap is empty meanwhile.
    pub(crate) thread: Box<Thread>,
    pub(crate) current: ThreadHandle,
    pub(crate) host: Option<Box<dyn Host>>,
    /// The loaded prototypes by number.
    pub(crate) loaded: Vec<Option<Arc<LoadedProto>>>,
    /// What the libraries remember.
    pub libraries: crate::library::LibraryState,
    /// The prototypes the collector has found unused.
    pub(crate) unloaded: Unloaded,
    pub(crate) main: ThreadHandle,
    /// Stacks and frames of coroutines that are over, for the next ones. Not counted as the program's memory.
    pub(crate) spare_stacks: Vec<(Vec<Value>, Vec<Frame>)>,
    /// A native function runs, not an instruction; or it has ended with an error that is still to be handled.
    pub(crate) in_native: bool,
    /// Native calls of the host below a run, as 5.1 counts them towards its limit of 200: a host that calls through a protected call has 1.
    pub outer_calls: u32,
    /// "not enough memory" cannot be caught by Lua code.
    pub(crate) memory_error_is_fatal: bool,
    /// What watches the run.
    pub(crate) hooks: HookState,
    /// Where and how the run failed, noted before its frames were taken off.
    pub(crate) failure: Option<Failure>,
}

/// The place of an error nothing caught.
pub(crate) struct Failure {
    pub(crate) traceback: Vec<u8>,
    pub(crate) source: Option<Arc<[u8]>>,
    pub(crate) line: Option<u32>,
}

impl Runtime {
    pub(crate) fn new() -> Runtime {
        let mut heap = Heap::new();
        let globals = heap.globals;
        // The slot of the main thread; the thread itself is the one that runs.
        let main = heap.new_thread(Thread::default());
        let mut thread = Box::new(Thread::new(globals, 1));
        thread.begin_shallow();
        heap.recount_thread(&mut thread);
        Runtime {
            heap,
            meter: Meter::new(),
            thread,
            current: main,
            host: None,
            loaded: Vec::new(),
            libraries: crate::library::LibraryState::default(),
            unloaded: Unloaded::default(),
            main,
            spare_stacks: Vec::new(),
            in_native: false,
            outer_calls: 1,
            memory_error_is_fatal: false,
            hooks: HookState::default(),
            failure: None,
        }
    }

    /// The host state, if there is one of type `T`.
    pub fn host_mut<T: Any>(&mut self) -> Option<&mut T> {
        let host: &mut dyn Any = self.host.as_deref_mut()?;
        host.downcast_mut()
    }

    /// Brings the collector forward, and fails if the memory cap is passed all the same.
    #[cold]
    pub(crate) fn collect_garbage_if_due(&mut self) -> Result<(), Raise> {
        self.heap.recount_thread(&mut self.thread);
        let (heap, mut roots) = self.heap_and_roots(0);
        let work = heap.collect_if_due(&mut roots);
        self.pay_for_collection(work);
        if self.heap.has_room(0) {
            Ok(())
        } else {
            Err(Raise::OutOfMemory)
        }
    }

    /// Collects everything that is unreachable. `native_top` is the end of the slots in use by the native function that asks for it; 0 if none does.
    pub(crate) fn collect_garbage(&mut self, native_top: usize) {
        self.heap.recount_thread(&mut self.thread);
        let (heap, mut roots) = self.heap_and_roots(native_top);
        let work = heap.collect_now(&mut roots);
        self.pay_for_collection(work);
    }

    /// A step of the collector, worth `kilobytes` of allocation. Whether a collection is over with it.
    pub(crate) fn collect_step(&mut self, native_top: usize, kilobytes: usize) -> bool {
        self.heap.recount_thread(&mut self.thread);
        let (heap, mut roots) = self.heap_and_roots(native_top);
        let (is_over, work) = heap.collect_on_request(&mut roots, kilobytes);
        self.pay_for_collection(work);
        is_over
    }

    fn heap_and_roots(&mut self, native_top: usize) -> (&mut Heap, Roots<'_>) {
        let roots = Roots {
            loaded: &mut self.loaded,
            unloaded: &mut self.unloaded,
            thread: &mut self.thread,
            current: self.current,
            main: self.main,
            native_top,
        };
        (&mut self.heap, roots)
    }

    /// Burns fuel for the collector's work. If it is used up, the run notices at its next look.
    fn pay_for_collection(&mut self, work: usize) {
        self.meter.fuel = self.meter.fuel.saturating_sub_unsigned(work as u64 / 8);
    }

    /// Notes that the running thread's slots below `end` are written to from now on, and sees to a register window above them.
    #[cold]
    pub(crate) fn extend_reach(&mut self, end: usize) {
        // The next ones mostly follow.
        const AHEAD: usize = 8;
        let reach = end + AHEAD;
        if self.thread.stack.len() < reach + WINDOW {
            self.grow_stack(reach + WINDOW);
        }
        self.thread.reach = reach;
    }

    /// Makes the running thread's stack hold at least `slots` slots.
    #[cold]
    pub(crate) fn grow_stack(&mut self, slots: usize) {
        let stack = &mut self.thread.stack;
        let size = slots.max(stack.len() * 2);
        stack.resize(size, Value::Nil);
        self.heap.recount_thread(&mut self.thread);
    }
}
