//! What a register is called in the source: `local 'x'`, `global 'print'`, `field 'y'`, `upvalue 'z'`, `method 'm'`.
//!
//! The name is found as 5.1 finds it: a live local variable, or else by walking the code in order up to the failing instruction
//! (following forward jumps that do not pass it) and looking at the last instruction that wrote the register.

use crate::opcode::Opcode;
use crate::proto::{Constant, Proto};

/// A register's kind (`local`, `global`, `field`, `upvalue`, `method`) and name.
pub(crate) type ObjectName = (&'static str, Vec<u8>);

/// The name of the local variable in a register at an instruction.
pub(crate) fn local_name(proto: &Proto, register: usize, pc: usize) -> Option<&[u8]> {
    proto
        .locals()
        .take_while(|local| local.start as usize <= pc)
        .filter(|local| pc < local.end as usize)
        .nth(register)
        .map(|local| local.name)
}

/// What the source calls the value in `register` when instruction `pc` runs.
pub(crate) fn object_name(proto: &Proto, pc: usize, register: usize) -> Option<ObjectName> {
    if let Some(name) = local_name(proto, register, pc) {
        return Some(("local", name.to_vec()));
    }
    let at = last_writer(proto, pc, register)?;
    let writer = proto.code[at];
    match writer.opcode() {
        Opcode::GetGlobalKx => {
            let name = proto.code.get(at + 1)?;
            Some(("global", constant_name(proto, name.0 as usize)))
        }
        Opcode::GetGlobal => Some(("global", constant_name(proto, usize::from(writer.bx())))),
        Opcode::Move if writer.b() < writer.a() => object_name(proto, pc, usize::from(writer.b())),
        Opcode::GetField => Some(("field", constant_name(proto, usize::from(writer.c())))),
        Opcode::GetTable | Opcode::GetInteger => Some(("field", b"?".to_vec())),
        Opcode::GetUpvalue => {
            let name = proto.upvalue_names().nth(usize::from(writer.b()));
            Some(("upvalue", name.map_or(b"?".to_vec(), |name| name.to_vec())))
        }
        Opcode::SelfField => Some(("method", constant_name(proto, usize::from(writer.c())))),
        Opcode::SelfRegister => Some(("method", b"?".to_vec())),
        _ => None,
    }
}

/// What the source calls the function that instruction `pc` calls.
pub(crate) fn called_function_name(proto: &Proto, pc: usize) -> Option<ObjectName> {
    let call = *proto.code.get(pc)?;
    match call.opcode() {
        Opcode::Call | Opcode::TailCall | Opcode::TForCall => {
            object_name(proto, pc, usize::from(call.a()))
        }
        _ => None,
    }
}

fn constant_name(proto: &Proto, index: usize) -> Vec<u8> {
    match proto.constant(index) {
        Some(Constant::String(name)) => name.to_vec(),
        _ => b"?".to_vec(),
    }
}

/// Where the last instruction before `last` is that wrote `register`, on the straight path to it.
fn last_writer(proto: &Proto, last: usize, register: usize) -> Option<usize> {
    let mut writer = None;
    let mut pc = 0;
    while pc < last {
        let instruction = proto.code[pc];
        let (a, b) = (usize::from(instruction.a()), usize::from(instruction.b()));
        let mut next = pc + 1;
        let writes = match instruction.opcode() {
            Opcode::LoadNil => a <= register && register <= a + b,
            Opcode::SelfField | Opcode::SelfRegister => register == a || register == a + 1,
            Opcode::Call | Opcode::TailCall => register >= a,
            Opcode::TForCall => register >= a + 2,
            Opcode::Jump => {
                let target = pc as i64 + 1 + i64::from(instruction.sj());
                if target > pc as i64 && target <= last as i64 {
                    next = target as usize;
                }
                false
            }
            Opcode::ForPrep => {
                let target = pc as i64 + 1 + i64::from(instruction.sbx());
                if target > pc as i64 && target <= last as i64 {
                    next = target as usize;
                }
                register == a
            }
            Opcode::LoadKx | Opcode::GetGlobalKx => {
                next += 1;
                register == a
            }
            Opcode::SetList | Opcode::SetGlobalKx => {
                next += usize::from(instruction.has_extra_word());
                false
            }
            opcode => register == a && writes_a(opcode),
        };
        if writes {
            writer = Some(pc);
        }
        pc = next;
    }
    writer
}

/// Whether the instruction writes its register `A` (those with ranges of registers aside).
fn writes_a(opcode: Opcode) -> bool {
    use Opcode::*;
    match opcode {
        Move | LoadK | LoadInteger | LoadTrue | LoadFalse | LoadFalseSkip | GetUpvalue
        | GetGlobal => true,
        NewTable | GetTable | GetField | GetInteger | Closure | VarArg | ForLoop => true,
        Add | Sub | Mul | Div | Mod | Pow | AddK | SubK | MulK | DivK | ModK | PowK => true,
        KAdd | KSub | KMul | KDiv | KMod | KPow | Negate | Not | Length | Concat => true,
        // 5.1 takes a test for a write.
        Test | TestSet => true,
        _ => false,
    }
}
