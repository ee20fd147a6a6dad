//! Expression descriptors: values that are not yet anywhere.
//!
//! The parser hands expressions around as descriptors. Turning one into code is delayed until it is known where the
//! value has to be; each function here takes it one step further: *value* (variables and calls read, but in no
//! particular register), *any register*, *next register*, a given register. Registers of temporaries are freed in
//! the reverse order of their allocation, as a stack.

use super::error::SyntaxError;
use super::function::Place;
use super::jump::{JumpList, NO_REGISTER};
use super::{Compiler, Result};
use crate::lexer::Symbol;
use crate::opcode::{Instruction, MAX_OPERAND, Opcode};

/// The key of a table access.
#[derive(Clone, Copy)]
pub enum Key {
    Register(u8),
    /// A string constant.
    Field(u8),
    /// The integer itself.
    Integer(u8),
}

/// How a value can be had.
#[derive(Clone, Copy)]
pub enum Kind {
    /// No expression at all (an empty list).
    Void,
    Nil,
    True,
    False,
    Number(f64),
    String(Symbol),
    /// A local variable, in its register.
    Local(u8),
    Upvalue(u8),
    Global(Symbol),
    Indexed {
        table: u8,
        key: Key,
    },
    /// A comparison: the jump is taken when it holds.
    Comparison(JumpList),
    /// The instruction at this index makes it; its `A` is still open.
    Relocatable(u32),
    /// In a temporary register, or a local variable's, to be read only.
    Register(u8),
    /// The call at this index makes it, and can make any number of values.
    Call(u32),
    /// So does this `VarArg`.
    VarArg(u32),
}

/// An expression: a value, or what jumps around it deliver instead.
#[derive(Clone, Copy)]
pub struct Expression {
    pub kind: Kind,
    /// Jumps that leave the expression because it is true.
    pub when_true: JumpList,
    /// Jumps that leave the expression because it is false.
    pub when_false: JumpList,
}

impl Expression {
    pub const VOID: Expression = Expression::new(Kind::Void);

    pub const fn new(kind: Kind) -> Expression {
        Expression {
            kind,
            when_true: JumpList::EMPTY,
            when_false: JumpList::EMPTY,
        }
    }

    pub fn has_jumps(&self) -> bool {
        !self.when_true.is_empty() || !self.when_false.is_empty()
    }

    /// Whether it can make any number of values.
    pub fn is_open(&self) -> bool {
        matches!(self.kind, Kind::Call(_) | Kind::VarArg(_))
    }

    /// The number, if it is a literal (or folded) one that may be computed with at compile time.
    pub fn as_number(&self) -> Option<f64> {
        match self.kind {
            Kind::Number(value) if !self.has_jumps() => Some(value),
            _ => None,
        }
    }

    /// Whether it is a constant, which needs no register unless an instruction insists on one.
    pub fn is_constant(&self) -> bool {
        !self.has_jumps()
            && matches!(
                self.kind,
                Kind::Nil | Kind::True | Kind::False | Kind::Number(_) | Kind::String(_)
            )
    }
}

impl Compiler<'_> {
    /// The variable of a name.
    pub fn variable(&mut self, out: &mut Expression, symbol: Symbol) -> Result<()> {
        *out = Expression::new(match self.resolve(symbol)? {
            Place::Local(register) => Kind::Local(register),
            Place::Upvalue(index) => Kind::Upvalue(index),
            Place::Global => Kind::Global(symbol),
        });
        Ok(())
    }

    /// Fixes how many values a call or `...` makes: `None` for all of them.
    pub fn set_results(&mut self, expression: &Expression, count: Option<u8>) -> Result<()> {
        let operand = count.map_or(0, |count| count + 1);
        match expression.kind {
            Kind::Call(at) => self.set_c(at, operand),
            Kind::VarArg(at) => {
                self.set_b(at, operand);
                self.set_a(at, self.function.free_register);
                self.reserve(1)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Makes the expression one value, no variable and nothing open.
    #[inline]
    pub fn evaluate(&mut self, expression: &mut Expression) -> Result<()> {
        match expression.kind {
            Kind::Local(register) => {
                expression.kind = Kind::Register(register);
                Ok(())
            }
            Kind::Upvalue(_)
            | Kind::Global(_)
            | Kind::Indexed { .. }
            | Kind::Call(_)
            | Kind::VarArg(_) => self.read_value(expression),
            _ => Ok(()),
        }
    }

    /// Reads what is not a local variable.
    #[inline(never)]
    fn read_value(&mut self, expression: &mut Expression) -> Result<()> {
        expression.kind = match expression.kind {
            Kind::Upvalue(index) => {
                Kind::Relocatable(self.emit_abc(Opcode::GetUpvalue, 0, index, 0)?)
            }
            Kind::Global(symbol) => {
                let name = self.string_constant(symbol)?;
                Kind::Relocatable(self.emit_global(
                    Opcode::GetGlobal,
                    Opcode::GetGlobalKx,
                    0,
                    name,
                )?)
            }
            Kind::Indexed { table, key } => {
                let (opcode, operand) = match key {
                    Key::Register(register) => {
                        self.free(register);
                        (Opcode::GetTable, register)
                    }
                    Key::Field(name) => (Opcode::GetField, name),
                    Key::Integer(integer) => (Opcode::GetInteger, integer),
                };
                self.free(table);
                Kind::Relocatable(self.emit_abc(opcode, 0, table, operand)?)
            }
            Kind::Call(at) => Kind::Register(self.function.code[at as usize].a()),
            Kind::VarArg(at) => {
                self.set_b(at, 2);
                Kind::Relocatable(at)
            }
            other => other,
        };
        Ok(())
    }

    /// Puts a value without jumps into a register; a comparison stays a jump.
    fn place_value(&mut self, expression: &mut Expression, register: u8) -> Result<()> {
        self.evaluate(expression)?;
        match expression.kind {
            Kind::Nil => self.emit_nil(register, 1)?,
            Kind::True => {
                self.emit_abc(Opcode::LoadTrue, register, 0, 0)?;
            }
            Kind::False => {
                self.emit_abc(Opcode::LoadFalse, register, 0, 0)?;
            }
            Kind::Number(value) => self.emit_load_number(register, value)?,
            Kind::String(symbol) => {
                let constant = self.string_constant(symbol)?;
                self.emit_load_constant(register, constant)?;
            }
            Kind::Relocatable(at) => self.set_a(at, register),
            Kind::Register(from) => {
                if from != register {
                    self.emit_abc(Opcode::Move, register, from, 0)?;
                }
            }
            // Void places nothing; a comparison is placed by the jumps around it.
            _ => return Ok(()),
        }
        expression.kind = Kind::Register(register);
        Ok(())
    }

    /// Puts a value without jumps into some register.
    pub fn put_value_in_any_register(&mut self, expression: &mut Expression) -> Result<u8> {
        if let Kind::Register(register) = expression.kind {
            return Ok(register);
        }
        self.reserve(1)?;
        let register = self.function.free_register - 1;
        self.place_value(expression, register)?;
        Ok(register)
    }

    /// Puts the expression, with all its jumps, into the given register.
    pub fn put_in_register(&mut self, expression: &mut Expression, register: u8) -> Result<()> {
        self.place_value(expression, register)?;
        if let Kind::Comparison(jump) = expression.kind {
            self.join(&mut expression.when_true, jump);
        }
        if expression.has_jumps() {
            let (mut load_false, mut load_true) = (0, 0);
            if self.needs_value(expression.when_true) || self.needs_value(expression.when_false) {
                let around = match expression.kind {
                    Kind::Comparison(_) => JumpList::EMPTY,
                    _ => self.emit_jump()?,
                };
                self.label();
                load_false = self.emit_abc(Opcode::LoadFalseSkip, register, 0, 0)?;
                self.label();
                load_true = self.emit_abc(Opcode::LoadTrue, register, 0, 0)?;
                self.patch_to_here(around);
            }
            let end = self.label();
            self.patch_values(expression.when_false, end, register, load_false)?;
            self.patch_values(expression.when_true, end, register, load_true)?;
        }
        *expression = Expression::new(Kind::Register(register));
        Ok(())
    }

    /// Puts the expression into the next free register.
    pub fn put_in_next_register(&mut self, expression: &mut Expression) -> Result<()> {
        self.evaluate(expression)?;
        self.free_expression(expression);
        self.reserve(1)?;
        let register = self.function.free_register - 1;
        self.put_in_register(expression, register)
    }

    /// Puts the expression into some register and returns it.
    pub fn put_in_any_register(&mut self, expression: &mut Expression) -> Result<u8> {
        self.evaluate(expression)?;
        if let Kind::Register(register) = expression.kind {
            if !expression.has_jumps() {
                return Ok(register);
            }
            // A temporary may hold the result too; a local variable must not be changed.
            if usize::from(register) >= self.function.active {
                self.put_in_register(expression, register)?;
                return Ok(register);
            }
        }
        self.put_in_next_register(expression)?;
        Ok(self.function.free_register - 1)
    }

    /// Makes the expression one value, with its jumps resolved.
    pub fn evaluate_with_jumps(&mut self, expression: &mut Expression) -> Result<()> {
        if expression.has_jumps() {
            self.put_in_any_register(expression)?;
            Ok(())
        } else {
            self.evaluate(expression)
        }
    }

    /// Frees the expression's register, if it has a temporary one.
    pub fn free_expression(&mut self, expression: &Expression) {
        if let Kind::Register(register) = expression.kind {
            self.free(register);
        }
    }

    /// The index of a constant expression among the constants, if an 8-bit operand can hold it.
    pub fn constant_operand(&mut self, expression: &Expression) -> Result<Option<u8>> {
        if expression.has_jumps() {
            return Ok(None);
        }
        let constant = match expression.kind {
            Kind::Nil => self.nil_constant()?,
            Kind::True => self.boolean_constant(true)?,
            Kind::False => self.boolean_constant(false)?,
            Kind::Number(value) => self.number_constant(value)?,
            Kind::String(symbol) => self.string_constant(symbol)?,
            _ => return Ok(None),
        };
        Ok((constant <= MAX_OPERAND).then_some(constant as u8))
    }

    /// `table[key]`, for a table that is in a register already.
    pub fn index(&mut self, table: &mut Expression, key: &mut Expression) -> Result<()> {
        let Kind::Register(table_register) = table.kind else {
            return Err(self.lexer.error(SyntaxError::UnexpectedSymbol));
        };
        self.evaluate_with_jumps(key)?;
        let key = match key.kind {
            Kind::String(_) => self.constant_operand(key)?.map(Key::Field),
            Kind::Number(value) => {
                // A zero key is one of the function's zeros too, although it needs no constant here; pairs shows its sign.
                let value = self.function.signed_zero(value);
                let integer = value as u8;
                (f64::from(integer).to_bits() == value.to_bits()).then_some(Key::Integer(integer))
            }
            _ => None,
        }
        .map_or_else(|| self.put_in_any_register(key).map(Key::Register), Ok)?;
        *table = Expression::new(Kind::Indexed {
            table: table_register,
            key,
        });
        Ok(())
    }

    /// `object:name`: the method goes to the next register, the object behind it.
    pub fn method(&mut self, object: &mut Expression, name: Symbol) -> Result<()> {
        let register = self.put_in_any_register(object)?;
        self.free_expression(object);
        let base = self.function.free_register;
        self.reserve(2)?;
        let mut name = Expression::new(Kind::String(name));
        match self.constant_operand(&name)? {
            Some(constant) => {
                self.emit_abc(Opcode::SelfField, base, register, constant)?;
            }
            None => {
                let key = self.put_in_any_register(&mut name)?;
                self.emit_abc(Opcode::SelfRegister, base, register, key)?;
                self.free(key);
            }
        }
        *object = Expression::new(Kind::Register(base));
        Ok(())
    }

    /// Assigns the value to the variable.
    pub fn store(&mut self, variable: &Expression, value: &mut Expression) -> Result<()> {
        match variable.kind {
            Kind::Local(register) => {
                self.free_expression(value);
                return self.put_in_register(value, register);
            }
            Kind::Upvalue(index) => {
                let register = self.put_in_any_register(value)?;
                self.emit_abc(Opcode::SetUpvalue, register, index, 0)?;
            }
            Kind::Global(symbol) => {
                let register = self.put_in_any_register(value)?;
                let name = self.string_constant(symbol)?;
                self.emit_global(Opcode::SetGlobal, Opcode::SetGlobalKx, register, name)?;
            }
            Kind::Indexed { table, key } => self.store_in_table(table, key, value)?,
            // The parser lets only variables come here.
            _ => return Err(self.lexer.error(SyntaxError::NotAStatement)),
        }
        self.free_expression(value);
        Ok(())
    }

    /// `table[key] = value`; the registers of all three stay taken.
    pub fn store_in_table(&mut self, table: u8, key: Key, value: &mut Expression) -> Result<()> {
        self.evaluate_with_jumps(value)?;
        let constant = match key {
            Key::Integer(_) => None,
            _ => self.constant_operand(value)?,
        };
        let word = match (key, constant) {
            (Key::Register(key), Some(constant)) => {
                Instruction::abc(Opcode::SetTableK, table, key, constant)
            }
            (Key::Field(name), Some(constant)) => {
                Instruction::abc(Opcode::SetFieldK, table, name, constant)
            }
            (key, _) => {
                let register = self.put_in_any_register(value)?;
                match key {
                    Key::Register(key) => Instruction::abc(Opcode::SetTable, table, key, register),
                    Key::Field(name) => Instruction::abc(Opcode::SetField, table, name, register),
                    Key::Integer(integer) => {
                        Instruction::abc(Opcode::SetInteger, table, integer, register)
                    }
                }
            }
        };
        self.emit(word)?;
        Ok(())
    }

    /// Emits the jump taken when the value's truth is `outcome`.
    fn jump_if(&mut self, expression: &mut Expression, outcome: bool) -> Result<JumpList> {
        if let Kind::Relocatable(at) = expression.kind {
            let word = self.function.code[at as usize];
            if word.opcode() == Opcode::Not && at as usize + 1 == self.function.code.len() {
                // Test the operand of the `not` instead, for the opposite.
                self.function.code.pop();
                self.function.lines.pop();
                let test = Instruction::abc(Opcode::Test, word.b(), 0, u8::from(!outcome));
                return self.emit_conditional(test);
            }
        }
        let register = self.put_value_in_any_register(expression)?;
        self.free_expression(expression);
        let test = Instruction::abc(Opcode::TestSet, NO_REGISTER, register, u8::from(outcome));
        self.emit_conditional(test)
    }

    /// Goes on with the next instruction if the expression is true; `when_false` has the jumps taken if not.
    pub fn go_if_true(&mut self, expression: &mut Expression) -> Result<()> {
        self.evaluate(expression)?;
        let jump = match expression.kind {
            Kind::String(_) | Kind::Number(_) | Kind::True => JumpList::EMPTY,
            Kind::False => self.emit_jump()?,
            Kind::Comparison(jump) => {
                self.invert(jump);
                jump
            }
            _ => self.jump_if(expression, false)?,
        };
        self.join(&mut expression.when_false, jump);
        self.patch_to_here(expression.when_true);
        expression.when_true = JumpList::EMPTY;
        Ok(())
    }

    /// Goes on with the next instruction if the expression is false; `when_true` has the jumps taken if not.
    pub fn go_if_false(&mut self, expression: &mut Expression) -> Result<()> {
        self.evaluate(expression)?;
        let jump = match expression.kind {
            Kind::Nil | Kind::False => JumpList::EMPTY,
            Kind::True => self.emit_jump()?,
            Kind::Comparison(jump) => jump,
            _ => self.jump_if(expression, true)?,
        };
        self.join(&mut expression.when_true, jump);
        self.patch_to_here(expression.when_false);
        expression.when_false = JumpList::EMPTY;
        Ok(())
    }
}
