//! The bytecode verifier.
//!
//! It checks what the VM relies on: every operand within its function's registers, constants, upvalues and nested
//! functions; constants of the type the opcode wants; jumps that land on instructions; conditions followed by their
//! jump; open results consumed by the next instruction and by nothing else; no way off the end of the code. Debug
//! builds run it after every compilation.

use smallvec::SmallVec;
use thiserror::Error;

use crate::opcode::{Instruction, MAX_REGISTERS, Opcode};
use crate::operand::{LAYOUTS, Layout, Operand, is_condition};
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
    let mut pending: SmallVec<[&Proto; 16]> = SmallVec::new();
    pending.push(proto);
    while let Some(proto) = pending.pop() {
        Verifier::new(proto).run()?;
        pending.extend(proto.children.iter().map(AsRef::as_ref));
    }
    Ok(())
}

/// What is known of a word.
const INSTRUCTION: u8 = 1;
const JUMPED_TO: u8 = 2;
const CONSUMES_OPEN_RESULTS: u8 = 4;

struct Verifier<'p> {
    proto: &'p Proto,
    /// What the constants are as operands: a text, a number, or just a constant.
    constants: SmallVec<[Operand; 64]>,
    /// What an operand of each meaning has to be below.
    bounds: [u32; Operand::COUNT],
}

impl<'p> Verifier<'p> {
    fn new(proto: &'p Proto) -> Self {
        let constants: SmallVec<[Operand; 64]> = proto
            .constants()
            .map(|constant| match constant {
                Constant::String(_) => Operand::Text,
                Constant::Number(_) => Operand::Number,
                Constant::Nil | Constant::Boolean(_) => Operand::Constant,
            })
            .collect();
        let mut bounds = [u32::MAX; Operand::COUNT];
        bounds[Operand::Register as usize] = u32::from(proto.max_stack);
        bounds[Operand::Upvalue as usize] = proto.upvalue_count() as u32;
        for operand in [Operand::Constant, Operand::Text, Operand::Number] {
            bounds[operand as usize] = constants.len() as u32;
        }
        Verifier {
            proto,
            constants,
            bounds,
        }
    }

    fn fault(&self, violation: Violation, at: usize) -> Fault {
        Fault {
            violation,
            line_defined: self.proto.line_defined,
            at: at as u32,
        }
    }

    /// One pass over the code, and one over what it found out about the words.
    fn run(&self) -> Result<(), Fault> {
        self.check_shape()?;
        let code = &*self.proto.code;
        let mut marks: SmallVec<[u8; 128]> = SmallVec::from_elem(0, code.len());
        let mut at = 0;
        let mut has_open_results = false;
        while let Some(&word) = code.get(at) {
            let opcode = word.opcode();
            self.check_operands(at, word, opcode)?;
            let consumes = consumes_open_results(word, opcode);
            if consumes != has_open_results {
                return Err(self.fault(Violation::OpenResults, at));
            }
            has_open_results = makes_open_results(word, opcode);
            marks[at] |= INSTRUCTION;
            if consumes {
                marks[at] |= CONSUMES_OPEN_RESULTS;
            }
            let next = at + 1 + usize::from(word.has_extra_word());
            let jump = self.follow(at, next, word, opcode)?;
            if let Some(offset) = jump {
                let target = next.checked_add_signed(offset as isize);
                let mark = target.and_then(|target| marks.get_mut(target));
                let Some(mark) = mark else {
                    return Err(self.fault(Violation::Jump, at));
                };
                *mark |= JUMPED_TO;
            }
            at = next;
        }
        for (at, &mark) in marks.iter().enumerate() {
            if mark & (JUMPED_TO | INSTRUCTION) == JUMPED_TO {
                return Err(self.fault(Violation::Jump, at));
            }
            if mark & JUMPED_TO != 0 && mark & CONSUMES_OPEN_RESULTS != 0 {
                return Err(self.fault(Violation::OpenResults, at));
            }
        }
        Ok(())
    }

    /// Checks that execution can go on behind an instruction from which it may, and that there is what has to be there. The jump the
    /// instruction may make, if it is one.
    #[inline(always)]
    fn follow(
        &self,
        at: usize,
        next: usize,
        word: Instruction,
        opcode: Opcode,
    ) -> Result<Option<i32>, Fault> {
        let following = self.proto.code.get(next).copied();
        let follows = |opcode: Opcode| following.is_some_and(|word| word.opcode() == opcode);
        let (in_order, goes_on, jump) = match opcode {
            Opcode::Jump => (true, false, Some(word.sj())),
            Opcode::ForPrep | Opcode::ForLoop | Opcode::TForLoop => {
                (true, true, Some(i32::from(word.sbx())))
            }
            Opcode::LoadFalseSkip => (follows(Opcode::LoadTrue), false, Some(1)),
            Opcode::Return | Opcode::Return0 | Opcode::Return1 => (true, false, None),
            Opcode::TForCall => (follows(Opcode::TForLoop), true, None),
            Opcode::TailCall => {
                let end = Instruction::abc(Opcode::Return, word.a(), 0, 0);
                (following == Some(end), true, None)
            }
            opcode if is_condition(opcode) => (follows(Opcode::Jump), true, Some(1)),
            _ => (true, true, None),
        };
        if goes_on && following.is_none() {
            return Err(self.fault(Violation::End, at));
        }
        if !in_order {
            return Err(self.fault(Violation::Sequence, at));
        }
        Ok(jump)
    }

    fn check_shape(&self) -> Result<(), Fault> {
        let proto = self.proto;
        let registers = usize::from(proto.max_stack);
        let fits = !proto.code.is_empty()
            && proto.has_lines()
            && self.constants.len() == proto.constants().len()
            && proto.upvalues().len() == proto.upvalue_count()
            && proto.upvalue_count() <= 60
            && (2..=MAX_REGISTERS).contains(&registers)
            && usize::from(proto.parameters) <= registers
            && proto
                .locals()
                .all(|local| local.start <= local.end && local.end as usize <= proto.code.len());
        if fits {
            Ok(())
        } else {
            Err(self.fault(Violation::Shape, 0))
        }
    }

    #[inline(always)]
    fn register(&self, register: usize, at: usize) -> Result<(), Fault> {
        if register < usize::from(self.proto.max_stack) {
            Ok(())
        } else {
            Err(self.fault(Violation::Register, at))
        }
    }

    #[inline(always)]
    fn operand(&self, operand: Operand, value: u32, at: usize) -> Result<(), Fault> {
        let fits = value < self.bounds[operand as usize]
            && match operand {
                Operand::Text | Operand::Number => self.constants[value as usize] == operand,
                _ => true,
            };
        if fits {
            return Ok(());
        }
        let violation = match operand {
            Operand::Upvalue => Violation::Upvalue,
            Operand::Constant | Operand::Text | Operand::Number => Violation::Constant,
            _ => Violation::Register,
        };
        Err(self.fault(violation, at))
    }

    #[inline(always)]
    fn check_operands(&self, at: usize, word: Instruction, opcode: Opcode) -> Result<(), Fault> {
        match LAYOUTS[opcode as usize] {
            Layout::Illegal => return Err(self.fault(Violation::IllegalOpcode, at)),
            Layout::Jump => return Ok(()),
            Layout::Short(for_a, for_b, for_c) => {
                self.operand(for_a, word.a().into(), at)?;
                self.operand(for_b, word.b().into(), at)?;
                self.operand(for_c, word.c().into(), at)?;
            }
            Layout::WideImmediate | Layout::ShortJump => self.register(word.a().into(), at)?,
            Layout::Wide(operand) => {
                self.register(word.a().into(), at)?;
                self.operand(operand, word.bx().into(), at)?;
            }
            Layout::Extra(operand) => {
                self.register(word.a().into(), at)?;
                let Some(extra) = self.proto.code.get(at + 1) else {
                    return Err(self.fault(Violation::End, at));
                };
                self.operand(operand, extra.0, at)?;
            }
            Layout::Child => {
                self.register(word.a().into(), at)?;
                self.check_closure(usize::from(word.bx()), at)?;
            }
        }
        let (a, b, c) = (
            usize::from(word.a()),
            usize::from(word.b()),
            usize::from(word.c()),
        );
        // The highest register of instructions that work on a run of them.
        let last = match opcode {
            Opcode::LoadNil => a + b,
            Opcode::SelfField | Opcode::SelfRegister => a + 1,
            Opcode::SetList => a + b,
            Opcode::Concat if b >= c => return Err(self.fault(Violation::Register, at)),
            Opcode::Call => a + b.saturating_sub(1).max(c.saturating_sub(2)),
            Opcode::TailCall => a + b.saturating_sub(1),
            // A call or return of no values may name the register behind the last.
            Opcode::Return | Opcode::VarArg => a + b.saturating_sub(2),
            Opcode::ForPrep | Opcode::ForLoop | Opcode::TForLoop => a + 3,
            Opcode::TForCall if c == 0 => return Err(self.fault(Violation::Register, at)),
            Opcode::TForCall => a + (2 + c).max(5),
            _ => return Ok(()),
        };
        self.register(last, at)
    }

    fn check_closure(&self, child: usize, at: usize) -> Result<(), Fault> {
        let Some(child) = self.proto.children.get(child) else {
            return Err(self.fault(Violation::Child, at));
        };
        for source in child.upvalues() {
            match source {
                UpvalueSource::Register(register) => self.register(usize::from(register), at)?,
                UpvalueSource::Upvalue(index) => {
                    self.operand(Operand::Upvalue, index.into(), at)?;
                }
            }
        }
        Ok(())
    }
}

#[inline(always)]
fn makes_open_results(word: Instruction, opcode: Opcode) -> bool {
    match opcode {
        Opcode::Call => word.c() == 0,
        Opcode::VarArg => word.b() == 0,
        // The native function it called has made all its results.
        Opcode::TailCall => true,
        _ => false,
    }
}

#[inline(always)]
fn consumes_open_results(word: Instruction, opcode: Opcode) -> bool {
    match opcode {
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
