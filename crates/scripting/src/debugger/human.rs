//! How the debugger shows Lua values.

use lua::heap::Heap;
use lua::value::{TableHandle, Value};
use resp::double::write_general;
use resp::words::quote;

/// How deep tables are shown.
const DEPTH_MAX: usize = 10;

/// Appends a value as the debugger shows it.
pub(super) fn write_value(heap: &Heap, value: Value, out: &mut Vec<u8>) {
    write_at(heap, value, 0, out);
}

/// Whether a traversal meets the keys 1, 2, 3 … and no others.
fn is_list(heap: &Heap, table: TableHandle) -> bool {
    let mut position = 0;
    let mut index = 1.0;
    while let Some((next, key, _)) = heap.entry_from(table, position) {
        if !matches!(key, Value::Number(number) if number == index) {
            return false;
        }
        position = next;
        index += 1.0;
    }
    true
}

fn write_at(heap: &Heap, value: Value, depth: usize, out: &mut Vec<u8>) {
    if depth == DEPTH_MAX {
        out.extend_from_slice(b"<max recursion level reached! Nested table?>");
        return;
    }
    match value {
        Value::Nil => out.extend_from_slice(b"nil"),
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_general(number, 6, out),
        Value::String(string) => quote(heap.bytes(string), out),
        Value::Table(table) => {
            out.push(b'{');
            let is_list = is_list(heap, table);
            let mut position = 0;
            while let Some((next, key, value)) = heap.entry_from(table, position) {
                if position > 0 {
                    out.extend_from_slice(b"; ");
                }
                position = next;
                if !is_list {
                    out.push(b'[');
                    write_at(heap, key, depth + 1, out);
                    out.extend_from_slice(b"]=");
                }
                write_at(heap, value, depth + 1, out);
            }
            out.push(b'}');
        }
        Value::LightUserdata(0) => out.extend_from_slice(b"\"light-userdata@(nil)\""),
        other => {
            let kind = match other {
                Value::LightUserdata(_) => "light-userdata",
                other => other.type_name(),
            };
            let address = other.address().unwrap_or(0);
            out.extend_from_slice(format!("\"{kind}@0x{address:x}\"").as_bytes());
        }
    }
}
