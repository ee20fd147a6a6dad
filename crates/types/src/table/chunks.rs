//! A growable array in chunks: it never copies more than one chunk and wastes at most one.

/// Elements in a full chunk.
const CHUNK: usize = 1024;

/// An array of `T`. The first chunk grows as a vector does, so that a small array stays small.
#[derive(Clone, Debug)]
pub(super) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Chunks<T> {
    pub fn new() -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn at(&self, position: usize) -> &T {
        &self.chunks[position / CHUNK][position % CHUNK]
    }

    #[inline]
    pub fn at_mut(&mut self, position: usize) -> &mut T {
        &mut self.chunks[position / CHUNK][position % CHUNK]
    }

    pub fn push(&mut self, element: T) {
        let last = self.len / CHUNK;
        if last == 0 {
            self.grow_first();
        } else if last == self.chunks.len() {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        self.chunks[last].push(element);
        self.len += 1;
    }

    /// Makes room in the first chunk: exactly what is needed for few elements, of which there may
    /// be millions of arrays, then half as much again.
    fn grow_first(&mut self) {
        if self.chunks.is_empty() {
            self.chunks.reserve_exact(1);
            self.chunks.push(Vec::new());
        }
        let first = &mut self.chunks[0];
        if first.len() == first.capacity() {
            let room = (1 + first.len() / 2).min(CHUNK - first.len());
            first.reserve_exact(room);
        }
    }

    /// Removes an element; the last takes its place.
    pub fn swap_remove(&mut self, position: usize) -> T {
        let chunk = (self.len - 1) / CHUNK;
        let mut last = self.chunks[chunk]
            .pop()
            .expect("the last chunk is never empty");
        self.len -= 1;
        if self.chunks[chunk].is_empty() {
            self.chunks.pop();
        } else if chunk == 0
            && self.chunks[0].capacity() > 16
            && self.len < self.chunks[0].capacity() / 4
        {
            self.chunks[0].shrink_to(self.len * 2);
        }
        if position < self.len {
            std::mem::swap(self.at_mut(position), &mut last);
        }
        last
    }

    pub fn iter(&self) -> Iter<'_, T> {
        self.range(0, self.len)
    }

    /// The elements at positions from `start` to below `end`.
    pub fn range(&self, start: usize, end: usize) -> Iter<'_, T> {
        Iter {
            chunks: self,
            start,
            end,
        }
    }

    /// Heap bytes of the chunks.
    pub fn heap_size(&self) -> usize {
        let elements = self.chunks.first().map_or(0, Vec::capacity)
            + self.chunks.len().saturating_sub(1) * CHUNK;
        elements * size_of::<T>() + self.chunks.capacity() * size_of::<Vec<T>>()
    }
}

/// The elements of an array in chunks.
#[derive(Debug)]
pub(crate) struct Iter<'a, T> {
    chunks: &'a Chunks<T>,
    start: usize,
    end: usize,
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self {
            chunks: self.chunks,
            start: self.start,
            end: self.end,
        }
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        if self.start == self.end {
            return None;
        }
        self.start += 1;
        Some(self.chunks.at(self.start - 1))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.start, Some(self.end - self.start))
    }
}

impl<T> DoubleEndedIterator for Iter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.start == self.end {
            return None;
        }
        self.end -= 1;
        Some(self.chunks.at(self.end))
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}
