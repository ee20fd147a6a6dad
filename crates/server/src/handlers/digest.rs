//! DEBUG DIGEST and DEBUG DIGEST-VALUE: fingerprints for tests that compare data sets.
//!
//! Equal contents give equal digests, whatever their encodings and wherever they are; the digests are not those of
//! redis-server. Elements without an order are added up by XOR, each hashed on its own, so that they may come in any
//! order.

use sha1::{Digest as _, Sha1};
use types::Value;

use crate::road::run::Call;

const DIGEST_BYTES: usize = 20;

type Digest = [u8; DIGEST_BYTES];

/// A hash of parts, each marked by its length so that parts cannot run into each other.
fn hash(parts: &[&[u8]]) -> Digest {
    let mut sha1 = Sha1::new();
    for part in parts {
        sha1.update((part.len() as u64).to_le_bytes());
        sha1.update(part);
    }
    sha1.finalize().into()
}

fn add(sum: &mut Digest, more: &Digest) {
    for (byte, more) in sum.iter_mut().zip(more) {
        *byte ^= more;
    }
}

/// The digest of a key's value and expiry.
fn value_digest(value: &Value, expiry: Option<i64>) -> Digest {
    let mut elements = [0; DIGEST_BYTES];
    match value {
        Value::String(string) => elements = hash(&[string.as_bytes(&mut [0; 20])]),
        Value::List(list) => {
            for element in list.iter() {
                // Each step hashes the steps before, which keeps the order.
                elements = hash(&[&elements, element]);
            }
        }
        Value::Set(set) => {
            for member in set.iter() {
                add(&mut elements, &hash(&[&member]));
            }
        }
        Value::SortedSet(zset) => {
            for (member, score) in zset.iter() {
                add(&mut elements, &hash(&[member, &score.to_le_bytes()]));
            }
        }
        Value::Hash(fields) => {
            for (field, value) in fields.iter() {
                add(&mut elements, &hash(&[field, value]));
            }
        }
    }
    let expires: &[u8] = if expiry.is_some() { b"!expire!" } else { b"" };
    hash(&[value.type_name().as_bytes(), &elements, expires])
}

fn show(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// DEBUG DIGEST: one digest of all databases; zeros if they are empty.
pub(super) fn data_set(call: &mut Call<'_>) {
    let selected = call.unit.database();
    let mut sum = [0; DIGEST_BYTES];
    for database in 0..call.unit.keyspace().database_count() {
        call.unit.select(database);
        call.unit.for_each(|key, value, expiry| {
            let digest = value_digest(value, expiry);
            let number = (database as u64).to_le_bytes();
            add(&mut sum, &hash(&[&number, key, &digest]));
        });
    }
    call.unit.select(selected);
    call.reply.status(&show(&sum));
}

/// DEBUG DIGEST-VALUE: a digest of each key's value; zeros for a key that is not there.
pub(super) fn values(call: &mut Call<'_>) {
    let keys = &call.args[2..];
    call.reply.array(keys.len());
    for key in keys {
        let expiry = call.unit.expiry(key).flatten();
        let digest = match call.unit.peek(key) {
            Some(value) => value_digest(value, expiry),
            None => [0; DIGEST_BYTES],
        };
        call.reply.status(&show(&digest));
    }
}
