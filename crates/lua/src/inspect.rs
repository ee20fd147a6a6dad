//! What a debugger sees of a run: the calls under way, their variables, and where each stands.
//!
//! A run can be looked at wherever the host has it: in a [hook](crate::hook), in a native function, or when it is suspended. Calls go by *level*: 0
//! is the innermost Lua or waiting native function of the running thread, 1 its caller, and so on. A native function that is executing has no level.
//! Variables go by index, in the order in which they were declared, because names can hide one another; the compiler's own, such as
//! `(for index)`, are among them, as in 5.1.

use std::sync::Arc;

use crate::heap::Upvalue;
use crate::runtime::Runtime;
use crate::thread::{Frame, Thread};
use crate::value::{NativeHandle, Value};

/// A call that has not returned.
#[derive(Clone, Debug)]
pub struct CallInfo {
    /// The function.
    pub function: Value,
    /// What its caller's code calls it, and what that is: `local`, `global`, `method`, `field` or `upvalue`.
    pub name: Option<(&'static str, Vec<u8>)>,
    /// Where a Lua function stands; none for a native one.
    pub code: Option<CodePlace>,
    /// Calls in between that took their caller's place.
    pub tail_calls: u32,
}

/// A place in Lua code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodePlace {
    /// The chunk's name as given to the compiler.
    pub source: Arc<[u8]>,
    /// The line of the function's definition; 0 for a chunk.
    pub line_defined: u32,
    /// The line being executed.
    pub line: u32,
}

/// A variable as it is now.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: Box<[u8]>,
    /// Its value.
    pub value: Value,
}

impl Runtime {
    /// The number of calls under way in the running thread.
    pub fn call_depth(&self) -> usize {
        self.thread.frames.len()
    }

    fn frame_index(&self, level: usize) -> Option<usize> {
        self.thread.frames.len().checked_sub(level + 1)
    }

    fn frame_at(&self, level: usize) -> Option<&Frame> {
        self.thread.frames.get(self.frame_index(level)?)
    }

    /// What is called at `level`; none if there are not so many calls.
    pub fn call_info(&self, level: usize) -> Option<CallInfo> {
        let index = self.frame_index(level)?;
        let frame = &self.thread.frames[index];
        let function = match frame.closure() {
            Some(closure) => Value::Function(closure),
            None => Value::Native(NativeHandle(frame.callee)),
        };
        Some(CallInfo {
            function,
            name: self.frame_name(index),
            code: self.code_place(frame),
            tail_calls: frame.tail_calls,
        })
    }

    fn code_place(&self, frame: &Frame) -> Option<CodePlace> {
        let proto = self.frame_proto(frame)?;
        Some(CodePlace {
            source: Arc::clone(&proto.source),
            line_defined: proto.line_defined,
            line: self.frame_line(frame)?,
        })
    }

    /// The local variables in sight at `level`, in the order of their declarations; empty for a native function.
    pub fn locals(&self, level: usize) -> Vec<Variable> {
        let Some(frame) = self.frame_at(level) else {
            return Vec::new();
        };
        let Some(proto) = self.frame_proto(frame) else {
            return Vec::new();
        };
        let pc = Self::current_instruction(frame) as u32;
        let base = frame.base as usize;
        proto
            .locals()
            .filter(|local| local.start <= pc && pc < local.end)
            .enumerate()
            .map(|(register, local)| Variable {
                name: local.name.into(),
                value: self.thread.stack[base + register],
            })
            .collect()
    }

    /// Sets the local variable with this index in [`Runtime::locals`]; false if there is none.
    pub fn set_local(&mut self, level: usize, index: usize, value: Value) -> bool {
        if index >= self.locals(level).len() {
            return false;
        }
        let Some(base) = self.frame_at(level).map(|frame| frame.base as usize) else {
            return false;
        };
        self.thread.stack[base + index] = value;
        self.heap.barrier_stack(value);
        true
    }

    /// The variables of enclosing functions that the function at `level` uses.
    pub fn upvalues(&self, level: usize) -> Vec<Variable> {
        let Some(frame) = self.frame_at(level) else {
            return Vec::new();
        };
        let (Some(proto), Some(closure)) = (self.frame_proto(frame), frame.closure()) else {
            return Vec::new();
        };
        let upvalues = &self.heap.closures[closure.index()].upvalues;
        proto
            .upvalue_names()
            .zip(upvalues.iter())
            .map(|(name, upvalue)| {
                let value = match self.heap.upvalues[upvalue.index()] {
                    Upvalue::Closed(value) => value,
                    Upvalue::Open { thread, slot } if thread == self.current => {
                        self.thread.stack[slot as usize]
                    }
                    Upvalue::Open { thread, slot } => {
                        self.heap.threads[thread.index()].stack[slot as usize]
                    }
                };
                Variable {
                    name: name.into(),
                    value,
                }
            })
            .collect()
    }

    /// Sets the variable with this index in [`Runtime::upvalues`]; false if there is none.
    pub fn set_upvalue(&mut self, level: usize, index: usize, value: Value) -> bool {
        let closure = self.frame_at(level).and_then(Frame::closure);
        let Some(closure) = closure else {
            return false;
        };
        let Some(upvalue) = self.heap.closures[closure.index()].upvalues.get(index) else {
            return false;
        };
        match &mut self.heap.upvalues[upvalue.index()] {
            Upvalue::Closed(place) => *place = value,
            Upvalue::Open { thread, slot } if *thread == self.current => {
                self.thread.stack[*slot as usize] = value;
            }
            Upvalue::Open { thread, slot } => {
                let (thread, slot) = (*thread, *slot as usize);
                self.heap.threads[thread.index()].stack[slot] = value;
                self.heap.barrier_upvalue(upvalue, &value);
            }
        }
        self.heap.barrier_upvalue(upvalue, &value);
        true
    }

    /// The value a name stands for at `level`: the innermost local variable of that name, else an upvalue; none if it is neither.
    pub fn variable(&self, level: usize, name: &[u8]) -> Option<Value> {
        let mut locals = self.locals(level).into_iter().rev();
        locals
            .find(|local| *local.name == *name)
            .or_else(|| {
                let mut upvalues = self.upvalues(level).into_iter();
                upvalues.find(|upvalue| *upvalue.name == *name)
            })
            .map(|variable| variable.value)
    }

    /// Assigns to the variable a name stands for at `level`; false if there is none.
    pub fn set_variable(&mut self, level: usize, name: &[u8], value: Value) -> bool {
        let locals = self.locals(level);
        if let Some(index) = locals.iter().rposition(|local| *local.name == *name) {
            return self.set_local(level, index, value);
        }
        let upvalues = self.upvalues(level);
        match upvalues.iter().position(|upvalue| *upvalue.name == *name) {
            Some(index) => self.set_upvalue(level, index, value),
            None => false,
        }
    }

    /// The calls under way as 5.1's `debug.traceback` shows them.
    pub fn call_traceback(&self) -> Vec<u8> {
        self.traceback(1)
    }

    /// Where the Lua functions under way stand, innermost first, through all coroutines that wait for one another: what a profiler counts.
    pub fn call_stack(&self) -> Vec<CodePlace> {
        let mut places = Vec::new();
        let mut thread: &Thread = &self.thread;
        loop {
            let frames = thread.frames.iter().rev();
            places.extend(frames.filter_map(|frame| self.code_place(frame)));
            match thread.resumer {
                Some(resumer) => thread = &self.heap.threads[resumer.index()],
                None => return places,
            }
        }
    }
}
