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

/// Whether a function is a leaf. One that takes any number of arguments is if it leaves them alone.
pub(crate) fn is_leaf(proto: &Proto) -> bool {
    !proto.needs_arg
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
        Some(self.leaf_results(closure, arguments)?.0)
    }

    /// The same with the number of results.
    #[inline]
    pub(crate) fn leaf_results(
        &self,
        closure: ClosureHandle,
        arguments: &[Value],
    ) -> Option<(Value, usize)> {
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
                    let upvalue = function.upvalues.at(word.b());
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
                Opcode::Return0 => return Some((Value::Nil, 0)),
                Opcode::Return1 => return Some((registers[ra], 1)),
                // Whose number of results is open is no leaf.
                Opcode::Return => return Some((registers[ra], b.wrapping_sub(1))),
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
            || self.thread.frames.len() >= crate::vm::SAFE_FRAMES - MARGIN
    }

    /// Reads a field where no metamethod and no error is involved.
    #[inline(always)]
    fn leaf_index(&self, table: TableHandle, key: Value) -> Option<Value> {
        let table = &self.heap.tables[table.index()];
        let value = match key {
            Value::String(key) if key.is_plain_key() => table.get_short(key),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::compiler::compile;
    use crate::hook::{Events, Reaction};
    use crate::library::open_all;
    use crate::loaded::load;
    use crate::value::Value;
    use crate::{Outcome, Vm};

    /// What a script returns as a text, with or without a hook, which sees to it that everything is called.
    fn run(source: &str, hooked: bool) -> String {
        let mut vm = Vm::new();
        open_all(&mut vm);
        if hooked {
            let events = Events {
                calls: true,
                ..Events::default()
            };
            vm.set_hook(events, Some(Box::new(|_, _| Reaction::Continue)));
        }
        let proto = compile(source.as_bytes(), b"=test").expect("the source is right");
        let function = vm.load(&Arc::new(proto));
        match vm.call(function, &[], u64::MAX >> 1) {
            Outcome::Finished => match vm.results() {
                [Value::String(text)] => {
                    String::from_utf8_lossy(vm.runtime.heap.bytes(*text)).into_owned()
                }
                results => panic!("{source}: {} results", results.len()),
            },
            outcome => panic!("{source}: {outcome:?}"),
        }
    }

    fn leaf(source: &str) -> bool {
        let mut vm = Vm::new();
        let proto = compile(source.as_bytes(), b"=test").expect("the source is right");
        let number = load(
            &mut vm.runtime.heap,
            &mut vm.runtime.loaded,
            &mut vm.runtime.unloaded,
            &proto.children[0],
        );
        vm.runtime.loaded[number as usize]
            .as_ref()
            .is_some_and(|loaded| loaded.is_leaf)
    }

    #[test]
    fn functions_that_do_something_are_no_leaves() {
        assert!(leaf("return function(a, b) return a.x < b.x end"));
        assert!(leaf(
            "return function(a) if a == 1 then return 'one' elseif a then return nil end return limit end"
        ));
        assert!(leaf("local n = 1 return function(a) return -a % n end"));
        for body in [
            "while true do end",
            "for i = 1, 2 do end",
            "x = 1",
            "a.x = 1",
            "return f(a)",
            "f(a)",
            "return {}",
            "return function() end",
            "return a .. a",
            "return a:b()",
            "repeat local b until a",
        ] {
            assert!(!leaf(&format!("return function(a) {body} end")), "{body}");
        }
        assert!(!leaf("return function(...) return 1 end"));
    }

    #[test]
    fn comparators_decide_as_if_called() {
        let lists = [
            "{3, 1, 2, 5, 4, 9, 8, 7, 6, 0, 3, 3, 1}",
            "{'b', 'a', 'c', '', 'ab', 'b', 'B'}",
            "{{x = 2}, {x = 1}, {x = 3}, {x = 1, y = 2}, {x = 0}}",
            "{{x = 'b'}, {x = 'a'}, {x = 'b', y = 1}}",
            "{{2, 'z'}, {1, 'y'}, {2, 'a'}, {1, 'b'}}",
            "{1, 'x', {}}",
            "{1, 0/0, 3, 2, 0/0, 7}",
            "{{}, {}, {}}",
            "(function() local m = {__index = {x = 5}, __lt = function(a, b) return a.n < b.n end} \
               return {setmetatable({n = 2}, m), setmetatable({n = 1}, m), setmetatable({n = 3, x = 1}, m)} end)()",
            "(function() local t = {} for i = 1, 300 do t[i] = i * 7919 % 1009 end return t end)()",
        ];
        let comparators = [
            "function(a, b) return a < b end",
            "function(a, b) return a > b end",
            "function(a, b) return a <= b end",
            "function(a, b) return a.x < b.x end",
            "function(a, b) return a.x > b.x end",
            "function(a, b) if a[1] ~= b[1] then return a[1] < b[1] end return a[2] < b[2] end",
            "function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end",
            "function(a, b) return weight[a] < weight[b] end",
            "function(a, b) return missing[a] < 1 end",
            "function(a, b) return a % 10 < b % 10 end",
            "function(a, b) return -a + 2 * a < 1 - b ^ 2 / 3 end",
            "function(a, b) return #a < #b end",
            "function(a, b) return #a == 1 end",
            "function(a, b) return not a end",
            "function(a, b) return a == b end",
            "function(a, b) return true end",
            "function(a, b) return 5 > a and 5 <= b end",
            "function(a, b) return factor * a < factor * b end",
            "function(a, b) local c, d, e if a then c = b end return c and c < a end",
            "function(a) end",
            "function() return nil, 1 end",
        ];
        for list in lists {
            for comparator in comparators {
                let source = format!(
                    "weight = {{}} for i = 0, 9 do weight[i] = -i end \
                     local factor = -1 local list = {list} \
                     local ok, message = pcall(table.sort, list, {comparator}) \
                     local out = {{tostring(ok), tostring(message)}} \
                     for _, item in ipairs(list) do \
                         if type(item) == 'table' then item = tostring(rawget(item, 'x')) .. tostring(rawget(item, 'n')) \
                             .. tostring(rawget(item, 1)) .. tostring(rawget(item, 2)) end \
                         out[#out + 1] = tostring(item) \
                     end \
                     return (table.concat(out, ' '):gsub('table: %S+', 'table'))"
                );
                assert_eq!(run(&source, false), run(&source, true), "{source}");
            }
        }
    }

    #[test]
    fn replacements_are_as_if_called() {
        for function in [
            "function(word) return names[word] end",
            "function(word) return #word end",
            "function(word, rest) return rest end",
            "function(word) return word == 'two' and 2 or nil end",
            "function(word) return false end",
            "function(word) return true end",
            "function(word) return names.x.y end",
            "function() end",
        ] {
            let source = format!(
                "names = {{one = '1', three = 3}} \
                 local ok, text, count = pcall(string.gsub, 'one two three', '(%a)%a+', {function}) \
                 local same, other = pcall(string.gsub, 'one two three', '%a+', {function}) \
                 return table.concat({{tostring(ok), tostring(text), tostring(count), tostring(same), tostring(other)}}, ' ')"
            );
            assert_eq!(run(&source, false), run(&source, true), "{source}");
        }
    }
}
