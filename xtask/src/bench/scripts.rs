//! Rows of work inside one script: time per operation, seen from the client.

use std::time::Instant;

use super::row::{Row, Sample, Scale, call, float};
use crate::server::Server;

/// What is prepared, what is looped over, and how often. `BODY` runs `ARGV[1]` times.
struct Work {
    name: &'static str,
    unit: &'static str,
    /// Nanoseconds in the unit.
    nanoseconds: f64,
    times: usize,
    before: &'static str,
    body: &'static str,
}

const DOCUMENT: &str = "local document = {} \
    for i = 1, 120 do document[i] = {id = i, name = 'item number ' .. i, price = i * 1.25, tags = {'a', 'b'}, live = true} end ";

const WORKS: &[Work] = &[
    Work {
        name: "redis.call('INCR')",
        unit: "ns",
        nanoseconds: 1.0,
        times: 1_000_000,
        before: "",
        body: "redis.call('INCR', KEYS[1])",
    },
    Work {
        name: "redis.call('GET'), 16 B",
        unit: "ns",
        nanoseconds: 1.0,
        times: 1_000_000,
        before: "redis.call('SET', KEYS[1], 'value-of-16-byte')",
        body: "redis.call('GET', KEYS[1])",
    },
    Work {
        name: "redis.call('SET'), 16 B",
        unit: "ns",
        nanoseconds: 1.0,
        times: 1_000_000,
        before: "",
        body: "redis.call('SET', KEYS[1], 'value-of-16-byte')",
    },
    Work {
        name: "redis.pcall of an error",
        unit: "ns",
        nanoseconds: 1.0,
        times: 200_000,
        before: "redis.call('SET', KEYS[1], 'text')",
        body: "redis.pcall('INCR', KEYS[1])",
    },
    Work {
        name: "HGETALL of 100 fields",
        unit: "µs",
        nanoseconds: 1e3,
        times: 20_000,
        before: "for i = 1, 100 do redis.call('HSET', KEYS[1], 'field' .. i, 'value' .. i) end",
        body: "redis.call('HGETALL', KEYS[1])",
    },
    Work {
        name: "LRANGE of 1,000",
        unit: "µs",
        nanoseconds: 1e3,
        times: 5_000,
        before: "for i = 1, 1000 do redis.call('RPUSH', KEYS[1], 'element' .. i) end",
        body: "redis.call('LRANGE', KEYS[1], 0, -1)",
    },
    Work {
        name: "cjson.encode, 10 KB",
        unit: "µs",
        nanoseconds: 1e3,
        times: 2_000,
        before: DOCUMENT,
        body: "cjson.encode(document)",
    },
    Work {
        name: "cjson.decode, 10 KB",
        unit: "µs",
        nanoseconds: 1e3,
        times: 2_000,
        before: "DOCUMENT local text = cjson.encode(document)",
        body: "cjson.decode(text)",
    },
    Work {
        name: "cmsgpack.pack of the same",
        unit: "µs",
        nanoseconds: 1e3,
        times: 2_000,
        before: DOCUMENT,
        body: "cmsgpack.pack(document)",
    },
    Work {
        name: "cmsgpack.unpack of the same",
        unit: "µs",
        nanoseconds: 1e3,
        times: 2_000,
        before: "DOCUMENT local packed = cmsgpack.pack(document)",
        body: "cmsgpack.unpack(packed)",
    },
    Work {
        name: "fib(32)",
        unit: "ms",
        nanoseconds: 1e6,
        times: 1,
        before: "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end",
        body: "fib(32)",
    },
    Work {
        name: "string building: format, concat, rep",
        unit: "ns",
        nanoseconds: 1.0,
        times: 200_000,
        before: "",
        body: "local parts = {} \
               for j = 1, 4 do parts[j] = string.format('%s:%d:%.2f', 'key', j, j / 3) .. ':' .. i end \
               local text = table.concat(parts, ',') .. ('x'):rep(10)",
    },
    Work {
        name: "gsub, 46 B, 8 hits",
        unit: "ns",
        nanoseconds: 1.0,
        times: 100_000,
        before: "local text = 'the quick brown fox jumps over the lazy dog ab'",
        body: "text:gsub('o%s', '0')",
    },
    Work {
        name: "sort of 1,000, per element",
        unit: "ns",
        nanoseconds: 1e3,
        times: 200,
        before: "local source = {} for j = 1, 1000 do source[j] = (j * 7919) % 10007 end",
        body: "local t = {} for j = 1, 1000 do t[j] = source[j] end table.sort(t)",
    },
];

/// All rows of this kind.
pub fn rows() -> Vec<Row> {
    WORKS.iter().map(row).collect()
}

fn row(work: &'static Work) -> Row {
    let before = work.before.replace("DOCUMENT", DOCUMENT);
    let script = format!(
        "{before} for i = 1, tonumber(ARGV[1]) do {} end return 1",
        work.body
    );
    let measure = move |server: &Server, scale: Scale| {
        let mut connection = server.connect()?;
        call(
            server,
            &mut connection,
            &["CONFIG", "SET", "busy-reply-threshold", "60000"],
        )?;
        let times = scale.of(work.times);
        // Once short, so that compiling and preparing are not measured in a cold state.
        call(server, &mut connection, &["EVAL", &script, "1", "key", "1"])?;
        call(server, &mut connection, &["FLUSHALL"])?;
        let start = Instant::now();
        call(
            server,
            &mut connection,
            &["EVAL", &script, "1", "key", &times.to_string()],
        )?;
        let elapsed = start.elapsed().as_secs_f64() * 1e9;
        Ok(Sample {
            value: elapsed / float(times) / work.nanoseconds,
            processor: None,
        })
    };
    Row {
        name: format!("in a script: {}", work.name),
        unit: work.unit,
        more_is_better: false,
        measure: Box::new(measure),
    }
}
