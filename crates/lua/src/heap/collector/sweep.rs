//! Sweeping: freeing what has no mark, arena after arena.

use super::super::Heap;
use super::super::arena::{Arena, Object};
use super::{Phase, Roots};

/// How far the sweep has come. Strings keep their own account.
#[derive(Clone, Copy, Default)]
pub(super) struct Sweep {
    /// Number of the arena.
    arena: usize,
    /// The next slot in it, a multiple of 64.
    next: usize,
    /// How far to go in each: where its end was when marking ended.
    limits: [usize; ARENAS],
}

/// Strings, tables, closures, upvalues, natives, userdata, threads, prototypes.
const ARENAS: usize = 8;
const PROTOS: usize = 7;

impl Sweep {
    /// Whether it has yet to look at the prototype of this number.
    pub(super) fn is_to_meet_proto(&self, number: usize) -> bool {
        number < self.limits[PROTOS]
            && (self.arena < PROTOS || (self.arena == PROTOS && number >= self.next))
    }

    pub(super) fn limit_protos(&mut self, first: usize) {
        self.limits[PROTOS] = self.limits[PROTOS].min(first);
    }
}

impl Heap {
    pub(super) fn begin_sweep(&mut self, protos: usize) {
        self.end_marking();
        self.collector.phase = Phase::Sweep;
        self.strings.arena.begin_sweep();
        self.strings.unswept = 0..self.strings.arena.len() as u32;
        self.tables.begin_sweep();
        self.closures.begin_sweep();
        self.upvalues.begin_sweep();
        self.natives.begin_sweep();
        self.userdata.begin_sweep();
        self.threads.begin_sweep();
        self.collector.protos.cover(protos);
        self.collector.sweep = Sweep {
            arena: 0,
            next: 0,
            limits: [
                self.strings.arena.len(),
                self.tables.len(),
                self.closures.len(),
                self.upvalues.len(),
                self.natives.len(),
                self.userdata.len(),
                self.threads.len(),
                protos,
            ],
        };
    }

    /// Does up to `left` units of the sweep. True if it is over now.
    pub(super) fn sweep_in_part(&mut self, roots: &mut Roots<'_>, left: &mut usize) -> bool {
        while *left > 0 {
            let Sweep {
                arena,
                next,
                limits,
            } = self.collector.sweep;
            let Some(&limit) = limits.get(arena) else {
                return true;
            };
            let (next, freed) = match arena {
                0 => self.strings.sweep(left),
                1 => sweep_arena(&mut self.tables, next, limit, left),
                2 => sweep_arena(&mut self.closures, next, limit, left),
                3 => sweep_arena(&mut self.upvalues, next, limit, left),
                4 => sweep_arena(&mut self.natives, next, limit, left),
                5 => sweep_arena(&mut self.userdata, next, limit, left),
                6 => sweep_arena(&mut self.threads, next, limit, left),
                _ => self.sweep_protos(roots, next, limit, left),
            };
            self.subtract_bytes(freed);
            let reached = &mut self.collector.pace.reached_bytes;
            *reached = reached.saturating_sub(freed);
            let sweep = &mut self.collector.sweep;
            if next == usize::MAX {
                (sweep.arena, sweep.next) = (arena + 1, 0);
            } else {
                sweep.next = next;
            }
        }
        self.collector.sweep.arena >= ARENAS
    }

    /// Unloads the prototypes without a mark. The bytes of those whose code may still be entered count until it is forgotten, too.
    fn sweep_protos(
        &mut self,
        roots: &mut Roots<'_>,
        from: usize,
        limit: usize,
        left: &mut usize,
    ) -> (usize, usize) {
        let limit = limit.min(roots.loaded.len());
        let mut first = from;
        let mut freed = 0;
        while first < limit && *left > 0 {
            let marks = self.collector.protos.take_word(first);
            let end = (first + 64).min(limit);
            for index in first..end {
                if marks & (1 << (index % 64)) == 0
                    && let Some(unused) = roots.loaded[index].take()
                {
                    let bytes = roots.unloaded.note(index, unused.bytes);
                    freed += bytes;
                    // What will be free in a moment is nothing that this collection has left over.
                    let reached = &mut self.collector.pace.reached_bytes;
                    *reached = reached.saturating_sub(unused.bytes - bytes);
                }
            }
            *left = left.saturating_sub(64);
            first = end;
        }
        (if first < limit { first } else { usize::MAX }, freed)
    }

    /// Makes the sweep under way, if there is one, stop at the young objects, which are about to be dropped.
    pub(in super::super) fn sweep_old_only(&mut self) {
        if self.collector.phase != Phase::Sweep {
            return;
        }
        let limits = &mut self.collector.sweep.limits;
        let young = [
            self.strings.arena.young_from,
            self.tables.young_from,
            self.closures.young_from,
            self.upvalues.young_from,
            self.natives.young_from,
            self.userdata.young_from,
            self.threads.young_from,
        ];
        for (limit, first) in limits.iter_mut().zip(young) {
            *limit = (*limit).min(first as usize);
        }
    }
}

fn sweep_arena<T: Object>(
    arena: &mut Arena<T>,
    from: usize,
    limit: usize,
    left: &mut usize,
) -> (usize, usize) {
    let mut freed = 0;
    let next = arena.sweep(from, limit, left, |items, index| {
        freed += items[index].size();
        items[index].vacate();
    });
    let is_whole = next >= limit.min(arena.len());
    (if is_whole { usize::MAX } else { next }, freed)
}
