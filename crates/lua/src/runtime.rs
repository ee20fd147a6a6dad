//! Everything running code touches: heap, fuel, the running thread, the host's state.
//!
//! A `Vm` is a runtime plus the code of the loaded prototypes. The two are apart so that the dispatch loop can hold slices of code and constants while
//! it changes the runtime.

use std::sync::Arc;

use crate::heap::{Heap, Marker, Roots};
use crate::hook::HookState;
use crate::loaded::LoadedProto;
use crate::meter::Meter;
use crate::native::{Host, Raise};
use crate::thread::{Thread, WINDOW};
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
    /// Bytes of the prototypes the collector has found unused and whose code is still to be forgotten.
    pub(crate) unloaded_bytes: usize,
    pub(crate) main: ThreadHandle,
    /// A native function runs, not an instruction.
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
        let thread = Box::new(Thread::new(globals, 1));
        heap.add_bytes(thread.bytes());
        Runtime {
            heap,
            meter: Meter::new(),
            thread,
            current: main,
            host: None,
            loaded: Vec::new(),
            libraries: crate::library::LibraryState::default(),
            unloaded_bytes: 0,
            main,
            in_native: false,
            outer_calls: 1,
            memory_error_is_fatal: false,
            hooks: HookState::default(),
            failure: None,
        }
    }

    /// Runs the collector, and fails if the memory cap is passed all the same.
    #[cold]
    pub(crate) fn collect_garbage_if_due(&mut self) -> Result<(), Raise> {
        if self.heap.take_collection_request() {
            self.collect_garbage();
        } else {
            self.heap.set_threshold();
        }
        if self.heap.has_room(0) {
            Ok(())
        } else {
            Err(Raise::OutOfMemory)
        }
    }

    /// Runs the collector.
    pub(crate) fn collect_garbage(&mut self) {
        let mut marker = Marker::new(
            &self.heap,
            &Roots {
                loaded: &self.loaded,
            },
        );
        marker.mark(Value::Thread(self.main));
        marker.mark(Value::Thread(self.current));
        marker.mark_thread_state(&self.thread);
        let reached = marker.propagate();
        let loaded = &self.loaded;
        let used = self.thread.used_slots(|proto| {
            loaded
                .get(proto as usize)
                .and_then(Option::as_ref)
                .map_or(WINDOW, |loaded| usize::from(loaded.proto.max_stack))
        });
        // What lies above was not marked: it must not be taken for values later.
        let used = used.min(self.thread.stack.len());
        self.thread.stack[used..].fill(Value::Nil);
        let reached = self.heap.sweep(reached);
        for (number, loaded) in self.loaded.iter_mut().enumerate() {
            if let Some(unreached) = loaded.as_ref()
                && !reached.has_proto(number as u32)
            {
                self.unloaded_bytes += unreached.bytes;
                *loaded = None;
            }
        }
    }
    /// Makes the running thread's stack hold at least `slots` slots.
    #[cold]
    pub(crate) fn grow_stack(&mut self, slots: usize) {
        let stack = &mut self.thread.stack;
        let old = stack.capacity();
        let size = slots.max(stack.len() * 2);
        stack.resize(size, Value::Nil);
        let added = (stack.capacity() - old) * size_of::<Value>();
        self.heap.add_bytes(added);
    }
}
