//! The whole keyspace as a client can see it: type, encoding, value and whether a key expires.

use std::collections::BTreeMap;

use crate::differential::{Comparison, normalise};
use crate::wire::{Connection, WireError};

/// Everything to be seen of each key of databases 0 and 1.
pub type Snapshot = BTreeMap<(u8, Vec<u8>), String>;

/// Reads the keyspace through `connection`.
pub fn take(connection: &mut Connection) -> Result<Snapshot, WireError> {
    let mut snapshot = Snapshot::new();
    for database in 0..2_u8 {
        connection.call(&["SELECT", &database.to_string()])?;
        let keys = connection.call(&["KEYS", "*"])?;
        for key in keys.reply.items().iter().filter_map(|key| key.text()) {
            snapshot.insert((database, key.to_vec()), describe(connection, key)?);
        }
    }
    Ok(snapshot)
}

fn describe(connection: &mut Connection, key: &[u8]) -> Result<String, WireError> {
    let mut ask = |before: &[&str], after: &[&str], comparison| {
        let mut command: Vec<&[u8]> = before.iter().map(|word| word.as_bytes()).collect();
        command.push(key);
        command.extend(after.iter().map(|word| word.as_bytes()));
        Ok::<_, WireError>(normalise(&connection.call(&command)?.reply, comparison).show())
    };
    let kind = ask(&["TYPE"], &[], Comparison::Exact)?;
    let encoding = ask(&["OBJECT", "ENCODING"], &[], Comparison::Exact)?;
    let value = match kind.as_str() {
        "+string" => ask(&["GET"], &[], Comparison::Exact)?,
        "+list" => ask(&["LRANGE"], &["0", "-1"], Comparison::Exact)?,
        "+hash" => ask(&["HGETALL"], &[], Comparison::UnorderedPairs)?,
        "+set" => ask(&["SMEMBERS"], &[], Comparison::Unordered)?,
        "+zset" => ask(&["ZRANGE"], &["0", "-1", "WITHSCORES"], Comparison::Exact)?,
        _ => String::new(),
    };
    let expires = if ask(&["TTL"], &[], Comparison::Exact)? == ":-1" {
        "stays"
    } else {
        "expires"
    };
    Ok(format!("{kind} {encoding} {expires} {value}"))
}
