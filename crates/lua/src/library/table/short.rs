//! Shortcuts of the table functions: work at the end of a table, or near it.

use crate::heap::Heap;
use crate::meter::Meter;
use crate::shortcut::Shortcut;
use crate::value::{TableHandle, Value};

pub(super) const SHORTCUTS: &[(&str, Shortcut)] = &[
    ("getn", Shortcut::single(getn)),
    ("insert", Shortcut::first(insert)),
    ("remove", Shortcut::first(remove)),
];

fn getn(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    match *arguments {
        [Value::Table(table), ..] => Some(Value::Number(heap.length(table) as f64)),
        _ => None,
    }
}

/// Appends.
fn insert(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    let &[Value::Table(table), value] = arguments else {
        return None;
    };
    if heap.is_readonly(table) {
        return None;
    }
    let end = heap.length(table) + 1;
    heap.raw_set_integer(table, end as i64, value);
    Some(Value::Nil)
}

/// Takes the last element off.
fn remove(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    let &[Value::Table(table)] = arguments else {
        return None;
    };
    if heap.is_readonly(table) {
        return None;
    }
    Some(take_last(heap, table))
}

fn take_last(heap: &mut Heap, table: TableHandle) -> Value {
    let end = heap.length(table);
    if end == 0 {
        return Value::Nil;
    }
    let last = heap.raw_get_integer(table, end as i64);
    heap.raw_set_integer(table, end as i64, Value::Nil);
    last
}
