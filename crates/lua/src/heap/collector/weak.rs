//! Weak tables, and how they lose the entries whose key or value is dead. As in 5.1 a table is weak for a collection in the way it was when it
//! was scanned.

use super::super::Heap;
use crate::value::{TableHandle, Value};

impl Heap {
    /// Removes dead entries of the weak tables. False if `left` was not enough.
    pub(super) fn clear_weak_tables(&mut self, left: &mut usize) -> bool {
        while let Some(&table) = self.collector.weak.get(self.collector.cleared.0) {
            let (number, position) = self.collector.cleared;
            // The table may be gone with its region.
            if self.tables.marks.contains(table.index()) {
                let slots = {
                    let table = &self.tables[table.index()];
                    table.array.len() + table.nodes.len()
                };
                let end = position.saturating_add(*left).min(slots);
                self.clear_entries(table, position, end);
                *left = left.saturating_sub(2 * end.saturating_sub(position) + 1);
                if end < slots || *left == 0 {
                    self.collector.cleared = (number, end);
                    self.collector.partial_table = table.0;
                    return false;
                }
            }
            self.collector.partial_table = u32::MAX;
            self.collector.cleared = (number + 1, 0);
        }
        true
    }

    fn clear_entries(&mut self, table: TableHandle, from: usize, to: usize) {
        for slot in from..to {
            let size = self.tables[table.index()].array.len();
            if slot < size {
                if self.is_white(self.tables[table.index()].array[slot]) {
                    self.tables[table.index()].array[slot] = Value::Nil;
                }
                continue;
            }
            let node = self.tables[table.index()].nodes[slot - size];
            let (key_is_dead, value_is_dead) = (self.is_white(node.key), self.is_white(node.value));
            if key_is_dead || value_is_dead {
                let node = &mut self.tables[table.index()].nodes[slot - size];
                node.value = Value::Nil;
                if key_is_dead {
                    // NaN equals no key, so the dead key is never found again, and its slot is not taken for a free one.
                    node.key = Value::Number(f64::NAN);
                }
            }
        }
    }

    /// Whether a value is an object that marking has not reached.
    pub(super) fn is_white(&self, value: Value) -> bool {
        match value {
            Value::Nil | Value::Boolean(_) | Value::Number(_) | Value::LightUserdata(_) => false,
            Value::String(string) => !self.strings.arena.marks.contains(string.index()),
            Value::Table(table) => !self.tables.marks.contains(table.index()),
            Value::Function(closure) => !self.closures.marks.contains(closure.index()),
            Value::Native(native) => !self.natives.marks.contains(native.index()),
            Value::Userdata(userdata) => !self.userdata.marks.contains(userdata.index()),
            Value::Thread(thread) => !self.threads.marks.contains(thread.index()),
        }
    }
}
