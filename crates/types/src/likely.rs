//! Looking ahead in big collections: where an element most likely is, judged by the index alone.
//!
//! To find one element takes several steps through memory that is in no cache. Who knows of many searches to come takes
//! the same step of each before the next step of any, and so waits once for all of them.

use crate::Value;
use crate::table::Entry;

/// An element of a big collection that a search would most likely end at. Nothing of it has been read yet.
pub struct Likely<'a>(&'a dyn Entry);

impl<'a> Likely<'a> {
    pub(crate) fn new<E: Entry>(entry: &'a E) -> Likely<'a> {
        Likely(entry)
    }

    /// Reads of the element what a command would: its key's last byte and the head of what it owns. The result is of no
    /// use but to make sure that this is done.
    pub fn read(&self) -> usize {
        let end = self.0.key().last().copied().unwrap_or_default();
        usize::from(end) ^ self.0.heap_size()
    }
}

impl Value {
    /// The element that a command on this value is likely about, if the value is big. `words` are the first two words
    /// after the key, empty if there are none: a field, a member, or a score and a member.
    pub fn likely(&self, words: [&[u8]; 2]) -> Option<Likely<'_>> {
        match self {
            Self::String(_) | Self::List(_) => None,
            Self::Hash(hash) => hash.likely(words[0]),
            Self::Set(set) => set.likely(words[0]),
            Self::SortedSet(zset) => zset.likely(if words[1].is_empty() {
                words[0]
            } else {
                words[1]
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Hash, Limits, Set, SortedSet, Value};

    #[test]
    fn elements_of_big_collections_are_found_and_nothing_else() {
        let limits = Limits::default();
        let (mut hash, mut set, mut zset) = (Hash::new(), Set::new(), SortedSet::new());
        hash.set(b"small", b"", &limits);
        assert!(Value::from(hash.clone()).likely([b"small", b""]).is_none());
        for number in 0..2_000 {
            let name = format!("an element with the number {number}").into_bytes();
            hash.set(&name, b"value", &limits);
            set.add(&name, &limits);
            zset.insert(&name, 1.0, &limits);
        }
        let (hash, set, zset) = (Value::from(hash), Value::from(set), Value::from(zset));
        let name: &[u8] = b"an element with the number 77";
        for (value, words) in [
            (&hash, [name, b"value"]),
            (&set, [name, b""]),
            (&zset, [b"1", name]),
            (&zset, [name, b""]),
        ] {
            let likely = value.likely(words).expect("it is there");
            assert_eq!(likely.0.key(), name);
            let _ = likely.read();
        }
        assert!(Value::from(Set::new()).likely([name, b""]).is_none());
    }
}
