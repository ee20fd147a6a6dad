//! The grammar of statements, but for loops.

use super::error::SyntaxError;
use super::expression::{Expression, Key, Kind};
use super::jump::JumpList;
use super::{Compiler, MAX_LEVELS, Result};
use crate::lexer::Token;
use crate::opcode::{Instruction, Opcode};

/// What comes of `if condition then block`.
struct Test {
    /// The jumps taken when the condition is false. Without them, that is where the code goes on.
    otherwise: JumpList,
    /// The code goes on behind the block.
    block_goes_on: bool,
}

impl Compiler<'_> {
    /// `{statement [';']}`, until the block ends.
    pub fn chunk(&mut self) -> Result<()> {
        self.enter_level()?;
        let mut is_last = false;
        while !is_last && !self.token().ends_block() {
            is_last = self.statement()?;
            self.accept(Token::Semicolon)?;
            debug_assert!(usize::from(self.function.free_register) >= self.function.active);
            self.function.free_register = self.function.active as u8;
        }
        self.leave_level();
        Ok(())
    }

    /// A chunk with a scope of its own.
    pub fn block_body(&mut self) -> Result<()> {
        self.enter_block(false);
        self.chunk()?;
        self.leave_block()
    }

    /// One statement. Says whether it must be the last one of its block.
    fn statement(&mut self) -> Result<bool> {
        let line = self.lexer.line;
        match self.token() {
            Token::If => self.if_statement(line)?,
            Token::While => self.while_statement(line)?,
            Token::Do => {
                self.advance()?;
                self.block_body()?;
                self.expect_closing(Token::End, Token::Do, line)?;
            }
            Token::For => self.for_statement(line)?,
            Token::Repeat => self.repeat_statement(line)?,
            Token::Function => self.function_statement(line)?,
            Token::Local => {
                self.advance()?;
                if self.accept(Token::Function)? {
                    self.local_function()?;
                } else {
                    self.local_statement()?;
                }
            }
            Token::Return => {
                self.return_statement()?;
                return Ok(true);
            }
            Token::Break => {
                self.advance()?;
                self.break_statement()?;
                return Ok(true);
            }
            _ => self.expression_statement()?,
        }
        Ok(false)
    }

    /// `'if' condition 'then' block {'elseif' condition 'then' block} ['else' block] 'end'`
    fn if_statement(&mut self, line: u32) -> Result<()> {
        let mut to_end = JumpList::EMPTY;
        let mut test = self.test_then_block()?;
        while matches!(self.token(), Token::ElseIf | Token::Else) {
            if test.block_goes_on {
                let jump = self.emit_jump()?;
                self.join(&mut to_end, jump);
            }
            self.patch_to_here(test.otherwise);
            test.otherwise = JumpList::EMPTY;
            if self.accept(Token::Else)? {
                self.block_body()?;
                break;
            }
            test = self.test_then_block()?;
        }
        self.join(&mut to_end, test.otherwise);
        self.patch_to_here(to_end);
        self.expect_closing(Token::End, Token::If, line)
    }

    /// `('if' | 'elseif') condition 'then' block`
    fn test_then_block(&mut self) -> Result<Test> {
        self.advance()?;
        let mut condition = Expression::VOID;
        self.expression(&mut condition)?;
        if self.token() == Token::Then
            && self.lexer.look_ahead()? == Token::Break
            && let Some((distance, None)) = self.break_target()
        {
            // `if condition then break` needs no jump around a jump: the condition itself breaks.
            self.go_if_false(&mut condition)?;
            self.advance()?;
            self.advance()?;
            self.accept(Token::Semicolon)?;
            self.break_by(distance, condition.when_true);
            return Ok(Test {
                otherwise: JumpList::EMPTY,
                block_goes_on: false,
            });
        }
        let otherwise = self.condition(&mut condition)?;
        self.expect(Token::Then)?;
        self.block_body()?;
        Ok(Test {
            otherwise,
            block_goes_on: true,
        })
    }

    /// `'function' name {'.' name} [':' name] body`
    fn function_statement(&mut self, line: u32) -> Result<()> {
        self.advance()?;
        let name = self.expect_name()?;
        let mut variable = Expression::VOID;
        self.variable(&mut variable, name)?;
        while self.token() == Token::Dot {
            self.field(&mut variable)?;
        }
        let is_method = self.token() == Token::Colon;
        if is_method {
            self.field(&mut variable)?;
        }
        let mut body = Expression::VOID;
        self.function_body(&mut body, is_method, line)?;
        self.store(&variable, &mut body)?;
        // The definition happens in the first line.
        self.fix_line(line);
        Ok(())
    }

    /// `'local' 'function' name body`
    fn local_function(&mut self) -> Result<()> {
        let name = self.expect_name()?;
        self.declare(name)?;
        let variable = Expression::new(Kind::Local(self.function.free_register));
        self.reserve(1)?;
        self.activate(1);
        let line = self.lexer.line;
        let mut body = Expression::VOID;
        self.function_body(&mut body, false, line)?;
        self.store(&variable, &mut body)?;
        // Debuggers see the variable only when it has its value.
        self.restart_newest_variable();
        Ok(())
    }

    /// `'local' name {',' name} ['=' expressions]`
    fn local_statement(&mut self) -> Result<()> {
        let first = self.expect_name()?;
        let names = self.declare_names(first)?;
        let mut last = Expression::VOID;
        let mut values = 0;
        if self.accept(Token::Assign)? {
            values = self.expression_list(&mut last)?;
        }
        self.adjust(names, values, &mut last)?;
        self.activate(names);
        Ok(())
    }

    /// Fits a list of `values` values, whose last one is given, to `wanted` registers in a row.
    pub fn adjust(&mut self, wanted: usize, values: usize, last: &mut Expression) -> Result<()> {
        if last.is_open() {
            let from_last = (wanted + 1).saturating_sub(values) as u8;
            self.set_results(last, Some(from_last))?;
            if from_last > 1 {
                self.reserve(from_last - 1)?;
            }
            return Ok(());
        }
        if !matches!(last.kind, Kind::Void) {
            self.put_in_next_register(last)?;
        }
        if wanted > values {
            let missing = (wanted - values) as u8;
            let first = self.function.free_register;
            self.reserve(missing)?;
            self.emit_nil(first, missing)?;
        }
        Ok(())
    }

    /// `'return' [expressions]`
    fn return_statement(&mut self) -> Result<()> {
        self.advance()?;
        if self.token().ends_block() || self.token() == Token::Semicolon {
            return self.emit_return(0, Some(0));
        }
        let mut last = Expression::VOID;
        let values = self.expression_list(&mut last)?;
        let first = self.function.active as u8;
        if last.is_open() {
            self.set_results(&last, None)?;
            if let (Kind::Call(at), 1) = (last.kind, values) {
                let call = self.function.code[at as usize];
                self.function.code[at as usize] =
                    Instruction::abc(Opcode::TailCall, call.a(), call.b(), 0);
            }
            return self.emit_return(first, None);
        }
        if values == 1 {
            let register = self.put_in_any_register(&mut last)?;
            return self.emit_return(register, Some(1));
        }
        self.put_in_next_register(&mut last)?;
        self.emit_return(first, Some(values as u8))
    }

    /// A call or an assignment.
    fn expression_statement(&mut self) -> Result<()> {
        let mut expression = Expression::VOID;
        self.primary_expression(&mut expression)?;
        if let Kind::Call(at) = expression.kind {
            // A statement wants none of the results.
            self.set_c(at, 1);
            return Ok(());
        }
        self.assignment(&expression)
    }

    /// `variable {',' variable} '=' expressions`, after the first variable.
    fn assignment(&mut self, first: &Expression) -> Result<()> {
        self.check_assignable(first)?;
        if self.accept(Token::Assign)? {
            return self.assign_one(first);
        }
        let most = (MAX_LEVELS - self.levels) as usize;
        let mut targets = vec![*first];
        while self.accept(Token::Comma)? {
            let mut target = Expression::VOID;
            self.primary_expression(&mut target)?;
            if let Kind::Local(register) = target.kind {
                self.resolve_conflicts(&mut targets, register)?;
            }
            self.check_limit(targets.len(), most, "variables in assignment")?;
            self.check_assignable(&target)?;
            targets.push(target);
        }
        self.expect(Token::Assign)?;
        let mut last = Expression::VOID;
        let values = self.expression_list(&mut last)?;
        if values == targets.len() {
            // The last value needs no register of its own.
            self.evaluate_open(&mut last)?;
            if let Some(target) = targets.pop() {
                self.store(&target, &mut last)?;
            }
        } else {
            self.adjust(targets.len(), values, &mut last)?;
            if values > targets.len() {
                self.function.free_register -= (values - targets.len()) as u8;
            }
        }
        for target in targets.iter().rev() {
            let register = self.function.free_register - 1;
            self.store(target, &mut Expression::new(Kind::Register(register)))?;
        }
        Ok(())
    }

    fn assign_one(&mut self, target: &Expression) -> Result<()> {
        let mut last = Expression::VOID;
        let values = self.expression_list(&mut last)?;
        if values == 1 {
            self.evaluate_open(&mut last)?;
            return self.store(target, &mut last);
        }
        self.adjust(1, values, &mut last)?;
        self.function.free_register -= (values - 1) as u8;
        let register = self.function.free_register - 1;
        self.store(target, &mut Expression::new(Kind::Register(register)))
    }

    /// Makes a call or `...` deliver exactly one value.
    fn evaluate_open(&mut self, expression: &mut Expression) -> Result<()> {
        if expression.is_open() {
            self.evaluate(expression)
        } else {
            Ok(())
        }
    }

    fn check_assignable(&self, expression: &Expression) -> Result<()> {
        match expression.kind {
            Kind::Local(_) | Kind::Upvalue(_) | Kind::Global(_) | Kind::Indexed { .. } => Ok(()),
            _ => Err(self.lexer.error(SyntaxError::NotAStatement)),
        }
    }

    /// In `t[i], i = …` the local `i` is assigned before it is used as a key: uses a copy for that.
    fn resolve_conflicts(&mut self, targets: &mut [Expression], local: u8) -> Result<()> {
        let copy = self.function.free_register;
        let mut conflict = false;
        for target in targets {
            if let Kind::Indexed { table, key } = &mut target.kind {
                if *table == local {
                    *table = copy;
                    conflict = true;
                }
                if let Key::Register(key) = key
                    && *key == local
                {
                    *key = copy;
                    conflict = true;
                }
            }
        }
        if conflict {
            self.emit_abc(Opcode::Move, copy, local, 0)?;
            self.reserve(1)?;
        }
        Ok(())
    }
}
