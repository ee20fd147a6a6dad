//! Rows of resident memory per item, over what the empty server takes.

use std::time::Duration;

use super::process::resident_memory;
use super::row::{Row, Sample, float};
use crate::error::Error;
use crate::server::Server;
use crate::wire::{WireError, encode};

/// Commands sent before their replies are read.
const BATCH: usize = 1000;

/// The command that makes the item with this number.
type Item = fn(usize) -> Vec<String>;

/// All rows of this kind.
pub fn rows() -> Vec<Row> {
    let items: [(&str, usize, Item); 4] = [
        ("small string key", 1_000_000, |n| {
            words(&["SET", &format!("key:{n:07}"), &format!("{n:08}")])
        }),
        ("hash field", 1_000_000, |n| {
            words(&["HSET", "hash", &format!("field:{n:07}"), &format!("{n:08}")])
        }),
        ("sorted-set member", 1_000_000, |n| {
            words(&["ZADD", "zset", &n.to_string(), &format!("member:{n:07}")])
        }),
        ("cached script", 100_000, |n| {
            words(&[
                "SCRIPT",
                "LOAD",
                &format!("return redis.call('GET', KEYS[1]) == '{n}'"),
            ])
        }),
    ];
    let row = |(name, count, item): (&str, usize, Item)| Row {
        name: format!("resident memory per {name}"),
        unit: "bytes",
        more_is_better: false,
        measure: Box::new(move |server, scale| measure(server, scale.of(count), item)),
    };
    items.into_iter().map(row).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn measure(server: &Server, count: usize, item: Item) -> Result<Sample, Error> {
    let before = resident_memory(server.pid())?;
    fill(server, count, item).map_err(|source| Error::Connection {
        program: server.program.name.clone(),
        source,
    })?;
    let after = resident_memory(server.pid())?;
    Ok(Sample {
        value: (after - before) / float(count),
        processor: None,
    })
}

fn fill(server: &Server, count: usize, item: Item) -> Result<(), WireError> {
    let mut connection = crate::wire::Connection::open(server.port)?;
    for first in (0..count).step_by(BATCH) {
        let batch = first..(first + BATCH).min(count);
        let mut bytes = Vec::new();
        batch
            .clone()
            .for_each(|number| encode(&item(number), &mut bytes));
        connection.send_raw(&bytes)?;
        for _ in batch {
            connection.read(Duration::from_secs(10))?;
        }
    }
    Ok(())
}
