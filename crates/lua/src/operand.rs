//! What the operands of each opcode mean, as a table.
//!
//! The verifier checks by it and the disassembler prints by it, so that neither repeats the instruction set.

use crate::opcode::Opcode;

/// The meaning of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Not used.
    Unused,
    /// A register.
    Register,
    /// An upvalue of the function.
    Upvalue,
    /// A constant of any type.
    Constant,
    /// A constant that is a string.
    Text,
    /// A constant that is a number.
    Number,
    /// The number itself: a count, a flag, an integer key, a size.
    Immediate,
}

impl Operand {
    /// How many meanings there are.
    pub const COUNT: usize = Operand::Immediate as usize + 1;
}

/// The layouts of all opcodes, by their numbers.
pub static LAYOUTS: [Layout; Opcode::ALL.len()] = {
    let mut layouts = [Layout::Illegal; Opcode::ALL.len()];
    let mut number = 0;
    while number < layouts.len() {
        layouts[number] = layout(Opcode::ALL[number]);
        number += 1;
    }
    layouts
};

/// The layout of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Operands `A`, `B`, `C`.
    Short(Operand, Operand, Operand),
    /// `A` and a 16-bit constant index of the given meaning.
    Wide(Operand),
    /// `A` and a signed 16-bit number.
    WideImmediate,
    /// `A` and the number of a nested function.
    Child,
    /// `A` and a signed 16-bit jump.
    ShortJump,
    /// A signed 24-bit jump.
    Jump,
    /// `A` and a constant index of the given meaning in an extra word.
    Extra(Operand),
    /// Not an instruction.
    Illegal,
}

/// The layout of an opcode.
pub const fn layout(opcode: Opcode) -> Layout {
    use Layout::{Child, Extra, Illegal, Jump, Short, ShortJump, Wide, WideImmediate};
    use Operand::{Constant, Immediate, Number, Register, Text, Unused, Upvalue};
    match opcode {
        Opcode::Move | Opcode::Negate | Opcode::Not | Opcode::Length => {
            Short(Register, Register, Unused)
        }
        Opcode::LoadK => Wide(Constant),
        Opcode::LoadKx => Extra(Constant),
        Opcode::LoadInteger => WideImmediate,
        Opcode::LoadNil => Short(Register, Immediate, Unused),
        Opcode::LoadTrue
        | Opcode::LoadFalse
        | Opcode::LoadFalseSkip
        | Opcode::Return1
        | Opcode::Close => Short(Register, Unused, Unused),
        Opcode::GetUpvalue | Opcode::SetUpvalue => Short(Register, Upvalue, Unused),
        Opcode::GetGlobal | Opcode::SetGlobal => Wide(Text),
        Opcode::GetGlobalKx | Opcode::SetGlobalKx => Extra(Text),
        Opcode::NewTable | Opcode::SetList | Opcode::Call => Short(Register, Immediate, Immediate),
        Opcode::GetTable | Opcode::SetTable | Opcode::SelfRegister | Opcode::Concat => {
            Short(Register, Register, Register)
        }
        Opcode::GetField | Opcode::SelfField => Short(Register, Register, Text),
        Opcode::GetInteger => Short(Register, Register, Immediate),
        Opcode::SetTableK => Short(Register, Register, Constant),
        Opcode::SetField => Short(Register, Text, Register),
        Opcode::SetFieldK => Short(Register, Text, Constant),
        Opcode::SetInteger => Short(Register, Immediate, Register),
        Opcode::Add | Opcode::Sub | Opcode::Mul | Opcode::Div | Opcode::Mod | Opcode::Pow => {
            Short(Register, Register, Register)
        }
        Opcode::AddK | Opcode::SubK | Opcode::MulK | Opcode::DivK | Opcode::ModK | Opcode::PowK => {
            Short(Register, Register, Number)
        }
        Opcode::KAdd | Opcode::KSub | Opcode::KMul | Opcode::KDiv | Opcode::KMod | Opcode::KPow => {
            Short(Register, Number, Register)
        }
        Opcode::Jump => Jump,
        Opcode::Eq | Opcode::Lt | Opcode::Le => Short(Register, Register, Immediate),
        Opcode::EqK => Short(Register, Constant, Immediate),
        Opcode::LtK | Opcode::LeK | Opcode::GtK | Opcode::GeK => Short(Register, Number, Immediate),
        Opcode::Test => Short(Register, Unused, Immediate),
        Opcode::TestSet => Short(Register, Register, Immediate),
        Opcode::TailCall | Opcode::Return | Opcode::VarArg => Short(Register, Immediate, Unused),
        Opcode::Return0 => Short(Unused, Unused, Unused),
        Opcode::Closure => Child,
        Opcode::ForPrep | Opcode::ForLoop | Opcode::TForLoop => ShortJump,
        Opcode::TForCall => Short(Register, Unused, Immediate),
        Opcode::Illegal => Illegal,
    }
}

/// Whether the opcode is a condition, which a `Jump` must follow.
pub const fn is_condition(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::Eq
            | Opcode::EqK
            | Opcode::Lt
            | Opcode::LtK
            | Opcode::Le
            | Opcode::LeK
            | Opcode::GtK
            | Opcode::GeK
            | Opcode::Test
            | Opcode::TestSet
    )
}
