//! Closures and the registers they capture. Reading and writing what is captured is inlined in the [dispatch loop](super::dispatch).

use std::sync::Arc;

use super::copy_value;
use super::kernel::Registers;
use crate::heap::{Captured, Closure, Heap, Upvalue};
use crate::loaded::LoadedProto;
use crate::proto::UpvalueSource;
use crate::runtime::Runtime;
use crate::thread::{Frame, OpenUpvalue, Thread};
use crate::value::{ClosureHandle, ThreadHandle, UpvalueHandle, Value};

impl Runtime {
    /// Gives the registers from `slot` up, as far as closures captured them, a life of their own.
    #[inline]
    pub(crate) fn close_upvalues(&mut self, slot: usize) {
        let Thread {
            stack,
            open,
            open_end,
            ..
        } = &mut *self.thread;
        if *open_end > slot {
            close_from(&mut self.heap, stack, open, open_end, slot);
        }
    }
}

/// Makes a closure of a nested prototype of the function whose frame this is.
#[inline(never)]
pub(super) fn make_closure(
    heap: &mut Heap,
    loaded: &[Option<Arc<LoadedProto>>],
    (open, open_end): (&mut Vec<OpenUpvalue>, &mut usize),
    current: ThreadHandle,
    frame: &Frame,
    child: u16,
) -> ClosureHandle {
    let running = ClosureHandle(frame.callee);
    let Some(Some(loaded)) = loaded.get(frame.proto as usize) else {
        return running;
    };
    let child = usize::from(child);
    let mut upvalues = Captured::new();
    for source in loaded.proto.children[child].upvalues() {
        upvalues.push(match source {
            UpvalueSource::Register(register) => {
                let slot = frame.base + u32::from(register);
                capture(heap, open, open_end, current, slot)
            }
            UpvalueSource::Upvalue(index) => heap.closures[running.index()].upvalues.at(index),
        });
    }
    let environment = heap.closures[running.index()].environment;
    heap.new_closure(Closure {
        proto: loaded.children[child],
        environment,
        upvalues,
    })
}

/// Gives the slots from `slot` up, as far as closures captured them, a life of their own.
#[inline(never)]
pub(super) fn close_from(
    heap: &mut Heap,
    stack: &[Value],
    open: &mut Vec<OpenUpvalue>,
    open_end: &mut usize,
    slot: usize,
) {
    while let Some(&OpenUpvalue { slot: at, upvalue }) = open.last() {
        if (at as usize) < slot {
            *open_end = at as usize + 1;
            return;
        }
        let value = stack[at as usize];
        heap.barrier_upvalue(upvalue, &value);
        heap.upvalues[upvalue.index()] = Upvalue::Closed(value);
        open.pop();
    }
    *open_end = 0;
}

/// Copies what an upvalue holds to a register of the running thread, `current`.
#[inline(always)]
pub(super) fn load_upvalue(
    heap: &Heap,
    current: &ThreadHandle,
    upvalue: UpvalueHandle,
    registers: &mut Registers<'_>,
    into: u8,
) {
    match &heap.upvalues[upvalue.index()] {
        Upvalue::Closed(value) => copy_value(value, registers.get_mut(into)),
        Upvalue::Open { thread, slot } if thread == current => {
            registers.copy_from_slot(*slot as usize, into);
        }
        Upvalue::Open { thread, slot } => {
            *registers.get_mut(into) = heap.threads[thread.index()].stack[*slot as usize];
        }
    }
}

/// Copies a register of the running thread, `current`, to where an upvalue is.
#[inline(always)]
pub(super) fn store_upvalue(
    heap: &mut Heap,
    current: &ThreadHandle,
    upvalue: UpvalueHandle,
    registers: &mut Registers<'_>,
    from: u8,
) {
    match &mut heap.upvalues[upvalue.index()] {
        Upvalue::Closed(place) => {
            copy_value(registers.get(from), place);
            heap.barrier_upvalue(upvalue, registers.get(from));
        }
        Upvalue::Open { thread, slot } if thread == current => {
            registers.copy_to_slot(from, *slot as usize);
        }
        Upvalue::Open { thread, slot } => {
            let (thread, slot) = (*thread, *slot as usize);
            heap.threads[thread.index()].stack[slot] = *registers.get(from);
            heap.barrier_upvalue(upvalue, registers.get(from));
        }
    }
}

/// The upvalue for a slot of the running thread.
fn capture(
    heap: &mut Heap,
    open: &mut Vec<OpenUpvalue>,
    open_end: &mut usize,
    thread: ThreadHandle,
    slot: u32,
) -> UpvalueHandle {
    let mut index = open.len();
    while index > 0 && open[index - 1].slot >= slot {
        if open[index - 1].slot == slot {
            return open[index - 1].upvalue;
        }
        index -= 1;
    }
    let upvalue = heap.new_upvalue(Upvalue::Open { thread, slot });
    open.insert(index, OpenUpvalue { slot, upvalue });
    *open_end = (*open_end).max(slot as usize + 1);
    upvalue
}
