//! The grammar of expressions.

use super::error::SyntaxError;
use super::expression::{Expression, Kind};
use super::operator::{Binary, Unary};
use super::{Compiler, Result};
use crate::lexer::{Symbol, Token};
use crate::opcode::{Instruction, Opcode};

impl Compiler<'_> {
    /// `expression`
    pub fn expression(&mut self) -> Result<Expression> {
        self.subexpression(0).map(|(expression, _)| expression)
    }

    /// `expression {',' expression}`: all but the last are put into the next registers. Returns the last and how many
    /// there are.
    pub fn expression_list(&mut self) -> Result<(Expression, usize)> {
        let mut count = 1;
        let mut last = self.expression()?;
        while self.accept(Token::Byte(b','))? {
            self.to_next_register(&mut last)?;
            last = self.expression()?;
            count += 1;
        }
        Ok((last, count))
    }

    /// `(simple | unary subexpression) {binary subexpression}`, as long as the binary operators bind more strongly than `limit`.
    /// Also returns the operator that did not.
    fn subexpression(&mut self, limit: u8) -> Result<(Expression, Option<Binary>)> {
        self.enter_level()?;
        let mut left = match Unary::from_token(self.token()) {
            Some(operator) => {
                self.advance()?;
                let (mut operand, _) = self.subexpression(Unary::PRIORITY)?;
                self.prefix(operator, &mut operand)?;
                operand
            }
            None => self.simple_expression()?,
        };
        let mut next = Binary::from_token(self.token());
        while let Some(operator) = next
            && operator.priority().0 > limit
        {
            self.advance()?;
            self.infix(operator, &mut left)?;
            let (mut right, after) = self.subexpression(operator.priority().1)?;
            self.postfix(operator, &mut left, &mut right)?;
            next = after;
        }
        self.leave_level();
        Ok((left, next))
    }

    fn simple_expression(&mut self) -> Result<Expression> {
        let kind = match self.token() {
            Token::Number(value) => Kind::Number(value),
            Token::String(symbol) => Kind::String(symbol),
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
            Token::Byte(b'{') => return self.constructor(),
            Token::Function => {
                let line = self.lexer.line;
                self.advance()?;
                return self.function_body(false, line);
            }
            _ => return self.primary_expression(),
        };
        self.advance()?;
        Ok(Expression::new(kind))
    }

    /// `(name | '(' expression ')') {'.' name | '[' expression ']' | ':' name arguments | arguments}`
    pub fn primary_expression(&mut self) -> Result<Expression> {
        let mut expression = self.prefix_expression()?;
        loop {
            match self.token() {
                Token::Byte(b'.') => self.field(&mut expression)?,
                Token::Byte(b'[') => {
                    self.to_any_register(&mut expression)?;
                    let mut key = self.bracketed_key()?;
                    self.index(&mut expression, &mut key)?;
                }
                Token::Byte(b':') => {
                    self.advance()?;
                    let name = self.expect_name()?;
                    self.method(&mut expression, name)?;
                    self.call(&mut expression)?;
                }
                Token::Byte(b'(' | b'{') | Token::String(_) => {
                    self.to_next_register(&mut expression)?;
                    self.call(&mut expression)?;
                }
                _ => return Ok(expression),
            }
        }
    }

    fn prefix_expression(&mut self) -> Result<Expression> {
        match self.token() {
            Token::Name(symbol) => {
                self.advance()?;
                self.variable(symbol)
            }
            Token::Byte(b'(') => {
                let line = self.lexer.line;
                self.advance()?;
                let mut expression = self.expression()?;
                self.expect_closing(Token::Byte(b')'), Token::Byte(b'('), line)?;
                self.to_value(&mut expression)?;
                Ok(expression)
            }
            _ => Err(self.lexer.error(SyntaxError::UnexpectedSymbol)),
        }
    }

    /// `'.' name` or `':' name`, as a table access.
    pub fn field(&mut self, table: &mut Expression) -> Result<()> {
        self.to_any_register(table)?;
        self.advance()?;
        let name = self.expect_name()?;
        self.index(table, &mut Expression::new(Kind::String(name)))
    }

    /// `'[' expression ']'`
    pub fn bracketed_key(&mut self) -> Result<Expression> {
        self.advance()?;
        let mut key = self.expression()?;
        self.to_plain_value(&mut key)?;
        self.expect(Token::Byte(b']'))?;
        Ok(key)
    }

    /// The arguments of a call of the function that was put into the last register.
    fn call(&mut self, function: &mut Expression) -> Result<()> {
        let Kind::Register(base) = function.kind else {
            return Err(self.lexer.error(SyntaxError::ArgumentsExpected));
        };
        let line = self.lexer.line;
        let mut last = match self.token() {
            Token::Byte(b'(') => {
                if line != self.lexer.last_line {
                    return Err(self.lexer.error(SyntaxError::AmbiguousCall));
                }
                self.advance()?;
                let mut last = Expression::VOID;
                if self.token() != Token::Byte(b')') {
                    last = self.expression_list()?.0;
                    self.set_results(&last, None)?;
                }
                self.expect_closing(Token::Byte(b')'), Token::Byte(b'('), line)?;
                last
            }
            Token::Byte(b'{') => self.constructor()?,
            Token::String(symbol) => {
                self.advance()?;
                Expression::new(Kind::String(symbol))
            }
            _ => return Err(self.lexer.error(SyntaxError::ArgumentsExpected)),
        };
        let arguments = if last.is_open() {
            0
        } else {
            if !matches!(last.kind, Kind::Void) {
                self.to_next_register(&mut last)?;
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
    pub fn function_body(&mut self, is_method: bool, line: u32) -> Result<Expression> {
        self.open_function(line);
        self.expect(Token::Byte(b'('))?;
        if is_method {
            self.declare_hidden(b"self")?;
            self.activate(1);
        }
        self.parameters()?;
        self.expect(Token::Byte(b')'))?;
        self.chunk()?;
        let last_line = self.lexer.line;
        self.expect_closing(Token::End, Token::Function, line)?;
        let proto = self.close_function(last_line)?;
        let child = self.add_child(proto)?;
        let at = self.emit(Instruction::abx(Opcode::Closure, 0, child))?;
        Ok(Expression::new(Kind::Relocatable(at)))
    }

    /// `[name {',' name} [',' '...'] | '...']`
    fn parameters(&mut self) -> Result<()> {
        let mut declared = 0;
        if self.token() != Token::Byte(b')') {
            loop {
                match self.token() {
                    Token::Name(symbol) => {
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
                if self.function.is_vararg || !self.accept(Token::Byte(b','))? {
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
        while self.accept(Token::Byte(b','))? {
            let name = self.expect_name()?;
            self.declare(name)?;
            count += 1;
        }
        Ok(count)
    }
}
