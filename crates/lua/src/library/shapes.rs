//! Objects with the same keys in the same order.
//!
//! Decoded documents are full of them. Where 5.1 puts a key in a table depends on the keys before it alone, so what
//! the first two such objects came to can be copied for all others: no growing, no hashing.

use crate::heap::Heap;
use crate::table::Table;
use crate::value::{StringHandle, TableHandle, Value};

/// How many shapes are kept.
const KEPT: usize = 8;
/// Most keys of an object whose shape is kept.
const MOST_KEYS: usize = 64;

/// Keys and where they are.
struct Shape {
    keys: Box<[StringHandle]>,
    positions: Box<[u32]>,
    layout: Table,
}

/// The shapes met while decoding one document.
#[derive(Default)]
pub(super) struct Shapes {
    shapes: [Option<Box<Shape>>; KEPT],
    /// A digest of the keys last met in each place: a shape is worth keeping the second time.
    met: [u64; KEPT],
    /// The place of the last shape per depth of nesting, to guess keys from.
    guesses: Vec<u8>,
}

impl Shapes {
    /// The key that number `index` of an object at `depth` probably is.
    #[inline]
    pub(super) fn guess(&self, depth: usize, index: usize) -> Option<StringHandle> {
        let place = *self.guesses.get(depth)?;
        self.shapes[usize::from(place)]
            .as_ref()?
            .keys
            .get(index)
            .copied()
    }

    /// Makes a table by storing the values, none of them nil, under the keys one by one.
    pub(super) fn build(
        &mut self,
        heap: &mut Heap,
        depth: usize,
        keys: &[StringHandle],
        values: &[Value],
    ) -> TableHandle {
        let (Some(first), Some(last)) = (keys.first(), keys.last()) else {
            return heap.new_table(0, 0);
        };
        let place = (first.hash() as usize ^ keys.len()) % KEPT;
        if let Some(shape) = &self.shapes[place]
            && *shape.keys == *keys
        {
            if depth < MOST_KEYS {
                if self.guesses.len() <= depth {
                    self.guesses.resize(depth + 1, 0);
                }
                self.guesses[depth] = place as u8;
            }
            return heap.new_table_like(&shape.layout, &shape.positions, values);
        }
        let table = heap.new_table(0, 0);
        for (&key, &value) in keys.iter().zip(values) {
            heap.raw_set_string(table, key, value);
        }
        let digest = u64::from(first.hash()) << 32 | u64::from(last.hash() ^ keys.len() as u32);
        if keys.len() <= MOST_KEYS {
            if self.met[place] == digest {
                self.keep(heap, place, table, keys);
            }
            self.met[place] = digest;
        }
        table
    }

    #[cold]
    fn keep(&mut self, heap: &Heap, place: usize, table: TableHandle, keys: &[StringHandle]) {
        if let Some((positions, layout)) = heap.layout(table, keys) {
            self.shapes[place] = Some(Box::new(Shape {
                keys: keys.into(),
                positions,
                layout,
            }));
        }
    }
}
