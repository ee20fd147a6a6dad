//! The heap against a model: random changes of a random graph, interleaved with steps of the collector and with regions. Whatever can be
//! reached in the model is there, unharmed; after a whole collection nothing else is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::arena::Object;
use super::{Closure, Heap, Roots, Upvalue};
use crate::loaded::{LoadedProto, NUMBER_BYTES, Unloaded};
use crate::thread::Thread;
use crate::value::{ThreadHandle, Value};
use crate::{Outcome, Vm, compiler, library};

/// Slots of the stack, which are the roots.
const SLOTS: usize = 6;
/// Places of a table that hold references: small integers land in the array part, the others in the nodes.
const KEYS: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 1000.0, -5.5];
/// The place of an object's number in a table.
const NUMBER: f64 = 0.5;

#[derive(Clone, Debug)]
enum Change {
    NewTable(usize, usize),
    NewString(usize, usize),
    NewClosure(usize, usize),
    NewNative(usize, usize),
    NewUserdata(usize, usize),
    NewThread(usize, usize),
    Store(usize, usize, usize),
    StoreKey(usize, usize, usize),
    Load(usize, usize, usize),
    SetMetatable(usize, usize),
    SetUpvalue(usize, usize),
    SetEnvironment(usize, usize),
    Fill(usize, usize),
    Clear(usize),
    Step(usize),
    Collect,
}

fn change() -> impl Strategy<Value = Change> {
    let slot = 0..SLOTS;
    let key = 0..KEYS.len();
    prop_oneof![
        4 => (slot.clone(), 0..9usize).prop_map(|(to, size)| Change::NewTable(to, size)),
        2 => (slot.clone(), 0..60usize).prop_map(|(to, text)| Change::NewString(to, text)),
        2 => (slot.clone(), slot.clone()).prop_map(|(to, of)| Change::NewClosure(to, of)),
        1 => (slot.clone(), slot.clone()).prop_map(|(to, of)| Change::NewNative(to, of)),
        1 => (slot.clone(), slot.clone()).prop_map(|(to, of)| Change::NewUserdata(to, of)),
        1 => (slot.clone(), slot.clone()).prop_map(|(to, of)| Change::NewThread(to, of)),
        8 => (slot.clone(), key.clone(), slot.clone())
            .prop_map(|(table, key, value)| Change::Store(table, key, value)),
        2 => (slot.clone(), slot.clone(), slot.clone())
            .prop_map(|(table, key, value)| Change::StoreKey(table, key, value)),
        8 => (slot.clone(), slot.clone(), key)
            .prop_map(|(to, table, key)| Change::Load(to, table, key)),
        1 => (slot.clone(), slot.clone()).prop_map(|(of, to)| Change::SetMetatable(of, to)),
        2 => (slot.clone(), slot.clone()).prop_map(|(of, to)| Change::SetUpvalue(of, to)),
        1 => (slot.clone(), slot.clone()).prop_map(|(of, to)| Change::SetEnvironment(of, to)),
        1 => (slot.clone(), 100..400usize).prop_map(|(to, count)| Change::Fill(to, count)),
        2 => slot.prop_map(Change::Clear),
        12 => (1..200usize).prop_map(Change::Step),
        1 => Just(Change::Collect),
    ]
}

/// What an object refers to, by place.
#[derive(Clone, Debug, Default)]
struct Node {
    /// What stands for a text, in a string.
    text: Option<Vec<u8>>,
    places: HashMap<String, Value>,
}

/// An object's arena and index.
fn name(value: Value) -> Option<(u8, usize)> {
    match value {
        Value::Nil | Value::Boolean(_) | Value::Number(_) | Value::LightUserdata(_) => None,
        Value::String(string) => Some((0, string.index())),
        Value::Table(table) => Some((1, table.index())),
        Value::Function(closure) => Some((2, closure.index())),
        Value::Native(native) => Some((3, native.index())),
        Value::Userdata(userdata) => Some((4, userdata.index())),
        Value::Thread(thread) => Some((5, thread.index())),
    }
}

struct World {
    heap: Heap,
    thread: Thread,
    loaded: Vec<Option<Arc<LoadedProto>>>,
    unloaded: Unloaded,
    main: ThreadHandle,
    model: HashMap<(u8, usize), Node>,
    /// Numbers that objects carry, to know them from others that were given their slot.
    numbers: HashMap<(u8, usize), u32>,
    made: u32,
    /// The objects of the empty heap.
    base: usize,
}

impl World {
    fn new() -> World {
        let mut heap = Heap::new();
        let main = heap.new_thread(Thread::default());
        let mut thread = Thread::new(heap.globals, 0);
        thread.top = SLOTS;
        heap.recount_thread(&mut thread);
        let mut world = World {
            heap,
            thread,
            loaded: Vec::new(),
            unloaded: Unloaded::default(),
            main,
            model: HashMap::new(),
            numbers: HashMap::new(),
            made: 0,
            base: 0,
        };
        world.base = world.count();
        world
    }

    fn roots(&mut self) -> (&mut Heap, Roots<'_>) {
        let roots = Roots {
            loaded: &mut self.loaded,
            unloaded: &mut self.unloaded,
            thread: &mut self.thread,
            current: self.main,
            main: self.main,
            native_top: 0,
        };
        (&mut self.heap, roots)
    }

    fn step(&mut self, work: usize) {
        let (heap, mut roots) = self.roots();
        heap.collect_in_part(&mut roots, work);
    }

    fn collect(&mut self) {
        let (heap, mut roots) = self.roots();
        heap.collect_all(&mut roots);
    }

    /// How many objects there are, upvalues aside.
    fn count(&self) -> usize {
        fn of<T: Object>(items: &[T]) -> usize {
            items.iter().filter(|item| !item.is_vacant()).count()
        }
        of(&self.heap.strings.arena.items)
            + of(&self.heap.tables.items)
            + of(&self.heap.closures.items)
            + of(&self.heap.natives.items)
            + of(&self.heap.userdata.items)
            + of(&self.heap.threads.items)
    }

    fn get(&self, slot: usize) -> Value {
        self.thread.stack[slot]
    }

    fn made(&mut self, to: usize, value: Value, node: Node) {
        let name = name(value).expect("an object");
        self.model.insert(name, node);
        self.numbers.insert(name, self.made);
        self.thread.stack[to] = value;
    }

    fn place(&mut self, object: Value, place: String, value: Value) {
        let node = self.model.get_mut(&name(object).expect("an object"));
        node.expect("a known one").places.insert(place, value);
    }

    fn apply(&mut self, change: &Change) {
        self.made += 1;
        match *change {
            Change::NewTable(to, size) => {
                let table = self.heap.new_table(size, 0);
                let number = Value::Number(f64::from(self.made));
                self.heap
                    .raw_set(table, Value::Number(NUMBER), number)
                    .expect("room");
                self.made(to, table.into(), Node::default());
            }
            Change::NewString(to, text) => {
                let text = vec![b'a' + (text % 20) as u8; text];
                let string = self.heap.new_string(&text);
                let node = Node {
                    text: Some(text),
                    ..Node::default()
                };
                self.made(to, string.into(), node);
            }
            Change::NewClosure(to, of) => {
                let upvalue = self.heap.new_upvalue(Upvalue::Closed(self.get(of)));
                let closure = self.heap.new_closure(Closure {
                    proto: self.made,
                    environment: self.heap.globals,
                    upvalues: [upvalue].into_iter().collect(),
                });
                let kept = self.get(of);
                self.made(to, Value::Function(closure), Node::default());
                self.place(Value::Function(closure), "upvalue".into(), kept);
            }
            Change::NewNative(to, of) => {
                let kept = self.get(of);
                let upvalues = [kept, Value::Number(f64::from(self.made))];
                let native = self
                    .heap
                    .new_native(|_| Ok(crate::native::Flow::Return(0)), &upvalues);
                self.made(to, Value::Native(native), Node::default());
                self.place(Value::Native(native), "upvalue".into(), kept);
            }
            Change::NewUserdata(to, of) => {
                let kept = self.get(of);
                let Value::Table(metatable) = kept else {
                    return;
                };
                let userdata = self.heap.new_userdata(Box::new(self.made), Some(metatable));
                self.made(to, Value::Userdata(userdata), Node::default());
                self.place(Value::Userdata(userdata), "metatable".into(), kept);
            }
            Change::NewThread(to, of) => {
                let kept = self.get(of);
                let mut thread = Thread::new(self.heap.globals, 0);
                thread.stack[0] = kept;
                thread.stack[1] = Value::Number(f64::from(self.made));
                thread.top = 2;
                let thread = self.heap.new_thread(thread);
                self.made(to, Value::Thread(thread), Node::default());
                self.place(Value::Thread(thread), "stack".into(), kept);
            }
            Change::Store(table, key, value) => {
                let (object, value) = (self.get(table), self.get(value));
                if let Value::Table(table) = object {
                    self.heap
                        .raw_set(table, Value::Number(KEYS[key]), value)
                        .expect("room");
                    self.place(object, format!("key {key}"), value);
                }
            }
            Change::StoreKey(table, key, value) => {
                let (object, key, value) = (self.get(table), self.get(key), self.get(value));
                // A key without a value is gone at the next rehash, so it is not known whether it lives.
                if let (Value::Table(table), Some(name), false) =
                    (object, name(key), value.is_nil())
                {
                    self.heap.raw_set(table, key, value).expect("room");
                    self.place(object, format!("object {name:?}"), key);
                    self.place(object, format!("at object {name:?}"), value);
                }
            }
            Change::Load(to, table, key) => {
                if let Value::Table(table) = self.get(table) {
                    let value = self.heap.raw_get(table, Value::Number(KEYS[key]));
                    self.thread.stack[to] = value;
                }
            }
            Change::SetMetatable(of, to) => {
                if let (object @ Value::Table(table), Value::Table(metatable)) =
                    (self.get(of), self.get(to))
                {
                    self.heap.set_table_metatable(table, Some(metatable));
                    self.place(object, "metatable".into(), metatable.into());
                }
            }
            Change::SetUpvalue(of, to) => {
                let (object, value) = (self.get(of), self.get(to));
                match object {
                    Value::Function(closure) => {
                        let upvalue = self.heap.closures[closure.index()].upvalues.at(0);
                        self.heap.upvalues[upvalue.index()] = Upvalue::Closed(value);
                        self.heap.barrier_upvalue(upvalue, &value);
                        self.place(object, "upvalue".into(), value);
                    }
                    Value::Native(native) => {
                        self.heap.set_native_upvalue(native, 0, value);
                        self.place(object, "upvalue".into(), value);
                    }
                    _ => {}
                }
            }
            Change::SetEnvironment(of, to) => {
                if let (object @ Value::Function(closure), Value::Table(environment)) =
                    (self.get(of), self.get(to))
                {
                    self.heap.set_closure_environment(closure, environment);
                    self.place(object, "environment".into(), environment.into());
                }
            }
            Change::Fill(to, count) => {
                // A big table, scanned in pieces, that refers to many objects of its own.
                let table = self.heap.new_table(0, 0);
                self.made(to, table.into(), Node::default());
                let number = Value::Number(f64::from(self.made));
                self.heap
                    .raw_set(table, Value::Number(NUMBER), number)
                    .expect("room");
                for index in 0..count {
                    let part = self.heap.new_string(format!("part {index}").as_bytes());
                    let key = Value::Number(if index % 2 == 0 {
                        2000.0 + index as f64
                    } else {
                        -(index as f64)
                    });
                    self.heap.raw_set(table, key, part.into()).expect("room");
                    let node = Node {
                        text: Some(format!("part {index}").into()),
                        ..Node::default()
                    };
                    let name = name(part.into()).expect("an object");
                    self.model.insert(name, node);
                    self.place(table.into(), format!("part {index}"), part.into());
                    if index % 50 == 7 {
                        self.step(60);
                    }
                }
            }
            Change::Clear(slot) => self.thread.stack[slot] = Value::Nil,
            Change::Step(work) => self.step(work),
            Change::Collect => self.collect(),
        }
    }

    fn reachable(&self) -> HashSet<(u8, usize)> {
        let mut reached = HashSet::new();
        let mut open: Vec<Value> = self.thread.stack[..SLOTS].to_vec();
        while let Some(value) = open.pop() {
            if let Some(name) = name(value)
                && reached.insert(name)
            {
                open.extend(self.model[&name].places.values());
            }
        }
        reached
    }

    /// Everything reachable is there and is what it was.
    fn check(&self) {
        for reached in self.reachable() {
            let index = reached.1;
            let node = &self.model[&reached];
            let number = self.numbers.get(&reached).copied().unwrap_or_default();
            let mark = Value::Number(f64::from(number));
            match reached.0 {
                0 => {
                    let text = node.text.as_deref().expect("a text");
                    assert_eq!(self.heap.strings.arena[index].bytes(), text);
                }
                1 => {
                    let table = &self.heap.tables[index];
                    assert!(table.get_number(NUMBER).is_identical(mark));
                }
                2 => assert_eq!(self.heap.closures[index].proto, number),
                3 => assert!(self.heap.natives[index].upvalues[1].is_identical(mark)),
                4 => assert_eq!(
                    self.heap.userdata[index].object.downcast_ref::<u32>(),
                    Some(&number)
                ),
                _ => assert!(self.heap.threads[index].stack[1].is_identical(mark)),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn exactly_the_unreachable_objects_die(changes in prop::collection::vec(change(), 1..250)) {
        let mut world = World::new();
        for change in &changes {
            world.apply(change);
            world.check();
            let bytes = world.heap.count_objects() + world.thread.counted;
            prop_assert_eq!(world.heap.bytes_in_use(), bytes);
        }
        world.collect();
        world.check();
        let reached = world.reachable();
        // The texts of metamethods' names are in the base.
        prop_assert_eq!(world.count(), world.base + reached.len());
        prop_assert!(world.heap.strings.arena.marks.is_clear());
        prop_assert!(world.heap.tables.marks.is_clear());
    }

    #[test]
    fn a_region_takes_its_objects_with_it(
        before in prop::collection::vec(change(), 0..60),
        during in prop::collection::vec(change(), 0..120),
        after in prop::collection::vec(change(), 0..60),
    ) {
        let mut world = World::new();
        for change in &before {
            world.apply(change);
        }
        // What is on the stack is not to be forgotten with the region.
        let kept: Vec<Value> = world.thread.stack[..SLOTS].to_vec();
        let keeper = world.heap.new_table(8, 0);
        world.model.insert(name(keeper.into()).expect("an object"), Node::default());
        for (index, &value) in kept.iter().enumerate() {
            world.heap.raw_set_integer(keeper, index as i64 + 1, value);
        }
        world.heap.pinned.push(keeper.into());
        world.heap.barrier_root(keeper.into());
        let bytes = world.heap.bytes_in_use();
        // What is old can grow or be collected meanwhile.
        let only_adds = !during.iter().any(|change| {
            matches!(
                change,
                Change::Step(_)
                    | Change::Collect
                    | Change::Fill(..)
                    | Change::Store(..)
                    | Change::StoreKey(..)
            )
        });
        world.heap.mark();
        for change in &during {
            world.apply(change);
            world.check();
        }
        world.thread.stack[..SLOTS].copy_from_slice(&kept);
        let is_dropped = world.heap.release();
        prop_assert!(!is_dropped || !only_adds || world.heap.bytes_in_use() == bytes);
        let counted = world.heap.count_objects() + world.thread.counted;
        prop_assert_eq!(world.heap.bytes_in_use(), counted);
        world.check();
        for change in &after {
            world.apply(change);
            world.check();
        }
        world.collect();
        world.check();
        let counted = world.heap.count_objects() + world.thread.counted;
        prop_assert_eq!(world.heap.bytes_in_use(), counted);
    }

    #[test]
    fn equal_short_strings_are_one(texts in prop::collection::vec((0..64u8, 0..4usize), 1..300)) {
        let mut world = World::new();
        let mut known: HashMap<Vec<u8>, Value> = HashMap::new();
        for (number, (text, slot)) in texts.into_iter().enumerate() {
            let text: Vec<u8> = vec![text; usize::from(text) % 41];
            let loose = world.heap.new_loose_string(&text);
            if number % 2 == 0 {
                let table = world.heap.new_table(0, 0);
                world.heap.raw_set_string(table, loose, Value::Boolean(true));
                let found = world.heap.raw_get_string(table, loose);
                prop_assert!(matches!(found, Value::Boolean(true)));
                let entry = world.heap.entry_from(table, 0);
                let Some((_, Value::String(key), _)) = entry else {
                    panic!("the key is there");
                };
                prop_assert_eq!(key.hash(), super::hash_bytes(&text));
            }
            let handle = world.heap.new_string(&text);
            prop_assert_eq!(handle, loose);
            prop_assert_eq!(world.heap.bytes(handle), &text[..]);
            prop_assert_eq!(handle.hash(), super::hash_bytes(&text));
            if let Some(before) = known.get(&text)
                && (0..SLOTS).any(|slot| match (world.get(slot), *before) {
                    // Another string may have got the place.
                    (Value::String(there), Value::String(before)) => there.is_same_key(before),
                    _ => false,
                })
            {
                prop_assert!(before.is_identical(handle.into()));
            }
            world.thread.stack[slot] = handle.into();
            known.insert(text, handle.into());
            if number % 3 == 0 {
                world.step(40);
            }
        }
    }
}

/// What a VM takes, found by looking at everything.
fn counted(vm: &mut Vm) -> usize {
    let runtime = &mut vm.runtime;
    runtime.heap.recount_thread(&mut runtime.thread);
    let protos: usize = runtime
        .loaded
        .iter()
        .flatten()
        .map(|loaded| loaded.bytes)
        .sum();
    runtime.heap.count_objects()
        + runtime.thread.counted
        + protos
        + runtime.loaded.len() * NUMBER_BYTES
}

#[test]
fn a_run_leaves_no_bytes_behind() {
    let source = b"
        local function deep(n) if n == 0 then return 0 end local function up() return n end return up() + deep(n - 1) end
        deep(3000)
        local kept = {}
        for i = 1, 300 do
            local made = coroutine.create(function(a) local b = coroutine.yield(a) return deep(b) end)
            coroutine.resume(made, i)
            if i % 2 == 0 then coroutine.resume(made, i) end
            kept[i] = { made, ('text'):rep(i), loadstring('local a = ... return function() return a + ' .. i .. ' end')(i) }
            kept['key ' .. i] = function() return kept, made end
            if i % 100 == 0 then collectgarbage('step', 100) end
        end
        for i = 1, 300, 3 do kept[i] = nil end
        collectgarbage()
        table.sort(kept, function(a, b) return tostring(a) < tostring(b) end)";
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let proto = compiler::compile(source, b"=test").expect("the source is right");
    let function = vm.load(&Arc::new(proto));
    vm.pin(function);
    let mut before = None;
    for in_region in [true, true, true, false, false, false] {
        if in_region {
            vm.begin_region();
        } else if before.is_some_and(|(was_in_region, _)| was_in_region) {
            before = None;
        }
        let outcome = vm.call(function, &[], u64::MAX);
        assert!(matches!(outcome, Outcome::Finished), "{outcome:?}");
        let bytes = counted(&mut vm);
        assert_eq!(vm.runtime.heap.bytes_in_use(), bytes);
        if in_region {
            vm.end_region();
        } else {
            vm.collect_garbage();
        }
        let bytes = counted(&mut vm);
        assert_eq!(vm.runtime.heap.bytes_in_use(), bytes);
        assert!(
            before.is_none_or(|(_, before)| before == bytes),
            "{before:?} {bytes}"
        );
        before = Some((in_region, bytes));
    }
}
