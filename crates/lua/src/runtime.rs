//! Everything running code touches: heap, fuel, the running thread, the host's state.
//!
//! A `Vm` is a runtime plus the code of the loaded prototypes. The two are apart so that the dispatch loop can hold slices of code and constants while
//! it changes the runtime.

use std::any::Any;
use std::sync::Arc;

use crate::heap::Heap;
use crate::loaded::LoadedProto;
use crate::meter::Meter;
use crate::thread::Thread;
use crate::value::{ThreadHandle, Value};

/// The running part of a VM, as natives see it.
pub struct Runtime {
    /// All objects.
    pub heap: Heap,
    /// Fuel.
    pub meter: Meter,
    /// The thread that runs; its slot in the heap is empty meanwhile.
    pub(crate) thread: Thread,
    pub(crate) current: ThreadHandle,
    pub(crate) host: Option<Box<dyn Any + Send>>,
    /// The loaded prototypes by number.
    pub(crate) loaded: Vec<Option<Arc<LoadedProto>>>,
    /// What the libraries remember.
    pub libraries: crate::library::LibraryState,
    /// How deep coroutines have resumed one another.
    pub(crate) resume_depth: u32,
}

impl Runtime {
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
