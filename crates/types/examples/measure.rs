//! Memory and time per element of big values: `cargo run --release -p types --example measure
//! [elements]`.
//!
//! Resident memory is read from `/proc/self/statm`; where that is missing, memory is shown as 0.

use std::hint::black_box;
use std::time::Instant;

use types::list::End;
use types::zset::{ScoreBound, ScoreRange};
use types::{Hash, Limits, List, Set, SortedSet, Value};

const LIMITS: Limits = Limits::DEFAULT;

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

/// A fixed sequence of well-mixed numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Builds a value, shows what it costs per element, and returns it.
fn build<T>(
    name: &str,
    count: usize,
    heap_size: impl Fn(&T) -> usize,
    make: impl FnOnce() -> T,
) -> T {
    let resident = resident_bytes();
    let start = Instant::now();
    let value = make();
    let nanoseconds = start.elapsed().as_nanos() as f64 / count as f64;
    let resident = resident_bytes().saturating_sub(resident) as f64 / count as f64;
    let accounted = heap_size(&value) as f64 / count as f64;
    println!(
        "{name:34} {resident:7.1} B resident {accounted:7.1} B heap {nanoseconds:7.0} ns to add"
    );
    value
}

fn time(name: &str, count: usize, mut operation: impl FnMut(usize)) {
    let start = Instant::now();
    let mut longest = 0;
    for number in 0..count {
        let start = (number % 16 == 0).then(Instant::now);
        operation(number);
        longest = longest.max(start.map_or(0, |start| start.elapsed().as_nanos()));
    }
    let nanoseconds = start.elapsed().as_nanos() as f64 / count as f64;
    println!(
        "  {name:32} {nanoseconds:7.0} ns (longest of a sample {:.0} µs)",
        longest as f64 / 1000.0
    );
}

fn main() {
    let count: usize = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_000_000);
    let mut random = Random(1);
    let name = |prefix: &str, number: usize| format!("{prefix}:{number}").into_bytes();
    let fields: Vec<Vec<u8>> = (0..count).map(|number| name("field", number)).collect();

    let mut hash = build("hash, field:N = value:N", count, Hash::heap_size, || {
        let mut hash = Hash::new();
        for (number, field) in fields.iter().enumerate() {
            hash.set(field, &name("val", number), &LIMITS);
        }
        hash
    });
    time("HGET", count, |_| {
        black_box(hash.get(&fields[random.below(count)]));
    });
    time("HSET of a present field", count, |_| {
        hash.set(&fields[random.below(count)], b"another", &LIMITS);
    });
    time("HDEL", count, |number| {
        hash.remove(&fields[number]);
    });

    let set = build("set, field:N", count, Set::heap_size, || {
        let mut set = Set::new();
        for field in &fields {
            set.add(field, &LIMITS);
        }
        set
    });
    let mut small = Set::new();
    for field in &fields[..1_000.min(count)] {
        small.add(field, &LIMITS);
    }
    time("SISMEMBER of a set of 1,000", count, |number| {
        black_box(small.contains(&fields[number % 1_000.min(count)]));
    });
    time("SISMEMBER", count, |_| {
        black_box(set.contains(&fields[random.below(count)]));
    });
    drop(set);

    for (title, ascending) in [
        ("zset, ascending scores", true),
        ("zset, random scores", false),
    ] {
        let mut zset = build(title, count, SortedSet::heap_size, || {
            let mut zset = SortedSet::new();
            for (number, member) in fields.iter().enumerate() {
                let score = if ascending {
                    number
                } else {
                    random.below(count)
                };
                zset.insert(member, score as f64, &LIMITS);
            }
            zset
        });
        time("ZSCORE", count, |_| {
            black_box(zset.score(&fields[random.below(count)]));
        });
        time("ZRANK", count, |_| {
            black_box(zset.rank(&fields[random.below(count)]));
        });
        time("ZADD of a present member", count, |_| {
            let score = random.below(count) as f64;
            zset.insert(&fields[random.below(count)], score, &LIMITS);
        });
        time("ZRANGEBYSCORE of ten", count / 4, |_| {
            let min = random.below(count) as f64;
            let range = ScoreRange {
                min: ScoreBound::Inclusive(min),
                max: ScoreBound::Inclusive(min + 10.0),
            };
            let ranks = zset.score_range(&range);
            black_box(zset.range(ranks).take(10).count());
        });
        time("ZPOPMIN", count / 2, |_| {
            black_box(zset.pop_min());
        });
        time("ZREM", count / 4, |_| {
            zset.remove(&fields[random.below(count)]);
        });
    }

    let mut list = build("list, field:N", count, List::heap_size, || {
        let mut list = List::new();
        for field in &fields {
            list.push(End::Back, field, &LIMITS);
        }
        list
    });
    time("LINDEX", count / 20, |_| {
        black_box(list.get(random.below(count)));
    });
    let start = Instant::now();
    black_box(list.iter().map(<[u8]>::len).sum::<usize>());
    println!(
        "  {:32} {:7.1} ns",
        "LRANGE per element",
        start.elapsed().as_nanos() as f64 / count as f64
    );
    time("LPUSH", count, |number| {
        list.push(End::Front, &fields[number], &LIMITS)
    });
    time("LPOP", count, |_| {
        black_box(list.pop(End::Front));
    });

    let hashes = count / 50;
    let small = build(
        "hashes of 50 fields",
        hashes * 50,
        |hashes: &Vec<Hash>| hashes.iter().map(Hash::heap_size).sum(),
        || {
            let mut hashes: Vec<Hash> = (0..hashes).map(|_| Hash::new()).collect();
            for hash in &mut hashes {
                for field in &fields[..50] {
                    hash.set(field, b"val:12345", &LIMITS);
                }
            }
            hashes
        },
    );
    time("HGET", count, |_| {
        black_box(small[random.below(hashes)].get(&fields[random.below(50)]));
    });
    for size in [5, 20, 50] {
        let mut hash = Hash::new();
        for field in &fields[..size] {
            hash.set(field, b"val:12345", &LIMITS);
        }
        time(&format!("HGET of one hash of {size}"), count, |number| {
            black_box(hash.get(&fields[number % size]));
        });
    }
    time("HGETALL of 50", hashes, |number| {
        black_box(
            small[number]
                .iter()
                .map(|(field, value)| field.len() + value.len())
                .sum::<usize>(),
        );
    });

    let small = build(
        "zsets of 50 members",
        hashes * 50,
        |zsets: &Vec<SortedSet>| zsets.iter().map(SortedSet::heap_size).sum(),
        || {
            let mut zsets: Vec<SortedSet> = (0..hashes).map(|_| SortedSet::new()).collect();
            for zset in &mut zsets {
                for (number, field) in fields[..50].iter().enumerate() {
                    zset.insert(field, number as f64, &LIMITS);
                }
            }
            zsets
        },
    );
    time("ZSCORE", count, |_| {
        black_box(small[random.below(hashes)].score(&fields[random.below(50)]));
    });

    let sets = count / 5;
    build(
        "sets of 5 members, overhead too",
        sets * 5,
        |sets: &Vec<Value>| sets.iter().map(Value::heap_size).sum(),
        || {
            (0..sets)
                .map(|_| {
                    let mut set = Set::new();
                    for field in &fields[..5] {
                        set.add(field, &LIMITS);
                    }
                    Value::from(set)
                })
                .collect()
        },
    );
    build(
        "hashes of 4 fields, one of 200 B",
        sets * 5,
        |hashes: &Vec<Value>| hashes.iter().map(Value::heap_size).sum(),
        || {
            (0..sets)
                .map(|_| {
                    let mut hash = Hash::new();
                    for field in &fields[..4] {
                        hash.set(field, b"val:12345", &LIMITS);
                    }
                    hash.set(b"body", &[b'x'; 200], &LIMITS);
                    Value::from(hash)
                })
                .collect()
        },
    );
}
