//! That random libraries do what is told of them: their functions stay within their keys, and those without state give
//! the same on a machine that has run others before as on a fresh one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lua::library::math::Random;
use proptest::prelude::*;
use resp::{Protocol, RespWriter};

use super::tests::{Generator, Recorder};
use crate::script::KeyUse;
use crate::{Code, Function, Libraries, Machine, Progress, Verdict, World};

/// A machine whose every run is ended after a while.
struct Limited {
    machine: Machine,
    looks: Arc<AtomicUsize>,
}

fn limited() -> Limited {
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let interrupt = move || {
        if counted.fetch_add(1, Ordering::Relaxed) < 2 {
            Verdict::Continue
        } else {
            Verdict::Kill
        }
    };
    let machine = Machine::new(World::Functions, Box::new(interrupt), Random::default());
    Limited { machine, looks }
}

/// One call: its reply and the keys that its inner calls named.
fn call(limited: &mut Limited, function: &Arc<Function>, keys: &[&[u8]]) -> (Vec<u8>, Recorder) {
    let arguments: [&[u8]; 3] = [b"a1", b"get", b"1"];
    limited.looks.store(0, Ordering::Relaxed);
    let machine = &mut limited.machine;
    let prepared = machine.prepare(Code::Function(Arc::clone(function)), keys, &arguments);
    prepared.expect("was loaded before");
    machine.set_host(Box::new(Recorder::default()));
    let mut out = Vec::new();
    let mut writer = RespWriter::new(&mut out, Protocol::Resp2);
    while machine.run(&mut writer) == Progress::Suspended {}
    let recorder = machine.host_mut::<Recorder>().expect("is ours");
    (out, std::mem::take(recorder))
}

/// A statement that libraries with state are made of, or one that only looks like it.
fn statement(generator: &mut Generator, is_calm: bool) -> String {
    let value = generator.expression();
    let choice = if is_calm {
        4 + generator.pick(9)
    } else {
        [0, 1, 2, 3, 13, 14, 15, 5, 6, 7, 9, 10, 16, 16][generator.pick(14)]
    };
    match choice {
        0 => "t.n = t.n + 1".to_owned(),
        1 => format!("t.list[#t.list + 1] = {value}"),
        2 => format!("a = {value}"),
        3 => "t.k = KEYS[1]".to_owned(),
        13 => "local u = t u.k = 1".to_owned(),
        4 => "local _ = {t.n + 1}".to_owned(),
        5 => "for i, v in ipairs(t.list) do local _ = v end".to_owned(),
        6 => format!("local _ = t.g({value})"),
        7 => "local _ = redis.pcall('get', t.k)".to_owned(),
        8 => "local _ = #t.list + t.n".to_owned(),
        9 => "local n = t.n n = n + 1".to_owned(),
        10 => "local u = {} u.k = KEYS[1] local _ = redis.pcall('get', KEYS[1])".to_owned(),
        11 => format!("local _ = f({value})"),
        12 => "local _ = redis.pcall('set', KEYS[1], t.n)".to_owned(),
        14 => format!("rawset(t, 'k', {value})"),
        15 => format!("local u = t.list table.insert(u, {value})"),
        _ => generator.statement(),
    }
}

fn library(seed: u64) -> String {
    let mut generator = Generator { seed, depth: 0 };
    let generator = &mut generator;
    let is_calm = generator.pick(3) > 0;
    let mut body = || {
        let count = 1 + generator.pick(2);
        let statements: Vec<String> = (0..count).map(|_| statement(generator, is_calm)).collect();
        // What a calm one assigns to is its own.
        let own = if is_calm {
            "local a, b, c, d = KEYS[1], 1"
        } else {
            ""
        };
        format!("{own} {}", statements.join(" "))
    };
    // Helpers call no helpers: a recursion without end proves nothing and takes long.
    let mut helper = || {
        let own = "local KEYS, f, g = {}, tostring, tostring";
        format!("{own} {}", body().replace("t.g(", "tostring("))
    };
    let (f, g) = (helper(), helper());
    let (one, two, three) = (body(), body(), body());
    let seen = "return tostring(t.n) .. type(t.k) .. #t.list .. type(a) .. type(b)";
    format!(
        "#!lua name=l
        local a, b, c, d = 1, 'x', {{}}, nil
        local t = {{n = 0, k = 'x', list = {{'y', {{1}}}}}}
        local g
        local function f(x, a) {f} return x end
        t.g = function(x) {g} return a end
        redis.register_function('one', function(KEYS, ARGV) {one} {seen} end)
        redis.register_function{{function_name = 'two', callback = function(KEYS) {two} {seen} end}}
        redis.register_function('three', function(KEYS, ...) local ARGV = ... {three} {seen} end)"
    )
}

/// Plays one random library; whether it has state, and what its functions can touch.
fn check(seed: u64) -> (bool, Vec<KeyUse>) {
    let text = library(seed);
    let libraries = Libraries::default();
    let loaded = libraries.load(text.as_bytes(), false, &mut || limited().machine);
    loaded.unwrap_or_else(|error| panic!("{error} in {text}"));
    let current = libraries.current();
    let loaded = current.libraries().next().expect("was loaded");
    let has_state = loaded.library.has_state();
    let mut shared = limited();
    for (turn, place) in [0, 1, 2, 1, 0, 2].into_iter().enumerate() {
        let function = &loaded.functions[place];
        let names = [format!("k{turn}"), format!("l{turn}")];
        let keys: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        let (reply, recorder) = call(&mut shared, function, &keys);
        if function.key_use() != KeyUse::Any {
            assert!(!recorder.touches_all, "{text}");
            for key in recorder.keys {
                let declared = function.key_use() == KeyUse::Declared && keys.contains(&&*key);
                assert!(declared, "{} in {text}", String::from_utf8_lossy(&key));
            }
        }
        if !has_state {
            let (fresh, _) = call(&mut limited(), function, &keys);
            assert_eq!(reply, fresh, "{text}");
        }
    }
    let functions = loaded.functions.iter().map(|function| function.key_use());
    (has_state, functions.collect())
}

#[test]
fn random_libraries_do_what_is_told_of_them() {
    let (mut stateless, mut declared) = (0, 0);
    for seed in 0..600 {
        let (has_state, functions) = check(seed * 104_729 + 5);
        stateless += usize::from(!has_state);
        let known = functions.iter().filter(|&&key_use| key_use != KeyUse::Any);
        declared += known.count();
    }
    // The generator would prove nothing if everything were given up.
    assert!(stateless > 60 && declared > 60, "{stateless} {declared}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn arbitrary_libraries_do_what_is_told_of_them(seed in any::<u64>()) {
        check(seed);
    }
}
