//! Operators: constant folding, arithmetic, comparison, logic.

use super::expression::{Expression, Kind};
use super::jump::JumpList;
use super::{Compiler, Result};
use crate::lexer::Token;
use crate::opcode::{Instruction, Opcode};

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Concat,
    NotEqual,
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
}

impl Binary {
    pub fn from_token(token: Token) -> Option<Binary> {
        Some(match token {
            Token::Plus => Binary::Add,
            Token::Minus => Binary::Sub,
            Token::Star => Binary::Mul,
            Token::Slash => Binary::Div,
            Token::Percent => Binary::Mod,
            Token::Caret => Binary::Pow,
            Token::Less => Binary::Less,
            Token::Greater => Binary::Greater,
            Token::Concat => Binary::Concat,
            Token::NotEqual => Binary::NotEqual,
            Token::Equal => Binary::Equal,
            Token::LessEqual => Binary::LessEqual,
            Token::GreaterEqual => Binary::GreaterEqual,
            Token::And => Binary::And,
            Token::Or => Binary::Or,
            _ => return None,
        })
    }

    /// How strongly it binds to its left and its right operand.
    pub fn priority(self) -> (u8, u8) {
        match self {
            Binary::Or => (1, 1),
            Binary::And => (2, 2),
            Binary::NotEqual
            | Binary::Equal
            | Binary::Less
            | Binary::LessEqual
            | Binary::Greater
            | Binary::GreaterEqual => (3, 3),
            Binary::Concat => (5, 4),
            Binary::Add | Binary::Sub => (6, 6),
            Binary::Mul | Binary::Div | Binary::Mod => (7, 7),
            Binary::Pow => (10, 9),
        }
    }

    /// The opcodes of an arithmetic operator: for two registers, a constant on the right, a constant on the left.
    fn arithmetic(self) -> Option<[Opcode; 3]> {
        Some(match self {
            Binary::Add => [Opcode::Add, Opcode::AddK, Opcode::KAdd],
            Binary::Sub => [Opcode::Sub, Opcode::SubK, Opcode::KSub],
            Binary::Mul => [Opcode::Mul, Opcode::MulK, Opcode::KMul],
            Binary::Div => [Opcode::Div, Opcode::DivK, Opcode::KDiv],
            Binary::Mod => [Opcode::Mod, Opcode::ModK, Opcode::KMod],
            Binary::Pow => [Opcode::Pow, Opcode::PowK, Opcode::KPow],
            _ => return None,
        })
    }
}

/// A unary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    Negate,
    Not,
    Length,
}

impl Unary {
    /// How strongly unary operators bind.
    pub const PRIORITY: u8 = 8;

    pub fn from_token(token: Token) -> Option<Unary> {
        match token {
            Token::Not => Some(Unary::Not),
            Token::Minus => Some(Unary::Negate),
            Token::Hash => Some(Unary::Length),
            _ => None,
        }
    }
}

/// An operand of an instruction that takes a register or a constant.
enum Operand {
    Register(u8),
    Constant(u8),
}

/// The value of an operation on numbers known at compile time. Like 5.1, this computes neither a division by
/// zero nor anything that is not a number: those are left to run time.
fn fold(operator: Binary, left: f64, right: f64) -> Option<f64> {
    let value = match operator {
        Binary::Add => left + right,
        Binary::Sub => left - right,
        Binary::Mul => left * right,
        Binary::Div if right != 0.0 => left / right,
        Binary::Mod if right != 0.0 => left - (left / right).floor() * right,
        Binary::Pow => left.powf(right),
        _ => return None,
    };
    (!value.is_nan()).then_some(value)
}

impl Compiler<'_> {
    /// Applies a unary operator.
    pub fn prefix(&mut self, operator: Unary, operand: &mut Expression) -> Result<()> {
        let opcode = match operator {
            Unary::Not => return self.negate_condition(operand),
            Unary::Length => Opcode::Length,
            Unary::Negate => {
                if let Some(value) = operand.as_number() {
                    operand.kind = Kind::Number(-value);
                    return Ok(());
                }
                Opcode::Negate
            }
        };
        let register = self.put_in_any_register(operand)?;
        self.free_expression(operand);
        *operand = Expression::new(Kind::Relocatable(self.emit_abc(opcode, 0, register, 0)?));
        Ok(())
    }

    fn negate_condition(&mut self, operand: &mut Expression) -> Result<()> {
        self.evaluate(operand)?;
        operand.kind = match operand.kind {
            Kind::Nil | Kind::False => Kind::True,
            Kind::Number(_) | Kind::String(_) | Kind::True => Kind::False,
            Kind::Comparison(jump) => {
                self.invert(jump);
                operand.kind
            }
            _ => {
                let register = self.put_value_in_any_register(operand)?;
                self.free_expression(operand);
                Kind::Relocatable(self.emit_abc(Opcode::Not, 0, register, 0)?)
            }
        };
        std::mem::swap(&mut operand.when_true, &mut operand.when_false);
        self.drop_values(operand.when_true);
        self.drop_values(operand.when_false);
        Ok(())
    }

    /// Prepares the left operand before the right one is parsed.
    pub fn infix(&mut self, operator: Binary, left: &mut Expression) -> Result<()> {
        match operator {
            Binary::And => self.go_if_true(left),
            Binary::Or => self.go_if_false(left),
            Binary::Concat => self.put_in_next_register(left),
            Binary::Equal | Binary::NotEqual => {
                self.evaluate_with_jumps(left)?;
                if left.is_constant() {
                    self.note_zero(left);
                } else {
                    self.put_in_any_register(left)?;
                }
                Ok(())
            }
            _ => {
                if left.as_number().is_none() {
                    self.put_in_any_register(left)?;
                } else if matches!(
                    operator,
                    Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual
                ) {
                    self.note_zero(left);
                }
                Ok(())
            }
        }
    }

    /// A constant on the left of a comparison is one of the function's constants before the right side is read.
    fn note_zero(&mut self, constant: &Expression) {
        if let Kind::Number(value) = constant.kind {
            self.function.signed_zero(value);
        }
    }

    /// Applies a binary operator, now that both operands are known. The result is in `left`.
    pub fn postfix(
        &mut self,
        operator: Binary,
        left: &mut Expression,
        right: &mut Expression,
    ) -> Result<()> {
        match operator {
            Binary::And => {
                self.evaluate(right)?;
                self.join(&mut right.when_false, left.when_false);
                *left = *right;
                Ok(())
            }
            Binary::Or => {
                self.evaluate(right)?;
                self.join(&mut right.when_true, left.when_true);
                *left = *right;
                Ok(())
            }
            Binary::Concat => self.concatenate(left, right),
            Binary::Equal => self.compare_equal(true, left, right),
            Binary::NotEqual => self.compare_equal(false, left, right),
            Binary::Less => self.compare_order([Opcode::Lt, Opcode::LtK, Opcode::GtK], left, right),
            Binary::LessEqual => {
                self.compare_order([Opcode::Le, Opcode::LeK, Opcode::GeK], left, right)
            }
            // `a > b` is `b < a`: the operands change places, but are evaluated left to right.
            Binary::Greater => {
                self.compare_order([Opcode::Lt, Opcode::LtK, Opcode::GtK], right, left)?;
                *left = *right;
                Ok(())
            }
            Binary::GreaterEqual => {
                self.compare_order([Opcode::Le, Opcode::LeK, Opcode::GeK], right, left)?;
                *left = *right;
                Ok(())
            }
            _ => self.arithmetic(operator, left, right),
        }
    }

    fn arithmetic(
        &mut self,
        operator: Binary,
        left: &mut Expression,
        right: &mut Expression,
    ) -> Result<()> {
        if let (Some(a), Some(b)) = (left.as_number(), right.as_number())
            && let Some(value) = fold(operator, a, b)
        {
            left.kind = Kind::Number(value);
            return Ok(());
        }
        let Some([registers, constant_right, constant_left]) = operator.arithmetic() else {
            return Ok(());
        };
        let (b, c) = self.operands(left, right, Expression::as_number)?;
        let word = match (b, c) {
            (Operand::Register(b), Operand::Register(c)) => Instruction::abc(registers, 0, b, c),
            (Operand::Register(b), Operand::Constant(c)) => {
                Instruction::abc(constant_right, 0, b, c)
            }
            (Operand::Constant(b), Operand::Register(c) | Operand::Constant(c)) => {
                Instruction::abc(constant_left, 0, b, c)
            }
        };
        *left = Expression::new(Kind::Relocatable(self.emit(word)?));
        Ok(())
    }

    /// Puts both operands where an instruction can take them, of which at most one may be a constant: the right one
    /// if `allowed` finds it fit, else the left one. Frees their registers.
    fn operands<T>(
        &mut self,
        left: &mut Expression,
        right: &mut Expression,
        allowed: fn(&Expression) -> Option<T>,
    ) -> Result<(Operand, Operand)> {
        self.evaluate_with_jumps(right)?;
        let constant = match allowed(right) {
            Some(_) => self.constant_operand(right)?,
            None => None,
        };
        let (left_operand, right_operand) = match constant {
            Some(constant) => (
                Operand::Register(self.put_in_any_register(left)?),
                Operand::Constant(constant),
            ),
            None => {
                let register = self.put_in_any_register(right)?;
                let constant = match allowed(left) {
                    Some(_) => self.constant_operand(left)?,
                    None => None,
                };
                let left_operand = match constant {
                    Some(constant) => Operand::Constant(constant),
                    None => Operand::Register(self.put_in_any_register(left)?),
                };
                (left_operand, Operand::Register(register))
            }
        };
        self.free_both(&left_operand, &right_operand);
        Ok((left_operand, right_operand))
    }

    /// Frees two registers in the order of a stack.
    fn free_both(&mut self, left: &Operand, right: &Operand) {
        let register = |operand: &Operand| match *operand {
            Operand::Register(register) => Some(register),
            Operand::Constant(_) => None,
        };
        let (left, right) = (register(left), register(right));
        for register in [left.max(right), left.min(right)].into_iter().flatten() {
            self.free(register);
        }
    }

    fn concatenate(&mut self, left: &mut Expression, right: &mut Expression) -> Result<()> {
        self.evaluate_with_jumps(right)?;
        let Kind::Register(first) = left.kind else {
            return Ok(());
        };
        // A concatenation on the right that starts just behind this operand takes it in.
        if let Kind::Relocatable(at) = right.kind
            && self.function.code[at as usize].opcode() == Opcode::Concat
        {
            self.free(first);
            self.set_b(at, first);
            *left = *right;
            return Ok(());
        }
        self.put_in_next_register(right)?;
        let last = self.put_in_any_register(right)?;
        self.free(last);
        self.free(first);
        *left = Expression::new(Kind::Relocatable(self.emit_abc(
            Opcode::Concat,
            0,
            first,
            last,
        )?));
        Ok(())
    }

    fn compare_equal(
        &mut self,
        outcome: bool,
        left: &mut Expression,
        right: &mut Expression,
    ) -> Result<()> {
        let constant = |expression: &Expression| expression.is_constant().then_some(());
        let outcome = u8::from(outcome);
        let word = match self.operands(left, right, constant)? {
            (Operand::Register(a), Operand::Register(b)) => {
                Instruction::abc(Opcode::Eq, a, b, outcome)
            }
            (Operand::Register(a), Operand::Constant(b))
            | (Operand::Constant(b), Operand::Register(a) | Operand::Constant(a)) => {
                Instruction::abc(Opcode::EqK, a, b, outcome)
            }
        };
        let jump = self.emit_conditional(word)?;
        *left = Expression::new(Kind::Comparison(jump));
        Ok(())
    }

    /// `less < more` or `less <= more`. The opcodes are for two registers, a constant on the right, and one on the left.
    fn compare_order(
        &mut self,
        [registers, constant_right, constant_left]: [Opcode; 3],
        less: &mut Expression,
        more: &mut Expression,
    ) -> Result<()> {
        let word = match self.operands(less, more, Expression::as_number)? {
            (Operand::Register(a), Operand::Register(b)) => Instruction::abc(registers, a, b, 1),
            (Operand::Register(a), Operand::Constant(b)) => {
                Instruction::abc(constant_right, a, b, 1)
            }
            (Operand::Constant(b), Operand::Register(a) | Operand::Constant(a)) => {
                Instruction::abc(constant_left, a, b, 1)
            }
        };
        let jump = self.emit_conditional(word)?;
        *less = Expression::new(Kind::Comparison(jump));
        Ok(())
    }

    /// Goes on with the next instruction if the condition is true; the jumps returned are taken when it is false.
    pub fn condition(&mut self, condition: &mut Expression) -> Result<JumpList> {
        if let Kind::Nil = condition.kind {
            // All falses are equal here.
            condition.kind = Kind::False;
        }
        self.go_if_true(condition)?;
        Ok(condition.when_false)
    }
}
