//! Loading libraries, and what is told of their functions.

use lua::library::math::Random;

use crate::script::KeyUse;
use crate::{Libraries, Machine, RestorePolicy, Verdict, World};

fn machine() -> Machine {
    let interrupt = || Verdict::Continue;
    Machine::new(World::Functions, Box::new(interrupt), Random::default())
}

fn load(libraries: &Libraries, text: &str) -> Result<String, String> {
    libraries
        .load(text.as_bytes(), false, &mut machine)
        .map(|(name, _)| name)
        .map_err(|error| error.to_string())
}

/// Whether a library with this code has state, and what its functions can touch.
fn known(code: &str) -> (bool, Vec<KeyUse>) {
    let libraries = Libraries::default();
    load(&libraries, &format!("#!lua name=l\n{code}")).expect(code);
    let current = libraries.current();
    let loaded = current.libraries().next().expect("was loaded");
    let functions = loaded.functions.iter().map(|function| function.key_use());
    (loaded.library.has_state(), functions.collect())
}

#[test]
fn functions_that_stay_within_their_keys_are_recognized() {
    for code in [
        "redis.register_function('f', function(keys) return redis.call('get', keys[1]) end)",
        "redis.register_function{function_name='f', callback=function(k, a) return redis.call('set', k[1], a[1]) end}",
        "local function get(key) return redis.call('get', key) end
         redis.register_function('f', function(keys) return get(keys[1]) end)",
        "local names = {'a', 'b'}
         redis.register_function('f', function(keys) for _, n in ipairs(names) do redis.call('hget', keys[1], n) end end)",
        "local M = {} function M.get(key, x) return x end
         redis.register_function('f', function(keys, a) M.get(a[1]) return redis.call('get', keys[1]) end)",
        "local limits = {low = 1, high = 9}
         local function clamp(n) return math.max(limits.low, math.min(limits.high, tonumber(n))) end
         redis.register_function('f', function(keys, a) return redis.call('incrby', keys[1], clamp(a[1])) end)",
        "local function f(keys) return redis.call('del', unpack(keys)) end
         redis.register_function('f', f) redis.register_function('g', f)",
    ] {
        let (has_state, functions) = known(code);
        assert!(!has_state, "{code}");
        assert!(functions.iter().all(|&key_use| key_use == KeyUse::Declared), "{code}");
    }
}

#[test]
fn one_function_that_is_not_understood_does_not_spoil_the_others() {
    let (has_state, functions) = known(
        "redis.register_function('any', function(keys, args) return redis.call('get', args[1]) end)
         redis.register_function('own', function(keys, args) return redis.call('get', keys[1]) end)
         redis.register_function('none', function(keys, args) return #keys end)",
    );
    assert!(!has_state);
    assert_eq!(functions, [KeyUse::Any, KeyUse::Declared, KeyUse::None]);
}

#[test]
fn libraries_that_remember_are_recognized() {
    for code in [
        "local n = 0 redis.register_function('f', function() n = n + 1 return n end)",
        "local t = {} redis.register_function('f', function(keys, a) t[a[1]] = 1 end)",
        "local t = {} redis.register_function('f', function(keys, a) table.insert(t, a[1]) end)",
        "local t = {} redis.register_function('f', function(keys, a) local u = t u.x = 1 end)",
        "local t = {a = {}} redis.register_function('f', function(keys, a) t.a.b = 1 end)",
        "local t = {} local function id(x) return x end
         redis.register_function('f', function(keys, a) id(t).x = 1 end)",
        "local t = {} redis.register_function('f', function(keys, a) local u = {t} u[1].x = 1 end)",
        "local t = {{}} redis.register_function('f', function() for _, u in ipairs(t) do u.x = 1 end end)",
        "local t = {} redis.register_function('f', function() rawset(t, 'x', 1) end)",
        "local t = {} redis.register_function('f', function() setmetatable(t, {}) end)",
        "local t = {} function t.self() return t end
         redis.register_function('f', function() t.self().x = 1 end)",
        "local function counter() local n = 0 return function() n = n + 1 return n end end
         redis.register_function('f', counter())",
        "local last redis.register_function('f', function(keys) last = keys[1] end)",
        "local co redis.register_function('f', function() co = coroutine.wrap(function() end) end)",
        "local n = 0 local function bump() n = n + 1 end local t = {bump}
         redis.register_function('f', function() t[1]() end)",
        "local n = 0 local function bump() n = n + 1 end
         redis.register_function('f', function() pcall(bump) end)",
    ] {
        assert!(known(code).0, "{code}");
    }
}

#[test]
fn a_key_that_was_kept_is_no_key_of_the_next_call() {
    let (has_state, functions) = known(
        "local last redis.register_function('f', function(keys)
           if last then redis.call('get', last) end last = keys[1] end)",
    );
    assert!(has_state);
    assert_eq!(functions, [KeyUse::Any]);
    let (_, functions) = known(
        "local last redis.register_function('f', function(keys)
           if last then redis.call('get', last[1]) end last = keys end)",
    );
    assert_eq!(functions, [KeyUse::Any]);
}

#[test]
fn a_failed_change_changes_nothing() {
    let libraries = Libraries::default();
    let f = "#!lua name=a\nredis.register_function('f', function() end)";
    assert_eq!(load(&libraries, f).as_deref(), Ok("a"));
    for (text, error) in [
        (f, "ERR Library 'a' already exists"),
        (
            "#!lua name=b\nredis.register_function('f', function() end)",
            "ERR Function f already exists",
        ),
        ("#!lua name=b\n", "ERR No functions registered"),
        (
            "#!lua name=b\nx x",
            "ERR Error compiling function: user_function:2: '=' expected near 'x'",
        ),
        (
            "#!lua name=b\nredis.register_function('g', function() end) redis.call('ping')",
            "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global \
             variable 'call'",
        ),
    ] {
        assert_eq!(load(&libraries, text).expect_err(text), error);
        assert_eq!(libraries.current().function_count(), 1);
    }
    let good = b"#!lua name=b\nredis.register_function('g', function() end)".to_vec();
    for policy in [
        RestorePolicy::Append,
        RestorePolicy::Replace,
        RestorePolicy::Flush,
    ] {
        let texts = [good.clone(), b"#!lua name=c\nx()".to_vec()];
        assert!(libraries.restore(&texts, policy, &mut machine).is_err());
        assert!(libraries.function(b"f").is_some() && libraries.function(b"g").is_none());
    }
    let restored = libraries.restore(&[good], RestorePolicy::Flush, &mut machine);
    assert_eq!(restored.expect("fits").removed.len(), 1);
    assert!(libraries.function(b"f").is_none() && libraries.function(b"g").is_some());
    libraries.delete(b"b").expect("is there");
    assert_eq!(libraries.current().memory(), 0);
}

#[test]
fn a_library_that_does_not_end_is_stopped() {
    let libraries = Libraries::default();
    let mut looks = 0;
    let mut make = || {
        let interrupt = move || {
            looks += 1;
            if looks < 3 {
                Verdict::Continue
            } else {
                Verdict::Kill
            }
        };
        Machine::new(World::Functions, Box::new(interrupt), Random::default())
    };
    let text = b"#!lua name=a\nredis.register_function('f', function() end) while true do end";
    let error = libraries
        .load(text, false, &mut make)
        .expect_err("does not end");
    assert_eq!(
        error.to_string(),
        "ERR Error registering functions: ERR FUNCTION LOAD timeout"
    );
}
