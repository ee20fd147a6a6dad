//! The grammar of expressions.

use super::error::SyntaxError;
use super::expression::{Expression, Kind};
use super::operator::{Binary, Unary};
use super::{Compiler, Result};
use crate::lexer::{Symbol, Token};
use crate::opcode::{Instruction, Opcode};

impl Compiler<'_> {
    /// `expression`, described by `out`.
    #[inline]
    pub fn expression(&mut self, out: &mut Expression) -> Result<()> {
        self.subexpression(out, 0)?;
        Ok(())
    }

    /// `expression {',' expression}`: all but the last are put into the next registers, the last is described by
    /// `last`. Returns how many there are.
    pub fn expression_list(&mut self, last: &mut Expression) -> Result<usize> {
        let mut count = 1;
        self.expression(last)?;
        while self.accept(Token::Comma)? {
            self.put_in_next_register(last)?;
            self.expression(last)?;
            count += 1;
        }
        Ok(count)
    }

    /// `(simple | unary subexpression) {binary subexpression}`, as long as the binary operators bind more strongly than `limit`.
    /// Returns the operator that did not.
    fn subexpression(&mut self, out: &mut Expression, limit: u8) -> Result<Option<Binary>> {
        self.enter_level()?;
        match Unary::from_token(self.token()) {
            Some(operator) => {
                self.advance()?;
                self.subexpression(out, Unary::PRIORITY)?;
                self.prefix(operator, out)?;
            }
            None => self.simple_expression(out)?,
        }
        let mut next = Binary::from_token(self.token());
        while let Some(operator) = next
            && operator.priority().0 > limit
        {
            self.advance()?;
            self.infix(operator, out)?;
            let mut right = Expression::VOID;
            next = self.subexpression(&mut right, operator.priority().1)?;
            self.postfix(operator, out, &mut right)?;
        }
        self.leave_level();
        Ok(next)
    }

    fn simple_expression(&mut self, out: &mut Expression) -> Result<()> {
        let kind = match self.token() {
            Token::Number => Kind::Number(self.lexer.number()),
            Token::String => Kind::String(self.lexer.symbol()),
            Token::Nil => Kind::Nil,
            Token::True => Kind::True,
            Token::False => Kind::False,
            Token::Dots => {
                if !self.function.is_vararg {
                    return Err(self.lexer.error(SyntaxError::DotsOutsideVararg));
                }
                self.function.needs_arg = false;
                Kind::VarArg(self.emit_abc(Opcode::VarArg, 0, 1, 0)?)
            }
            Token::OpenBrace => return self.constructor(out),
            Token::Function => {
                let line = self.lexer.line;
                self.advance()?;
                return self.function_body(out, false, line);
            }
            _ => return self.primary_expression(out),
        };
        *out = Expression::new(kind);
        self.advance()
    }

    /// `(name | '(' expression ')') {'.' name | '[' expression ']' | ':' name arguments | arguments}`
    pub fn primary_expression(&mut self, out: &mut Expression) -> Result<()> {
        self.prefix_expression(out)?;
        loop {
            match self.token() {
                Token::Dot => self.field(out)?,
                Token::OpenBracket => {
                    self.put_in_any_register(out)?;
                    let mut key = Expression::VOID;
                    self.bracketed_key(&mut key)?;
                    self.index(out, &mut key)?;
                }
                Token::Colon => {
                    self.advance()?;
                    let name = self.expect_name()?;
                    self.method(out, name)?;
                    self.call(out)?;
                }
                Token::OpenParenthesis | Token::OpenBrace | Token::String => {
                    self.put_in_next_register(out)?;
                    self.call(out)?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn prefix_expression(&mut self, out: &mut Expression) -> Result<()> {
        match self.token() {
            Token::Name => {
                let symbol = self.lexer.symbol();
                self.advance()?;
                self.variable(out, symbol)
            }
            Token::OpenParenthesis => {
                let line = self.lexer.line;
                self.advance()?;
                self.expression(out)?;
                self.expect_closing(Token::CloseParenthesis, Token::OpenParenthesis, line)?;
                self.evaluate(out)
            }
            _ => Err(self.lexer.error(SyntaxError::UnexpectedSymbol)),
        }
    }

    /// `'.' name` or `':' name`, as a table access.
    pub fn field(&mut self, table: &mut Expression) -> Result<()> {
        self.put_in_any_register(table)?;
        self.advance()?;
        let name = self.expect_name()?;
        self.index(table, &mut Expression::new(Kind::String(name)))
    }

    /// `'[' expression ']'`
    pub fn bracketed_key(&mut self, key: &mut Expression) -> Result<()> {
        self.advance()?;
        self.expression(key)?;
        self.evaluate_with_jumps(key)?;
        self.expect(Token::CloseBracket)
    }

    /// The arguments of a call of the function that was put into the last register.
    fn call(&mut self, function: &mut Expression) -> Result<()> {
        let Kind::Register(base) = function.kind else {
            return Err(self.lexer.error(SyntaxError::ArgumentsExpected));
        };
        let line = self.lexer.line;
        let mut last = Expression::VOID;
        match self.token() {
            Token::OpenParenthesis => {
                if line != self.lexer.last_line {
                    return Err(self.lexer.error(SyntaxError::AmbiguousCall));
                }
                self.advance()?;
                if self.token() != Token::CloseParenthesis {
                    self.expression_list(&mut last)?;
                    self.set_results(&last, None)?;
                }
                self.expect_closing(Token::CloseParenthesis, Token::OpenParenthesis, line)?;
            }
            Token::OpenBrace => self.constructor(&mut last)?,
            Token::String => {
                last.kind = Kind::String(self.lexer.symbol());
                self.advance()?;
            }
            _ => return Err(self.lexer.error(SyntaxError::ArgumentsExpected)),
        }
        let arguments = if last.is_open() {
            0
        } else {
            if !matches!(last.kind, Kind::Void) {
                self.put_in_next_register(&mut last)?;
            }
            self.function.free_register - base
        };
        let at = self.emit(Instruction::abc(Opcode::Call, base, arguments, 2))?;
        self.fix_line(line);
        // The call removes the function and its arguments and leaves one value, unless told otherwise.
        self.function.free_register = base + 1;
        *function = Expression::new(Kind::Call(at));
        Ok(())
    }

    /// `'(' parameters ')' chunk 'end'`, and the closure made of it.
    pub fn function_body(
        &mut self,
        out: &mut Expression,
        is_method: bool,
        line: u32,
    ) -> Result<()> {
        self.open_function(line);
        self.expect(Token::OpenParenthesis)?;
        if is_method {
            self.declare_hidden(b"self")?;
            self.activate(1);
        }
        self.parameters()?;
        self.expect(Token::CloseParenthesis)?;
        self.chunk()?;
        let last_line = self.lexer.line;
        self.expect_closing(Token::End, Token::Function, line)?;
        let proto = self.close_function(last_line)?;
        let child = self.add_child(proto)?;
        let at = self.emit(Instruction::abx(Opcode::Closure, 0, child))?;
        *out = Expression::new(Kind::Relocatable(at));
        Ok(())
    }

    /// `[name {',' name} [',' '...'] | '...']`
    fn parameters(&mut self) -> Result<()> {
        let mut declared = 0;
        if self.token() != Token::CloseParenthesis {
            loop {
                match self.token() {
                    Token::Name => {
                        let symbol = self.lexer.symbol();
                        self.advance()?;
                        self.declare(symbol)?;
                        declared += 1;
                    }
                    Token::Dots => {
                        self.advance()?;
                        self.declare_hidden(b"arg")?;
                        self.function.is_vararg = true;
                        self.function.needs_arg = true;
                    }
                    _ => return Err(self.lexer.error(SyntaxError::ParameterExpected)),
                }
                if self.function.is_vararg || !self.accept(Token::Comma)? {
                    break;
                }
            }
        }
        self.activate(declared + usize::from(self.function.is_vararg));
        let active = self.function.active as u8;
        self.function.parameters = active - u8::from(self.function.is_vararg);
        self.reserve(active)
    }

    /// Declares a list of names: `name {',' name}`, the first of which has been passed. Returns how many there are.
    pub fn declare_names(&mut self, first: Symbol) -> Result<usize> {
        self.declare(first)?;
        let mut count = 1;
        while self.accept(Token::Comma)? {
            let name = self.expect_name()?;
            self.declare(name)?;
            count += 1;
        }
        Ok(count)
    }
}
