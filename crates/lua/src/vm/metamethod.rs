//! Operations with metamethods, up to the point where a function has to be called.

use std::cmp::Ordering;

use crate::metamethod::Metamethod;
use crate::native::{Compared, Indexed, Raise};
use crate::runtime::Runtime;
use crate::value::{StringHandle, TableHandle, Value};

/// How long a chain of `__index` or `__newindex` may be.
const MAX_CHAIN: usize = 100;

/// What writing a field with metamethods comes to.
pub(crate) enum Stored {
    /// It is written.
    Done,
    /// A function must be called with `(object, key, value)`.
    Handler { function: Value, object: Value },
}

fn is_function(value: Value) -> bool {
    matches!(value, Value::Function(_) | Value::Native(_))
}

impl Runtime {
    /// Reads `object[key]`.
    pub(crate) fn index_value(&mut self, object: Value, key: Value) -> Result<Indexed, Raise> {
        self.index_register(object, key, None)
    }

    /// Reads `object[key]`; the object is in this register, if in any.
    pub(crate) fn index_register(
        &mut self,
        mut object: Value,
        key: Value,
        mut register: Option<u8>,
    ) -> Result<Indexed, Raise> {
        for _ in 0..MAX_CHAIN {
            let handler = if let Value::Table(table) = object {
                let value = self.heap.raw_get(table, key);
                if !value.is_nil() {
                    return Ok(Indexed::Done(value));
                }
                let metatable = self.heap.tables[table.index()].metatable;
                match metatable.and_then(|meta| self.heap.fast_metamethod(meta, Metamethod::Index))
                {
                    Some(handler) => handler,
                    None => return Ok(Indexed::Done(Value::Nil)),
                }
            } else {
                let handler = self.heap.metamethod(object, Metamethod::Index);
                if handler.is_nil() {
                    return Err(self.operand_error("index", object, register));
                }
                handler
            };
            if is_function(handler) {
                return Ok(Indexed::Handler {
                    function: handler,
                    object,
                });
            }
            object = handler;
            register = None;
        }
        Err(self.error("loop in gettable"))
    }

    /// Writes `object[key] = value`; the object is in this register, if in any.
    pub(crate) fn store_register(
        &mut self,
        mut object: Value,
        key: Value,
        value: Value,
        mut register: Option<u8>,
    ) -> Result<Stored, Raise> {
        for _ in 0..MAX_CHAIN {
            let handler = if let Value::Table(table) = object {
                match self.store_or_handler(table, key, value)? {
                    None => return Ok(Stored::Done),
                    Some(handler) => handler,
                }
            } else {
                let handler = self.heap.metamethod(object, Metamethod::NewIndex);
                if handler.is_nil() {
                    return Err(self.operand_error("index", object, register));
                }
                handler
            };
            if is_function(handler) {
                return Ok(Stored::Handler {
                    function: handler,
                    object,
                });
            }
            object = handler;
            register = None;
        }
        Err(self.error("loop in settable"))
    }

    /// Writes into a table, unless the key is absent and the table has a `__newindex`, which is returned.
    fn store_or_handler(
        &mut self,
        table: TableHandle,
        key: Value,
        value: Value,
    ) -> Result<Option<Value>, Raise> {
        let Some(metatable) = self.heap.tables[table.index()].metatable else {
            return match self.heap.raw_set(table, key, value) {
                Ok(()) => Ok(None),
                Err(error) => Err(self.table_error(error)),
            };
        };
        let old = self.heap.raw_get(table, key);
        if old.is_nil()
            && let Some(handler) = self.heap.fast_metamethod(metatable, Metamethod::NewIndex)
        {
            // 5.1 makes the key's node before it looks for the handler.
            if !self.heap.is_readonly(table)
                && let Err(error) = self.heap.store(table, key, Value::Nil)
            {
                return Err(self.table_error(error));
            }
            return Ok(Some(handler));
        }
        match self.heap.raw_set(table, key, value) {
            Ok(()) => Ok(None),
            Err(error) => Err(self.table_error(error)),
        }
    }

    /// `left < right`.
    pub(crate) fn less_than_values(
        &mut self,
        left: Value,
        right: Value,
    ) -> Result<Compared, Raise> {
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => Ok(Compared::Done(left < right)),
            (Value::String(left), Value::String(right)) => Ok(Compared::Done(
                self.compare_strings(left, right) == Ordering::Less,
            )),
            _ => match self.order_handler(left, right, Metamethod::Less) {
                Some(handler) => Ok(Compared::Handler(handler)),
                None => Err(self.comparison_error(left, right)),
            },
        }
    }

    /// Compares two strings as byte sequences.
    pub(crate) fn compare_strings(&self, left: StringHandle, right: StringHandle) -> Ordering {
        self.heap.bytes(left).cmp(self.heap.bytes(right))
    }

    /// The order metamethod two values of the same type share.
    pub(crate) fn order_handler(
        &self,
        left: Value,
        right: Value,
        event: Metamethod,
    ) -> Option<Value> {
        if left.kind() != right.kind() {
            return None;
        }
        let handler = self.heap.metamethod(left, event);
        let other = self.heap.metamethod(right, event);
        (!handler.is_nil() && self.heap.raw_equals(handler, other)).then_some(handler)
    }

    /// The `__eq` metamethod two different objects share.
    pub(crate) fn equality_handler(&mut self, left: Value, right: Value) -> Option<Value> {
        match (left, right) {
            (Value::Table(_), Value::Table(_)) | (Value::Userdata(_), Value::Userdata(_)) => {}
            _ => return None,
        }
        let (first, second) = (self.heap.metatable(left)?, self.heap.metatable(right)?);
        let handler = self.heap.fast_metamethod(first, Metamethod::Eq)?;
        if first == second {
            return Some(handler);
        }
        let other = self.heap.fast_metamethod(second, Metamethod::Eq)?;
        self.heap.raw_equals(handler, other).then_some(handler)
    }

    /// The metamethod of the first operand that has one for a binary event.
    pub(crate) fn binary_handler(
        &self,
        left: Value,
        right: Value,
        event: Metamethod,
    ) -> Option<Value> {
        let handler = self.heap.metamethod(left, event);
        if !handler.is_nil() {
            return Some(handler);
        }
        let handler = self.heap.metamethod(right, event);
        (!handler.is_nil()).then_some(handler)
    }
}
