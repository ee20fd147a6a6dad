//! Ranges of a sorted set: by score and by member.

/// One end of a score range. The ends `-inf` and `+inf` are inclusive infinities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScoreBound {
    /// The score itself belongs to the range: `5`.
    Inclusive(f64),
    /// The score itself does not belong to the range: `(5`.
    Exclusive(f64),
}

/// A range of scores, from the lower to the upper end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lower end.
    pub min: ScoreBound,
    /// The upper end.
    pub max: ScoreBound,
}

impl ScoreRange {
    /// Whether `score` lies below the range.
    pub fn is_below(&self, score: f64) -> bool {
        match self.min {
            ScoreBound::Inclusive(min) => score < min,
            ScoreBound::Exclusive(min) => score <= min,
        }
    }

    /// Whether `score` lies above the range.
    pub fn is_above(&self, score: f64) -> bool {
        match self.max {
            ScoreBound::Inclusive(max) => score > max,
            ScoreBound::Exclusive(max) => score >= max,
        }
    }
}

/// One end of a range of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Before every member: `-`.
    Min,
    /// Behind every member: `+`.
    Max,
    /// The member itself belongs to the range: `[m`.
    Inclusive(&'a [u8]),
    /// The member itself does not belong to the range: `(m`.
    Exclusive(&'a [u8]),
}

/// A range of members in byte order; it makes sense for sets whose members all have the same score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// The lower end.
    pub min: LexBound<'a>,
    /// The upper end.
    pub max: LexBound<'a>,
}

impl LexRange<'_> {
    /// Whether `member` lies below the range.
    pub fn is_below(&self, member: &[u8]) -> bool {
        match self.min {
            LexBound::Min => false,
            LexBound::Max => true,
            LexBound::Inclusive(min) => member < min,
            LexBound::Exclusive(min) => member <= min,
        }
    }

    /// Whether `member` lies above the range.
    pub fn is_above(&self, member: &[u8]) -> bool {
        match self.max {
            LexBound::Min => true,
            LexBound::Max => false,
            LexBound::Inclusive(max) => member > max,
            LexBound::Exclusive(max) => member >= max,
        }
    }
}
