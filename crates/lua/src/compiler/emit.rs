//! Appending instructions to the function being compiled.

use super::error::SyntaxError;
use super::jump::{JumpList, NO_REGISTER};
use super::{Compiler, Result};
use crate::opcode::{FIELDS_PER_FLUSH, Instruction, MAX_BX, MAX_OPERAND, Opcode};

impl Compiler<'_> {
    /// Appends a word and returns its index. Jumps that wait for the next instruction go to it. Its line is that
    /// of the token before the current one.
    #[inline]
    pub fn emit(&mut self, word: Instruction) -> Result<u32> {
        let here = self.function.code.len() as u32;
        if !self.function.waiting.is_empty() {
            self.land_waiting_jumps(here)?;
        }
        self.function.code.push(word);
        self.function.lines.push(self.lexer.last_line);
        self.function.last_instruction = here;
        Ok(here)
    }

    #[inline(never)]
    fn land_waiting_jumps(&mut self, here: u32) -> Result<()> {
        let waiting = std::mem::replace(&mut self.function.waiting, JumpList::EMPTY);
        self.patch_values(waiting, here, NO_REGISTER, here)
    }

    /// Appends an instruction with an extra word and returns the index of the instruction.
    pub fn emit_with_extra(&mut self, word: Instruction, extra: u32) -> Result<u32> {
        let here = self.emit(word)?;
        self.function.code.push(Instruction::raw(extra));
        self.function.lines.push(self.lexer.last_line);
        Ok(here)
    }

    pub fn emit_abc(&mut self, opcode: Opcode, a: u8, b: u8, c: u8) -> Result<u32> {
        self.emit(Instruction::abc(opcode, a, b, c))
    }

    /// Says that the last instruction belongs to another line than the one the lexer has reached.
    pub fn fix_line(&mut self, line: u32) {
        let from = self.function.last_instruction as usize;
        self.function.lines[from..].fill(line);
    }

    /// The instruction at `at`, to be changed by the `with_…` functions.
    pub fn set_a(&mut self, at: u32, a: u8) {
        let word = &mut self.function.code[at as usize];
        word.0 = (word.0 & 0xffff_00ff) | u32::from(a) << 8;
    }

    pub fn set_b(&mut self, at: u32, b: u8) {
        let word = &mut self.function.code[at as usize];
        word.0 = (word.0 & 0xff00_ffff) | u32::from(b) << 16;
    }

    pub fn set_c(&mut self, at: u32, c: u8) {
        let word = &mut self.function.code[at as usize];
        word.0 = (word.0 & 0x00ff_ffff) | u32::from(c) << 24;
    }

    /// `R[register] := K[constant]`.
    pub fn emit_load_constant(&mut self, register: u8, constant: u32) -> Result<()> {
        if constant <= MAX_BX {
            self.emit(Instruction::abx(Opcode::LoadK, register, constant as u16))?;
        } else {
            self.emit_with_extra(Instruction::abc(Opcode::LoadKx, register, 0, 0), constant)?;
        }
        Ok(())
    }

    /// `R[register] := value`.
    pub fn emit_load_number(&mut self, register: u8, value: f64) -> Result<()> {
        let value = self.function.signed_zero(value);
        let integer = value as i16;
        if f64::from(integer).to_bits() == value.to_bits() {
            self.emit(Instruction::asbx(Opcode::LoadInteger, register, integer))?;
            return Ok(());
        }
        let constant = self.number_constant(value)?;
        self.emit_load_constant(register, constant)
    }

    /// Sets `count` registers from `first` on to nil, `count` at least 1.
    pub fn emit_nil(&mut self, first: u8, count: u8) -> Result<()> {
        let here = self.function.code.len() as u32;
        let previous = self.function.last_instruction;
        if here > self.function.last_target && here == previous.wrapping_add(1) {
            let word = self.function.code[previous as usize];
            // Adjacent runs of nil become one instruction.
            if word.opcode() == Opcode::LoadNil
                && u32::from(word.a()) + u32::from(word.b()) + 1 == u32::from(first)
            {
                self.set_b(previous, word.b() + count);
                return Ok(());
            }
        }
        self.emit_abc(Opcode::LoadNil, first, count - 1, 0)?;
        Ok(())
    }

    /// A global access of register `a`: `short` with the name's constant in `Bx`, or `long` with it in an extra word.
    pub fn emit_global(
        &mut self,
        short: Opcode,
        long: Opcode,
        a: u8,
        constant: u32,
    ) -> Result<u32> {
        if constant <= MAX_BX {
            self.emit(Instruction::abx(short, a, constant as u16))
        } else {
            self.emit_with_extra(Instruction::abc(long, a, 0, 0), constant)
        }
    }

    /// Returns `count` values from `first` on, or all up to the top.
    pub fn emit_return(&mut self, first: u8, count: Option<u8>) -> Result<()> {
        match count {
            Some(0) => self.emit_abc(Opcode::Return0, 0, 0, 0)?,
            Some(1) => self.emit_abc(Opcode::Return1, first, 0, 0)?,
            Some(count) => self.emit_abc(Opcode::Return, first, count + 1, 0)?,
            None => self.emit_abc(Opcode::Return, first, 0, 0)?,
        };
        Ok(())
    }

    /// Stores the last `count` of `total` list items (or all up to the top) into the table at `table`, and frees
    /// their registers.
    pub fn emit_set_list(&mut self, table: u8, total: u32, count: Option<u8>) -> Result<()> {
        let batch = (total - 1) / FIELDS_PER_FLUSH + 1;
        let count = count.unwrap_or(0);
        if batch <= MAX_OPERAND {
            self.emit_abc(Opcode::SetList, table, count, batch as u8)?;
        } else {
            self.emit_with_extra(Instruction::abc(Opcode::SetList, table, count, 0), batch)?;
        }
        self.function.free_register = table + 1;
        Ok(())
    }

    /// Gives the loop instruction at `at` its distance to `target`, if its 16 bits can hold it.
    pub fn set_short_jump(&mut self, at: u32, target: u32) -> bool {
        let Ok(offset) = i16::try_from(i64::from(target) - i64::from(at) - 1) else {
            return false;
        };
        let word = &mut self.function.code[at as usize];
        *word = Instruction::asbx(word.opcode(), word.a(), offset);
        true
    }

    /// Makes sure that `count` more registers can be used.
    pub fn check_stack(&mut self, count: u8) -> Result<()> {
        let needed = usize::from(self.function.free_register) + usize::from(count);
        if needed > usize::from(self.function.max_stack) {
            if needed >= crate::opcode::MAX_REGISTERS {
                return Err(self.lexer.error(SyntaxError::TooComplex));
            }
            self.function.max_stack = needed as u8;
        }
        Ok(())
    }

    /// Takes `count` registers.
    pub fn reserve(&mut self, count: u8) -> Result<()> {
        self.check_stack(count)?;
        self.function.free_register += count;
        Ok(())
    }

    /// Gives back a register if it is a temporary. Temporaries are given back last first.
    pub fn free(&mut self, register: u8) {
        if usize::from(register) >= self.function.active {
            self.function.free_register -= 1;
            debug_assert_eq!(
                register, self.function.free_register,
                "registers are a stack"
            );
        }
    }
}
