//! Small random scripts: expressions over KEYS, ARGV, calls and the libraries, wrapped in a few statements.

use crate::seeded::Seeded;

const CALLS: &[&str] = &[
    "'GET', KEYS[1]",
    "'SET', KEYS[1], ARGV[1]",
    "'INCR', KEYS[1]",
    "'INCRBYFLOAT', KEYS[1], 1.5",
    "'APPEND', KEYS[1], ARGV[2]",
    "'TYPE', KEYS[1]",
    "'STRLEN', KEYS[1]",
    "'RPUSH', KEYS[1], ARGV[1], ARGV[2]",
    "'LRANGE', KEYS[1], 0, -1",
    "'LPOP', KEYS[1]",
    "'LLEN', KEYS[1]",
    "'HSET', KEYS[1], ARGV[2], ARGV[1]",
    "'HGET', KEYS[1], ARGV[2]",
    "'HMGET', KEYS[1], 'a', 'b', ARGV[2]",
    "'HLEN', KEYS[1]",
    "'SADD', KEYS[1], ARGV[1], ARGV[2]",
    "'SISMEMBER', KEYS[1], ARGV[2]",
    "'SCARD', KEYS[1]",
    "'ZADD', KEYS[1], 1.5, ARGV[2]",
    "'ZADD', KEYS[1], ARGV[1], ARGV[2]",
    "'ZSCORE', KEYS[1], ARGV[2]",
    "'ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'",
    "'ZINCRBY', KEYS[1], 1/3, ARGV[2]",
    "'EXISTS', KEYS[1], 'k2'",
    "'DEL', KEYS[1]",
    "'MGET', KEYS[1], 'k1', 'k2'",
    "'EXPIRE', KEYS[1], 5000",
    "'PERSIST', KEYS[1]",
    "'ECHO', 10/4",
    "'ECHO', 2^40",
    "'PING'",
    "'GET'",
    "'NOPE', 1",
    "'MULTI'",
    "'COPY', KEYS[1], 'k3', 'REPLACE'",
    "'SET', KEYS[1], 0.1",
    "'LPUSH', KEYS[1], 1, 2.5, -3",
    "'SET', 'k' .. 2, ARGV[1]",
    "'INCRBY', KEYS[#KEYS], #ARGV",
    "'RENAME', KEYS[1], 'k4'",
    "'SETRANGE', KEYS[1], 3, ARGV[1]",
    "'BITFIELD', KEYS[1], 'INCRBY', 'u4', 0, 9",
    "'ZPOPMIN', KEYS[1]",
    "'ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES'",
    "'LINSERT', KEYS[1], 'BEFORE', ARGV[1], 'x'",
    "'OBJECT', 'ENCODING', KEYS[1]",
    "'EVAL', 'return 1', 0",
    "unpack({'GET', KEYS[1]})",
    "unpack(KEYS)",
];

/// Calls whose replies are lists in an order of their own.
const LISTS: &[&str] = &[
    "redis.call('LRANGE', KEYS[1], 0, -1)",
    "redis.call('ZRANGE', KEYS[1], 0, -1)",
    "redis.call('MGET', KEYS[1], 'k1', 'k2', 'nope', 'k3', KEYS[1])",
    "redis.call('HMGET', 'k2', 'a', 'b', 'nope', ARGV[2], 'c')",
    "redis.call('ZMSCORE', 'k3', 'a', 'nope', 'b', ARGV[2])",
    "cjson.decode('[1, 2, 3, 4, 5]')",
    "cmsgpack.unpack(cmsgpack.pack({1, 2, 3, ARGV[1], 5, 6}))",
    "KEYS",
    "ARGV",
    "{unpack(ARGV)}",
    "{string.byte(ARGV[1], 1, -1)}",
    "{1, 2, 3, nil, 5}",
];

/// Strings of the libraries, which may also fail.
const TEXTS: &[&str] = &[
    "ARGV[1]:gsub('%w', '%0%0')",
    "ARGV[1]:gsub('(.)(.)', '%2%1', 2)",
    "ARGV[2]:find('[%a_]+')",
    "ARGV[1]:match('^(%-?%d*)(.*)$')",
    "ARGV[1]:byte(1, -1)",
    "ARGV[1]:sub(-2):upper()",
    "('%5.2f|%-5s|%q|%x'):format(#ARGV[1], ARGV[2], ARGV[1], #ARGV[2])",
    "struct.pack('>HBs', #ARGV[1], 7, ARGV[2])",
    "struct.unpack('>Hc0', ARGV[1])",
    "bit.tohex(bit.bxor(#ARGV[1], 255))",
    "redis.sha1hex(ARGV[1])",
    "cjson.encode({ARGV[1], #ARGV, {ARGV[2]}})",
    "cjson.decode(ARGV[1])",
    "cmsgpack.unpack(ARGV[1])",
    "tonumber(ARGV[1], 16)",
    "redis.error_reply(ARGV[1])",
    "redis.status_reply(ARGV[2])",
    "redis.sha1hex()",
    "table.concat(ARGV, ARGV[2])",
    "string.rep(ARGV[1], 3)",
    "loadstring(ARGV[1])",
    "select('#', unpack(ARGV))",
    "nothing",
    "error(ARGV[1], #KEYS)",
    "error({err = ARGV[1]})",
];

const ATOMS: &[&str] = &[
    "1",
    "3.7",
    "-2",
    "0",
    "'text'",
    "''",
    "true",
    "false",
    "nil",
    "ARGV[1]",
    "ARGV[2]",
    "KEYS[1]",
    "#KEYS",
    "#ARGV",
    "{1, 2, 3}",
    "{}",
    "{1, nil, 3}",
    "{ok = 'fine'}",
    "{err = 'CODE text'}",
    "2^53",
    "1/3",
    "'10'",
    "{a = 1, 5}",
    "{double = 1.5}",
    "{map = {f = 'v'}}",
    "{set = {m = true}}",
    "{big_number = '12'}",
    "{verbatim_string = {format = 'txt', string = 'v'}}",
    "{map = {f = 'v'}, big_number = '12'}",
    "{set = {m = true}, verbatim_string = {format = 'txt', string = 'v'}}",
    "{ok = 'fine', err = 'CODE text'}",
    "redis.status_reply('fine')",
];

/// A whole script. Numbers of instructions are small: no loop is longer than a few rounds.
pub fn script(seeded: &mut Seeded) -> String {
    let text = match seeded.below(18) {
        0..=2 => format!("return {}", expression(seeded, 3)),
        3 => format!(
            "local a = {} local b = {} return {{a, b}}",
            expression(seeded, 2),
            expression(seeded, 2)
        ),
        4 => format!(
            "local r = {{}} for i = 1, {} do r[i] = {} end return r",
            seeded.below(4),
            expression(seeded, 2)
        ),
        5 => format!(
            "local ok, v = pcall(function() return {} end) return {{tostring(ok), type(v)}}",
            expression(seeded, 3)
        ),
        6 => format!(
            "if {} then return {} else return {} end",
            expression(seeded, 2),
            expression(seeded, 1),
            expression(seeded, 1)
        ),
        7 => format!(
            "redis.setresp({}) return {}",
            2 + seeded.below(2),
            expression(seeded, 2)
        ),
        8 => format!(
            "{} {} return {}",
            statement(seeded),
            statement(seeded),
            expression(seeded, 2)
        ),
        9 => format!("return tostring({})", scalar(seeded, 3)),
        10 => format!("return cjson.encode({})", list(seeded)),
        11 => format!("return cmsgpack.pack({})", list(seeded)),
        12 | 13 => holes(seeded),
        14 => format!("return {{{}}}", seeded.pick(TEXTS)),
        15 => format!(
            "local ok, v = pcall(function()\n return {}\nend)\nif type(v) == 'table' then v = v.err end return {{ok, v}}",
            seeded.pick(TEXTS)
        ),
        16 => format!(
            "{}\nlocal v = coroutine.wrap(function(...)\n return {}\nend)(1)\nreturn v",
            statement(seeded),
            expression(seeded, 2)
        ),
        _ => fields(seeded),
    };
    match seeded.below(60) {
        0 => text.replacen(' ', " @ ", 1),
        // One character lost or doubled. What shows an address may come of it where values become texts, and an error
        // object without a text would end redis-server.
        1 | 2 if !text.contains("tostring") && !text.contains("error(") => {
            let at = seeded.below(text.len());
            let doubled = seeded.one_in(2);
            let characters = text.chars().enumerate();
            characters
                .flat_map(|(index, character)| {
                    let times = if index != at {
                        1
                    } else {
                        2 * usize::from(doubled)
                    };
                    std::iter::repeat_n(character, times)
                })
                .collect()
        }
        _ => text,
    }
}

/// A list that gets holes and new elements: where it ends then depends on how its table is laid out.
fn holes(seeded: &mut Seeded) -> String {
    let mut text = String::new();
    if seeded.one_in(2) {
        text.push_str("redis.setresp(3) ");
    }
    text.push_str(&format!("local t = {} ", seeded.pick(LISTS)));
    for _ in 0..1 + seeded.below(4) {
        let index = 1 + seeded.below(8);
        let value = seeded.pick(&["nil", "nil", "'x'"]);
        text.push_str(&match seeded.below(6) {
            0 => format!("t[#t + 1] = {value} "),
            1 => "table.remove(t) ".to_owned(),
            2 => format!("table.insert(t, {index}, 'y') "),
            3 => format!("t.f{index} = 1 "),
            _ => format!("t[{index}] = {value} "),
        });
    }
    text.push_str("return {#t, table.maxn(t), t}");
    text
}

/// The fields of a table in the order of `pairs`.
fn fields(seeded: &mut Seeded) -> String {
    const NAMES: &[&str] = &[
        "a", "b", "id", "name", "type", "count", "limit", "total", "value", "key", "x1", "x2",
        "lastkey", "keystep",
    ];
    let names: Vec<_> = (0..seeded.below(9)).map(|_| *seeded.pick(NAMES)).collect();
    let made = match seeded.below(4) {
        0 => format!("{{{}}}", names.join(" = 1, ") + " = 1"),
        1 => {
            let pairs: Vec<_> = names.iter().map(|name| format!("\"{name}\":1")).collect();
            format!("cjson.decode('{{{}}}')", pairs.join(","))
        }
        2 => format!("redis.pcall({})", seeded.pick(CALLS)),
        // Small hashes keep the order of their fields.
        _ => {
            let words: Vec<_> = names.iter().map(|name| format!("'{name}', 1")).collect();
            return format!(
                "redis.setresp(3) redis.call('DEL', 'k5') redis.call('HSET', 'k5', {}) \
                 local r = {{}} for k in pairs(redis.call('HGETALL', 'k5').map) do r[#r + 1] = k end return r",
                words.join(", ")
            );
        }
    };
    format!(
        "local t = {made} if type(t) ~= 'table' then return t end \
         local r = {{}} for k in pairs(t) do r[#r + 1] = k end return r"
    )
}

fn statement(seeded: &mut Seeded) -> String {
    format!(
        "redis.{}({})",
        seeded.pick(&["call", "pcall"]),
        seeded.pick(CALLS)
    )
}

fn expression(seeded: &mut Seeded, depth: usize) -> String {
    if depth == 0 || seeded.one_in(3) {
        return (*seeded.pick(ATOMS)).to_owned();
    }
    match seeded.below(7) {
        0..=2 => statement(seeded),
        3 => format!(
            "{{{}, {}}}",
            expression(seeded, depth - 1),
            expression(seeded, depth - 1)
        ),
        4 => scalar(seeded, depth),
        5 => format!(
            "({} {} {})",
            expression(seeded, depth - 1),
            seeded.pick(&["and", "or", "=="]),
            expression(seeded, depth - 1)
        ),
        _ => format!("type({})", expression(seeded, depth - 1)),
    }
}

/// An expression whose text does not hold an address.
fn scalar(seeded: &mut Seeded, depth: usize) -> String {
    const SCALARS: &[&str] = &[
        "1", "2.5", "-7", "'5'", "1e15", "1e100", "0.1", "2^31", "#ARGV", "'x'", "10",
    ];
    if depth == 0 || seeded.one_in(4) {
        return (*seeded.pick(SCALARS)).to_owned();
    }
    let (left, right) = (scalar(seeded, depth - 1), scalar(seeded, depth - 1));
    match seeded.below(6) {
        0 => format!("({left} .. {right})"),
        1 => format!("string.rep({left}, 2)"),
        2 => format!("string.sub({left}, 1, 3)"),
        3 => format!("math.floor({left})"),
        4 => format!("string.format('%s:%g', {left}, 2)"),
        _ => format!(
            "({left} {} {right})",
            seeded.pick(&["+", "-", "*", "/", "%", "<", "=="])
        ),
    }
}

fn list(seeded: &mut Seeded) -> String {
    const ITEMS: &[&str] = &[
        "1", "'s'", "true", "2.5", "-1", "{}", "{1, 2}", "{x = 1}", "ARGV[2]", "false", "1e20",
        "300",
    ];
    let items: Vec<_> = (0..seeded.below(4)).map(|_| *seeded.pick(ITEMS)).collect();
    format!("{{{}}}", items.join(", "))
}
