//! Tables against a map: the same values at the same keys, each once in a traversal, and a border for a length, whatever the order of
//! the changes. That the *order* of a traversal is 5.1's is what the golden suite and the random programs show.

use proptest::prelude::*;

use super::{Node, Table};
use crate::heap::Heap;
use crate::value::Value;

#[derive(Clone, Copy, Debug)]
enum Key {
    Integer(i32),
    Fraction(i8),
    Short(u8),
    Long(u8),
    Boolean(bool),
    Object(usize),
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Set(Key, u16),
    Remove(Key),
    /// Appends at the length, as `t[#t + 1] = v` does.
    Append(u16),
    /// Makes the array part that big, as a constructor does.
    Grow(usize),
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        6 => (-4..40i32).prop_map(Key::Integer),
        1 => any::<i32>().prop_map(Key::Integer),
        1 => any::<i8>().prop_map(Key::Fraction),
        4 => (0..40u8).prop_map(Key::Short),
        1 => (0..8u8).prop_map(Key::Long),
        1 => any::<bool>().prop_map(Key::Boolean),
        1 => (0..5usize).prop_map(Key::Object),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => (key(), 1..u16::MAX).prop_map(|(key, value)| Change::Set(key, value)),
        3 => key().prop_map(Change::Remove),
        4 => (1..u16::MAX).prop_map(Change::Append),
        1 => (0..50usize).prop_map(Change::Grow),
    ]
}

struct World {
    heap: Heap,
    table: Table,
    /// Keys that are objects.
    objects: [Value; 5],
    /// By a name of the key; the key itself beside the value.
    model: Vec<(Value, Value)>,
}

impl World {
    fn new() -> World {
        let mut heap = Heap::new();
        let objects = std::array::from_fn(|_| Value::Table(heap.new_table(0, 0)));
        World {
            heap,
            table: Table::default(),
            objects,
            model: Vec::new(),
        }
    }

    fn key(&mut self, key: Key) -> Value {
        match key {
            Key::Integer(number) => Value::Number(f64::from(number)),
            Key::Fraction(number) => Value::Number(f64::from(number) + 0.25),
            Key::Short(number) => {
                Value::String(self.heap.new_string(format!("key {number}").as_bytes()))
            }
            // Equal long strings are different objects.
            Key::Long(number) => Value::String(self.heap.new_string(&[number; 60])),
            Key::Boolean(boolean) => Value::Boolean(boolean),
            Key::Object(number) => self.objects[number],
        }
    }

    fn set(&mut self, key: Value, value: Value) {
        let strings = &self.heap.strings;
        *self.table.slot(key, strings).expect("a good key") = value;
        self.model
            .retain(|(other, _)| !strings.raw_equals(*other, key));
        if !value.is_nil() {
            self.model.push((key, value));
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Set(key, value) => {
                let key = self.key(key);
                self.set(key, Value::Number(f64::from(value)));
            }
            Change::Remove(key) => {
                let key = self.key(key);
                self.set(key, Value::Nil);
            }
            Change::Append(value) => {
                let end = Value::Number(self.table.length() as f64 + 1.0);
                self.set(end, Value::Number(f64::from(value)));
            }
            Change::Grow(size) => {
                if size > self.table.array.len() {
                    self.table
                        .resize_array(size, &self.heap.strings)
                        .expect("room");
                }
            }
        }
    }

    fn get(&self, key: Value) -> Value {
        self.table.get(key, &self.heap.strings)
    }

    fn check(&self) {
        for &(key, value) in &self.model {
            assert!(self.get(key).is_identical(value), "{key:?}");
        }
        let mut key = Value::Nil;
        let mut met = 0;
        while let Some((next, value)) = self
            .table
            .next(key, &self.heap.strings)
            .expect("the key was met")
        {
            assert!(self.get(next).is_identical(value));
            assert!(!value.is_nil());
            met += 1;
            assert!(met <= self.model.len(), "a key is met twice");
            key = next;
        }
        assert_eq!(met, self.model.len());
        let border = self.table.length();
        let at = |index: usize| self.get(Value::Number(index as f64));
        assert!(border == 0 || !at(border).is_nil());
        assert!(at(border + 1).is_nil());
        self.check_layout();
    }

    /// Every key is in the chain of its main position, and chains end.
    fn check_layout(&self) {
        let nodes = &self.table.nodes;
        assert!(nodes.is_empty() || nodes.len().is_power_of_two());
        for Node { key, value, .. } in nodes {
            if value.is_nil() {
                continue;
            }
            let mut place = self.table.main_position(*key);
            let mut steps = 0;
            while !nodes[place].key.is_identical(*key) {
                place = nodes[place].next as usize;
                steps += 1;
                assert!(place < nodes.len() && steps <= nodes.len(), "{key:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_table_is_a_map(changes in prop::collection::vec(change(), 1..200)) {
        let mut world = World::new();
        for change in changes {
            world.apply(change);
            world.check();
        }
    }

    #[test]
    fn removing_while_traversing_meets_every_other_key(
        changes in prop::collection::vec(change(), 1..120),
        removed in prop::collection::vec(any::<bool>(), 120),
    ) {
        let mut world = World::new();
        for change in changes {
            world.apply(change);
        }
        let mut expected = world.model.len();
        let mut key = Value::Nil;
        let mut index = 0;
        while let Some((next, _)) = world.table.next(key, &world.heap.strings).expect("the key was met") {
            if removed[index % removed.len()] {
                *world.table.slot(next, &world.heap.strings).expect("a good key") = Value::Nil;
            }
            expected -= 1;
            index += 1;
            key = next;
        }
        prop_assert_eq!(expected, 0);
    }

    #[test]
    fn appending_fills_an_array_of_a_power_of_two(count in 1..300usize) {
        let mut world = World::new();
        for _ in 0..count {
            world.apply(Change::Append(1));
        }
        world.check();
        prop_assert_eq!(world.table.array.len(), count.next_power_of_two());
        prop_assert_eq!(world.table.length(), count);
    }

    #[test]
    fn bad_keys_are_refused(changes in prop::collection::vec(change(), 0..40)) {
        let mut world = World::new();
        for change in changes {
            world.apply(change);
        }
        let strings = &world.heap.strings;
        prop_assert_eq!(world.table.slot(Value::Nil, strings).err(), Some(super::TableError::NilKey));
        let nan = Value::Number(f64::NAN);
        prop_assert_eq!(world.table.slot(nan, strings).err(), Some(super::TableError::NanKey));
        prop_assert!(world.table.get(nan, &world.heap.strings).is_nil());
        world.check();
    }
}
