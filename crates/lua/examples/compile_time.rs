//! Times the compiler on a script of 120 bytes and on one of 50 KB. `compile_time.lua` beside it times lua5.1 on the
//! same sources.

use std::time::Instant;

const SMALL: &str = "local v = redis.call('GET', KEYS[1])\nif v == ARGV[1] then\n  return redis.call('DEL', KEYS[1])\nelse\n  return 0\nend\n-- unlock\n";

fn large() -> String {
    let mut source = String::new();
    let mut part = 0;
    while source.len() < 50_000 {
        part += 1;
        source.push_str(&format!(
            "local function job{part}(queue, id, ...)\n  local key = queue .. ':jobs:' .. id\n  \
             local state, score = redis.call('HGET', key, 'state'), tonumber(ARGV[{part}] or 0)\n  \
             if state == false or state == 'done' and score > {part}.5 then\n    \
             return redis.error_reply('no such job ' .. id)\n  end\n  \
             local fields = {{ 'attempts', score + 1, time = score * 1000, [id] = true }}\n  \
             for index, value in ipairs(fields) do\n    \
             redis.call('HSET', key, index, value) -- one by one\n  end\n  \
             while score < #fields do score = score + 1 end\n  return fields, ...\nend\njobs[{part}] = job{part}\n\
             do local previous = job{part} function handler{part}() return previous(KEYS[1], ARGV[1]) end end\n"
        ));
        // A chunk may have 200 local variables.
        if part % 100 == 0 {
            source.push_str("do end\n");
        }
    }
    source
}

fn time(name: &str, source: &str, rounds: u32) {
    let mut best = f64::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..rounds {
            let result = lua::compiler::compile(source.as_bytes(), b"@user_script");
            std::hint::black_box(&result);
            if let Err(error) = result {
                println!("{error}");
                return;
            }
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(rounds));
    }
    println!("{name}: {} bytes, {:.2} us", source.len(), best * 1e6);
}

fn main() {
    time("small", SMALL, 20_000);
    let large = large();
    time("large", &large, 50);
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, large).expect("the file can be written");
    }
}
