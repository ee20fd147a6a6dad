//! What is told of typical scripts, and that random ones that are told to stay within their keys do.

use std::any::Any;
use std::sync::Arc;

use proptest::prelude::*;
use resp::{Protocol, Reply, RespWriter};

use crate::script::{KeyUse, Script};
use crate::{Code, LogLevel, Machine, Progress, ScriptCache, ScriptHost, Verdict, World};

fn of(text: &str) -> KeyUse {
    Script::compile(text.as_bytes(), [0; 40])
        .expect(text)
        .key_use()
}

const TOKEN_BUCKET: &str = "
local key, rate, capacity = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local now, wanted = tonumber(ARGV[3]), tonumber(ARGV[4])
local bucket = redis.call('HMGET', key, 'tokens', 'time')
local tokens, last = tonumber(bucket[1]) or capacity, tonumber(bucket[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - last) * rate)
local allowed = tokens >= wanted
if allowed then tokens = tokens - wanted end
redis.call('HSET', key, 'tokens', tokens, 'time', now)
redis.call('EXPIRE', key, math.ceil(capacity / rate) * 2)
return { allowed and 1 or 0, tokens }";

const UNLOCK: &str = "
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

#[test]
fn scripts_that_stay_within_their_keys_are_recognized() {
    for text in [
        TOKEN_BUCKET,
        UNLOCK,
        "return redis.call('get', KEYS[1])",
        "return redis.pcall('get', KEYS[1])",
        "return redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[2])",
        "local call = redis.call return call('get', KEYS[1])",
        "local r = redis return r.call('get', KEYS[1])",
        "local key = KEYS[1] return redis.call('incrby', key, ARGV[1])",
        "local k = KEYS local key = k[1] return redis.call('get', key)",
        "local key = KEYS[2] or KEYS[1] return redis.call('get', key)",
        "local key if ARGV[1] then key = KEYS[1] else key = KEYS[2] end return redis.call('get', key)",
        "for i = 1, #KEYS do redis.call('del', KEYS[i]) end",
        "for i, key in ipairs(KEYS) do redis.call('set', key, ARGV[i]) end",
        "for _, key in pairs(KEYS) do redis.call('set', key, 1) end",
        "local t = {} for i, key in ipairs(KEYS) do t[i] = redis.call('get', key) end return t",
        "local i = 0 while i < #KEYS do i = i + 1 redis.call('incr', KEYS[i]) end",
        "local i = 1 repeat redis.call('incr', KEYS[i]) i = i + 1 until i > #KEYS",
        "return redis.call('mget', KEYS[1], KEYS[2])",
        "return redis.call('mget', unpack(KEYS))",
        "return redis.call('del', unpack(KEYS))",
        "return redis.call('mget', KEYS[1], unpack(KEYS, 2))",
        "return redis.call('mset', KEYS[1], ARGV[1], KEYS[2], ARGV[2])",
        "return redis.call('hset', KEYS[1], unpack(ARGV))",
        "return redis.call('rpush', KEYS[1], unpack(cjson.decode(ARGV[1])))",
        "return redis.call('rename', KEYS[1], KEYS[2])",
        "local v = redis.call('get', KEYS[1]) if not v then v = redis.call('get', KEYS[2]) end return v",
        "local function get(i) return redis.call('get', KEYS[i]) end return get(1)",
        "local function get(key) return redis.call('get', key) end return { get(KEYS[1]), get(KEYS[2]) }",
        "local key = KEYS[1] local function get() return redis.call('get', key) end return get()",
        "local call = redis.call local function get(key) return call('get', key) end return get(KEYS[1])",
        "local function first() return KEYS[1] end return redis.call('get', first())",
        "local function f(n) if n > 0 then redis.call('incr', KEYS[1]) return f2 and f(n - 1) end end return f(3)",
        "local function f(keys) return redis.call('get', keys[1]) end return f(KEYS)",
        "return pcall(redis.call, 'get', KEYS[1])",
        "local ok, v = pcall(redis.call, 'get', KEYS[1]) return v",
        "local ok, v = pcall(function() return redis.call('get', KEYS[1]) end) return v",
        "local function f(k) return redis.call('get', k) end local ok, v = pcall(f, KEYS[1]) return v",
        "return { redis.call('get', KEYS[1]), redis.call('ttl', KEYS[1]) }",
        "local t = { KEYS[1] } return redis.call('exists', KEYS[1])",
        "redis.call('set', KEYS[1], cjson.encode({ a = 1 }), 'EX', 10) return redis.status_reply('OK')",
        "redis.log(redis.LOG_NOTICE, KEYS[1]) return redis.call('get', KEYS[1])",
        "local n = redis.call('incr', KEYS[1]) if n == 1 then redis.call('expire', KEYS[1], ARGV[1]) end return n > tonumber(ARGV[2]) and 1 or 0",
        "redis.call('select', 1) return redis.call('get', KEYS[1])",
        "redis.call('get', KEYS[ARGV[1]])",
        "return redis.call('get', KEYS['1'])",
        "if #KEYS ~= 2 then return redis.error_reply('two keys') end return redis.call('copy', KEYS[1], KEYS[2])",
        "local s = table.concat(KEYS, ',') return redis.call('set', KEYS[1], s)",
        "local cmd = 'get' return redis.call(cmd, KEYS[1])",
        "local x = redis.call('get', KEYS[1]) return x and #x or 0",
        "local a, b = KEYS[1], KEYS[2] a, b = b, a return redis.call('lmove', a, b, 'LEFT', 'RIGHT')",
        "return redis.call('get', KEYS[1] or nil)",
        "local total = 0 for i, key in ipairs(KEYS) do local function add() total = total + redis.call('strlen', key) end add() end return total",
        "return redis.call('object', 'encoding', KEYS[1])",
        "redis.setresp(3) return redis.call('hgetall', KEYS[1])",
        "return #KEYS == 0 and redis.call('ping') or redis.call('get', KEYS[1])",
    ] {
        assert_eq!(of(text), KeyUse::Declared, "{text}");
    }
}

#[test]
fn scripts_that_touch_no_key_are_recognized() {
    for text in [
        "return 1",
        "return KEYS[1] .. ARGV[1]",
        "return redis.call('ping')",
        "return redis.call('time')",
        "return redis.call('echo', ARGV[1])",
        "return redis.sha1hex(ARGV[1])",
        "return redis.error_reply('x')",
        "redis.log(1, 'x')",
        "return redis.call('publish', KEYS[1], ARGV[1])",
        "return redis.REDIS_VERSION",
        "return redis.call()",
        "local t = {} for i = 1, 10 do t[i] = i end return t",
        "local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000)",
        "local unused = function() return redis.call end return 1",
        "return { KEYS = KEYS }",
    ] {
        let expected = KeyUse::None;
        let told = of(text);
        // Giving up is always right; these few are what it happens for.
        let gives_up = text.contains("return redis.call end") || text.contains("KEYS = KEYS");
        assert!(
            told == expected || gives_up && matches!(told, KeyUse::Any | KeyUse::None),
            "{text}: {told:?}"
        );
    }
}

#[test]
fn scripts_whose_keys_cannot_be_told_need_all_locks() {
    for text in [
        "return redis.call('get', 'fixed')",
        "return redis.call('get', ARGV[1])",
        "return redis.call('get', KEYS[1] .. ':x')",
        "return redis.call('get', 5)",
        "return redis.call(ARGV[1], KEYS[1])",
        "return redis.call('nosuchcommand', KEYS[1])",
        "return redis.call('keys', '*')",
        "return redis.call('scan', 0)",
        "return redis.call('flushall')",
        "return redis.call('dbsize')",
        "return redis.call('randomkey')",
        "return redis.call('mget', KEYS[1], ARGV[1])",
        "return redis.call('mget', KEYS[1], unpack(ARGV))",
        "return redis.call('mset', unpack(ARGV))",
        "return redis.call(unpack(ARGV))",
        "return redis.call(unpack(KEYS))",
        "KEYS[1] = 'other' return redis.call('get', KEYS[1])",
        "table.insert(KEYS, 1, 'x') return redis.call('get', KEYS[1])",
        "table.sort(KEYS) return redis.call('get', KEYS[1])",
        "local t = { KEYS } return redis.call('get', KEYS[1])",
        "local t = { KEYS[1] } return redis.call('get', t[1])",
        "local t = {} t.call = redis.call return t.call('get', KEYS[1])",
        "local t = { redis } return t[1].call('get', KEYS[1])",
        "local key = KEYS[1] if ARGV[1] then key = ARGV[1] end return redis.call('get', key)",
        "local key = KEYS[1] local function set() key = ARGV[1] end set() return redis.call('get', key)",
        "local key = KEYS[1] local f = function() return redis.call('get', key) end key = 'x' return f()",
        "local function get(key) return redis.call('get', key) end return { get(KEYS[1]), get(ARGV[1]) }",
        "local function get(key) return redis.call('get', key) end local t = { get } return t[1]('x')",
        "local function get(key) return redis.call('get', key) end return pcall(get, 'x')",
        "return pcall(redis.call, 'get', 'x')",
        "return pcall(pcall, redis.call, 'get', 'x')",
        "return select(2, pcall(redis.call, 'get', ARGV[1]))",
        "return coroutine.wrap(redis.call)('get', 'x')",
        "return loadstring('return redis.call(\"get\", \"x\")')()",
        "return _G.redis.call('get', 'x')",
        "return _G['redis']['call']('get', 'x')",
        "local name = 'call' .. '' return redis[name]('get', 'x')",
        "for k, f in pairs(redis) do if k == 'call' then return f('get', 'x') end end",
        "return setmetatable({}, { __index = redis }).call('get', 'x')",
        "local mt = { __add = function(a) return a.call('get', 'x') end } return redis + setmetatable({}, mt)",
        "local mt = { __index = function(t, k) return k.call('get', 'x') end } return setmetatable({}, mt)[redis]",
        "local f, s, i = ipairs(KEYS) s[1] = 'x' return redis.call('get', KEYS[1])",
        "for k in next, KEYS do redis.call('get', k) end",
        "for i, key in ipairs(KEYS) do redis.call('get', i) end",
        "for i, key in ipairs(ARGV) do redis.call('get', key) end",
        "local function id(x) return x end return id(redis).call('get', 'x')",
        "local function make() return redis.call end return make()('get', 'x')",
        "local r r = redis local function f() return r.call('get', 'x') end return f()",
        "local co = coroutine.wrap(function(k) return redis.call('get', k) end) return co('x')",
        "return redis.call('eval', 'return 1', 0)",
        "return redis.call('object', ARGV[1], KEYS[1])",
        "string.gsub('a', 'a', function() return redis.call('get', 'x') end)",
        "local function f(...) return redis.call('get', ...) end return f('x')",
        "local function f(a, ...) return redis.call('get', (...)) end return f(KEYS[1], 'x')",
        "local a, b = KEYS[1], 'x' a, b = b, a return redis.call('get', a)",
        "local key = ARGV[1] or KEYS[1] return redis.call('get', key)",
        "local key = tostring(KEYS[1]) return redis.call('get', key)",
        "redis.call('rename', KEYS[1], ARGV[1])",
        "return redis.call('bitop', 'AND', 'x', KEYS[1])",
        "local x = KEYS local y = x y[1] = 'z' return redis.call('get', KEYS[1])",
    ] {
        assert_eq!(of(text), KeyUse::Any, "{text}");
    }
}

// ---- random scripts -------------------------------------------------------------------------------------

/// A host that runs nothing and notes the keys of every call.
#[derive(Default)]
pub(super) struct Recorder {
    pub(super) keys: Vec<Vec<u8>>,
    pub(super) touches_all: bool,
}

impl ScriptHost for Recorder {
    fn call(&mut self, args: &[&[u8]], _: Protocol, reply: &mut dyn Reply) -> crate::host::Called {
        let Some(command) = commands::lookup(args[0]).filter(|found| found.arity_fits(args.len()))
        else {
            reply.error(b"ERR no");
            return crate::host::Called::Refused;
        };
        if command.locks == commands::record::Locks::All {
            self.touches_all = true;
        }
        let Ok(positions) = commands::keys::key_positions(command, args) else {
            reply.error(b"ERR no");
            return crate::host::Called::Refused;
        };
        let keys = positions.iter().map(|key| args[key.index].to_vec());
        self.keys.extend(keys);
        match args.len() {
            2 => reply.bulk(b"other"),
            3 => reply.integer(1),
            _ => {
                reply.array(2);
                reply.bulk(b"other");
                reply.null();
            }
        }
        crate::host::Called::Done
    }

    fn log(&mut self, _: LogLevel, _: &[u8]) {}

    fn may_call(&mut self, _: &[&[u8]]) -> Option<bool> {
        Some(true)
    }

    fn set_replication(&mut self, _append_only_file: bool, _replicas: bool) {}

    fn fail(&mut self, _: crate::host::Failure) -> bool {
        false
    }
    fn count_error(&mut self, _: &[u8]) {}

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Runs a script that is told to stay within its keys, and checks that it does.
fn check(text: &str) -> KeyUse {
    let cache = ScriptCache::default();
    let Ok(script) = cache.get_or_compile(text.as_bytes()) else {
        panic!("no script: {text}");
    };
    let told = script.key_use();
    if told == KeyUse::Any {
        return told;
    }
    let mut fuel = 100;
    let interrupt = move || {
        fuel -= 1;
        if fuel == 0 {
            Verdict::Kill
        } else {
            Verdict::Continue
        }
    };
    let mut machine = Machine::new(World::Scripts, Box::new(interrupt), cache.random_sequence());
    let keys: [&[u8]; 3] = [b"k1", b"k2", b"k3"];
    let prepared = machine.prepare(Code::Script(script), &keys, &[b"a1", b"get", b"1"]);
    prepared.expect("a script has no library to load");
    machine.set_host(Box::new(Recorder::default()));
    let mut out = Vec::new();
    let mut writer = RespWriter::new(&mut out, Protocol::Resp2);
    while machine.run(&mut writer) == Progress::Suspended {}
    let recorder = machine.host_mut::<Recorder>().expect("is ours");
    assert!(!recorder.touches_all, "{text}");
    for key in &recorder.keys {
        let declared = told == KeyUse::Declared && keys.contains(&&**key);
        assert!(declared, "{} in {text}", String::from_utf8_lossy(key));
    }
    told
}

/// Makes random scripts out of what could confuse the analysis.
pub(super) struct Generator {
    pub(super) seed: u64,
    pub(super) depth: usize,
}

impl Generator {
    pub(super) fn pick(&mut self, below: usize) -> usize {
        self.seed = self
            .seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        ((self.seed >> 33) % below as u64) as usize
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.pick(of.len())]
    }

    fn variable(&mut self) -> &'static str {
        self.one(&["a", "b", "c", "d"])
    }

    pub(super) fn expression(&mut self) -> String {
        self.depth += 1;
        let choice = if self.depth > 3 {
            self.pick(9)
        } else {
            self.pick(20)
        };
        let text = match choice {
            0..=2 => format!("KEYS[{}]", self.one(&["1", "2", "#KEYS", "a", "3"])),
            3 => "ARGV[1]".to_owned(),
            4 => self
                .one(&["'x'", "'get'", "1", "nil", "true", "{}"])
                .to_owned(),
            5..=6 => self.variable().to_owned(),
            7 => self
                .one(&[
                    "KEYS",
                    "redis",
                    "redis.call",
                    "redis.pcall",
                    "pcall",
                    "unpack",
                ])
                .to_owned(),
            8 => self
                .one(&["f", "g", "redis.sha1hex", "tostring", "ipairs"])
                .to_owned(),
            9 => format!("({} or {})", self.expression(), self.expression()),
            10 => format!("({} and {})", self.expression(), self.expression()),
            11..=13 => self.call(),
            14 => format!(
                "{}({})",
                self.one(&["f", "g", "tostring", "pcall", "unpack", "a", "type"]),
                self.arguments()
            ),
            15 => format!(
                "function(x, y) {} return {} end",
                self.block(),
                self.expression()
            ),
            16 => format!("{{ {} }}", self.expression()),
            17 => format!(
                "({})[{}]",
                self.expression(),
                self.one(&["1", "'call'", "a"])
            ),
            18 => format!("({} == {})", self.expression(), self.expression()),
            _ => format!(
                "(function(...) {} return ... end)({})",
                self.block(),
                self.arguments()
            ),
        };
        self.depth -= 1;
        text
    }

    fn arguments(&mut self) -> String {
        let count = 1 + self.pick(3);
        let items: Vec<String> = (0..count).map(|_| self.expression()).collect();
        items.join(", ")
    }

    fn call(&mut self) -> String {
        let command = self.one(&[
            "get", "set", "del", "mget", "mset", "incr", "rename", "ping", "hset",
        ]);
        let function = self.one(&["redis.call", "redis.pcall", "redis.pcall", "a", "f"]);
        match self.pick(8) {
            0 => format!("{function}('{command}', unpack(KEYS))"),
            1 => format!("pcall(redis.call, '{command}', {})", self.arguments()),
            2..=4 => format!("{function}('{command}', KEYS[1], {})", self.arguments()),
            5 => format!("{function}('{command}', {})", self.variable()),
            _ => format!("{function}('{command}', {})", self.arguments()),
        }
    }

    pub(super) fn statement(&mut self) -> String {
        self.depth += 1;
        let choice = if self.depth > 3 {
            self.pick(5)
        } else {
            self.pick(14)
        };
        let text = match choice {
            0 => format!("local {} = {}", self.variable(), self.expression()),
            1 => format!("{} = {}", self.variable(), self.expression()),
            2..=3 => format!("local _ = {}", self.call()),
            4 => format!("local a, b = {}, {}", self.expression(), self.expression()),
            5 => format!(
                "if {} then {} else {} end",
                self.expression(),
                self.block(),
                self.block()
            ),
            6 => format!("for i = 1, 2 do {} end", self.block()),
            7 => format!("for i, a in ipairs(KEYS) do {} end", self.block()),
            8 => format!(
                "for i, b in {}({}) do {} break end",
                self.one(&["pairs", "ipairs"]),
                self.expression(),
                self.block()
            ),
            9 => format!(
                "local function f(x, a) {} return {} end",
                self.block(),
                self.expression()
            ),
            10 => format!("local g = function(b) {} return b end", self.block()),
            11 => format!("local n = 0 while n < 2 do n = n + 1 {} end", self.block()),
            12 => format!("{} = function() {} end", self.variable(), self.block()),
            _ => format!("do {} end", self.block()),
        };
        self.depth -= 1;
        text
    }

    fn block(&mut self) -> String {
        let count = 1 + self.pick(3);
        let statements: Vec<String> = (0..count).map(|_| self.statement()).collect();
        statements.join(" ")
    }

    /// Every statement in a `pcall` of its own kind of luck: an error ends only the script, so several are tried.
    fn script(&mut self) -> String {
        let body = self.block();
        format!("local a, b, c, d, f, g = KEYS[1], 1, KEYS[2] {body} return 1")
    }
}

#[test]
fn random_scripts_stay_within_what_is_told_of_them() {
    let mut told = [0, 0, 0];
    for seed in 0..3000 {
        let mut generator = Generator {
            seed: seed * 7919 + 17,
            depth: 0,
        };
        let text = generator.script();
        told[check(&text) as usize] += 1;
    }
    // The generator would prove nothing if every script were given up.
    assert!(told[KeyUse::Declared as usize] > 100, "{told:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn arbitrary_scripts_stay_within_what_is_told_of_them(seed in any::<u64>()) {
        check(&Generator { seed, depth: 0 }.script());
    }
}

#[test]
fn a_script_is_shared_with_what_is_told_of_it() {
    let cache = ScriptCache::default();
    let script = cache
        .load(b"return redis.call('get', KEYS[1])")
        .expect("compiles");
    let again: Arc<Script> = cache
        .load(b"return redis.call('get', KEYS[1])")
        .expect("compiles");
    assert_eq!(script.key_use(), KeyUse::Declared);
    assert!(Arc::ptr_eq(&script, &again));
}
