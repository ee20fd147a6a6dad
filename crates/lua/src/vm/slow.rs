//! Instructions in full generality: what the dispatch loop leaves to a function because it involves metamethods,
//! conversions, natives or errors. The frame's `pc` is already past the instruction.

use super::arithmetic::{self, Operand};
use super::call::{Action, Step};
use super::copy_value;
use super::metamethod::Stored;
use crate::metamethod::Metamethod;
use crate::native::{Compared, Indexed, Raise};
use crate::opcode::{FIELDS_PER_FLUSH, Instruction, Opcode, decode_float_byte};
use crate::runtime::Runtime;
use crate::thread::Finish;
use crate::value::{ClosureHandle, Value};

/// The frame whose instruction is executed.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) base: usize,
    pub(super) proto: u32,
    pub(super) closure: ClosureHandle,
}

impl Runtime {
    pub(super) fn place(&self) -> Place {
        match self.thread.frames.last() {
            Some(frame) => Place {
                base: frame.base as usize,
                proto: frame.proto,
                closure: ClosureHandle(frame.callee),
            },
            None => Place {
                base: 0,
                proto: 0,
                closure: ClosureHandle(0),
            },
        }
    }

    pub(super) fn register(&self, register: u8) -> Value {
        self.thread.stack[self.place().base + usize::from(register)]
    }

    pub(super) fn set_register(&mut self, register: u8, value: Value) {
        let slot = self.place().base + usize::from(register);
        self.thread.stack[slot] = value;
    }

    /// A register whose value is a key. A string that could not be one is replaced by its equal that can: the next time the key is a
    /// fast one.
    fn key_register(&mut self, register: u8) -> Value {
        let value = self.register(register);
        let Value::String(string) = value else {
            return value;
        };
        let key = Value::String(self.heap.settle(string));
        self.set_register(register, key);
        key
    }

    fn constant(&self, index: usize) -> Value {
        let loaded = self.loaded[self.place().proto as usize].as_ref();
        loaded.map_or(Value::Nil, |loaded| loaded.constants[index])
    }

    /// Executes an instruction of the top frame.
    pub(crate) fn execute_slowly(&mut self, instruction: Instruction) -> Step {
        match self.try_execute(instruction) {
            Ok(step) => step,
            Err(raise) => self.drive(Action::Fail(raise)),
        }
    }

    /// Executes an arithmetic instruction whose operands are not both numbers.
    pub(super) fn execute_arithmetic(&mut self, instruction: Instruction) -> Step {
        // The usual reason to be here: a table with a metamethod that is a Lua function.
        let result = match self.handler_frame(instruction) {
            Some(result) => result.map(|()| Step::Run),
            None => self.try_arithmetic(instruction),
        };
        match result {
            Ok(step) => step,
            Err(raise) => self.raise(raise),
        }
    }

    /// Pushes the frame of the Lua function that is the metamethod of the left operand, a table, if it is so.
    fn handler_frame(&mut self, instruction: Instruction) -> Option<Result<(), Raise>> {
        let (event, left, right) = arithmetic::shape(instruction.opcode())?;
        let base = self.place().base;
        if left != Operand::Register {
            return None;
        }
        let object = self.thread.stack[base + usize::from(instruction.b())];
        let Value::Table(table) = object else {
            return None;
        };
        let metatable = self.heap.tables[table.index()].metatable?;
        let Value::Function(closure) = self.heap.event_handler(metatable, event) else {
            return None;
        };
        let slot = self.free_slot();
        self.ensure_stack(slot + 3);
        let other = self.operand(right, instruction.c());
        let stack = &mut self.thread.stack;
        stack[slot] = Value::Function(closure);
        stack[slot + 1] = object;
        copy_value(&other, &mut stack[slot + 2]);
        let finish = Finish::Store(instruction.a());
        Some(self.push_frame(closure, slot, 2, 1, finish))
    }

    fn try_execute(&mut self, instruction: Instruction) -> Result<Step, Raise> {
        let (a, b, c) = (instruction.a(), instruction.b(), instruction.c());
        let opcode = instruction.opcode();
        match opcode {
            Opcode::GetGlobal => {
                let environment = self.heap.closures[self.place().closure.index()].environment;
                let key = self.constant(usize::from(instruction.bx()));
                self.index_into(a, Value::Table(environment), key, None)
            }
            Opcode::SetGlobal => {
                let environment = self.heap.closures[self.place().closure.index()].environment;
                let key = self.constant(usize::from(instruction.bx()));
                let value = self.register(a);
                self.store_into(Value::Table(environment), key, value, None)
            }
            Opcode::GetGlobalKx => {
                let environment = self.heap.closures[self.place().closure.index()].environment;
                let key = self.next_word();
                let key = self.constant(key as usize);
                self.index_into(a, Value::Table(environment), key, None)
            }
            Opcode::SetGlobalKx => {
                let environment = self.heap.closures[self.place().closure.index()].environment;
                let key = self.next_word();
                let key = self.constant(key as usize);
                let value = self.register(a);
                self.store_into(Value::Table(environment), key, value, None)
            }
            Opcode::GetTable => {
                let key = self.key_register(c);
                self.index_into(a, self.register(b), key, Some(b))
            }
            Opcode::GetField => {
                self.index_into(a, self.register(b), self.constant(c.into()), Some(b))
            }
            Opcode::GetInteger => {
                self.index_into(a, self.register(b), Value::Number(f64::from(c)), Some(b))
            }
            Opcode::SelfField | Opcode::SelfRegister => {
                let object = self.register(b);
                let key = match opcode {
                    Opcode::SelfField => self.constant(c.into()),
                    _ => self.register(c),
                };
                let indexed = self.index_register(object, key, Some(b))?;
                self.set_register(a + 1, object);
                self.finish_index(a, indexed, key)
            }
            Opcode::SetTable => {
                let key = self.key_register(b);
                self.store_into(self.register(a), key, self.register(c), Some(a))
            }
            Opcode::SetTableK => {
                let key = self.key_register(b);
                self.store_into(self.register(a), key, self.constant(c.into()), Some(a))
            }
            Opcode::SetField => self.store_into(
                self.register(a),
                self.constant(b.into()),
                self.register(c),
                Some(a),
            ),
            Opcode::SetFieldK => self.store_into(
                self.register(a),
                self.constant(b.into()),
                self.constant(c.into()),
                Some(a),
            ),
            Opcode::SetInteger => self.store_into(
                self.register(a),
                Value::Number(f64::from(b)),
                self.register(c),
                Some(a),
            ),
            Opcode::NewTable => {
                let array = decode_float_byte(b) as usize;
                let table = self.heap.new_table(array, decode_float_byte(c) as usize);
                self.set_register(a, Value::Table(table));
                self.safe_point()
            }
            Opcode::SetList => self.set_list(instruction),
            Opcode::Negate => {
                let value = self.register(b);
                self.arithmetic(Metamethod::Negate, a, (value, value), (Some(b), Some(b)))
            }
            Opcode::Length => self.length_of(a, b),
            Opcode::Concat => Ok(self.concat(a, b, c)),
            Opcode::Eq => self.equality(a, b, c),
            Opcode::Lt => {
                let (left, right) = (self.register(a), self.register(b));
                self.less(left, right, c)
            }
            Opcode::Le => {
                let (left, right) = (self.register(a), self.register(b));
                self.less_equal(left, right, c)
            }
            Opcode::LtK => {
                let (left, right) = (self.register(a), self.constant(b.into()));
                self.less(left, right, c)
            }
            Opcode::LeK => {
                let (left, right) = (self.register(a), self.constant(b.into()));
                self.less_equal(left, right, c)
            }
            Opcode::GtK => {
                let (left, right) = (self.constant(b.into()), self.register(a));
                self.less(left, right, c)
            }
            Opcode::GeK => {
                let (left, right) = (self.constant(b.into()), self.register(a));
                self.less_equal(left, right, c)
            }
            Opcode::EqK => {
                let equal = self
                    .heap
                    .raw_equals(self.register(a), self.constant(b.into()));
                self.decide_condition(equal == (c != 0));
                Ok(Step::Run)
            }
            Opcode::Call => {
                let function = self.place().base + usize::from(a);
                let arguments = self.argument_count(function, b);
                Ok(self.call(function, arguments, i16::from(c) - 1, Finish::Call))
            }
            Opcode::TailCall => self.tail_call(a, b),
            Opcode::Return | Opcode::Return0 | Opcode::Return1 => {
                let from = self.place().base + usize::from(a);
                let count = match opcode {
                    Opcode::Return0 => 0,
                    Opcode::Return1 => 1,
                    _ if b == 0 => self.thread.top.saturating_sub(from),
                    _ => usize::from(b) - 1,
                };
                Ok(self.return_from_frame(from, count))
            }
            Opcode::VarArg => self.variable_arguments(a, b),
            Opcode::ForPrep => self.prepare_for(instruction),
            Opcode::TForCall => {
                let base = self.place().base + usize::from(a);
                self.thread.stack.copy_within(base..base + 3, base + 3);
                Ok(self.call(base + 3, 2, i16::from(c), Finish::Iterator))
            }
            _ => self.try_arithmetic(instruction),
        }
    }

    fn try_arithmetic(&mut self, instruction: Instruction) -> Result<Step, Raise> {
        let (a, b, c) = (instruction.a(), instruction.b(), instruction.c());
        let Some((event, left, right)) = arithmetic::shape(instruction.opcode()) else {
            return Err(self.error("illegal instruction"));
        };
        let left_value = self.operand(left, b);
        let right_value = self.operand(right, c);
        let registers = (
            (left == Operand::Register).then_some(b),
            (right == Operand::Register).then_some(c),
        );
        self.arithmetic(event, a, (left_value, right_value), registers)
    }

    fn operand(&self, operand: Operand, index: u8) -> Value {
        match operand {
            Operand::Register => self.register(index),
            Operand::Constant => self.constant(index.into()),
        }
    }

    fn argument_count(&self, function: usize, b: u8) -> usize {
        if b == 0 {
            self.thread.top.saturating_sub(function + 1)
        } else {
            usize::from(b) - 1
        }
    }

    // ---- tables ----------------------------------------------------------------------------------

    fn index_into(
        &mut self,
        target: u8,
        object: Value,
        key: Value,
        register: Option<u8>,
    ) -> Result<Step, Raise> {
        // The usual reason to be here: an absent key of a table whose `__index` is a Lua function.
        if let Value::Table(table) = object
            && let Some(metatable) = self.heap.tables[table.index()].metatable
            && self.heap.raw_get(table, key).is_nil()
            && let Some(Value::Function(closure)) =
                self.heap.fast_metamethod(metatable, Metamethod::Index)
        {
            let slot = self.free_slot();
            self.ensure_stack(slot + 3);
            let stack = &mut self.thread.stack;
            stack[slot] = Value::Function(closure);
            stack[slot + 1] = Value::Table(table);
            copy_value(&key, &mut stack[slot + 2]);
            self.push_frame(closure, slot, 2, 1, Finish::Store(target))?;
            return Ok(Step::Run);
        }
        let indexed = self.index_register(object, key, register)?;
        self.finish_index(target, indexed, key)
    }

    fn finish_index(&mut self, target: u8, indexed: Indexed, key: Value) -> Result<Step, Raise> {
        match indexed {
            Indexed::Done(value) => {
                self.set_register(target, value);
                Ok(Step::Run)
            }
            Indexed::Handler { function, object } => {
                Ok(self.call_handler(function, &[object, key], Finish::Store(target)))
            }
        }
    }

    fn store_into(
        &mut self,
        object: Value,
        key: Value,
        value: Value,
        register: Option<u8>,
    ) -> Result<Step, Raise> {
        match self.store_register(object, key, value, register)? {
            Stored::Done => self.safe_point(),
            Stored::Handler { function, object } => {
                Ok(self.call_handler(function, &[object, key, value], Finish::Discard))
            }
        }
    }

    /// The extra word of the instruction being executed, which execution then passes.
    fn next_word(&mut self) -> u32 {
        let proto = self.place().proto as usize;
        match (self.thread.frames.last_mut(), self.loaded.get(proto)) {
            (Some(frame), Some(Some(loaded))) => {
                let word = loaded.proto.code[frame.pc as usize].0;
                frame.pc += 1;
                word
            }
            _ => 0,
        }
    }

    fn set_list(&mut self, instruction: Instruction) -> Result<Step, Raise> {
        let (a, b, c) = (instruction.a(), instruction.b(), instruction.c());
        let place = self.place();
        let batch = if c == 0 {
            self.next_word()
        } else {
            u32::from(c)
        };
        let Value::Table(table) = self.register(a) else {
            return Err(self.error("illegal instruction"));
        };
        let first = place.base + usize::from(a) + 1;
        let count = if b == 0 {
            self.thread.top.saturating_sub(first)
        } else {
            usize::from(b)
        };
        let start = (batch.saturating_sub(1) * FIELDS_PER_FLUSH) as usize;
        self.heap
            .grow_array(table, start + count)
            .map_err(|error| self.table_error(error))?;
        self.meter.charge(count as u64 / 8)?;
        for index in 0..count {
            let value = self.thread.stack[first + index];
            self.heap
                .raw_set_integer(table, (start + index + 1) as i64, value);
        }
        self.safe_point()
    }

    fn length_of(&mut self, target: u8, register: u8) -> Result<Step, Raise> {
        match self.register(register) {
            Value::Table(table) => {
                let length = self.heap.length(table);
                self.set_register(target, Value::Number(length as f64));
                Ok(Step::Run)
            }
            Value::String(string) => {
                let length = self.heap.bytes(string).len();
                self.set_register(target, Value::Number(length as f64));
                Ok(Step::Run)
            }
            value => {
                let handler = self.heap.metamethod(value, Metamethod::Length);
                if handler.is_nil() {
                    return Err(self.operand_error("get length of", value, Some(register)));
                }
                Ok(self.call_handler(handler, &[value, Value::Nil], Finish::Store(target)))
            }
        }
    }

    // ---- operators -------------------------------------------------------------------------------

    fn arithmetic(
        &mut self,
        event: Metamethod,
        target: u8,
        (left, right): (Value, Value),
        registers: (Option<u8>, Option<u8>),
    ) -> Result<Step, Raise> {
        let numbers = (self.heap.to_number(left), self.heap.to_number(right));
        if let (Some(a), Some(b)) = numbers {
            self.set_register(target, Value::Number(arithmetic::compute(event, a, b)));
            return Ok(Step::Run);
        }
        match self.binary_handler(left, right, event) {
            Some(handler) => Ok(self.call_handler(handler, &[left, right], Finish::Store(target))),
            None if numbers.0.is_none() => {
                Err(self.operand_error("perform arithmetic on", left, registers.0))
            }
            None => Err(self.operand_error("perform arithmetic on", right, registers.1)),
        }
    }

    fn equality(&mut self, a: u8, b: u8, c: u8) -> Result<Step, Raise> {
        let (left, right) = (self.register(a), self.register(b));
        let sense = c != 0;
        if !self.heap.raw_equals(left, right)
            && let Some(handler) = self.equality_handler(left, right)
        {
            return Ok(self.call_handler(handler, &[left, right], Finish::Condition(sense)));
        }
        let equal = self.heap.raw_equals(left, right);
        self.decide_condition(equal == sense);
        Ok(Step::Run)
    }

    fn less(&mut self, left: Value, right: Value, c: u8) -> Result<Step, Raise> {
        let sense = c != 0;
        match self.less_than_values(left, right)? {
            Compared::Done(outcome) => {
                self.decide_condition(outcome == sense);
                Ok(Step::Run)
            }
            Compared::Handler(handler) => {
                Ok(self.call_handler(handler, &[left, right], Finish::Condition(sense)))
            }
        }
    }

    fn less_equal(&mut self, left: Value, right: Value, c: u8) -> Result<Step, Raise> {
        let sense = c != 0;
        let outcome = match (left, right) {
            (Value::Number(left), Value::Number(right)) => left <= right,
            (Value::String(left), Value::String(right)) => {
                self.compare_strings(left, right).is_le()
            }
            _ => {
                if let Some(handler) = self.order_handler(left, right, Metamethod::LessEqual) {
                    return Ok(self.call_handler(
                        handler,
                        &[left, right],
                        Finish::Condition(sense),
                    ));
                }
                // Without `__le`, `a <= b` is `not (b < a)`.
                if let Some(handler) = self.order_handler(right, left, Metamethod::Less) {
                    return Ok(self.call_handler(
                        handler,
                        &[right, left],
                        Finish::Condition(!sense),
                    ));
                }
                return Err(self.comparison_error(left, right));
            }
        };
        self.decide_condition(outcome == sense);
        Ok(Step::Run)
    }

    // ---- functions -------------------------------------------------------------------------------

    fn tail_call(&mut self, a: u8, b: u8) -> Result<Step, Raise> {
        let place = self.place();
        let mut function = place.base + usize::from(a);
        let mut arguments = self.argument_count(function, b);
        if !matches!(
            self.thread.stack[function],
            Value::Function(_) | Value::Native(_)
        ) {
            let value = self.thread.stack[function];
            let handler = self.heap.metamethod(value, Metamethod::Call);
            if !matches!(handler, Value::Function(_) | Value::Native(_)) {
                return Err(self.operand_error("call", value, Some(a)));
            }
            self.ensure_stack(function + arguments + 2);
            self.thread
                .stack
                .copy_within(function..function + 1 + arguments, function + 1);
            self.thread.stack[function] = handler;
            arguments += 1;
        }
        let Value::Function(closure) = self.thread.stack[function] else {
            // A native leaves the frame where it is; the Return that follows hands its results on.
            return Ok(self.call(function, arguments, -1, Finish::Call));
        };
        self.meter.charge(arguments as u64 / 8)?;
        self.close_upvalues(place.base);
        let Some(frame) = self.thread.frames.pop() else {
            return Ok(Step::Run);
        };
        self.leave_frame(frame.finish);
        let target = frame.function as usize;
        self.thread
            .stack
            .copy_within(function..function + 1 + arguments, target);
        function = target;
        self.push_frame(closure, function, arguments, frame.want, frame.finish)?;
        if let Some(new) = self.thread.frames.last_mut() {
            new.tail_calls = frame.tail_calls + 1;
        }
        Ok(Step::Run)
    }

    fn variable_arguments(&mut self, a: u8, b: u8) -> Result<Step, Raise> {
        let place = self.place();
        let Some(frame) = self.thread.frames.last() else {
            return Ok(Step::Run);
        };
        let function = frame.function as usize;
        let parameters = self
            .frame_proto(frame)
            .map_or(0, |proto| usize::from(proto.parameters));
        let available = (place.base - function - 1).saturating_sub(parameters);
        let first = function + 1 + parameters;
        let target = place.base + usize::from(a);
        let count = if b == 0 {
            available
        } else {
            usize::from(b) - 1
        };
        self.meter.charge(count as u64 / 8)?;
        let slots = self.thread.stack.len();
        self.ensure_stack(target + count);
        if self.thread.stack.len() > slots && !self.heap.has_room(0) {
            return Err(Raise::OutOfMemory);
        }
        let copied = count.min(available);
        self.thread.stack.copy_within(first..first + copied, target);
        for slot in &mut self.thread.stack[target + copied..target + count] {
            *slot = Value::Nil;
        }
        if b == 0 {
            self.thread.top = target + count;
        }
        Ok(Step::Run)
    }

    fn prepare_for(&mut self, instruction: Instruction) -> Result<Step, Raise> {
        let a = instruction.a();
        let names = [
            "'for' initial value must be a number",
            "'for' limit must be a number",
            "'for' step must be a number",
        ];
        let mut numbers = [0.0; 3];
        for (index, message) in names.into_iter().enumerate() {
            let register = a + index as u8;
            match self.heap.to_number(self.register(register)) {
                Some(number) => {
                    numbers[index] = number;
                    self.set_register(register, Value::Number(number));
                }
                None => return Err(self.error(message)),
            }
        }
        let [initial, limit, step] = numbers;
        let start = initial - step + step;
        self.set_register(a, Value::Number(start));
        if (step > 0.0 && start <= limit) || (step <= 0.0 && limit <= start) {
            self.set_register(a + 3, Value::Number(start));
        } else if let Some(frame) = self.thread.frames.last_mut() {
            frame.pc = (i64::from(frame.pc) + i64::from(instruction.sbx())) as u32;
        }
        Ok(Step::Run)
    }

    /// A place where the collector may run and the memory cap is enforced.
    pub(crate) fn safe_point(&mut self) -> Result<Step, Raise> {
        if self.heap.needs_attention() {
            self.collect_garbage_if_due()?;
        }
        Ok(Step::Run)
    }
}
