//! What the libraries of a VM remember from one call to the next.

use super::cjson::Settings;
use super::math::Random;
use crate::pattern::{Pattern, Search};
use crate::value::NativeHandle;
use std::sync::Arc;

/// How many compiled patterns are kept.
const PATTERN_SLOTS: usize = 64;
/// Longest source of a pattern that is kept.
const LONGEST_KEPT_PATTERN: usize = 256;

/// A compiled pattern with what it was compiled from.
struct KeptPattern {
    source: Box<[u8]>,
    anchors: bool,
    pattern: Arc<Pattern>,
}

/// The libraries' state: settings that scripts can change, the random sequence and what is kept to be used again.
pub struct LibraryState {
    /// `math.random`'s sequence, until `math.randomseed` is called.
    pub random: Random,
    /// The sequence that `math.randomseed` has started. It belongs to whoever runs: others neither share nor foresee it.
    pub(super) seeded: Option<Random>,
    /// What the configuration functions of `cjson` set.
    pub cjson: Settings,
    patterns: Vec<Option<KeptPattern>>,
    pub(super) search: Option<Box<Search>>,
    /// The iterator of `gmatch` that was used last, and its pattern.
    pub(super) last_iterator: Option<(NativeHandle, Arc<Pattern>)>,
    pub(super) buffer: Vec<u8>,
}

impl Default for LibraryState {
    fn default() -> LibraryState {
        LibraryState {
            random: Random::default(),
            seeded: None,
            cjson: Settings::default(),
            patterns: (0..PATTERN_SLOTS).map(|_| None).collect(),
            search: None,
            last_iterator: None,
            buffer: Vec::new(),
        }
    }
}

impl LibraryState {
    /// Forgets what a run has set: the next one finds the libraries as they were at first.
    pub fn forget_settings(&mut self) {
        self.seeded = None;
        self.cjson = Settings::default();
    }

    /// The compiled form of the pattern `source`, whose string hash is `hash`, if it is kept.
    #[inline]
    pub(super) fn known_pattern(
        &self,
        source: &[u8],
        hash: u32,
        anchors: bool,
    ) -> Option<Arc<Pattern>> {
        let kept = self.patterns[pattern_slot(hash, anchors)].as_ref()?;
        (kept.anchors == anchors && *kept.source == *source).then(|| Arc::clone(&kept.pattern))
    }

    /// The compiled form of a pattern that is kept, and a search for it.
    #[inline]
    pub(super) fn known_search(
        &mut self,
        source: &[u8],
        hash: u32,
        anchors: bool,
    ) -> Option<(&Pattern, &mut Search)> {
        let kept = self.patterns[pattern_slot(hash, anchors)].as_ref()?;
        if kept.anchors != anchors || *kept.source != *source {
            return None;
        }
        let search = self.search.get_or_insert_default();
        Some((&kept.pattern, search))
    }

    /// The pattern of an iterator that `gmatch` made, if it is the one used last, and a search for it.
    #[inline]
    pub(super) fn iterator_search(
        &mut self,
        iterator: NativeHandle,
    ) -> Option<(&Pattern, &mut Search)> {
        let (last, pattern) = self.last_iterator.as_ref()?;
        if *last != iterator {
            return None;
        }
        let search = self.search.get_or_insert_default();
        Some((pattern, search))
    }

    /// Compiles a pattern, and keeps it if it is of the usual size.
    pub(super) fn compile_pattern(
        &mut self,
        source: &[u8],
        hash: u32,
        anchors: bool,
    ) -> Arc<Pattern> {
        let pattern = Arc::new(Pattern::new(source, anchors));
        if source.len() <= LONGEST_KEPT_PATTERN && pattern.is_small() {
            self.patterns[pattern_slot(hash, anchors)] = Some(KeptPattern {
                source: source.into(),
                anchors,
                pattern: Arc::clone(&pattern),
            });
        }
        pattern
    }
}

fn pattern_slot(hash: u32, anchors: bool) -> usize {
    (hash as usize ^ usize::from(anchors)) % PATTERN_SLOTS
}
