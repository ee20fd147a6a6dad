//! Recorded conversations with redis-server, replayed against the handlers.
//!
//! A transcript is a text file beside the family it tests. Its author writes the commands, and the recorder adds what
//! redis-server answered:
//!
//! ```text
//! # A comment.
//! > SET key "a value" EX 10
//!   +OK
//!   ! 0 set key
//!   ! 0 expire key
//!   ~ 1
//! ```
//!
//! Indented lines are the answer: the reply's bytes, a line for each CRLF, other unprintable bytes as `\xNN`; `!` the
//! keyspace events with their database; `~` by how much the change counter grew. Lines that begin with `@` steer:
//! `@resp2`, `@resp3` switch the protocol, `@select N` the database, `@sleep MS` lets time pass, `@unordered` says that
//! the order of elements in the next reply means nothing, `@config NAME VALUE` is a CONFIG SET, `@list KEY` makes a list
//! of one element, for families that are tried with a key of another type.
//!
//! To record, start a redis-server of its own (`--enable-debug-command yes`, so that keys expire only when looked up) and run the test with `TIDELOCK_RECORD=host:port`.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::Path;

use keyspace::EventClass;
use resp::{Protocol, Value};

use super::{Kit, split};

/// Replays a transcript, named relative to this crate's folder, and panics where the answers differ. With
/// `TIDELOCK_RECORD` set to a redis-server's address it records that server's answers into the file instead.
///
/// # Panics
/// If an answer differs from the recorded one, and on every I/O error.
pub fn replay(path: &str) {
    replay_with(path, Kit::new());
}

/// As [`replay`], with a kit prepared by the caller.
///
/// # Panics
/// As [`replay`].
pub fn replay_with(path: &str, kit: Kit) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let recorded = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{path}: {e}"));
    if let Ok(address) = std::env::var("TIDELOCK_RECORD") {
        let answered = walk(&recorded, &mut Recorder::connect(&address));
        std::fs::write(&file, answered).unwrap_or_else(|e| panic!("{path}: {e}"));
        return;
    }
    let answered = walk(&recorded, &mut Replayer { kit });
    let mut command = "";
    let mut differences = String::new();
    let mut shown = 0;
    for (number, pair) in align(&recorded, &answered) {
        let (wanted, got) = pair;
        if wanted == got {
            continue;
        }
        command = command_before(&recorded, number).unwrap_or(command);
        let _ = writeln!(
            differences,
            "{path}:{number}: {command}\n  recorded: {wanted:?}\n  answered: {got:?}"
        );
        shown += 1;
        if shown == 20 {
            differences.push_str("… and more\n");
            break;
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

/// Pairs the answers of each command, with the line the command stands on.
fn align<'t>(
    recorded: &'t str,
    answered: &'t str,
) -> impl Iterator<Item = (usize, (Vec<&'t str>, Vec<&'t str>))> {
    let wanted = answers(recorded);
    let got = answers(answered);
    wanted
        .into_iter()
        .zip(got)
        .map(|((number, wanted), (_, got))| (number, (wanted, got)))
}

fn answers(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut all: Vec<(usize, Vec<&str>)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("> ") {
            all.push((index + 1, Vec::new()));
        } else if line.starts_with("  ")
            && let Some((_, answer)) = all.last_mut()
        {
            answer.push(&line[2..]);
        }
    }
    all
}

fn command_before(text: &str, number: usize) -> Option<&str> {
    text.lines().nth(number - 1)
}

/// Who answers the commands of a transcript.
trait Answerer {
    /// Takes a steering line.
    fn steer(&mut self, word: &str, rest: &str);
    /// Runs a command; the reply, the events as `database event key`, and the growth of the change counter.
    fn answer(&mut self, args: &[&[u8]]) -> (Vec<u8>, Vec<String>, i64);
}

/// Walks a transcript; the same text with the answers of `answerer`.
fn walk(text: &str, answerer: &mut dyn Answerer) -> String {
    let mut out = String::new();
    let mut unordered = false;
    for line in text.lines().filter(|line| !line.starts_with("  ")) {
        out.push_str(line);
        out.push('\n');
        if let Some(steering) = line.strip_prefix('@') {
            let (word, rest) = steering.split_once(' ').unwrap_or((steering, ""));
            if word == "unordered" {
                unordered = true;
            } else {
                answerer.steer(word, rest);
            }
        } else if let Some(command) = line.strip_prefix("> ") {
            let args = split(command);
            let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
            let (mut reply, mut events, dirty) = answerer.answer(&args);
            if std::mem::take(&mut unordered) {
                let (value, _) = resp::read_value(&reply)
                    .expect("a well-formed reply")
                    .expect("a whole reply");
                reply.clear();
                write_sorted(&value, &mut reply);
                events.sort();
            }
            push_reply(&reply, &mut out);
            for event in events {
                let _ = writeln!(out, "  ! {event}");
            }
            if dirty != 0 {
                let _ = writeln!(out, "  ~ {dirty}");
            }
        }
    }
    out
}

fn push_reply(reply: &[u8], out: &mut String) {
    let mut rest = reply;
    while !rest.is_empty() {
        let end = rest.windows(2).position(|pair| pair == b"\r\n");
        let line = &rest[..end.unwrap_or(rest.len())];
        rest = &rest[end.map_or(rest.len(), |end| end + 2)..];
        out.push_str("  ");
        for &byte in line {
            match byte {
                b'\\' => out.push_str("\\\\"),
                b' '..=b'~' => out.push(char::from(byte)),
                _ => {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
        }
        out.push('\n');
    }
}

/// Writes a reply with the elements of every array, set and map in the order of their bytes.
fn write_sorted(value: &Value, out: &mut Vec<u8>) {
    let encoded = |value: &Value| {
        let mut bytes = Vec::new();
        write_sorted(value, &mut bytes);
        bytes
    };
    let mut aggregate = |kind: char, len: usize, mut parts: Vec<Vec<u8>>| {
        parts.sort();
        out.extend_from_slice(format!("{kind}{len}\r\n").as_bytes());
        out.extend(parts.concat());
    };
    match value {
        Value::Array(values) => {
            aggregate('*', values.len(), values.iter().map(encoded).collect());
        }
        Value::Set(values) => aggregate('~', values.len(), values.iter().map(encoded).collect()),
        Value::Map(pairs) => {
            let parts = pairs
                .iter()
                .map(|(key, value)| [encoded(key), encoded(value)].concat());
            aggregate('%', pairs.len(), parts.collect());
        }
        Value::Bulk(bytes) => {
            out.extend_from_slice(format!("${}\r\n", bytes.len()).as_bytes());
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
        }
        Value::Integer(integer) => out.extend_from_slice(format!(":{integer}\r\n").as_bytes()),
        Value::Status(text) => out.extend([b"+", text.as_slice(), b"\r\n"].concat()),
        Value::Error(text) => out.extend([b"-", text.as_slice(), b"\r\n"].concat()),
        Value::Null => out.extend_from_slice(b"_\r\n"),
        other => out.extend_from_slice(format!("{other:?}\r\n").as_bytes()),
    }
}

struct Replayer {
    kit: Kit,
}

impl Answerer for Replayer {
    fn steer(&mut self, word: &str, rest: &str) {
        match word {
            "resp2" => self.kit.protocol = Protocol::Resp2,
            "resp3" => self.kit.protocol = Protocol::Resp3,
            "select" => self.kit.database = rest.parse().expect("a database's number"),
            "sleep" => self.kit.now_ms += rest.parse::<i64>().expect("milliseconds"),
            "config" => configure(&mut self.kit, rest),
            "list" => {
                let mut list = types::List::new();
                list.push(types::list::End::Back, b"element", &types::Limits::DEFAULT);
                let value = types::Value::List(Box::new(list));
                let event = keyspace::Event::list("rpush");
                self.kit.with_unit(|unit| {
                    unit.set(rest.as_bytes(), value, keyspace::Expiry::Clear, event)
                });
            }
            _ => panic!("@{word} is no steering line"),
        }
    }

    fn answer(&mut self, args: &[&[u8]]) -> (Vec<u8>, Vec<String>, i64) {
        let reply = self.kit.call(args);
        let events = self.kit.changes.events.iter().map(|event| {
            format!(
                "{} {} {}",
                event.database,
                event.event.name,
                event.key.escape_ascii()
            )
        });
        (reply, events.collect(), self.kit.changes.dirty as i64)
    }
}

fn configure(kit: &mut Kit, setting: &str) {
    let (name, value) = setting.split_once(' ').expect("a name and a value");
    let number = || value.parse::<usize>().expect("a number");
    let limits = &mut kit.settings.limits;
    match name {
        "hash-max-listpack-entries" => limits.hash_max_listpack_entries = number(),
        "hash-max-listpack-value" => limits.hash_max_listpack_value = number(),
        "set-max-intset-entries" => limits.set_max_intset_entries = number(),
        "zset-max-listpack-entries" => limits.zset_max_listpack_entries = number(),
        "zset-max-listpack-value" => limits.zset_max_listpack_value = number(),
        "list-max-listpack-size" => {
            limits.list_max_listpack_size = value.parse().expect("a number");
        }
        "proto-max-bulk-len" => kit.settings.string_bytes_max = number() as u64,
        "notify-keyspace-events" => {
            let mut mask = !(EventClass::NEW.0 | EventClass::KEY_MISS.0);
            for (letter, class) in [('n', EventClass::NEW), ('m', EventClass::KEY_MISS)] {
                if value.contains(letter) {
                    mask |= class.0;
                }
            }
            kit.keyspace.settings.set_notify_mask(mask);
        }
        "maxmemory-policy" => {
            kit.keyspace
                .settings
                .set_access_policy(if value.contains("lfu") {
                    keyspace::AccessPolicy::Lfu
                } else {
                    keyspace::AccessPolicy::Lru
                });
        }
        _ => panic!("the kit has no setting {name}"),
    }
}

/// Asks a redis-server in RESP3; the reply's bytes. For tests that record in a form of their own.
///
/// # Panics
/// On every I/O error.
pub fn ask(address: &str, args: &[&[u8]]) -> Vec<u8> {
    let mut connection = Connection::open(address);
    connection.call(&[b"HELLO", b"3"]);
    connection.call(args)
}

/// A redis-server that answers, with a second connection that hears its events.
struct Recorder {
    commands: Connection,
    events: Connection,
    dirty: i64,
}

impl Recorder {
    fn connect(address: &str) -> Recorder {
        let mut commands = Connection::open(address);
        commands.call(&[b"FLUSHALL"]);
        commands.call(&[b"CONFIG", b"SET", b"notify-keyspace-events", b"EA"]);
        commands.call(&[b"DEBUG", b"SET-ACTIVE-EXPIRE", b"0"]);
        commands.call(&[b"CONFIG", b"SET", b"maxmemory-policy", b"noeviction"]);
        commands.call(&[b"CONFIG", b"SET", b"proto-max-bulk-len", b"536870912"]);
        let mut events = Connection::open(address);
        events.call(&[b"PSUBSCRIBE", b"__keyevent@*"]);
        events.call(&[b"SUBSCRIBE", MARKER]);
        Recorder {
            commands,
            events,
            dirty: 0,
        }
    }

    fn dirty(&mut self) -> i64 {
        let reply = self.commands.call(&[b"INFO", b"persistence"]);
        let text = String::from_utf8_lossy(&reply).into_owned();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("rdb_changes_since_last_save:"));
        line.and_then(|number| number.trim().parse().ok())
            .expect("INFO tells the number of changes")
    }
}

/// The channel whose message says that all events of a command have come.
const MARKER: &[u8] = b"transcript-marker";

impl Answerer for Recorder {
    fn steer(&mut self, word: &str, rest: &str) {
        match word {
            "resp2" | "resp3" => {
                self.commands.call(&[b"HELLO", &word.as_bytes()[4..]]);
            }
            "select" => {
                self.commands.call(&[b"SELECT", rest.as_bytes()]);
            }
            "sleep" => {
                let milliseconds = rest.parse().expect("milliseconds");
                std::thread::sleep(std::time::Duration::from_millis(milliseconds));
            }
            "list" => {
                self.commands.call(&[b"RPUSH", rest.as_bytes(), b"element"]);
                self.drain_events();
            }
            "config" => {
                let (name, value) = rest.split_once(' ').expect("a name and a value");
                self.commands
                    .call(&[b"CONFIG", b"SET", name.as_bytes(), value.as_bytes()]);
            }
            _ => panic!("@{word} is no steering line"),
        }
    }

    fn answer(&mut self, args: &[&[u8]]) -> (Vec<u8>, Vec<String>, i64) {
        self.dirty = self.dirty();
        let reply = self.commands.call(args);
        let events = self.drain_events();
        let dirty = self.dirty() - self.dirty;
        (reply, events, dirty)
    }
}

impl Recorder {
    /// The events since the last call.
    fn drain_events(&mut self) -> Vec<String> {
        self.commands.call(&[b"PUBLISH", MARKER, b""]);
        let mut events = Vec::new();
        loop {
            let message = self.events.reply();
            let Ok(Some((Value::Array(parts), _))) = resp::read_value(&message) else {
                panic!("a message is an array");
            };
            let Some([.., Value::Bulk(channel), Value::Bulk(key)]) = parts.get(..) else {
                panic!("a message ends with its channel and text");
            };
            if channel == MARKER {
                return events;
            }
            let channel = String::from_utf8_lossy(channel).into_owned();
            let (database, event) = channel
                .trim_start_matches("__keyevent@")
                .split_once("__:")
                .expect("a keyevent channel");
            events.push(format!("{database} {event} {}", key.escape_ascii()));
        }
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(address: &str) -> Connection {
        let stream = TcpStream::connect(address).expect("a redis-server to record from");
        Connection {
            stream: BufReader::new(stream),
        }
    }

    fn call(&mut self, args: &[&[u8]]) -> Vec<u8> {
        let mut request = format!("*{}\r\n", args.len()).into_bytes();
        for argument in args {
            request.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
            request.extend_from_slice(argument);
            request.extend_from_slice(b"\r\n");
        }
        self.stream
            .get_mut()
            .write_all(&request)
            .expect("the server listens");
        self.reply()
    }

    /// The bytes of the next reply.
    fn reply(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut missing = 1u64;
        while missing > 0 {
            missing -= 1;
            let from = bytes.len();
            let read = self.stream.read_until(b'\n', &mut bytes);
            assert!(read.expect("the server answers") > 0, "the server hung up");
            let line = &bytes[from..bytes.len() - 2];
            let number = std::str::from_utf8(&line[1..])
                .ok()
                .and_then(|text| text.parse::<i64>().ok())
                .unwrap_or(0);
            match line[0] {
                b'$' | b'=' if number >= 0 => {
                    let mut content = vec![0; number as usize + 2];
                    self.stream
                        .read_exact(&mut content)
                        .expect("the server sends what it announced");
                    bytes.extend(content);
                }
                b'*' | b'~' | b'>' if number > 0 => missing += number as u64,
                b'%' if number > 0 => missing += 2 * number as u64,
                _ => {}
            }
        }
        bytes
    }
}
