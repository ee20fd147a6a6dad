//! Every command that writes, in random sequences that are undone: the keyspace is then what it was, to the order of
//! elements, encodings, expiries and access records.

use std::fmt::Write;

use keyspace::{AccessPolicy, Expiry, LockPlan, Watch};
use proptest::prelude::*;
use types::Value;

use crate::record::{Handler, flag};
use crate::testing::{DATABASES, Kit, split};

/// Commands to draw from. A word in angle brackets is replaced by something random of that kind. Every writing command
/// stands here with each of its options.
const TEMPLATES: &str = "
append <key> <value>
bitfield <key> set <bits> <offset> <number> incrby <bits> <offset> <number> get <bits> <offset>
bitfield <key> overflow fail incrby u2 <offset> <number> overflow sat set i8 <offset> <number>
bitop and <key> <key> <key>
bitop or <key> <key> <key>
bitop xor <key> <key>
bitop not <key> <key>
blmove <key> <key> left right 0
blmpop 0 2 <key> <key> left count <count>
blpop <key> <key> 0
brpop <key> 0
brpoplpush <key> <key> 0
bzmpop 0 1 <key> max count <count>
bzpopmax <key> 0
bzpopmin <key> <key> 0
copy <key> <key>
copy <key> <key> replace
copy <key> <key> db 1 replace
decr <key>
decrby <key> <number>
del <key>
del <key> <key> <key>
expire <key> <number>
expire <key> <number> nx
expire <key> <number> xx
expire <key> <number> gt
expire <key> <number> lt
expireat <key> 1700000100
expireat <key> 1
flushdb
flushall
flushall async
getdel <key>
getex <key> ex 100
getex <key> px 100000
getex <key> exat 1700000100
getex <key> pxat 1
getex <key> persist
getset <key> <value>
hdel <key> <member>
hdel <key> <member> <member> <member>
hincrby <key> <member> <number>
hincrbyfloat <key> <member> 1.5
hmset <key> <member> <value>
hset <key> <member> <value>
hset <key> <member> <value> <member> <number> <member> <value>
hsetnx <key> <member> <value>
incr <key>
incrby <key> <number>
incrbyfloat <key> 0.25
linsert <key> before <member> <value>
linsert <key> after <member> <value>
lmove <key> <key> left right
lmove <key> <key> right left
lmpop 2 <key> <key> right count <count>
lpop <key>
lpop <key> <count>
lpush <key> <member>
lpush <key> <value> <member> <value>
lpushx <key> <value>
lrem <key> 0 <member>
lrem <key> 2 <member>
lrem <key> -3 <member>
lset <key> <number> <value>
ltrim <key> <number> <number>
ltrim <key> 1 -2
ltrim <key> 5 1
move <key> 1
mset <key> <value> <key> <number>
msetnx <key> <value> <key> <value>
persist <key>
pexpire <key> <number>
pexpireat <key> 1700000100000
pfadd <key> <member> <member>
pfmerge <key> <key> <key>
psetex <key> 100000 <value>
rename <key> <key>
renamenx <key> <key>
rpop <key>
rpop <key> <count>
rpoplpush <key> <key>
rpush <key> <value>
rpush <key> <member> <member> <member>
rpushx <key> <value>
sadd <key> <member>
sadd <key> <number> <number>
sadd <key> <member> <number> <value>
sdiffstore <key> <key> <key>
set <key> <value>
set <key> <number>
set <key> <value> ex 100
set <key> <value> keepttl
set <key> <value> nx
set <key> <value> xx get
set <key> <value> pxat 1
setbit <key> <offset> 1
setbit <key> <offset> 0
setex <key> 10 <value>
setnx <key> <value>
setrange <key> <offset> <value>
sinterstore <key> <key> <key>
smove <key> <key> <member>
smove <key> <key> <number>
sort <key> by nosort store <key>
sort <key> alpha store <key>
spop <key>
spop <key> <count>
spop <key> 1000
srem <key> <member>
srem <key> <number> <member>
sunionstore <key> <key> <key>
swapdb 0 1
unlink <key> <key>
zadd <key> <number> <member>
zadd <key> nx <number> <member>
zadd <key> xx ch <number> <member> <number> <member>
zadd <key> gt <number> <member>
zadd <key> lt <number> <member>
zadd <key> incr <number> <member>
zadd <key> 1.5 <member> -2 <value>
zdiffstore <key> 2 <key> <key>
zincrby <key> <number> <member>
zinterstore <key> 2 <key> <key> weights 2 3 aggregate max
zmpop 1 <key> min count <count>
zpopmax <key>
zpopmin <key> <count>
zrangestore <key> <key> 0 -2
zrangestore <key> <key> -10 10 byscore rev limit 0 5
zrem <key> <member> <member>
zremrangebylex <key> [m1 [m5
zremrangebyrank <key> <number> <number>
zremrangebyrank <key> 2 4
zremrangebyscore <key> -5 5
zunionstore <key> 2 <key> <key>
get <key>
touch <key> <key>
exists <key>
object encoding <key>
";

/// Writing commands that are no handlers of data, or come with parts of the server that are not there.
fn is_covered(name: &str) -> bool {
    TEMPLATES
        .lines()
        .any(|line| line.split(' ').next() == Some(name))
}

#[test]
fn every_writing_command_is_tried() {
    let missing: Vec<_> = crate::commands()
        .filter(|command| command.flags & flag::WRITE != 0)
        .filter(|command| matches!(command.handler, Handler::Data(_)))
        .map(|command| command.name)
        .filter(|name| !is_covered(name))
        .collect();
    assert!(
        missing.is_empty(),
        "commands without a template: {missing:?}"
    );
}

/// A template and the numbers its words are drawn with.
type Draw = (usize, Vec<u32>);

fn draws(count: usize) -> impl Strategy<Value = Vec<Draw>> {
    let words = prop::collection::vec(any::<u32>(), 12);
    prop::collection::vec((any::<prop::sample::Index>(), words), 0..count).prop_map(|draws| {
        let templates = TEMPLATES.lines().filter(|line| !line.is_empty()).count();
        draws
            .into_iter()
            .map(|(index, words)| (index.index(templates), words))
            .collect()
    })
}

fn command(draw: &Draw) -> Vec<Vec<u8>> {
    let template = TEMPLATES
        .lines()
        .filter(|line| !line.is_empty())
        .nth(draw.0)
        .expect("the index is below the number of templates");
    let mut random = draw.1.iter().copied().cycle();
    let mut next = |below: u32| random.next().expect("it goes round") % below;
    template
        .split(' ')
        .map(|word| match word {
            // Two of each kind, and some that may be absent.
            "<key>" => KEYS[next(KEYS.len() as u32) as usize].to_owned(),
            "<member>" => format!("m{}", next(12)),
            "<value>" => match next(4) {
                0 => "v".repeat(next(100) as usize),
                1 => next(1000).to_string(),
                other => format!("value {other} {}", next(50)),
            },
            "<number>" => (i64::from(next(20)) - 8).to_string(),
            "<count>" => next(30).to_string(),
            "<offset>" => (next(2) * 5000 + next(64)).to_string(),
            "<bits>" => ["u8", "i5", "u33", "i64"][next(4) as usize].to_owned(),
            other => other.to_owned(),
        })
        .map(String::into_bytes)
        .collect()
}

const KEYS: &[&str] = &[
    "string",
    "number",
    "bitmap",
    "list",
    "{list}big",
    "hash",
    "{hash}big",
    "set",
    "integers",
    "{set}big",
    "zset",
    "{zset}big",
    "free",
    "another free key, with a long name",
];

/// A keyspace with values of every type, small and big, with and without expiry.
fn keyspace(small_limits: bool) -> Kit {
    let mut kit = Kit::new();
    if small_limits {
        let limits = &mut kit.settings.limits;
        limits.hash_max_listpack_entries = 4;
        limits.set_max_intset_entries = 4;
        limits.zset_max_listpack_entries = 4;
        limits.list_max_listpack_size = 3;
    }
    for line in [
        "set string hello ex 50",
        "set number 41",
        "rpush list m1 m2 m3 m1 m4",
        "hset hash m1 1 m2 two m3 3",
        "sadd set m1 m2 m3 other",
        "sadd integers 1 2 3 4",
        "zadd zset 1 m1 2 m2 3 m3",
        "expire zset 1000",
    ] {
        kit.run(line);
    }
    kit.run(&format!("set bitmap {}", "b".repeat(1000)));
    for n in 0..150 {
        let member = format!("m{}", n % 40);
        kit.run(&format!(
            "rpush {{list}}big {member} element-number-{n}-with-more"
        ));
        kit.run(&format!(
            "hset {{hash}}big {member} {} f{n} {n}",
            "x".repeat(70)
        ));
        kit.run(&format!("sadd {{set}}big m{n} {n}"));
        kit.run(&format!("zadd {{zset}}big {} m{n}", n % 30));
    }
    kit.database = 1;
    kit.run("set string other");
    kit.run("rpush list in another database");
    kit.database = 0;
    kit
}

/// Everything there is to know of the keys, as text.
fn dump(kit: &Kit) -> String {
    let mut out = String::new();
    // In the year 1970 no key has expired yet.
    let mut unit = kit.keyspace.lock(&LockPlan::All, 0, 0);
    for database in 0..DATABASES {
        unit.select(database);
        let mut keys = Vec::new();
        unit.for_each(|key, value, expiry| {
            keys.push(key.to_vec());
            let _ = writeln!(
                out,
                "{database} {} {expiry:?} {}",
                key.escape_ascii(),
                describe(value)
            );
        });
        // Access records, seen from a time after them.
        let now = kit.now_ms + 1_000_000;
        keys.sort();
        for key in keys {
            let expiry = unit.expiry(&key).flatten();
            if expiry.is_none_or(|at| at > now) {
                unit.set_now_ms(now);
                let _ = writeln!(out, "{} {:?}", key.escape_ascii(), unit.object_info(&key));
                unit.set_now_ms(0);
            }
        }
    }
    let mut lines: Vec<&str> = out.lines().collect();
    // Where keys stand in a segment is nobody's business.
    lines.sort_unstable();
    lines.join("\n")
}

fn describe(value: &Value) -> String {
    let encoding = value.encoding().name();
    match value {
        Value::String(string) => format!("{encoding} {string:?}"),
        Value::List(list) => {
            let forward: Vec<_> = list.iter().map(|e| e.escape_ascii().to_string()).collect();
            let indexed = (0..list.len()).map(|index| list.get(index).expect("is there"));
            assert!(indexed.eq(list.iter()));
            format!("{encoding} {} {forward:?}", list.len())
        }
        Value::Hash(hash) => {
            let fields: Vec<_> = hash
                .iter()
                .map(|(f, v)| (f.escape_ascii().to_string(), v.escape_ascii().to_string()))
                .collect();
            assert!(
                hash.iter()
                    .all(|(field, value)| hash.get(field) == Some(value))
            );
            format!("{encoding} {} {fields:?}", hash.len())
        }
        Value::Set(set) => {
            let members: Vec<_> = set.iter().map(|m| m.escape_ascii().to_string()).collect();
            assert!(set.iter().all(|member| set.contains(&member)));
            format!("{encoding} {} {members:?}", set.len())
        }
        Value::SortedSet(set) => {
            let members: Vec<_> = set
                .iter()
                .map(|(m, s)| (m.escape_ascii().to_string(), s))
                .collect();
            for (rank, (member, score)) in set.iter().enumerate() {
                assert_eq!(set.rank(member), Some((rank, score)));
            }
            // The order SCAN and random choices see.
            let mut scanned = Vec::new();
            set.scan(0, usize::MAX, &mut |member, _| {
                scanned.push(member.escape_ascii().to_string());
            });
            format!("{encoding} {} {members:?} {scanned:?}", set.len())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_undone_never_was(
        before in draws(10),
        undone in draws(60),
        after in draws(10),
        small_limits in any::<bool>(),
        lfu in any::<bool>(),
        step_ms in prop::sample::select(vec![0, 700, 30_000]),
    ) {
        let mut kit = keyspace(small_limits);
        if lfu {
            kit.keyspace.settings.set_access_policy(AccessPolicy::Lfu);
        }
        let before: Vec<_> = before.iter().map(command).collect();
        kit.run_undoably(&before, 0, true);
        let wanted = dump(&kit);
        let start = kit.now_ms;
        let undone: Vec<_> = undone.iter().map(command).collect();
        kit.run_undoably(&undone, step_ms, false);
        prop_assert!(kit.changes.events.is_empty() && kit.changes.ready.is_empty());
        prop_assert_eq!((kit.changes.dirty, kit.changes.expired), (0, 0));
        kit.now_ms = start;
        prop_assert_eq!(dump(&kit), wanted.as_str());
        // And it goes on as if nothing had been.
        let after: Vec<_> = after.iter().map(command).collect();
        kit.run_undoably(&after, 0, false);
        prop_assert_eq!(dump(&kit), wanted.as_str());
    }
}

#[test]
fn one_change_of_a_big_value_is_noted_as_one() {
    let mut kit = keyspace(false);
    for n in 0..200 {
        let n = n.to_string();
        kit.run(&format!("zadd {{zset}}big {n} n{n}"));
    }
    let wanted = dump(&kit);
    let lines = [
        "zadd {zset}big 5 m7 6 new",
        "zrem {zset}big m3 m4",
        "zadd {zset}big 9 m3",
    ];
    let commands: Vec<_> = lines.iter().map(|line| split(line)).collect();
    kit.run_undoably(&commands, 0, false);
    assert_eq!(dump(&kit), wanted);
}

#[test]
fn watches_are_marked_when_changes_stand_and_not_when_they_do_not() {
    let kit = keyspace(false);
    let watch = std::sync::Arc::new(Watch::default());
    let mut unit = kit.keyspace.lock(&LockPlan::All, 0, kit.now_ms);
    unit.watch(b"string", &watch);
    for commit in [false, true] {
        unit.begin_undo();
        unit.remove(b"string", keyspace::Event::DEL);
        unit.set(
            b"string",
            types::StringValue::new(b"x").into(),
            Expiry::Clear,
            keyspace::Event::string("set"),
        );
        unit.swap_databases(0, 1);
        assert!(!watch.is_changed() && unit.can_undo());
        if commit {
            unit.commit(&mut drop);
        } else {
            unit.undo(&mut drop);
        }
        assert_eq!(watch.is_changed(), commit);
    }
}
