//! The concatenation operator, which may call a metamethod for every two operands.

use super::call::{Action, Step};
use crate::metamethod::Metamethod;
use crate::native::Raise;
use crate::runtime::Runtime;
use crate::thread::Finish;
use crate::value::Value;

impl Runtime {
    /// Goes on with the concatenation the top frame executes, whose last operand now is in `last`.
    pub(crate) fn continue_concat(&mut self, last: u8) -> Step {
        let place = self.place();
        let pc = self
            .thread
            .frames
            .last()
            .map_or(0, Runtime::current_instruction);
        let Some(Some(loaded)) = self.loaded.get(place.proto as usize) else {
            return Step::Run;
        };
        let instruction = loaded.proto.code[pc];
        self.concat(instruction.a(), instruction.b(), last)
    }

    /// Concatenates the registers `first ..= last` from the right, as far as no metamethod has to be called.
    pub(super) fn concat(&mut self, target: u8, first: u8, mut last: u8) -> Step {
        while last > first {
            match self.concat_run(first, last) {
                Ok(Some(next)) => last = next,
                Ok(None) => {
                    let (left, right) = (self.register(last - 1), self.register(last));
                    return match self.binary_handler(left, right, Metamethod::Concat) {
                        Some(handler) => {
                            self.call_handler(handler, &[left, right], Finish::Concat(last - 1))
                        }
                        None => {
                            let is_text = matches!(left, Value::String(_) | Value::Number(_));
                            let (value, register) = if is_text {
                                (right, last)
                            } else {
                                (left, last - 1)
                            };
                            let raise = self.operand_error("concatenate", value, Some(register));
                            self.drive(Action::Fail(raise))
                        }
                    };
                }
                Err(raise) => return self.drive(Action::Fail(raise)),
            }
        }
        let value = self.register(first);
        self.set_register(target, value);
        match self.safe_point() {
            Ok(step) => step,
            Err(raise) => self.drive(Action::Fail(raise)),
        }
    }

    /// Joins the longest run of strings and numbers that ends at `last`; returns the register of the result, or none if the last
    /// two operands are not both strings or numbers.
    fn concat_run(&mut self, first: u8, last: u8) -> Result<Option<u8>, Raise> {
        let base = self.place().base;
        let is_text = |value: Value| matches!(value, Value::String(_) | Value::Number(_));
        let mut start = last + 1;
        while start > first && is_text(self.thread.stack[base + usize::from(start) - 1]) {
            start -= 1;
        }
        if start >= last {
            return Ok(None);
        }
        let (from, to) = (base + usize::from(start), base + usize::from(last));
        let joined = self.heap.concat(&self.thread.stack[from..=to])?;
        self.meter
            .charge(self.heap.bytes(joined).len() as u64 / 64)?;
        self.thread.stack[from] = Value::String(joined);
        Ok(Some(start))
    }
}
