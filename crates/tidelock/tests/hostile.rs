//! Hostile scripts against a live server, with clients beside them that go on with their work: nothing of theirs is lost,
//! they are answered, the server is there in the end, and what the scripts took comes back.
//!
//! The scripts are the engine's own corpus and those below, which go for the server. A run prints how long the clients
//! waited; that they wait no more than seconds is all it asks for, since tests share their machine with others.
//! `HOSTILE=part` runs only the scripts whose name contains that text.

mod support;

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use support::{Client, Reply, Server};

/// How long a client may wait for a reply, and a script for its end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Clients that send hostile scripts, one after the other.
const ATTACKERS: usize = 3;

/// Clients that do their work meanwhile.
const WORKERS: usize = 3;

/// Bytes of its reply an attacker takes in before it goes away.
const REPLY_TAKEN: usize = 256 << 20;

const SETTINGS: &[&str] = &[
    "--io-threads",
    "2",
    "--script-time-limit",
    "300",
    "--script-memory-limit",
    "32mb",
    // Who waits is to be served in the end, however busy the machine.
    "--busy-reply-threshold",
    "0",
    "--maxmemory",
    "2gb",
];

/// What replaces the globals that the corpus uses and scripts of a server do not have. On the script's own first line.
const PRELUDE: &str = "if rawget(_G, 'setfenv') then setfenv(1, setmetatable({print = function() end}, {__index = function(_, name) \
     return rawget(_G, name) end})) end ";

/// A script of one line, or more, and its name.
type Named = (&'static str, &'static str);

const SCRIPTS: &[Named] = &[
    // Memory.
    (
        "table-bomb",
        "local t = {} while true do t[#t + 1] = {} end",
    ),
    ("string-bomb", "local s = 'x' while true do s = s .. s end"),
    (
        "swallowed-bomb",
        "while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end",
    ),
    (
        "concat-bomb",
        "local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(1000) end while true do table.concat(t) end",
    ),
    (
        "garbage-storm",
        "while true do local t = {} for i = 1, 100 do t[i] = {i} end end",
    ),
    (
        "collector-storm",
        "while true do collectgarbage() collectgarbage('step') end",
    ),
    (
        "coroutine-storm",
        "local t = {} while true do local c = coroutine.create(function() coroutine.yield() end) coroutine.resume(c) t[#t + 1] = c end",
    ),
    (
        "closure-storm",
        "local t = {} while true do local n = #t t[n + 1] = function() return n end end",
    ),
    // Stack and patterns.
    (
        "recursion",
        "local function f(n) return 1 + f(n + 1) end return f(1)",
    ),
    (
        "recursion-swallowed",
        "local function f() return pcall(f) end return f()",
    ),
    (
        "recursion-coroutines",
        "local function f() return coroutine.wrap(f)() end return f()",
    ),
    (
        "nested-pcalls",
        "local function f() while true do pcall(error, f) end end while true do pcall(f) end",
    ),
    (
        "pattern-bomb",
        "return string.find(('a'):rep(100000), ('a-'):rep(30) .. 'b')",
    ),
    (
        "pattern-growth",
        "local s = ('x'):rep(1000) while true do s = s:gsub('.', '%0%0') end",
    ),
    (
        "error-storm",
        "while true do pcall(error, {}) pcall(error, 'x') end",
    ),
    ("error-huge", "error(('x'):rep(2e7))"),
    ("error-lines", "error(('x\\r\\n'):rep(1e6))"),
    (
        "error-reply-huge",
        "return redis.error_reply(('x '):rep(1e7))",
    ),
    ("error-table", "error({err = ('-ERR \\r\\n'):rep(1e5)})"),
    ("status-huge", "return redis.status_reply(('x'):rep(1e7))"),
    // Replies.
    ("reply-huge", "return ('x'):rep(3e7)"),
    (
        "reply-many",
        "local t = {} for i = 1, 1e6 do t[i] = i end return t",
    ),
    (
        "reply-same",
        "local s, t = ('x'):rep(1e6), {} for i = 1, 1e5 do t[i] = s end return t",
    ),
    (
        "reply-doubled",
        "local t = {1} for i = 1, 40 do t = {t, t} end return t",
    ),
    ("reply-itself", "local t = {} t[1] = t t[2] = t return t"),
    (
        "reply-deep",
        "local t = {} for i = 1, 1e5 do t = {t} end return t",
    ),
    (
        "reply-map-of-itself",
        "redis.setresp(3) local t = {} t.map = {t, t} return t",
    ),
    (
        "reply-sets",
        "redis.setresp(3) local t = {1} for i = 1, 30 do t = {set = {[t] = true, [{t}] = true}} end return t",
    ),
    (
        "reply-metatables",
        "return setmetatable({}, {__index = function(t, k) return t end})",
    ),
    // Calls.
    ("call-storm", "while true do redis.call('PING') end"),
    (
        "call-errors",
        "while true do redis.pcall('INCR', KEYS[1], 'x', 'y') redis.pcall('NOSUCH') redis.pcall('HGET', KEYS[1]) end",
    ),
    (
        "call-wrong-type",
        "redis.call('SET', KEYS[1], 'x') while true do pcall(redis.call, 'LPUSH', KEYS[1], 1) end",
    ),
    (
        "call-arguments",
        "local t = {} for i = 1, 7000 do t[i] = i end while true do redis.call('SADD', KEYS[1], unpack(t)) end",
    ),
    (
        "call-same-argument",
        "local s, t = ('x'):rep(1e6), {} for i = 1, 7000 do t[i] = s end return redis.call('RPUSH', KEYS[1], unpack(t))",
    ),
    (
        "call-same-reply",
        "redis.call('SET', KEYS[1], ('x'):rep(1e6)) local t = {} for i = 1, 7000 do t[i] = KEYS[1] end return #redis.call('MGET', unpack(t))",
    ),
    (
        "call-many-elements",
        "for i = 1, 2e5 do redis.call('RPUSH', KEYS[1], i) end while true do redis.call('LRANGE', KEYS[1], 0, -1) end",
    ),
    (
        "call-not-a-string",
        "while true do redis.pcall(nil) redis.pcall({}) redis.pcall() redis.pcall(function() end) end",
    ),
    (
        "call-binary",
        "while true do redis.pcall('SET', '\\0\\255', ('\\0'):rep(100)) redis.pcall('\\0') redis.pcall('') end",
    ),
    (
        "undo-storm",
        "#!lua flags=atomic\nlocal i = 0 while true do i = i + 1 redis.call('HSET', KEYS[1], i, i) redis.call('SET', KEYS[1] .. i % 1000, i) end",
    ),
    (
        "undo-moves",
        "#!lua flags=atomic\nfor i = 1, 1e5 do redis.call('SET', KEYS[1], i) redis.call('RENAME', KEYS[1], KEYS[1] .. 'x') redis.call('RENAME', KEYS[1] .. 'x', KEYS[1]) end error('x')",
    ),
    (
        "rollback-refused",
        "#!lua flags=atomic\nredis.call('SET', KEYS[1], 1) while true do pcall(redis.rollback, {}) pcall(redis.rollback, ('x'):rep(1e7)) end",
    ),
    (
        "undeclared",
        "local i = 0 while true do i = i + 1 redis.call('SET', 'hostile:undeclared:' .. i % 500, i) end",
    ),
    (
        "publish-storm",
        "while true do redis.call('PUBLISH', 'hostile', ('x'):rep(10000)) end",
    ),
    (
        "log-storm",
        "for i = 1, 2000 do redis.log(redis.LOG_DEBUG, ('x'):rep(10000)) end while true do redis.log(redis.LOG_DEBUG, 'x') end",
    ),
    (
        "sha-storm",
        "local s = ('x'):rep(1e7) while true do redis.sha1hex(s) end",
    ),
    (
        "replication-storm",
        "while true do redis.set_repl(redis.REPL_NONE) redis.set_repl(redis.REPL_ALL) redis.replicate_commands() redis.breakpoint() end",
    ),
    // Libraries.
    ("json-deep", "return cjson.decode(('['):rep(1e6))"),
    (
        "json-nested",
        "cjson.decode_max_depth(1e6) local t = cjson.decode(('['):rep(1e5) .. (']'):rep(1e5)) return cjson.encode(t)",
    ),
    (
        "json-itself",
        "cjson.encode_max_depth(1e9) local t = {} t[1] = t return cjson.encode(t)",
    ),
    (
        "json-doubled",
        "local t = {1} for i = 1, 40 do t = {t, t} end return cjson.encode(t)",
    ),
    (
        "json-sparse",
        "cjson.encode_sparse_array(true, 1, 1) return cjson.encode({[1e9] = 1})",
    ),
    (
        "json-same",
        "local s, t = ('\\1'):rep(1e5), {} for i = 1, 1e5 do t[i] = s end return #cjson.encode(t)",
    ),
    (
        "pack-doubled",
        "local t = {1} for i = 1, 40 do t = {t, t} end return cmsgpack.pack(t)",
    ),
    (
        "pack-itself",
        "local t = {} t[1] = t return cmsgpack.pack(t)",
    ),
    (
        "pack-same",
        "local s, t = ('x'):rep(1e6), {} for i = 1, 1e4 do t[i] = s end return #cmsgpack.pack(t)",
    ),
    (
        "unpack-lengths",
        "for _, s in ipairs{'\\221\\255\\255\\255\\255', '\\223\\255\\255\\255\\255', '\\219\\255\\255\\255\\255', '\\198\\127\\255\\255\\255'} do pcall(cmsgpack.unpack, s) end return cmsgpack.unpack(('\\145'):rep(1e6))",
    ),
    (
        "struct-lengths",
        "for _, f in ipairs{'c2147483647', 'i999999999', '!2147483647i', 'c0c0c0', '>I32'} do pcall(struct.pack, f, 'x') pcall(struct.unpack, f, 'x') pcall(struct.size, f) end return struct.pack(('i'):rep(1e6), 1)",
    ),
    (
        "bits",
        "while true do bit.tohex(-1, 1e9) bit.lshift(2^53, 2^40) bit.bor(unpack({1, 2, 3})) end",
    ),
    (
        "format",
        "while true do pcall(string.format, '%99.99f', 1e308) pcall(string.format, ('%d'):rep(1000), 1) pcall(string.rep, 'x', 1e15) end",
    ),
];

/// What the attackers make of an index.
struct Attack {
    name: String,
    /// Commands, each of bytes.
    commands: Vec<Vec<Vec<u8>>>,
}

fn command(words: &[&[u8]]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.to_vec()).collect()
}

fn eval(name: &str, script: &[u8]) -> Attack {
    let key = format!("hostile:{name}");
    Attack {
        name: name.to_owned(),
        commands: vec![
            command(&[b"EVAL", script, b"1", key.as_bytes(), b"argument"]),
            command(&[b"UNLINK", key.as_bytes()]),
        ],
    }
}

/// Attacks that need more than one script.
fn crowds() -> Vec<Attack> {
    let texts = |count: usize| (0..count).map(|n| format!("return {n} -- {n}"));
    let function =
        |n: usize| format!("redis.register_function('f{n}', function() return {n} end) ");
    let many_functions: String = (0..3000).map(function).collect();
    let library = |n: usize| {
        let text = format!(
            "#!lua name=crowd{n}\nlocal t = {{}} redis.register_function('crowd{n}', function() t[#t + 1] = 1 return #t end)"
        );
        command(&[b"FUNCTION", b"LOAD", b"REPLACE", text.as_bytes()])
    };
    let words: Vec<Vec<u8>> = (0..200_000).map(|n| n.to_string().into_bytes()).collect();
    let mut many_arguments = command(&[b"EVAL", b"return {#KEYS, #ARGV}", b"100000"]);
    many_arguments.extend(words);
    vec![
        Attack {
            name: "texts".to_owned(),
            commands: texts(3000)
                .map(|text| command(&[b"EVAL", text.as_bytes(), b"0"]))
                .collect(),
        },
        Attack {
            name: "loads".to_owned(),
            commands: texts(3000)
                .map(|text| command(&[b"SCRIPT", b"LOAD", text.as_bytes()]))
                .chain([command(&[b"SCRIPT", b"FLUSH"])])
                .collect(),
        },
        Attack {
            name: "functions".to_owned(),
            commands: vec![
                command(&[
                    b"FUNCTION",
                    b"LOAD",
                    format!("#!lua name=many\n{many_functions}").as_bytes(),
                ]),
                command(&[b"FCALL", b"f2999", b"0"]),
                command(&[b"FUNCTION", b"DELETE", b"many"]),
            ],
        },
        Attack {
            name: "libraries".to_owned(),
            commands: (0..200)
                .flat_map(|n| {
                    let name = format!("crowd{n}");
                    [library(n), command(&[b"FCALL", name.as_bytes(), b"0"])]
                })
                .chain([command(&[b"FUNCTION", b"FLUSH"])])
                .collect(),
        },
        Attack {
            name: "library-endless".to_owned(),
            commands: vec![
                command(&[
                    b"FUNCTION",
                    b"LOAD",
                    b"#!lua name=endless\nwhile true do end",
                ]),
                command(&[
                    b"FUNCTION",
                    b"LOAD",
                    b"#!lua name=bomb\nlocal t = {} while true do t[#t + 1] = {} end",
                ]),
            ],
        },
        Attack {
            name: "arguments".to_owned(),
            commands: vec![
                many_arguments,
                command(&[b"EVAL", b"return #ARGV[1]", b"0", &vec![b'x'; 40 << 20]]),
                command(&[b"EVAL", b"return 1", b"1000000", b"x"]),
                command(&[b"EVAL", b"return 1", b"-1", b"x"]),
            ],
        },
        Attack {
            name: "sources".to_owned(),
            commands: [
                "x".repeat(8 << 20),
                "return ".to_owned() + &"(".repeat(1 << 20),
                "return ".to_owned() + &"{".repeat(1 << 20),
                "local x ".repeat(1 << 17),
                format!("--[{}[", "=".repeat(1 << 20)),
                "#!lua ".to_owned() + &"flags=no-writes ".repeat(1 << 16) + "\nreturn 1",
                "#!lua name=".to_owned() + &"x".repeat(1 << 20) + "\nreturn 1",
                "--!name ".to_owned() + &"x".repeat(1 << 20) + "\nreturn 1",
            ]
            .iter()
            .map(|text| command(&[b"EVAL", text.as_bytes(), b"0"]))
            .collect(),
        },
    ]
}

fn attacks() -> Vec<Attack> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lua/tests/hostile");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the engine's corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lua"))
        .collect();
    files.sort();
    assert!(files.len() >= 60, "only {} hostile scripts", files.len());
    let corpus = files.iter().map(|path| {
        let text = fs::read(path).expect("a script");
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        eval(
            &format!("corpus:{name}"),
            &[PRELUDE.as_bytes(), &text].concat(),
        )
    });
    let own = SCRIPTS
        .iter()
        .map(|(name, text)| eval(name, text.as_bytes()));
    let filter = env::var("HOSTILE").unwrap_or_default();
    let all = corpus.chain(own).chain(crowds());
    all.filter(|attack| attack.name.contains(&filter)).collect()
}

/// Sends the commands and takes in, unread, what comes until an echo behind them; false if there was more than an attacker
/// wants.
fn attack(server: &Server, attack: &Attack) -> Result<bool, String> {
    let problem = |what: &str| format!("{}: {what}", attack.name);
    let mut stream = server.stream();
    let deadline = Instant::now() + PATIENCE + PATIENCE;
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let echo = b"this-was-all-of-it";
    let mut taken = 0;
    for words in &attack.commands {
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            bytes.extend_from_slice(word);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("*2\r\n$4\r\nECHO\r\n${}\r\n", echo.len()).as_bytes());
        bytes.extend_from_slice(echo);
        bytes.extend_from_slice(b"\r\n");
        stream
            .write_all(&bytes)
            .map_err(|error| problem(&format!("not sent: {error}")))?;
        let mut tail = Vec::new();
        loop {
            let mut chunk = vec![0; 1 << 16];
            let count = match stream.read(&mut chunk) {
                Ok(0) => return Err(problem("the server closed the connection")),
                Ok(count) => count,
                Err(error) => return Err(problem(&format!("no reply: {error}"))),
            };
            taken += count;
            if taken > REPLY_TAKEN {
                return Ok(false);
            }
            tail.extend_from_slice(&chunk[..count]);
            if tail.trim_ascii_end().ends_with(echo) {
                break;
            }
            let kept = tail.len().saturating_sub(2 * echo.len());
            tail.drain(..kept);
            if Instant::now() > deadline {
                return Err(problem("no end of its replies"));
            }
        }
    }
    Ok(true)
}

/// Sets, gets and counts until told to stop; how long each command took.
fn work(server: &Server, number: usize, stop: &AtomicBool) -> Vec<Duration> {
    let mut client = server.connect();
    let (key, counter) = (format!("worker:{number}"), format!("counter:{number}"));
    let mut times = Vec::new();
    let mut call = |command: &[&str]| {
        let started = Instant::now();
        let reply = client.call(command);
        times.push(started.elapsed());
        reply
    };
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        count += 1;
        let value = format!("value {count}");
        assert_eq!(call(&["SET", &key, &value]), Reply::Status("OK".to_owned()));
        assert_eq!(call(&["INCR", &counter]), Reply::Integer(count));
        assert_eq!(call(&["GET", &key]), Reply::Bulk(value));
        // A well-behaved script, too.
        let script =
            "redis.call('HINCRBY', KEYS[1], 'n', 1) return redis.call('HGET', KEYS[1], 'n')";
        let hash = format!("hash:{number}");
        assert_eq!(call(&["EVAL", script, "1", &hash]).integer(), count);
        thread::sleep(Duration::from_millis(1));
    }
    assert!(count > 0, "worker {number} was never served");
    times
}

/// A number of INFO.
fn info(client: &mut Client, field: &str) -> i64 {
    let Reply::Bulk(text) = client.call(&["INFO", "everything"]) else {
        panic!("no text");
    };
    let value = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name == field).then(|| value.parse().expect("a number"))
    });
    value.unwrap_or_else(|| panic!("INFO has no {field}"))
}

#[test]
fn hostile_scripts_harm_nobody() {
    let attacks = attacks();
    let server = Server::start_capped(6_000_000, SETTINGS);
    let mut client = server.connect();
    client.call(&["PING"]);
    let resident_before = info(&mut client, "used_memory_rss");
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let problems = Mutex::new(Vec::new());
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|number| {
                scope.spawn({
                    let (server, stop) = (&server, &stop);
                    move || work(server, number, stop)
                })
            })
            .collect();
        let attackers: Vec<_> = (0..ATTACKERS)
            .map(|_| {
                scope.spawn(|| {
                    while let Some(one) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let started = Instant::now();
                        let result = attack(&server, one);
                        println!("{:6.2} s  {}", started.elapsed().as_secs_f64(), one.name);
                        if let Err(problem) = result {
                            problems.lock().expect("no attacker panics").push(problem);
                        }
                    }
                })
            })
            .collect();
        for attacker in attackers {
            let ended = attacker.join();
            if ended.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            ended.expect("no attacker panics");
        }
        stop.store(true, Ordering::Relaxed);
        let times = workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker's check holds"));
        times.flatten().collect()
    });
    times.sort();
    let percentile = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "{} attacks; {} commands beside them: p50 {:?}, p99 {:?}, longest {:?}",
        attacks.len(),
        times.len(),
        percentile(50),
        percentile(99),
        percentile(100)
    );
    let problems = problems.into_inner().expect("no attacker panics");
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(percentile(100) < PATIENCE);

    // What the scripts left is dropped, and the server is as new.
    client.call(&["SCRIPT", "FLUSH"]);
    client.call(&["FUNCTION", "FLUSH"]);
    for number in 0..WORKERS {
        let counter = client.call(&["GET", &format!("counter:{number}")]);
        let field = client.call(&["HGET", &format!("hash:{number}"), "n"]);
        assert_eq!(counter, field, "worker {number}");
    }
    client.call(&["FLUSHALL"]);
    assert_eq!(client.call(&["EVAL", "return 1", "0"]), Reply::Integer(1));
    let vms = info(&mut client, "used_memory_vm_total");
    let resident = info(&mut client, "used_memory_rss");
    println!(
        "{} MB resident, {} before; VMs {vms}",
        resident >> 20,
        resident_before >> 20
    );
    assert!(vms < 8 << 20, "{vms} bytes in VMs");
    // The allocator keeps some of what was freed, for the next who asks.
    let deadline = Instant::now() + PATIENCE;
    while info(&mut client, "used_memory_rss") > resident_before + (600 << 20) {
        assert!(Instant::now() < deadline, "the memory is not given back");
        thread::sleep(Duration::from_millis(100));
    }
}

/// As many suspended VMs as connections, on one thread.
#[test]
fn a_crowd_of_endless_scripts_leaves_room_for_others() {
    let server = Server::start(&["--io-threads", "1", "--script-time-limit", "2000"]);
    let mut client = server.connect();
    let mut crowd: Vec<Client> = (0..100).map(|_| server.connect()).collect();
    for (number, one) in crowd.iter_mut().enumerate() {
        one.send(&[
            "EVAL",
            "while true do redis.call('INCR', KEYS[1]) end",
            "1",
            &number.to_string(),
        ]);
    }
    let started = Instant::now();
    for number in 0..20 {
        // Some key whose shard no script of the crowd holds.
        let reply = client.call(&["PING", &number.to_string()]);
        assert_eq!(reply, Reply::Bulk(number.to_string()));
    }
    println!("20 PINGs beside 100 scripts: {:?}", started.elapsed());
    for one in &mut crowd {
        assert!(matches!(one.read(), Reply::Error(text) if text.contains("script-time-limit")));
    }
    assert_eq!(
        client.call(&["SET", "0", "x"]),
        Reply::Status("OK".to_owned())
    );
}
