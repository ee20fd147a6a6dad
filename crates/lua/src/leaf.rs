//! Leaf functions: what a small function that only looks at things comes to, found without a call.
//!
//! A comparator such as `function(a, b) return a.age < b.age end` takes fewer instructions than calling it from `table.sort` does. So the loader notes which
//! functions are *leaves*: short, without loops, calls, stores or anything new in memory. A library function that is about to call one evaluates it
//! here first. Because a leaf changes nothing it can be given up anywhere, and is where the answer is not at hand (a metamethod, a conversion, an
//! error); then it is called like any other function, from its start. A hook or a sampler sees all calls, and there are none from here then.

use crate::heap::Upvalue;
use crate::opcode::Opcode;
use crate::proto::Proto;
use crate::runtime::Runtime;
use crate::value::{ClosureHandle, TableHandle, Value};
use crate::vm::{copy_value, modulo, power};

/// Most registers of a leaf: a power of two.
const REGISTERS: usize = 8;
/// Most instructions of a leaf.
const LENGTH: usize = 32;
/// Calls from natives, and frames, below which leaves are called so that the limits of both show.
const MARGIN: usize = 8;

/// Whether a function is a leaf.
pub(crate) fn is_leaf(proto: &Proto) -> bool {
    !proto.is_vararg
        && usize::from(proto.max_stack) <= REGISTERS
        && proto.code.len() <= LENGTH
        && proto.code.iter().all(|word| match word.opcode() {
            Opcode::Jump => word.sj() >= 0,
            Opcode::Return => word.b() > 1,
            opcode => is_plain(opcode),
        })
}

fn is_plain(opcode: Opcode) -> bool {
    use Opcode as O;
    matches!(
        opcode,
        O::Move
            | O::LoadK
            | O::LoadInteger
            | O::LoadNil
            | O::LoadTrue
            | O::LoadFalse
            | O::LoadFalseSkip
            | O::GetUpvalue
            | O::GetGlobal
            | O::GetTable
            | O::GetField
            | O::GetInteger
            | O::Add
            | O::Sub
            | O::Mul
            | O::Div
            | O::Mod
            | O::Pow
            | O::AddK
            | O::SubK
            | O::MulK
            | O::DivK
            | O::ModK
            | O::PowK
            | O::KAdd
            | O::KSub
            | O::KMul
            | O::KDiv
            | O::KMod
            | O::KPow
            | O::Negate
            | O::Not
            | O::Length
            | O::Eq
            | O::EqK
            | O::Lt
            | O::Le
            | O::LtK
            | O::LeK
            | O::GtK
            | O::GeK
            | O::Test
            | O::TestSet
            | O::Return0
            | O::Return1
    )
}

impl Runtime {
    /// The first result of a Lua function for these arguments, if it is a leaf and finds all it needs.
    #[inline]
    pub(crate) fn evaluate_leaf(
        &self,
        closure: ClosureHandle,
        arguments: &[Value],
    ) -> Option<Value> {
        let function = &self.heap.closures[closure.index()];
        let loaded = self.loaded.get(function.proto as usize)?.as_ref()?;
        if !loaded.is_leaf || self.hooks.is_set() || self.meter.sample_every > 0 || self.is_deep() {
            return None;
        }
        let mut registers = [Value::Nil; REGISTERS];
        let parameters = usize::from(loaded.parameters);
        for (register, argument) in registers
            .iter_mut()
            .zip(&arguments[..arguments.len().min(parameters)])
        {
            copy_value(argument, register);
        }
        let (code, constants) = (&*loaded.proto.code, &*loaded.constants);
        let mut pc = 0;
        loop {
            let word = *code.get(pc)?;
            pc += 1;
            let (a, b, c) = (
                usize::from(word.a()),
                usize::from(word.b()),
                usize::from(word.c()),
            );
            // The verifier has seen to the registers; this shows it to the compiler.
            let (ra, rb, rc) = (a % REGISTERS, b % REGISTERS, c % REGISTERS);
            let condition = match word.opcode() {
                Opcode::Move => {
                    registers[ra] = registers[rb];
                    continue;
                }
                Opcode::LoadK => {
                    registers[ra] = *constants.get(usize::from(word.bx()))?;
                    continue;
                }
                Opcode::LoadInteger => {
                    registers[ra] = Value::Number(f64::from(word.sbx()));
                    continue;
                }
                Opcode::LoadNil => {
                    registers.get_mut(a..=a + b)?.fill(Value::Nil);
                    continue;
                }
                Opcode::LoadTrue => {
                    registers[ra] = Value::Boolean(true);
                    continue;
                }
                Opcode::LoadFalse => {
                    registers[ra] = Value::Boolean(false);
                    continue;
                }
                Opcode::LoadFalseSkip => {
                    registers[ra] = Value::Boolean(false);
                    pc += 1;
                    continue;
                }
                Opcode::GetUpvalue => {
                    let upvalue = function.upvalues.get(b)?;
                    registers[ra] = match &self.heap.upvalues[upvalue.index()] {
                        Upvalue::Closed(value) => *value,
                        Upvalue::Open { thread, slot } if *thread == self.current => {
                            *self.thread.stack.get(*slot as usize)?
                        }
                        Upvalue::Open { .. } => return None,
                    };
                    continue;
                }
                Opcode::GetGlobal => {
                    let key = *constants.get(usize::from(word.bx()))?;
                    registers[ra] = self.leaf_index(function.environment, key)?;
                    continue;
                }
                Opcode::GetTable | Opcode::GetField | Opcode::GetInteger => {
                    let Value::Table(table) = registers[rb] else {
                        return None;
                    };
                    let key = match word.opcode() {
                        Opcode::GetTable => registers[rc],
                        Opcode::GetField => *constants.get(c)?,
                        _ => Value::Number(f64::from(word.c())),
                    };
                    registers[ra] = self.leaf_index(table, key)?;
                    continue;
                }
                Opcode::Negate => {
                    registers[ra] = Value::Number(-number(registers[rb])?);
                    continue;
                }
                Opcode::Not => {
                    registers[ra] = Value::Boolean(!registers[rb].is_truthy());
                    continue;
                }
                Opcode::Length => {
                    let length = match registers[rb] {
                        Value::String(string) => self.heap.bytes(string).len(),
                        Value::Table(table) => self.heap.length(table),
                        _ => return None,
                    };
                    registers[ra] = Value::Number(length as f64);
                    continue;
                }
                Opcode::Jump => {
                    pc += word.sj() as usize;
                    continue;
                }
                Opcode::Return0 => return Some(Value::Nil),
                Opcode::Return1 | Opcode::Return => return Some(registers[ra]),
                Opcode::Eq => self.leaf_equal(registers[ra], registers[rb])?,
                Opcode::EqK => self.leaf_equal(registers[ra], *constants.get(b)?)?,
                Opcode::Lt => match (registers[ra], registers[rb]) {
                    (Value::Number(left), Value::Number(right)) => left < right,
                    (Value::String(left), Value::String(right)) => {
                        self.heap.bytes(left) < self.heap.bytes(right)
                    }
                    _ => return None,
                },
                Opcode::Le => match (registers[ra], registers[rb]) {
                    (Value::Number(left), Value::Number(right)) => left <= right,
                    (Value::String(left), Value::String(right)) => {
                        self.heap.bytes(left) <= self.heap.bytes(right)
                    }
                    _ => return None,
                },
                Opcode::LtK => number(registers[ra])? < number(*constants.get(b)?)?,
                Opcode::LeK => number(registers[ra])? <= number(*constants.get(b)?)?,
                Opcode::GtK => number(*constants.get(b)?)? < number(registers[ra])?,
                Opcode::GeK => number(*constants.get(b)?)? <= number(registers[ra])?,
                Opcode::Test => registers[ra].is_truthy(),
                Opcode::TestSet => {
                    let truth = registers[rb].is_truthy();
                    if truth == (c != 0) {
                        registers[ra] = registers[rb];
                    }
                    truth
                }
                opcode => {
                    let (left, right) = match opcode {
                        Opcode::Add
                        | Opcode::Sub
                        | Opcode::Mul
                        | Opcode::Div
                        | Opcode::Mod
                        | Opcode::Pow => (registers[rb], registers[rc]),
                        Opcode::AddK
                        | Opcode::SubK
                        | Opcode::MulK
                        | Opcode::DivK
                        | Opcode::ModK
                        | Opcode::PowK => (registers[rb], *constants.get(c)?),
                        _ => (*constants.get(b)?, registers[rc]),
                    };
                    let (left, right) = (number(left)?, number(right)?);
                    registers[ra] = Value::Number(match opcode {
                        Opcode::Add | Opcode::AddK | Opcode::KAdd => left + right,
                        Opcode::Sub | Opcode::SubK | Opcode::KSub => left - right,
                        Opcode::Mul | Opcode::MulK | Opcode::KMul => left * right,
                        Opcode::Div | Opcode::DivK | Opcode::KDiv => left / right,
                        Opcode::Mod | Opcode::ModK | Opcode::KMod => modulo(left, right),
                        Opcode::Pow | Opcode::PowK | Opcode::KPow => power(left, right),
                        _ => return None,
                    });
                    continue;
                }
            };
            pc += if condition == (c != 0) {
                1 + code.get(pc)?.sj() as usize
            } else {
                1
            };
        }
    }

    /// Whether a call might meet a limit on calls.
    #[inline(always)]
    fn is_deep(&self) -> bool {
        let limit = crate::vm::MAX_NATIVE_DEPTH as usize - MARGIN;
        self.thread.native_depth as usize >= limit
            || self.thread.frames.len() >= crate::vm::MAX_FRAMES / 2
    }

    /// Reads a field where no metamethod and no error is involved.
    #[inline(always)]
    fn leaf_index(&self, table: TableHandle, key: Value) -> Option<Value> {
        let table = &self.heap.tables[table.index()];
        let value = match key {
            Value::String(key) if !key.is_long() => table.get_short(key),
            Value::Number(key) => table.get_number(key),
            _ => return None,
        };
        (!value.is_nil() || table.metatable.is_none()).then_some(value)
    }

    /// Whether two values are equal, if that needs no metamethod.
    #[inline(always)]
    fn leaf_equal(&self, left: Value, right: Value) -> Option<bool> {
        let equal = left.is_identical(right);
        if !equal && self.heap.equality_is_open(left, right) {
            return None;
        }
        Some(equal)
    }
}

/// A number without conversion.
#[inline(always)]
fn number(value: Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(number),
        _ => None,
    }
}
