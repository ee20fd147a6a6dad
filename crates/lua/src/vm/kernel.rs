//! The kernel of the dispatch loop: code, constants, registers and frames without bounds checks. All `unsafe` of the engine is here.
//!
//! What makes it sound:
//!  - **Code.** A [`CodeEntry`] only ever holds code that the [verifier](crate::verify) passed when it was loaded: whatever path is taken
//!    from an instruction leads to an instruction, extra words and the jumps behind conditions are where they must be, and constant operands are in
//!    range and of the type the opcode wants. A [`Code`] starts at a function's first instruction or where a frame was left, both instructions.
//!  - **Registers.** An operand names one of 256 registers, and a [`Registers`] makes sure that there are [`WINDOW`] slots above its base. It borrows the
//!    stack, so nothing can move the stack while it exists.
//!  - **Frames.** A [`Frames`] borrows the vector of frames, has at least one of them and pushes only as far as there is room.
//!
//! Heap objects are not reached from here: their handles are checked as everywhere.

#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::loaded::CodeEntry;
use crate::opcode::{Instruction, Opcode};
use crate::thread::{Frame, WINDOW};
use crate::value::{StringHandle, Value};

const _: () = assert!(size_of::<Value>() == 2 * size_of::<u64>());

/// Copies a value word by word: one that was just computed was written in two words, and reading it back in one piece would have
/// to wait until both have left the store buffer. The reads are volatile so that the compiler does not make one of them.
#[inline(always)]
pub(crate) fn copy_value(from: &Value, to: &mut Value) {
    // SAFETY: both are references to values.
    unsafe { copy_words(from, to) }
}

/// Moves `count` values from slot `from` of a stack down to slot `to`: arguments and results are few, and short loops beat a call of
/// `memmove`.
#[inline(always)]
pub(crate) fn move_down(stack: &mut [Value], from: usize, count: usize, to: usize) {
    if count > 16 {
        stack.copy_within(from..from + count, to);
        return;
    }
    assert!(count == 0 || (to <= from && from + count <= stack.len()));
    let stack = stack.as_mut_ptr();
    for index in 0..count {
        // SAFETY: both are below `from + count`; going up, no value is overwritten before it is read.
        unsafe { copy_words(stack.add(from + index), stack.add(to + index)) };
    }
}

/// # Safety
/// `from` is valid for reads and `to` for writes of a value, and both are aligned to words. They may be the same.
#[inline(always)]
unsafe fn copy_words(from: *const Value, to: *mut Value) {
    use std::mem::MaybeUninit;
    let (from, to) = (
        from.cast::<MaybeUninit<u64>>(),
        to.cast::<MaybeUninit<u64>>(),
    );
    // SAFETY: the caller's promise; a value is two words long. Any bytes, even uninitialised ones, are a `MaybeUninit`, and what
    // arrives are the bytes of a value, since they all come from one.
    unsafe {
        // The checks of a debug build would cost more than the waiting.
        if cfg!(debug_assertions) {
            *to.cast::<Value>() = *from.cast::<Value>();
            return;
        }
        to.write(from.read_volatile());
        to.add(1).write(from.add(1).read_volatile());
    }
}

/// The natural number below 2^32 that a number is, if it is one.
#[inline(always)]
pub(super) fn natural(number: f64) -> Option<u32> {
    let whole = truncate(number) as u32;
    (f64::from(whole) == number).then_some(whole)
}

/// A number without its fraction. One that is no integer then, or too large, comes to what the processor makes of it.
#[inline(always)]
pub(crate) fn truncate(number: f64) -> i64 {
    // Rust's conversion is this one with two comparisons more, for which everybody who looks into an array would wait.
    #[cfg(target_arch = "x86_64")]
    // SAFETY: there is no x86-64 processor without SSE2.
    unsafe {
        use std::arch::x86_64::{_mm_cvttsd_si64, _mm_set_sd};
        _mm_cvttsd_si64(_mm_set_sd(number))
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        number as i64
    }
}

/// The code of the running function: where its next instruction is, and its constants.
#[derive(Clone, Copy)]
pub(super) struct Code<'c> {
    next: *const Instruction,
    first: *const Instruction,
    constants: *const Value,
    entry: PhantomData<&'c CodeEntry>,
}

impl<'c> Code<'c> {
    /// The code from its first instruction on.
    #[inline(always)]
    pub(super) fn new(entry: &'c CodeEntry) -> Code<'c> {
        let first = entry.code().as_ptr();
        Code {
            next: first,
            first,
            constants: entry.constants().as_ptr(),
            entry: PhantomData,
        }
    }

    /// The code from the instruction on at which a frame was left.
    #[inline(always)]
    pub(super) fn at(entry: &'c CodeEntry, pc: u32) -> Code<'c> {
        assert!((pc as usize) < entry.code().len());
        let mut code = Code::new(entry);
        // SAFETY: just checked.
        code.next = unsafe { code.first.add(pc as usize) };
        code
    }

    /// The instruction at the program counter.
    #[inline(always)]
    pub(super) fn instruction(&self) -> Instruction {
        // SAFETY: verified code never leads off its end, and the counter is moved only by verified offsets.
        unsafe { *self.next }
    }

    /// The opcode of the instruction at the program counter.
    #[inline(always)]
    pub(super) fn opcode(&self) -> Opcode {
        let instruction = self.instruction();
        if instruction.0 as u8 > Opcode::Illegal as u8 {
            // SAFETY: a byte that is no opcode decodes to `Illegal`, which the verifier refuses; that of vacant code is the opcode itself.
            unsafe { std::hint::unreachable_unchecked() }
        }
        instruction.opcode()
    }

    /// The word behind the instruction: its extra word, or the jump of a condition.
    #[inline(always)]
    pub(super) fn word(&self) -> Instruction {
        // SAFETY: the verifier has seen that instructions that need another word have one.
        unsafe { *self.next.add(1) }
    }

    /// Moves the program counter by an offset the verifier has seen, or half-way there.
    #[inline(always)]
    pub(super) fn jump(&mut self, offset: i32) {
        self.next = self.next.wrapping_offset(offset as isize);
    }

    /// The program counter as a frame keeps it: the index of the next word.
    #[inline(always)]
    pub(super) fn position(&self) -> u32 {
        let next = self.next.wrapping_offset(1) as usize;
        (next.wrapping_sub(self.first as usize) / size_of::<Instruction>()) as u32
    }

    /// A constant operand.
    #[inline(always)]
    pub(super) fn constant(&self, index: usize) -> &'c Value {
        // SAFETY: the verifier has compared every constant operand with the number of constants.
        unsafe { &*self.constants.add(index) }
    }

    /// A constant operand that is a string.
    #[inline(always)]
    pub(super) fn text(&self, index: usize) -> StringHandle {
        match self.constant(index) {
            Value::String(string) => *string,
            // SAFETY: the verifier has checked the type of every constant operand that has to be a string.
            _ => unsafe { std::hint::unreachable_unchecked() },
        }
    }

    /// The constant operand `B`.
    #[inline(always)]
    pub(super) fn b(&self, instruction: Instruction) -> &'c Value {
        self.constant(instruction.b() as usize)
    }

    /// The constant operand `C`.
    #[inline(always)]
    pub(super) fn c(&self, instruction: Instruction) -> &'c Value {
        self.constant(instruction.c() as usize)
    }

    /// The constant operand `B`, a number.
    #[inline(always)]
    pub(super) fn number_b(&self, instruction: Instruction) -> Value {
        Value::Number(self.number(instruction.b() as usize))
    }

    /// The constant operand `C`, a number.
    #[inline(always)]
    pub(super) fn number_c(&self, instruction: Instruction) -> Value {
        Value::Number(self.number(instruction.c() as usize))
    }

    /// A constant operand that is a number.
    #[inline(always)]
    fn number(&self, index: usize) -> f64 {
        match self.constant(index) {
            Value::Number(number) => *number,
            // SAFETY: the verifier has checked the type of every constant operand that has to be a number.
            _ => unsafe { std::hint::unreachable_unchecked() },
        }
    }
}

/// The stack with the register window of the running function.
pub(super) struct Registers<'s> {
    window: *mut Value,
    stack: *mut Value,
    slots: usize,
    borrowed: PhantomData<&'s mut [Value]>,
}

impl<'s> Registers<'s> {
    /// The window at `base`.
    #[inline(always)]
    pub(super) fn new(stack: &'s mut [Value], base: usize) -> Registers<'s> {
        let (first, slots) = (stack.as_mut_ptr(), stack.len());
        let mut registers = Registers {
            window: first,
            stack: first,
            slots,
            borrowed: PhantomData,
        };
        registers.set_base(base);
        registers
    }

    /// Whether the stack has so many slots.
    #[inline(always)]
    pub(super) fn has_slots(&self, slots: usize) -> bool {
        slots <= self.slots
    }

    /// Moves the window.
    #[inline(always)]
    pub(super) fn set_base(&mut self, base: usize) {
        assert!(self.has_slots(base + WINDOW));
        // SAFETY: just checked.
        self.window = unsafe { self.stack.add(base) };
    }

    /// The slot of register 0.
    #[inline(always)]
    pub(super) fn base(&self) -> usize {
        // SAFETY: both point into the stack, the window not below its start.
        unsafe { self.window.offset_from_unsigned(self.stack) }
    }

    #[inline(always)]
    pub(super) fn get(&self, register: u8) -> &Value {
        // SAFETY: there are `WINDOW` slots above the base, as many as the operand has values.
        unsafe { &*self.window.add(register as usize) }
    }

    #[inline(always)]
    pub(super) fn get_mut(&mut self, register: u8) -> &mut Value {
        // SAFETY: there are `WINDOW` slots above the base, as many as the operand has values.
        unsafe { &mut *self.window.add(register as usize) }
    }

    /// A register of a loop: at most three above the operand, where the verifier has seen to registers.
    #[inline(always)]
    pub(super) fn get_above(&self, register: u8, distance: u8) -> &Value {
        debug_assert!(distance <= 3);
        // SAFETY: verified loop instructions have four registers within the window.
        unsafe { &*self.window.add(register as usize + distance as usize) }
    }

    /// The same, to change it.
    #[inline(always)]
    pub(super) fn get_above_mut(&mut self, register: u8, distance: u8) -> &mut Value {
        debug_assert!(distance <= 3);
        // SAFETY: verified loop instructions have four registers within the window.
        unsafe { &mut *self.window.add(register as usize + distance as usize) }
    }

    /// Copies a register to another.
    #[inline(always)]
    pub(super) fn copy(&mut self, from: u8, to: u8) {
        // SAFETY: both are within the window; they may be the same, the words are read before they are written.
        unsafe {
            copy_words(self.window.add(from as usize), self.window.add(to as usize));
        }
    }

    /// All registers.
    #[inline(always)]
    pub(super) fn window(&mut self) -> &mut [Value; WINDOW] {
        // SAFETY: there are `WINDOW` slots above the base, and the borrow of `self` keeps all other ways to them shut.
        unsafe { &mut *self.window.cast() }
    }

    /// The whole stack.
    #[inline(always)]
    pub(super) fn stack(&mut self) -> &mut [Value] {
        // SAFETY: the slice this was made of, whose borrow still is ours.
        unsafe { std::slice::from_raw_parts_mut(self.stack, self.slots) }
    }

    /// Copies a register to a slot of the stack.
    #[inline(always)]
    pub(super) fn copy_to_slot(&mut self, from: u8, slot: usize) {
        assert!(slot < self.slots);
        // SAFETY: the register is within the window, the slot within the stack.
        unsafe { copy_words(self.window.add(from as usize), self.stack.add(slot)) }
    }

    /// Copies up to two registers to a slot of the stack and the one above it.
    #[inline(always)]
    pub(super) fn return_to(&mut self, from: u8, count: usize, slot: usize) {
        if count >= 1 {
            self.copy_to_slot(from, slot);
        }
        if count >= 2 {
            self.copy_to_slot(from.wrapping_add(1), slot + 1);
        }
    }

    /// Copies a slot of the stack to a register.
    #[inline(always)]
    pub(super) fn copy_from_slot(&mut self, slot: usize, to: u8) {
        assert!(slot < self.slots);
        // SAFETY: the register is within the window, the slot within the stack.
        unsafe { copy_words(self.stack.add(slot), self.window.add(to as usize)) }
    }
}

/// The frames, of which there is at least one.
pub(super) struct Frames<'f> {
    /// The top one.
    top: *mut Frame,
    first: *mut Frame,
    /// The highest one a call may push.
    last: *mut Frame,
    frames: &'f mut Vec<Frame>,
}

impl<'f> Frames<'f> {
    /// None if there is no frame. Calls may push frames up to `most`.
    #[inline(always)]
    pub(super) fn new(frames: &'f mut Vec<Frame>, most: usize) -> Option<Frames<'f>> {
        let highest = frames.len().checked_sub(1)?;
        let limit = frames.capacity().min(most).saturating_sub(1);
        let first = frames.as_mut_ptr();
        // SAFETY: all are within the vector's memory: there is at least one frame, and the limit is below the capacity.
        let (top, last) = unsafe { (first.add(highest), first.add(limit)) };
        Some(Frames {
            top,
            first,
            last,
            frames,
        })
    }

    /// Whether a call has to make room first, or there are too many frames.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.top >= self.last
    }

    /// Whether there is room for two frames.
    #[inline(always)]
    pub(super) fn has_room_for_two(&self) -> bool {
        self.top.wrapping_add(1) < self.last
    }

    /// Pushes a frame. There must be room.
    #[inline(always)]
    pub(super) fn push(&mut self, frame: Frame) {
        assert!(self.try_push(frame));
    }

    /// Pushes a frame. False if there is no room.
    #[inline(always)]
    pub(super) fn try_push(&mut self, frame: Frame) -> bool {
        if self.is_full() {
            return false;
        }
        // SAFETY: the place behind the top one is within the vector's memory, as was just checked.
        unsafe {
            self.top = self.top.add(1);
            self.top.write(frame);
        }
        true
    }

    /// The top frame.
    #[inline(always)]
    pub(super) fn top(&mut self) -> &mut Frame {
        // SAFETY: `top` points to the highest frame.
        unsafe { &mut *self.top }
    }

    /// The frame below the top one.
    #[inline(always)]
    pub(super) fn caller(&self) -> Option<Frame> {
        // SAFETY: if the top frame is not the first, there is one below it.
        (self.top > self.first).then(|| unsafe { *self.top.sub(1) })
    }

    /// Takes the top frame off, unless it is the only one.
    #[inline(always)]
    pub(super) fn pop(&mut self) {
        assert!(self.top > self.first);
        // SAFETY: just checked.
        self.top = unsafe { self.top.sub(1) };
    }

    /// Tells the vector how many frames there are now.
    #[inline(always)]
    pub(super) fn store(self) {
        // SAFETY: the frames up to the top one are initialised, and they are within the vector's memory.
        unsafe {
            let count = self.top.offset_from_unsigned(self.first) + 1;
            self.frames.set_len(count);
        }
    }
}
