//! Ranges of members by rank, score or bytes: ZRANGE, the commands it replaced, and ZRANGESTORE.

use std::ops::Range;

use keyspace::Event;
use types::SortedSet;
use types::zset::{LexRange, ScoreRange};

use super::{bounds, members_reply, store};
use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

const ZRANGESTORE: Event = Event::sorted_set("zrangestore");

/// What selects the members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// The words a command takes, and what it means without them.
#[derive(Clone, Copy)]
struct Grammar {
    /// `None`: BYSCORE and BYLEX are words of the command.
    by: Option<By>,
    /// `None`: REV is a word of the command.
    reverse: Option<bool>,
    with_scores: bool,
}

/// The two ends of a range, lower end first.
#[derive(Clone, Copy)]
pub(super) enum Selection<'a> {
    /// Inclusive ranks, negative ones from the end, in the direction of the command.
    Ranks(i64, i64),
    Scores(ScoreRange),
    Lex(LexRange<'a>),
}

impl<'a> Selection<'a> {
    /// # Errors
    /// That the ends are no integers.
    pub(super) fn ranks(start: &[u8], stop: &[u8]) -> Result<Selection<'a>, CommandError> {
        let (start, stop) = (argument::integer(start)?, argument::integer(stop)?);
        Ok(Selection::Ranks(start, stop))
    }

    /// The ranks, counted from the lowest score, of the members selected.
    pub(super) fn of(&self, set: &SortedSet, reverse: bool) -> Range<usize> {
        match self {
            Selection::Ranks(start, stop) => {
                let ranks = argument::index_range(*start, *stop, set.len());
                if reverse {
                    set.len() - ranks.end..set.len() - ranks.start
                } else {
                    ranks
                }
            }
            Selection::Scores(range) => set.score_range(range),
            Selection::Lex(range) => set.lex_range(range),
        }
    }
}

/// A whole question: what to select, in which direction, and how much of it.
struct Query<'a> {
    selection: Selection<'a>,
    reverse: bool,
    offset: i64,
    /// Negative: all.
    count: i64,
    with_scores: bool,
}

impl<'a> Query<'a> {
    fn parse(
        ends: [&'a [u8]; 2],
        words: &[&[u8]],
        grammar: Grammar,
    ) -> Result<Query<'a>, CommandError> {
        let (mut by, mut reverse) = (grammar.by, grammar.reverse);
        let (mut with_scores, mut offset, mut count) = (false, 0, -1);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if grammar.with_scores && is_word(word, "withscores") {
                with_scores = true;
            } else if is_word(word, "limit") && words.len() >= 2 {
                let mut next = || words.next().map_or(Ok(0), |word| argument::integer(word));
                (offset, count) = (next()?, next()?);
            } else if reverse.is_none() && is_word(word, "rev") {
                reverse = Some(true);
            } else if by.is_none() && is_word(word, "byscore") {
                by = Some(By::Score);
            } else if by.is_none() && is_word(word, "bylex") {
                by = Some(By::Lex);
            } else {
                return Err(CommandError::Syntax);
            }
        }
        let (by, reverse) = (by.unwrap_or(By::Rank), reverse.unwrap_or(false));
        if count != -1 && by == By::Rank {
            return Err(CommandError::text(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if with_scores && by == By::Lex {
            return Err(CommandError::text(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let [first, second] = ends;
        let (min, max) = if reverse {
            (second, first)
        } else {
            (first, second)
        };
        let selection = match by {
            By::Rank => Selection::ranks(first, second)?,
            By::Score => Selection::Scores(bounds::score_range(min, max)?),
            By::Lex => Selection::Lex(bounds::lex_range(min, max)?),
        };
        Ok(Query {
            selection,
            reverse,
            offset,
            count,
            with_scores,
        })
    }

    /// The ranks, counted from the lowest score, of the members to answer.
    fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let Range { start, end } = self.selection.of(set, self.reverse);
        if matches!(self.selection, Selection::Ranks(..)) {
            return start..end;
        }
        let Ok(offset) = usize::try_from(self.offset) else {
            return 0..0;
        };
        let skipped = offset.min(end - start);
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        let count = count.min(end - start - skipped);
        if self.reverse {
            end - skipped - count..end - skipped
        } else {
            start + skipped..start + skipped + count
        }
    }
}

/// `ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`
pub(super) fn zrange(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, None, None)
}

/// `ZREVRANGE key start stop [WITHSCORES]`
pub(super) fn zrevrange(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, Some(By::Rank), Some(true))
}

/// `ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]`
pub(super) fn zrangebyscore(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, Some(By::Score), Some(false))
}

/// `ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]`
pub(super) fn zrevrangebyscore(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, Some(By::Score), Some(true))
}

/// `ZRANGEBYLEX key min max [LIMIT offset count]`
pub(super) fn zrangebylex(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, Some(By::Lex), Some(false))
}

/// `ZREVRANGEBYLEX key max min [LIMIT offset count]`
pub(super) fn zrevrangebylex(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, Some(By::Lex), Some(true))
}

fn answer(context: &mut Context<'_, '_>, by: Option<By>, reverse: Option<bool>) -> CommandResult {
    let grammar = Grammar {
        by,
        reverse,
        with_scores: true,
    };
    let args = context.args;
    let query = Query::parse([args[2], args[3]], &args[4..], grammar)?;
    let Some(set) = context.keys.read::<SortedSet>(args[1])? else {
        context.reply.array(0);
        return Ok(());
    };
    let members = set.range(query.ranks(set));
    if query.reverse {
        members_reply(context.reply, members.rev(), query.with_scores);
    } else {
        members_reply(context.reply, members, query.with_scores);
    }
    Ok(())
}

/// `ZRANGESTORE destination source start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count]`
pub(super) fn zrangestore(context: &mut Context<'_, '_>) -> CommandResult {
    let grammar = Grammar {
        by: None,
        reverse: None,
        with_scores: false,
    };
    let args = context.args;
    let query = Query::parse([args[3], args[4]], &args[5..], grammar)?;
    let limits = &context.settings.limits;
    let mut result = SortedSet::new();
    if let Some(set) = context.keys.read::<SortedSet>(args[2])? {
        for (member, score) in set.range(query.ranks(set)) {
            result.insert(member, score, limits);
        }
    }
    store(context, args[1], result, ZRANGESTORE);
    Ok(())
}
