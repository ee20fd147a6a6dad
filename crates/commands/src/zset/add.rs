//! Adding members and changing scores: ZADD and ZINCRBY.

use keyspace::Event;
use types::SortedSet;

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

const ZADD: Event = Event::sorted_set("zadd");
const ZINCR: Event = Event::sorted_set("zincr");

/// What ZADD was asked for before its pairs.
#[derive(Clone, Copy, Default)]
struct Options {
    only_new: bool,
    only_present: bool,
    only_greater: bool,
    only_less: bool,
    count_changed: bool,
    increment: bool,
}

impl Options {
    /// Reads the words up to the first that is no option; how many they are.
    fn parse(words: &[&[u8]]) -> (Options, usize) {
        let mut options = Options::default();
        for (count, word) in words.iter().enumerate() {
            let option = if is_word(word, "nx") {
                &mut options.only_new
            } else if is_word(word, "xx") {
                &mut options.only_present
            } else if is_word(word, "gt") {
                &mut options.only_greater
            } else if is_word(word, "lt") {
                &mut options.only_less
            } else if is_word(word, "ch") {
                &mut options.count_changed
            } else if is_word(word, "incr") {
                &mut options.increment
            } else {
                return (options, count);
            };
            *option = true;
        }
        (options, words.len())
    }

    fn check(self, pairs: usize) -> CommandResult {
        if self.only_new && self.only_present {
            return Err(CommandError::text(
                "ERR XX and NX options at the same time are not compatible",
            ));
        }
        let exclusive = [self.only_greater, self.only_less, self.only_new];
        if exclusive.into_iter().filter(|&option| option).count() > 1 {
            return Err(CommandError::text(
                "ERR GT, LT, and/or NX options at the same time are not compatible",
            ));
        }
        if self.increment && pairs > 1 {
            return Err(CommandError::text(
                "ERR INCR option supports a single increment-element pair",
            ));
        }
        Ok(())
    }

    /// Whether a pair is set whatever is there.
    fn unconditional(self) -> bool {
        !(self.only_new || self.only_present || self.only_greater || self.only_less)
    }

    /// The score a member gets, if it gets one.
    fn score(self, old: Option<f64>, given: f64) -> Result<Option<f64>, CommandError> {
        let Some(old) = old else {
            return Ok((!self.only_present).then_some(given));
        };
        let new = if self.increment { old + given } else { given };
        if self.only_new {
            return Ok(None);
        }
        if new.is_nan() {
            return Err(CommandError::text(
                "ERR resulting score is not a number (NaN)",
            ));
        }
        let refused = (self.only_greater && new <= old) || (self.only_less && new >= old);
        Ok((!refused).then_some(new))
    }
}

/// `ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member …]`
pub(super) fn zadd(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let (options, count) = Options::parse(&args[2..]);
    let pairs = &args[2 + count..];
    if pairs.is_empty() || !pairs.len().is_multiple_of(2) {
        return Err(CommandError::Syntax);
    }
    options.check(pairs.len() / 2)?;
    if options.increment {
        return increment(context, pairs[0], pairs[1], options);
    }
    let scores = pairs.chunks_exact(2).map(|pair| argument::float(pair[0]));
    let scores: smallvec::SmallVec<[f64; 8]> = scores.collect::<Result<_, _>>()?;
    let members = pairs.chunks_exact(2).map(|pair| pair[1]);

    let limits = &context.settings.limits;
    let mut edit = context.keys.edit_or_create(args[1], SortedSet::new)?;
    let mut set = edit.value_mut();
    let (mut added, mut updated) = (0, 0);
    for (member, score) in members.zip(scores) {
        if !options.unconditional() && options.score(set.score(member), score)?.is_none() {
            continue;
        }
        match set.insert(member, score, limits) {
            None => added += 1,
            Some(old) if old != score => updated += 1,
            Some(_) => {}
        }
    }
    match added + updated {
        0 => edit.unchanged(),
        changes => edit.commit_many(ZADD, changes),
    }
    let answer = if options.count_changed {
        added + updated
    } else {
        added
    };
    context.reply.integer(answer as i64);
    Ok(())
}

/// `ZINCRBY key increment member`
pub(super) fn zincrby(context: &mut Context<'_, '_>) -> CommandResult {
    let options = Options {
        increment: true,
        ..Options::default()
    };
    let args = context.args;
    increment(context, args[2], args[3], options)
}

fn increment(
    context: &mut Context<'_, '_>,
    by: &[u8],
    member: &[u8],
    options: Options,
) -> CommandResult {
    let by = argument::float(by)?;
    let limits = &context.settings.limits;
    let mut edit = context
        .keys
        .edit_or_create(context.args[1], SortedSet::new)?;
    let old = edit.score(member);
    let new = options.score(old, by)?;
    match new {
        Some(score) if old != Some(score) => {
            edit.value_mut().insert(member, score, limits);
            edit.commit(ZINCR);
        }
        _ => edit.unchanged(),
    }
    match new {
        Some(score) => context.reply.double(score),
        None => context.reply.null(),
    }
    Ok(())
}
