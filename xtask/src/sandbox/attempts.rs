//! Attempts of a script to reach what is not its own: each is a Lua expression or some statements, made of the places
//! there are to write to, the ways there are to write, and the detours by which code can be made to run elsewhere.

use crate::seeded::Seeded;

/// What another script would find changed: tables that outlive a run, and things that look as if they did.
const TABLES: &[&str] = &[
    "_G",
    "_G._G",
    "redis",
    "string",
    "table",
    "math",
    "coroutine",
    "bit",
    "cjson",
    "cmsgpack",
    "struct",
    "os",
    "getmetatable('')",
    "getmetatable('').__index",
    "getmetatable(_G)",
    "getmetatable(redis)",
    "(_G.redis)",
    "cjson.new()",
    "KEYS",
    "ARGV",
    "redis.call('hgetall', 'h')",
    "redis.pcall('nope')",
    "redis.error_reply('X y')",
    "{}",
    "setmetatable({}, {__index = _G, __newindex = _G})",
    "setmetatable({}, getmetatable(_G))",
    "(getmetatable(setmetatable({}, {__metatable = string})))",
    "redis.status_reply('x')",
    "cjson.decode('{\"a\":[1]}')",
    "cmsgpack.unpack(cmsgpack.pack({1, {2}}))",
    "debug",
    "package",
    "io",
    "package.loaded",
    "getfenv()",
    "getfenv(0)",
    "server",
    "_ENV",
    "arg",
    "(select(2, pcall(error, {err = 'E x'})))",
    "coroutine.running()",
    "redis.call",
    "cjson.null",
];

const NAMES: &[&str] = &[
    "x",
    "call",
    "pcall",
    "upper",
    "len",
    "format",
    "encode",
    "decode",
    "pack",
    "insert",
    "sort",
    "random",
    "floor",
    "KEYS",
    "ARGV",
    "redis",
    "string",
    "tostring",
    "type",
    "error",
    "__index",
    "__newindex",
    "__metatable",
    "__gc",
    "__mode",
    "__call",
    "__tostring",
    "__len",
    "__eq",
    "__concat",
    "_G",
    "null",
    "err",
    "ok",
    "LOG_DEBUG",
    "REPL_ALL",
    "sha1hex",
    "wrap",
    "yield",
    "rshift",
    "__redis__err__handler",
    "loadstring",
    "rollback",
    "register_function",
    "REDIS_VERSION",
    "_VERSION",
    "n",
];

const VALUES: &[&str] = &[
    "1",
    "'secret'",
    "nil",
    "false",
    "{}",
    "{secret = 'secret'}",
    "function(...) return 'secret' end",
    "redis.call",
    "_G",
    "string",
    "coroutine.create(function() end)",
    "0/0",
    "{err = 'E secret'}",
    "setmetatable({}, {__index = function() return 'secret' end})",
];

/// Ways to change a table `t` under a name `k` to a value `v`.
const WRITES: &[&str] = &[
    "local t = {t} t.{k} = {v}",
    "local t = {t} t[1] = {v}",
    "local t = {t} rawset(t, '{k}', {v})",
    "local t = {t} return rawget(t, '{k}')",
    "local t = {t} setmetatable(t, {v})",
    "local t = {t} setmetatable(t, {__index = {v}, __newindex = {v}, __call = {v}})",
    "local t = {t} table.insert(t, {v})",
    "local t = {t} table.insert(t, 1, {v})",
    "local t = {t} table.remove(t)",
    "local t = {t} table.sort(t)",
    "local t = {t} t[#t + 1] = {v}",
    "local t = {t} for k in pairs(t) do t[k] = {v} end",
    "local t = {t} for k in next, t do rawset(t, k, {v}) end",
    "local t = {t} for k, f in pairs(t) do if type(f) == 'table' then f.{k} = {v} end end",
    "local t = {t} table.foreach(t, function(k) t[k] = {v} end)",
    "local t = {t} table.foreachi(t, function(k) t[k] = {v} end)",
    "local t = {t} table.setn(t, 7)",
    "local t = {t} return table.getn(t)",
    "local t = {t} return table.maxn(t)",
    "local t = {t} getmetatable(t).{k} = {v}",
    "local t = {t} local m = getmetatable(t) m.__index = {v}",
    "local t = {t} local m = getmetatable(t) rawset(m, '__newindex', {v})",
    "local t = {t} local m = getmetatable(t) m.__index(t, '{k}')",
    "local t = {t} local m = getmetatable(t) return m.__index({}, {v})",
    "local t = {t} return t.{k}",
    "local t = {t} return t.{k}({v})",
    "local t = {t} return t:{k}({v})",
    "local t = {t} t.{k}.{k2} = {v}",
    "local t = {t} t.t = t",
    "local t = {t} return #t",
    "local t = {t} return next(t) == nil",
    "local t = {t} return t == {v}",
    "local t = {t} return t .. {v}",
    "local t = {t} return t + {v}",
    "local t = {t} return t < {v}",
    "local t = {t} return t()",
    "local t = {t} return {secret, t.{k}, unpack(t)}",
    "{k} = {v}",
    "{k}.x = {v}",
    "_G.{k} = {v}",
    "rawset(_G, '{k}', {v})",
    "setmetatable(_G, {__index = {v}})",
    "local t = setmetatable({}, {__newindex = {t}}) t.{k} = {v}",
    "local t = setmetatable({}, {__index = {t}}) return t.{k}",
    "local t = setmetatable({}, {__mode = 'k', __gc = {v}}) t[{t}] = {v}",
    "('x').{k} = {v}",
    "return ('x').{k}",
    "return ('x'):{k}({v})",
    "return string.gsub('{k}', '.', {t})",
    "return cjson.encode({t})",
    "return type(cmsgpack.pack({t}))",
    "return type(cmsgpack.pack({v}))",
    "return tostring({v}) == tostring({t})",
    "return type({t})",
    "return redis.call({t})",
    "return redis.pcall('set', 'k', {v})",
    "return redis.log(redis.LOG_DEBUG, {v})",
    "return redis.sha1hex({v})",
    "redis.setresp(3)",
    "redis.set_repl(redis.REPL_NONE)",
    "return redis.error_reply({v})",
    "return redis.register_function('f', function() end)",
    "return redis.breakpoint()",
    "return redis.replicate_commands()",
    "return __redis__err__handler({v})",
    "__redis__err__handler = {v}",
    "return rawequal({t}, {t})",
    "return select('#', unpack({t}))",
    "return getmetatable(redis.call) == nil",
    "return getmetatable(coroutine.create(function() end)) == nil",
    "return newproxy(true)",
    "return type(string.dump(function() return secret end))",
    "return loadstring(string.dump(function() return secret end))",
    "return loadstring('\\27Lua\\81\\0\\1\\4\\8\\4\\8\\0')",
    "return load(function() return nil end)",
    "return type(collectgarbage('step', 1))",
    "return require('{k}')",
    "return dofile('/etc/passwd')",
    "return print('secret')",
    "return setfenv(1, {t})",
    "return setfenv(0, {v})",
    "return getfenv(2)",
    "return debug.getregistry()",
    "return module('secret')",
    "KEYS = {v}",
    "ARGV = {v}",
    "KEYS[1] = {v}",
    "KEYS.{k} = {v}",
    "setmetatable(ARGV, {__index = {v}})",
    "local s = 'a' for i = 1, 12 do s = s .. s end return #s",
    "local a, b = {}, {} a.b, b.a = b, a return #a",
];

/// Detours: ways to run some code somewhere else.
const DETOURS: &[&str] = &[
    "coroutine.wrap(function() {s} end)()",
    "local c = coroutine.create(function() coroutine.yield(1) {s} end) coroutine.resume(c) return select(2, coroutine.resume(c))",
    "local c = coroutine.wrap(function() {s} end) pcall(c) return pcall(c)",
    "coroutine.create(function() coroutine.yield() {s} end)",
    "return xpcall(function() {s} end, function(e) {s2} return e end)",
    "return xpcall(function() error({err = 'E x'}) end, function(e) {s} return 'handled' end)",
    "return pcall(pcall, function() {s} end)",
    "return select(2, pcall(error, 'E x', 2))",
    "assert(loadstring({q}))()",
    "return assert(loadstring({q}, '=(load)'))()",
    "local done return assert(load(function() if done then return nil end done = true return {q} end))()",
    "return (string.gsub('abc', '.', function(c) {s} end))",
    "for w in string.gmatch('a b', '%a') do {s} end",
    "table.sort({3, 1, 2}, function(a, b) {s} end)",
    "table.foreach({1}, function() {s} end)",
    "local t = setmetatable({}, {__index = function(t, k) {s} end}) return t.x",
    "local t = setmetatable({}, {__newindex = function(t, k, v) {s} end}) t.x = 1",
    "local t = setmetatable({}, {__call = function(t) {s} end}) return t()",
    "local t = setmetatable({}, {__add = function(t) {s} end}) return t + 1",
    "local t = setmetatable({}, {__concat = function(t) {s} end}) return t .. 'x'",
    "local t = setmetatable({}, {__lt = function(t) {s} end}) return t < t",
    "local t = setmetatable({}, {__tostring = function(t) {s} return 'x' end}) return tostring(t)",
    "local t = setmetatable({}, {__unm = function(t) {s} end}) return -t",
    "local f = function(...) {s} end return f(KEYS, ARGV)",
    "local function r(n) if n > 0 then return r(n - 1) end {s} end return r(20)",
    "for i = 1, 2 do {s} end",
    "local up = {v} local f = function() up = {v2} {s} end f() return type(up)",
    "local ok, e = pcall(function() {s} end) if type(e) == 'table' then e.secret = {v} end return ok",
    "local e = redis.pcall('nope') e.err = {v} {s}",
    "pcall(function() {s} end) {s2}",
];

/// What only a server that gives each script settings of its own can take without others noticing.
const SETTINGS: &[&str] = &[
    "cjson.encode_max_depth({n})",
    "cjson.decode_max_depth({n})",
    "cjson.encode_number_precision({n})",
    "cjson.encode_sparse_array(true, {n}, {n})",
    "cjson.encode_keep_buffer(false)",
    "cjson.encode_invalid_numbers(true)",
    "cjson.encode_invalid_numbers('null')",
    "cjson.decode_invalid_numbers(false)",
    "local j = cjson.new() j.encode_max_depth({n}) j.decode_max_depth({n}) return j.encode({1 / 3})",
    "math.randomseed({n})",
    "return cmsgpack.unpack_limit('\\1\\2\\3', {n})",
    "collectgarbage('stop')",
    "return collectgarbage('setpause', {n})",
    "return collectgarbage('setstepmul', {n})",
];

/// How a script ends.
const ENDINGS: &[&str] = &[
    "return out",
    "return out",
    "return out",
    "return out",
    "error('E secret')",
    "error({err = 'E secret', secret = _G})",
    "return redis.error_reply('E secret')",
    "local function deep() return 1 + deep() end return deep()",
    "return redis.call('nope')",
    "local t = {} t[1] = t return cjson.encode(t)",
    "return coroutine.yield(1)",
    "redis.setresp(3) return redis.call('hgetall', 'h')",
];

/// How a script ends that only a server with limits on a run can end.
const ENDLESS: &[&str] = &[
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end",
    "return ('x'):rep(1e9)",
    "coroutine.wrap(function() while true do end end)()",
    "table.sort({1, 2, 3}, function() while true do end end)",
    "return string.find(('a'):rep(1000), ('.-'):rep(20) .. 'b')",
];

/// What the attempts of a script may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// What redis-server has the same answers to, and is not changed by.
    Shared,
    /// Everything.
    All,
}

/// The attempts of one script, each some statements, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    /// The attempts, in order.
    pub statements: Vec<String>,
    ending: &'static str,
}

impl Attempts {
    /// Makes up the attempts of a script.
    pub fn new(seeded: &mut Seeded, means: Means) -> Self {
        let statements = (0..=seeded.below(7))
            .map(|_| attempt(seeded, means, 3))
            .collect();
        let endless = means == Means::All && seeded.one_in(60);
        let ending = *seeded.pick(if endless { ENDLESS } else { ENDINGS });
        Self { statements, ending }
    }

    /// The same without one attempt.
    pub fn without(&self, index: usize) -> Self {
        let mut fewer = self.clone();
        fewer.statements.remove(index);
        fewer
    }

    /// The text of a script or of a function's body: each attempt's outcome is put down in words and returned.
    pub fn body(&self) -> String {
        format!("local out = {{}}\n{}{}\n", self.noted(), self.ending)
    }

    /// The text of what a library does while it is loaded; the outcomes are left in `out`.
    pub fn loading(&self) -> String {
        format!("out = {{}}\n{}", self.noted())
    }

    fn noted(&self) -> String {
        let mut text = String::from(
            "local pcall, tostring, type, gsub = pcall, tostring, type, string.gsub\n\
             local function note(ok, value)\n\
             \x20 local kind = type(value)\n\
             \x20 if kind == 'table' then value = 'table' end\n\
             \x20 out[#out + 1] = tostring(ok) .. ' ' .. kind .. ' ' .. gsub(tostring(value), '0x%x+', '0x')\n\
             end\n",
        );
        for statement in &self.statements {
            text.push_str("note(pcall(function() ");
            text.push_str(statement);
            text.push_str(" end))\n");
        }
        text
    }
}

fn attempt(seeded: &mut Seeded, means: Means, depth: usize) -> String {
    let template = if means == Means::All && seeded.one_in(6) {
        *seeded.pick(SETTINGS)
    } else if depth > 0 && seeded.one_in(3) {
        *seeded.pick(DETOURS)
    } else {
        *seeded.pick(WRITES)
    };
    fill(template, seeded, means, depth)
}

fn one_of(choices: &[&'static str], seeded: &mut Seeded) -> &'static str {
    choices[seeded.below(choices.len())]
}

/// Fills the slots `{t}`, `{k}`, `{v}`, `{n}`, `{s}` and `{q}` of a template; other braces are the template's own.
fn fill(template: &str, seeded: &mut Seeded, means: Means, depth: usize) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        text.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let slot = after.split('}').next().unwrap_or_default();
        let inner = |seeded: &mut Seeded| attempt(seeded, means, depth.saturating_sub(1));
        match slot {
            "t" => text.push_str(one_of(TABLES, seeded)),
            "k" | "k2" => text.push_str(one_of(NAMES, seeded)),
            "v" | "v2" => text.push_str(one_of(VALUES, seeded)),
            "n" => text.push_str(&seeded.below(20).to_string()),
            // A value to return ends a block, so each statement stands in one of its own.
            "s" | "s2" => text.push_str(&format!("do {} end", inner(seeded))),
            "q" => {
                let level = "=".repeat(depth + 1);
                text.push_str(&format!("[{level}[{}]{level}]", inner(seeded)));
            }
            _ => {
                text.push('{');
                rest = after;
                continue;
            }
        }
        rest = &after[slot.len() + 1..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_attempts_again() {
        let make = |seed| Attempts::new(&mut Seeded::new(seed), Means::All).body();
        assert_eq!(make(7), make(7));
        assert_ne!(make(7), make(8));
    }

    #[test]
    fn every_slot_is_filled() {
        let mut seeded = Seeded::new(1);
        for template in WRITES.iter().chain(DETOURS).chain(SETTINGS) {
            for depth in [0, 2] {
                let text = fill(template, &mut seeded, Means::All, depth);
                for slot in ["{t}", "{k}", "{v}", "{n}", "{s}", "{q}"] {
                    assert!(!text.contains(slot), "{text}");
                }
            }
        }
    }
}
