//! Metatables: whose they are, and what the VM finds in them without calling anything.

use super::Heap;
use crate::metamethod::Metamethod;
use crate::value::{StringHandle, TableHandle, Type, UserdataHandle, Value};

impl Heap {
    /// The metatable of a value: its own or its type's.
    #[inline]
    pub fn metatable(&self, value: Value) -> Option<TableHandle> {
        match value {
            Value::Table(table) => self.tables[table.index()].metatable,
            Value::Userdata(userdata) => self.userdata[userdata.index()].metatable,
            _ => self.type_metatables[value.kind() as usize],
        }
    }

    /// Gives a table its metatable.
    pub fn set_table_metatable(&mut self, table: TableHandle, metatable: Option<TableHandle>) {
        if let Some(metatable) = metatable {
            self.barrier(table, &Value::Table(metatable));
        }
        self.tables[table.index()].metatable = metatable;
    }

    /// Gives a full userdata its metatable.
    pub fn set_userdata_metatable(
        &mut self,
        userdata: UserdataHandle,
        metatable: Option<TableHandle>,
    ) {
        self.userdata[userdata.index()].metatable = metatable;
        self.barrier_userdata(userdata, metatable.map_or(Value::Nil, Value::Table));
    }

    /// Gives all values of a type (other than tables and full userdata) their metatable.
    pub fn set_type_metatable(&mut self, kind: Type, metatable: Option<TableHandle>) {
        self.type_metatables[kind as usize] = metatable;
        self.barrier_root(metatable.map_or(Value::Nil, Value::Table));
    }

    /// The field `name` of a value's metatable; nil if it has none.
    pub fn metafield(&mut self, value: Value, name: &str) -> Value {
        match self.metatable(value) {
            Some(metatable) => self.raw_get_field(metatable, name),
            None => Value::Nil,
        }
    }

    /// A metamethod of a value; nil if it has none.
    #[inline]
    pub(crate) fn metamethod(&self, value: Value, event: Metamethod) -> Value {
        match self.metatable(value) {
            Some(metatable) => {
                self.tables[metatable.index()].get_short(self.metamethod_names[event as usize])
            }
            None => Value::Nil,
        }
    }

    /// A metamethod of a metatable; nil if it has none.
    #[inline]
    pub(crate) fn event_handler(&self, metatable: TableHandle, event: Metamethod) -> Value {
        self.tables[metatable.index()].get_short(self.metamethod_names[event as usize])
    }

    /// A metamethod of a metatable, remembering if it is absent. Only for the first eight events.
    #[inline]
    pub(crate) fn fast_metamethod(
        &mut self,
        metatable: TableHandle,
        event: Metamethod,
    ) -> Option<Value> {
        let table = &mut self.tables[metatable.index()];
        let bit = 1u8 << event as u8;
        if table.absent & bit != 0 {
            return None;
        }
        let value = table.get_short(self.metamethod_names[event as usize]);
        if value.is_nil() {
            table.absent |= bit;
            return None;
        }
        Some(value)
    }

    /// Reads a field of a value by a string key, following `__index` as long as it is a table. None if that does not settle it: a
    /// function or an error is involved.
    #[inline(always)]
    pub(crate) fn find_field(&mut self, mut object: Value, key: StringHandle) -> Option<Value> {
        if !key.is_plain_key() {
            return None;
        }
        for _ in 0..16 {
            let metatable = match object {
                Value::Table(handle) => {
                    let table = &self.tables[handle.index()];
                    let value = table.get_short(key);
                    if !value.is_nil() {
                        return Some(value);
                    }
                    match table.metatable {
                        Some(metatable) => metatable,
                        None => return Some(Value::Nil),
                    }
                }
                _ => self.metatable(object)?,
            };
            match self.fast_metamethod(metatable, Metamethod::Index) {
                Some(next @ Value::Table(_)) => object = next,
                None if matches!(object, Value::Table(_)) => return Some(Value::Nil),
                _ => return None,
            }
        }
        None
    }

    /// The same for a call of a method, whose object mostly is a string if it is no table.
    #[inline(always)]
    pub(crate) fn find_method(&mut self, object: Value, key: StringHandle) -> Option<Value> {
        if !matches!(object, Value::String(_)) {
            return self.find_field(object, key);
        }
        let metatable = self.type_metatables[Type::String as usize]?;
        let name = self.metamethod_names[Metamethod::Index as usize];
        let Value::Table(methods) = self.tables[metatable.index()].get_short(name) else {
            return None;
        };
        let method = self.tables[methods.index()].get_short(key);
        (!method.is_nil()).then_some(method)
    }

    /// Whether the equality of two values that are not identical needs more than their handles.
    #[inline(always)]
    pub(crate) fn equality_is_open(&self, left: Value, right: Value) -> bool {
        match (left, right) {
            (Value::String(left), Value::String(right)) => left.is_long() && right.is_long(),
            (Value::Table(left), Value::Table(_)) => self.tables[left.index()].metatable.is_some(),
            (Value::Userdata(_), Value::Userdata(_)) => true,
            _ => false,
        }
    }

    /// Whether two values are equal without metamethods.
    #[inline]
    pub fn raw_equals(&self, a: Value, b: Value) -> bool {
        self.strings.raw_equals(a, b)
    }
}
