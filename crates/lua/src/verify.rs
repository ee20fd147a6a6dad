//! The bytecode verifier.
//!
//! It checks what the VM relies on: every operand within its function's registers, constants, upvalues and nested
//! functions; constants of the type the opcode wants; jumps that land on instructions; conditions followed by their
//! jump; open results consumed by the next instruction and by nothing else; no way off the end of the code. Debug
//! builds run it after every compilation.

use thiserror::Error;

use crate::opcode::{Instruction, MAX_REGISTERS, Opcode};
use crate::operand::{Layout, Operand, is_condition, layout};
use crate::proto::{Constant, Proto, UpvalueSource};

/// What is wrong with a prototype.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    #[error("the parts of the function do not fit each other")]
    Shape,
    #[error("no such opcode")]
    IllegalOpcode,
    #[error("a register beyond the function's last")]
    Register,
    #[error("no such constant, or of the wrong type")]
    Constant,
    #[error("no such upvalue")]
    Upvalue,
    #[error("no such nested function")]
    Child,
    #[error("a jump to something that is no instruction")]
    Jump,
    #[error("an instruction without the one that must follow it")]
    Sequence,
    #[error("open results that are not consumed at once, or consumed but not made")]
    OpenResults,
    #[error("execution can run off the code")]
    End,
}

/// A violation and the function and word it was found at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{violation} (function at line {line_defined}, word {at})")]
pub struct Fault {
    /// What is wrong.
    pub violation: Violation,
    /// The line where the function is defined; 0 for a main chunk.
    pub line_defined: u32,
    /// Index of the word.
    pub at: u32,
}

/// Verifies a function and all functions in it.
///
/// # Errors
/// The first fault found. A prototype the compiler made has none.
pub fn verify(proto: &Proto) -> Result<(), Fault> {
    // A worklist, not recursion: nesting is the compiler's limit, not this function's.
    let mut pending = vec![proto];
    while let Some(proto) = pending.pop() {
        Verifier::new(proto).run()?;
        pending.extend(proto.children.iter().map(AsRef::as_ref));
    }
    Ok(())
}

struct Verifier<'p> {
    proto: &'p Proto,
    /// Which words are instructions (the others are extra words).
    is_instruction: Vec<bool>,
}

impl<'p> Verifier<'p> {
    fn new(proto: &'p Proto) -> Self {
        let mut is_instruction = vec![false; proto.code.len()];
        let mut at = 0;
        while at < proto.code.len() {
            is_instruction[at] = true;
            at += 1 + usize::from(proto.code[at].has_extra_word());
        }
        Verifier {
            proto,
            is_instruction,
        }
    }

    fn fault(&self, violation: Violation, at: usize) -> Fault {
        Fault {
            violation,
            line_defined: self.proto.line_defined,
            at: at as u32,
        }
    }

    fn run(&self) -> Result<(), Fault> {
        self.check_shape()?;
        let mut jumped_to = vec![false; self.proto.code.len()];
        for at in self.instructions() {
            self.check_operands(at)?;
            let (next, jump) = self.successors(at);
            let lands = |place: Option<usize>| {
                place.is_some_and(|place| self.is_instruction.get(place) == Some(&true))
            };
            if next.is_some() && !lands(next) {
                return Err(self.fault(Violation::End, at));
            }
            match jump {
                Some(target) if lands(target) => jumped_to[target.unwrap_or(0)] = true,
                Some(_) => return Err(self.fault(Violation::Jump, at)),
                None => {}
            }
        }
        for at in self.instructions() {
            self.check_sequence(at, &jumped_to)?;
        }
        Ok(())
    }

    fn instructions(&self) -> impl Iterator<Item = usize> {
        (0..self.proto.code.len()).filter(|&at| self.is_instruction[at])
    }

    fn check_shape(&self) -> Result<(), Fault> {
        let proto = self.proto;
        let registers = usize::from(proto.max_stack);
        let fits = !proto.code.is_empty()
            && proto.lines.len() == proto.code.len()
            && proto.upvalues.len() == proto.upvalue_names.len()
            && proto.upvalues.len() <= 60
            && (2..=MAX_REGISTERS).contains(&registers)
            && usize::from(proto.parameters) <= registers
            && proto
                .locals
                .iter()
                .all(|local| local.start <= local.end && local.end as usize <= proto.code.len());
        if fits {
            Ok(())
        } else {
            Err(self.fault(Violation::Shape, 0))
        }
    }

    fn register(&self, register: usize, at: usize) -> Result<(), Fault> {
        if register < usize::from(self.proto.max_stack) {
            Ok(())
        } else {
            Err(self.fault(Violation::Register, at))
        }
    }

    fn operand(&self, operand: Operand, value: usize, at: usize) -> Result<(), Fault> {
        let constant = self.proto.constants.get(value);
        let fits = match operand {
            Operand::Unused | Operand::Immediate => true,
            Operand::Register => return self.register(value, at),
            Operand::Upvalue => {
                return if value < self.proto.upvalues.len() {
                    Ok(())
                } else {
                    Err(self.fault(Violation::Upvalue, at))
                };
            }
            Operand::Constant => constant.is_some(),
            Operand::Text => matches!(constant, Some(Constant::String(_))),
            Operand::Number => matches!(constant, Some(Constant::Number(_))),
        };
        if fits {
            Ok(())
        } else {
            Err(self.fault(Violation::Constant, at))
        }
    }

    fn check_operands(&self, at: usize) -> Result<(), Fault> {
        let word = self.proto.code[at];
        let (a, b, c) = (
            usize::from(word.a()),
            usize::from(word.b()),
            usize::from(word.c()),
        );
        match layout(word.opcode()) {
            Layout::Illegal => return Err(self.fault(Violation::IllegalOpcode, at)),
            Layout::Jump => {}
            Layout::Short(for_a, for_b, for_c) => {
                self.operand(for_a, a, at)?;
                self.operand(for_b, b, at)?;
                self.operand(for_c, c, at)?;
            }
            Layout::WideImmediate | Layout::ShortJump => self.register(a, at)?,
            Layout::Wide(operand) => {
                self.register(a, at)?;
                self.operand(operand, usize::from(word.bx()), at)?;
            }
            Layout::Extra(operand) => {
                self.register(a, at)?;
                let Some(extra) = self.proto.code.get(at + 1) else {
                    return Err(self.fault(Violation::End, at));
                };
                self.operand(operand, extra.0 as usize, at)?;
            }
            Layout::Child => {
                self.register(a, at)?;
                self.check_closure(usize::from(word.bx()), at)?;
            }
        }
        // The highest register of instructions that work on a run of them.
        let last = match word.opcode() {
            Opcode::LoadNil => a + b,
            Opcode::SelfField | Opcode::SelfRegister => a + 1,
            Opcode::SetList => a + b,
            Opcode::Concat if b >= c => return Err(self.fault(Violation::Register, at)),
            Opcode::Call => a + b.saturating_sub(1).max(c.saturating_sub(2)),
            Opcode::TailCall => a + b.saturating_sub(1),
            // A call or return of no values may name the register behind the last.
            Opcode::Return | Opcode::VarArg => a + b.saturating_sub(2),
            Opcode::ForPrep | Opcode::ForLoop | Opcode::TForLoop => a + 3,
            Opcode::TForCall => a + (2 + c).max(5),
            _ => a.min(usize::from(self.proto.max_stack) - 1),
        };
        if word.opcode() == Opcode::TForCall && c == 0 {
            return Err(self.fault(Violation::Register, at));
        }
        self.register(last, at)
    }

    fn check_closure(&self, child: usize, at: usize) -> Result<(), Fault> {
        let Some(child) = self.proto.children.get(child) else {
            return Err(self.fault(Violation::Child, at));
        };
        for source in &child.upvalues {
            match *source {
                UpvalueSource::Register(register) => self.register(usize::from(register), at)?,
                UpvalueSource::Upvalue(index) => {
                    self.operand(Operand::Upvalue, usize::from(index), at)?;
                }
            }
        }
        Ok(())
    }

    /// Where execution may go from the instruction at `at`: on (if it can), and by a jump (if it is one; a jump
    /// to before the code has no target).
    fn successors(&self, at: usize) -> (Option<usize>, Option<Option<usize>>) {
        let word = self.proto.code[at];
        let next = at + 1 + usize::from(word.has_extra_word());
        let jump = |offset: i32| Some(next.checked_add_signed(offset as isize));
        match word.opcode() {
            Opcode::Jump => (None, jump(word.sj())),
            Opcode::ForPrep | Opcode::ForLoop | Opcode::TForLoop => {
                (Some(next), jump(i32::from(word.sbx())))
            }
            Opcode::LoadFalseSkip => (None, jump(1)),
            Opcode::Return | Opcode::Return0 | Opcode::Return1 => (None, None),
            opcode if is_condition(opcode) => (Some(next), jump(1)),
            _ => (Some(next), None),
        }
    }

    fn check_sequence(&self, at: usize, jumped_to: &[bool]) -> Result<(), Fault> {
        let word = self.proto.code[at];
        let next = at + 1 + usize::from(word.has_extra_word());
        let following = self.proto.code.get(next).copied();
        let follows = |opcode: Opcode| following.is_some_and(|word| word.opcode() == opcode);
        let in_order = match word.opcode() {
            Opcode::LoadFalseSkip => follows(Opcode::LoadTrue),
            Opcode::TForCall => follows(Opcode::TForLoop),
            Opcode::TailCall => following
                .is_some_and(|word| word == Instruction::abc(Opcode::Return, word.a(), 0, 0)),
            opcode if is_condition(opcode) => follows(Opcode::Jump),
            _ => true,
        };
        if !in_order {
            return Err(self.fault(Violation::Sequence, at));
        }
        let open = makes_open_results(word);
        if open != following.is_some_and(consumes_open_results) {
            return Err(self.fault(Violation::OpenResults, at));
        }
        if consumes_open_results(word) && (at == 0 || jumped_to[at]) {
            return Err(self.fault(Violation::OpenResults, at));
        }
        Ok(())
    }
}

fn makes_open_results(word: Instruction) -> bool {
    match word.opcode() {
        Opcode::Call => word.c() == 0,
        Opcode::VarArg => word.b() == 0,
        // The native function it called has made all its results.
        Opcode::TailCall => true,
        _ => false,
    }
}

fn consumes_open_results(word: Instruction) -> bool {
    match word.opcode() {
        Opcode::Call | Opcode::TailCall | Opcode::Return | Opcode::SetList => word.b() == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::compile;

    /// The function `return (x + 1)`, with one word replaced.
    fn with_word(at: usize, word: Instruction) -> Result<(), Fault> {
        let mut proto = compile(b"return (x + 1)", b"=test").expect("the source is right");
        let mut code = proto.code.to_vec();
        code[at] = word;
        proto.code = code.into();
        verify(&proto)
    }

    fn violation(at: usize, word: Instruction) -> Option<Violation> {
        with_word(at, word).err().map(|fault| fault.violation)
    }

    #[test]
    fn operands_out_of_bounds_are_found() {
        assert_eq!(
            violation(0, Instruction::abx(Opcode::GetGlobal, 0, 0)),
            None
        );
        let beyond = Instruction::abx(Opcode::GetGlobal, 2, 0);
        assert_eq!(violation(0, beyond), Some(Violation::Register));
        let missing = Instruction::abx(Opcode::GetGlobal, 0, 2);
        assert_eq!(violation(0, missing), Some(Violation::Constant));
        let not_a_name = Instruction::abx(Opcode::GetGlobal, 0, 1);
        assert_eq!(violation(0, not_a_name), Some(Violation::Constant));
        let upvalue = Instruction::abc(Opcode::GetUpvalue, 0, 0, 0);
        assert_eq!(violation(0, upvalue), Some(Violation::Upvalue));
        let child = Instruction::abx(Opcode::Closure, 0, 0);
        assert_eq!(violation(0, child), Some(Violation::Child));
        assert_eq!(
            violation(0, Instruction(0xff)),
            Some(Violation::IllegalOpcode)
        );
    }

    #[test]
    fn jumps_must_land_on_instructions() {
        assert_eq!(violation(0, Instruction::jump(0)), None);
        assert_eq!(violation(0, Instruction::jump(2)), None);
        assert_eq!(violation(0, Instruction::jump(100)), Some(Violation::Jump));
        assert_eq!(violation(0, Instruction::jump(-2)), Some(Violation::Jump));
        let condition = Instruction::abc(Opcode::Test, 0, 0, 1);
        assert_eq!(violation(0, condition), Some(Violation::Sequence));
        assert_eq!(violation(3, Instruction::jump(-4)), None);
        let end = Instruction::abc(Opcode::LoadTrue, 0, 0, 0);
        assert_eq!(violation(3, end), Some(Violation::End));
    }

    #[test]
    fn open_results_are_made_and_consumed_in_turn() {
        let make = Instruction::abc(Opcode::VarArg, 0, 0, 0);
        assert_eq!(violation(0, make), Some(Violation::OpenResults));
        let consume = Instruction::abc(Opcode::Return, 0, 0, 0);
        assert_eq!(violation(2, consume), Some(Violation::OpenResults));
        assert_eq!(violation(0, consume), Some(Violation::OpenResults));
    }
}
