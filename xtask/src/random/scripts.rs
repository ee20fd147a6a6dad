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
];

/// A whole script. Numbers of instructions are small: no loop is longer than a few rounds.
pub fn script(seeded: &mut Seeded) -> String {
    let text = match seeded.below(12) {
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
        _ => format!("return cmsgpack.pack({})", list(seeded)),
    };
    if seeded.one_in(40) {
        text.replacen(' ', " @ ", 1)
    } else {
        text
    }
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
