//! Closures and the registers they capture. Reading and writing what is captured is inlined in the [dispatch loop](super::dispatch).

use super::copy_value;
use super::kernel::Registers;
use crate::heap::{Closure, Heap, Upvalue};
use crate::proto::UpvalueSource;
use crate::runtime::Runtime;
use crate::thread::{OpenUpvalue, Thread};
use crate::value::{ClosureHandle, ThreadHandle, UpvalueHandle};

impl Runtime {
    /// Makes a closure of a nested prototype of the running function.
    pub(super) fn make_closure(&mut self, child: u16) -> ClosureHandle {
        let place = self.place();
        let Some(Some(loaded)) = self.loaded.get(place.proto as usize) else {
            return place.closure;
        };
        let mut upvalues = smallvec::SmallVec::new();
        for source in loaded.proto.children[usize::from(child)].upvalues() {
            upvalues.push(match source {
                UpvalueSource::Register(register) => capture(
                    &mut self.heap,
                    &mut self.thread,
                    self.current,
                    (place.base + usize::from(register)) as u32,
                ),
                UpvalueSource::Upvalue(index) => {
                    self.heap.closures[place.closure.index()].upvalues[usize::from(index)]
                }
            });
        }
        let environment = self.heap.closures[place.closure.index()].environment;
        self.heap.new_closure(Closure {
            proto: loaded.children[usize::from(child)],
            environment,
            upvalues,
        })
    }

    /// Gives the registers from `slot` up, as far as closures captured them, a life of their own.
    #[inline]
    pub(crate) fn close_upvalues(&mut self, slot: usize) {
        while let Some(open) = self.thread.open.last() {
            if (open.slot as usize) < slot {
                break;
            }
            let value = self.thread.stack[open.slot as usize];
            let upvalue = open.upvalue;
            self.heap.barrier_upvalue(upvalue, value);
            self.heap.upvalues[upvalue.index()] = Upvalue::Closed(value);
            self.thread.open.pop();
            self.thread.open_end = self
                .thread
                .open
                .last()
                .map_or(0, |open| open.slot as usize + 1);
        }
    }
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
            heap.barrier_upvalue(upvalue, *registers.get(from));
        }
        Upvalue::Open { thread, slot } if thread == current => {
            registers.copy_to_slot(from, *slot as usize);
        }
        Upvalue::Open { thread, slot } => {
            let (thread, slot) = (*thread, *slot as usize);
            heap.threads[thread.index()].stack[slot] = *registers.get(from);
            heap.barrier_upvalue(upvalue, *registers.get(from));
        }
    }
}

/// The upvalue for a slot of the running thread.
fn capture(
    heap: &mut Heap,
    running: &mut Thread,
    thread: ThreadHandle,
    slot: u32,
) -> UpvalueHandle {
    let open = &mut running.open;
    let mut index = open.len();
    while index > 0 && open[index - 1].slot >= slot {
        if open[index - 1].slot == slot {
            return open[index - 1].upvalue;
        }
        index -= 1;
    }
    let upvalue = heap.new_upvalue(Upvalue::Open { thread, slot });
    open.insert(index, OpenUpvalue { slot, upvalue });
    running.open_end = running.open_end.max(slot as usize + 1);
    upvalue
}
