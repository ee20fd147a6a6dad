//! The grammar of loops.

use super::error::SyntaxError;
use super::expression::Expression;
use super::jump::JumpList;
use super::{Compiler, Result};
use crate::lexer::{Symbol, Token};
use crate::opcode::{Instruction, Opcode};

/// The longest condition of a `while` loop, in words, that is written twice.
const MAX_REPEATED_CONDITION: u32 = 8;

impl Compiler<'_> {
    /// `'while' condition 'do' block 'end'`
    pub fn while_statement(&mut self, line: u32) -> Result<()> {
        self.advance()?;
        let start = self.label();
        let jumps_before = self.jumps.len();
        let mut condition = Expression::VOID;
        self.expression(&mut condition)?;
        let exit = self.condition(&mut condition)?;
        let body = self.label();
        let is_simple =
            self.jumps.len() == jumps_before + 1 && self.is_condition_at(exit, body - 1);
        self.enter_block(true);
        self.expect(Token::Do)?;
        self.block_body()?;
        if is_simple && body - start <= MAX_REPEATED_CONDITION {
            self.repeat_condition(start, body)?;
        } else {
            let again = self.emit_jump()?;
            self.patch(again, start)?;
        }
        self.expect_closing(Token::End, Token::While, line)?;
        self.leave_block()?;
        self.patch_to_here(exit);
        Ok(())
    }

    /// Writes a loop's short condition again behind its body, where it jumps back if it holds: a round then takes
    /// one jump instead of two. The condition is the code from `start` to `body`; it ends with its only jump.
    fn repeat_condition(&mut self, start: u32, body: u32) -> Result<()> {
        self.label();
        for at in start..body - 1 {
            let mut word = self.function.code[at as usize];
            let line = self.function.lines[at as usize];
            if at == body - 2 {
                let outcome = word.c() ^ 1;
                word = match word.opcode() {
                    Opcode::TestSet => Instruction::abc(Opcode::Test, word.b(), 0, outcome),
                    opcode => Instruction::abc(opcode, word.a(), word.b(), outcome),
                };
            }
            self.emit(word)?;
            self.fix_line(line);
        }
        let again = self.emit_jump()?;
        self.patch(again, body)
    }

    /// `'repeat' chunk 'until' condition`; the condition sees the chunk's local variables.
    pub fn repeat_statement(&mut self, line: u32) -> Result<()> {
        let start = self.label();
        self.enter_block(true);
        self.enter_block(false);
        self.advance()?;
        self.chunk()?;
        self.expect_closing(Token::Until, Token::Repeat, line)?;
        let mut condition = Expression::VOID;
        self.expression(&mut condition)?;
        let again = self.condition(&mut condition)?;
        if self.blocks.last().is_some_and(|scope| scope.captured) {
            // The variables must be closed on the way out as well as on the way back.
            self.break_statement()?;
            self.patch_to_here(again);
            self.leave_block()?;
            let again = self.emit_jump()?;
            self.patch(again, start)?;
        } else {
            self.leave_block()?;
            self.patch(again, start)?;
        }
        self.leave_block()
    }

    /// `'break'`, after the word.
    pub fn break_statement(&mut self) -> Result<()> {
        let Some((distance, close)) = self.break_target() else {
            return Err(self.lexer.error(SyntaxError::NoLoopToBreak));
        };
        if let Some(register) = close {
            self.emit_abc(Opcode::Close, register, 0, 0)?;
        }
        let jump = self.emit_jump()?;
        self.break_by(distance, jump);
        Ok(())
    }

    /// How many blocks around the innermost one the innermost loop is, and from which register on upvalues must be
    /// closed on the way out, if at all.
    pub fn break_target(&self) -> Option<(usize, Option<u8>)> {
        let own = &self.blocks[self.function.first_block..];
        let distance = own.iter().rev().position(|block| block.is_loop)?;
        let (around, inside) = own.split_at(own.len() - distance);
        let captured = inside.iter().any(|block| block.captured);
        let target = around
            .last()
            .filter(|_| captured)
            .map(|block| block.active as u8);
        Some((distance, target))
    }

    /// Adds jumps to the breaks of the loop that many blocks around the innermost one.
    pub fn break_by(&mut self, distance: usize, jumps: JumpList) {
        let index = self.blocks.len() - 1 - distance;
        let mut breaks = self.blocks[index].breaks;
        self.join(&mut breaks, jumps);
        self.blocks[index].breaks = breaks;
    }

    /// `'for' (numeric | generic) 'end'`
    pub fn for_statement(&mut self, line: u32) -> Result<()> {
        self.enter_block(true);
        self.advance()?;
        let first = self.expect_name()?;
        match self.token() {
            Token::Assign => self.numeric_for(first, line)?,
            Token::Comma | Token::In => self.generic_for(first)?,
            _ => return Err(self.lexer.error(SyntaxError::EqualOrInExpected)),
        }
        self.expect_closing(Token::End, Token::For, line)?;
        self.leave_block()
    }

    /// `name '=' expression ',' expression [',' expression] 'do' block`
    fn numeric_for(&mut self, variable: Symbol, line: u32) -> Result<()> {
        let base = self.function.free_register;
        self.declare_hidden(b"(for index)")?;
        self.declare_hidden(b"(for limit)")?;
        self.declare_hidden(b"(for step)")?;
        self.declare(variable)?;
        self.advance()?;
        self.for_operand()?;
        self.expect(Token::Comma)?;
        self.for_operand()?;
        if self.accept(Token::Comma)? {
            self.for_operand()?;
        } else {
            let step = self.function.free_register;
            self.emit_load_number(step, 1.0)?;
            self.reserve(1)?;
        }
        self.activate(3);
        self.expect(Token::Do)?;
        let prepare = self.emit(Instruction::asbx(Opcode::ForPrep, base, 0))?;
        self.loop_body(1)?;
        self.label();
        let repeat = self.emit(Instruction::asbx(Opcode::ForLoop, base, 0))?;
        self.fix_line(line);
        self.check_distance(prepare)?;
        if repeat - prepare < i16::MAX as u32 {
            self.set_short_jump(repeat, prepare + 1);
            self.set_short_jump(prepare, repeat + 1);
        } else {
            self.bridge_long_for(prepare, repeat, line)?;
        }
        self.label();
        Ok(())
    }

    /// Connects the ends of a numeric loop that is too long for the 16-bit offsets of its instructions, with full jumps:
    ///
    /// ```text
    /// prepare:  Jump start          (was ForPrep)
    ///           body
    /// repeat:   ForLoop  → again
    ///           Jump end
    /// start:    ForPrep  → end
    /// again:    Jump body
    /// end:
    /// ```
    fn bridge_long_for(&mut self, prepare: u32, repeat: u32, line: u32) -> Result<()> {
        let word = self.function.code[prepare as usize];
        let exit = self.emit_jump()?;
        let start = self.emit(word)?;
        let again = self.emit_jump()?;
        self.patch(again, prepare + 1)?;
        self.patch_to_here(exit);
        self.set_short_jump(repeat, start + 1);
        self.set_short_jump(start, start + 2);
        let prepare_line = self.function.lines[prepare as usize];
        self.function.lines[repeat as usize..].fill(line);
        self.function.lines[start as usize] = prepare_line;
        self.set_jump(prepare, start)
    }

    /// `name {',' name} 'in' expressions 'do' block`
    fn generic_for(&mut self, first: Symbol) -> Result<()> {
        let base = self.function.free_register;
        self.declare_hidden(b"(for generator)")?;
        self.declare_hidden(b"(for state)")?;
        self.declare_hidden(b"(for control)")?;
        let names = self.declare_names(first)?;
        self.expect(Token::In)?;
        let line = self.lexer.line;
        let mut last = Expression::VOID;
        let values = self.expression_list(&mut last)?;
        self.adjust(3, values, &mut last)?;
        // The call of the generator takes three registers above the loop's own.
        self.check_stack(3)?;
        self.activate(3);
        self.expect(Token::Do)?;
        let prepare = self.emit_jump()?;
        let start = self.label();
        self.loop_body(names)?;
        self.patch_to_here(prepare);
        self.emit_abc(Opcode::TForCall, base, 0, names as u8)?;
        self.fix_line(line);
        let repeat = self.emit(Instruction::asbx(Opcode::TForLoop, base, 0))?;
        self.fix_line(line);
        self.check_distance(start)?;
        if !self.set_short_jump(repeat, start) {
            // Too far for 16 bits: the loop goes on over a full jump behind it.
            let exit = self.emit_jump()?;
            self.set_short_jump(repeat, repeat + 2);
            let again = self.emit_jump()?;
            self.patch(again, start)?;
            self.patch_to_here(exit);
            self.function.lines[repeat as usize..].fill(line);
        }
        self.label();
        Ok(())
    }

    /// The block of a `for` loop with its own variables.
    fn loop_body(&mut self, variables: usize) -> Result<()> {
        self.enter_block(false);
        self.reserve(variables as u8)?;
        self.activate(variables);
        self.block_body()?;
        self.leave_block()
    }

    fn for_operand(&mut self) -> Result<()> {
        let mut operand = Expression::VOID;
        self.expression(&mut operand)?;
        self.put_in_next_register(&mut operand)
    }
}
