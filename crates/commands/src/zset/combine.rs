//! Union, intersection and difference of sorted sets and sets: ZUNION, ZINTER, ZDIFF, their STORE forms, ZINTERCARD.

use std::collections::HashMap;

use keyspace::{Event, Unit};
use smallvec::SmallVec;
use types::{Bytes, Limits, Set, SortedSet, Text, Value};

use super::{members_reply, store};
use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// How the scores of a member that several inputs have become one.
#[derive(Clone, Copy)]
enum Aggregation {
    Sum,
    Min,
    Max,
}

impl Aggregation {
    fn of_word(word: &[u8]) -> Option<Aggregation> {
        if is_word(word, "sum") {
            Some(Aggregation::Sum)
        } else if is_word(word, "min") {
            Some(Aggregation::Min)
        } else if is_word(word, "max") {
            Some(Aggregation::Max)
        } else {
            None
        }
    }

    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            Aggregation::Sum => not_nan(one + other),
            Aggregation::Min if other < one => other,
            Aggregation::Max if other > one => other,
            Aggregation::Min | Aggregation::Max => one,
        }
    }
}

/// The sum of both infinities, or an infinity with weight 0, counts as 0.
fn not_nan(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// What a command does with its inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// What one of these commands was asked for.
struct Query<'a> {
    keys: &'a [&'a [u8]],
    /// As many as keys, or none: then all are 1.
    weights: SmallVec<[f64; 4]>,
    aggregation: Aggregation,
    with_scores: bool,
    /// Where counting stops; 0: nowhere.
    limit: usize,
}

/// The options a command knows.
#[derive(Clone, Copy)]
struct Grammar {
    weights: bool,
    with_scores: bool,
    limit: bool,
}

impl<'a> Query<'a> {
    /// Reads the arguments from the number of keys, at index `at`, to the end. Looks the keys up in between: that one
    /// holds another type is said before options are judged.
    fn parse(
        context: &mut Context<'a, '_>,
        at: usize,
        grammar: Grammar,
        command: &str,
    ) -> Result<Query<'a>, CommandError> {
        let args = context.args;
        let key_count = argument::integer(args[at])?;
        let key_count = usize::try_from(key_count)
            .ok()
            .filter(|&count| count > 0)
            .ok_or_else(|| {
                CommandError::owned(format!(
                    "ERR at least 1 input key is needed for '{command}' command"
                ))
            })?;
        let rest = &args[at + 1..];
        let (keys, words) = rest
            .split_at_checked(key_count)
            .ok_or(CommandError::Syntax)?;
        for key in keys {
            match context.keys.get(key) {
                None | Some(Value::SortedSet(_) | Value::Set(_)) => {}
                Some(_) => return Err(CommandError::WrongType),
            }
        }
        let mut query = Query {
            keys,
            weights: SmallVec::new(),
            aggregation: Aggregation::Sum,
            with_scores: false,
            limit: 0,
        };
        query.parse_options(words, grammar)?;
        Ok(query)
    }

    fn parse_options(&mut self, mut words: &[&[u8]], grammar: Grammar) -> CommandResult {
        while let [word, rest @ ..] = words {
            words = rest;
            if grammar.weights && is_word(word, "weights") && rest.len() >= self.keys.len() {
                let (weights, rest) = rest.split_at(self.keys.len());
                let weights = weights.iter().map(|weight| argument::float(weight));
                self.weights = weights
                    .collect::<Result<_, _>>()
                    .map_err(|_| CommandError::text("ERR weight value is not a float"))?;
                words = rest;
            } else if grammar.weights && is_word(word, "aggregate") && !rest.is_empty() {
                self.aggregation = Aggregation::of_word(rest[0]).ok_or(CommandError::Syntax)?;
                words = &rest[1..];
            } else if grammar.with_scores && is_word(word, "withscores") {
                self.with_scores = true;
            } else if grammar.limit && is_word(word, "limit") && !rest.is_empty() {
                self.limit = argument::intersection_limit(rest[0])?;
                words = &rest[1..];
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(())
    }

    fn inputs<'u>(&self, keys: &'u Unit<'_>) -> Inputs<'u> {
        let mut weights = self.weights.iter();
        let inputs = self.keys.iter().map(|key| Input {
            members: match keys.peek(key) {
                Some(Value::SortedSet(set)) => Members::Sorted(set),
                Some(Value::Set(set)) => Members::Plain(set),
                _ => Members::None,
            },
            weight: weights.next().copied().unwrap_or(1.0),
        });
        inputs.collect()
    }

    fn result(&self, keys: &Unit<'_>, operation: Operation) -> Vec<(Bytes, f64)> {
        let mut inputs = self.inputs(keys);
        if operation != Operation::Difference {
            // Floating-point sums depend on the order; Redis's is from the smallest input to the largest.
            inputs.sort_by_key(|input| input.members.len());
        }
        let mut result = match operation {
            Operation::Union => union(&inputs, self.aggregation),
            Operation::Intersection => intersection(&inputs, self.aggregation),
            Operation::Difference => difference(&inputs),
        };
        result.sort_unstable_by(|(member, score), (other, other_score)| {
            score
                .partial_cmp(other_score)
                .filter(|order| order.is_ne())
                .unwrap_or_else(|| member.cmp(other))
        });
        result
    }
}

/// One of the keys' content.
#[derive(Clone, Copy)]
enum Members<'u> {
    None,
    /// A set's members all have the score 1.
    Plain(&'u Set),
    Sorted(&'u SortedSet),
}

impl Members<'_> {
    fn len(self) -> usize {
        match self {
            Members::None => 0,
            Members::Plain(set) => set.len(),
            Members::Sorted(set) => set.len(),
        }
    }

    fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            Members::None => None,
            Members::Plain(set) => set.contains(member).then_some(1.0),
            Members::Sorted(set) => set.score(member),
        }
    }

    /// Visits members and scores until told to stop.
    fn try_for_each(self, mut visit: impl FnMut(Text<'_>, f64) -> std::ops::ControlFlow<()>) {
        // Whether it was stopped is the visitor's affair.
        let _ = match self {
            Members::None => std::ops::ControlFlow::Continue(()),
            Members::Plain(set) => set.iter().try_for_each(|member| visit(member, 1.0)),
            Members::Sorted(set) => set
                .iter()
                .try_for_each(|(member, score)| visit(Text::from(member), score)),
        };
    }

    fn for_each(self, mut visit: impl FnMut(Text<'_>, f64)) {
        self.try_for_each(|member, score| {
            visit(member, score);
            std::ops::ControlFlow::Continue(())
        });
    }
}

struct Input<'u> {
    members: Members<'u>,
    weight: f64,
}

impl Input<'_> {
    fn weighted(&self, score: f64) -> f64 {
        not_nan(self.weight * score)
    }
}

type Inputs<'u> = SmallVec<[Input<'u>; 4]>;

fn union(inputs: &[Input<'_>], aggregation: Aggregation) -> Vec<(Bytes, f64)> {
    let largest = inputs.last().map_or(0, |input| input.members.len());
    let mut scores: HashMap<Bytes, f64> = HashMap::with_capacity(largest);
    for input in inputs {
        input.members.for_each(|member, score| {
            let score = input.weighted(score);
            match scores.get_mut(&*member) {
                Some(total) => *total = aggregation.of(*total, score),
                None => {
                    scores.insert(Bytes::from(&*member), score);
                }
            }
        });
    }
    scores.into_iter().collect()
}

fn intersection(inputs: &[Input<'_>], aggregation: Aggregation) -> Vec<(Bytes, f64)> {
    let mut result = Vec::new();
    let Some((first, others)) = inputs.split_first() else {
        return result;
    };
    first.members.for_each(|member, score| {
        let total = others
            .iter()
            .try_fold(first.weighted(score), |total, other| {
                let score = other.members.score(&member)?;
                // Only the first input's NaN is 0 at once: later ones lose every comparison, and make the sum 0.
                Some(aggregation.of(total, other.weight * score))
            });
        if let Some(total) = total {
            result.push((Bytes::from(&*member), total));
        }
    });
    result
}

fn difference(inputs: &[Input<'_>]) -> Vec<(Bytes, f64)> {
    let mut result = Vec::new();
    let Some((first, others)) = inputs.split_first() else {
        return result;
    };
    first.members.for_each(|member, score| {
        if others
            .iter()
            .all(|other| other.members.score(&member).is_none())
        {
            result.push((Bytes::from(&*member), score));
        }
    });
    result
}

/// `ZUNION numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]`
pub(super) fn zunion(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, Operation::Union, "zunion")
}

/// `ZINTER numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]`
pub(super) fn zinter(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, Operation::Intersection, "zinter")
}

/// `ZDIFF numkeys key [key …] [WITHSCORES]`
pub(super) fn zdiff(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, Operation::Difference, "zdiff")
}

fn answer(context: &mut Context<'_, '_>, operation: Operation, command: &str) -> CommandResult {
    let grammar = Grammar {
        weights: operation != Operation::Difference,
        with_scores: true,
        limit: false,
    };
    let query = Query::parse(context, 1, grammar, command)?;
    let result = query.result(context.keys, operation);
    let members = result.iter().map(|(member, score)| (&**member, *score));
    members_reply(context.reply, members, query.with_scores);
    Ok(())
}

/// `ZUNIONSTORE destination numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM | MIN | MAX]`
pub(super) fn zunionstore(context: &mut Context<'_, '_>) -> CommandResult {
    store_result(context, Operation::Union, "zunionstore")
}

/// `ZINTERSTORE destination numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM | MIN | MAX]`
pub(super) fn zinterstore(context: &mut Context<'_, '_>) -> CommandResult {
    store_result(context, Operation::Intersection, "zinterstore")
}

/// `ZDIFFSTORE destination numkeys key [key …]`
pub(super) fn zdiffstore(context: &mut Context<'_, '_>) -> CommandResult {
    store_result(context, Operation::Difference, "zdiffstore")
}

fn store_result(
    context: &mut Context<'_, '_>,
    operation: Operation,
    command: &'static str,
) -> CommandResult {
    let grammar = Grammar {
        weights: operation != Operation::Difference,
        with_scores: false,
        limit: false,
    };
    let query = Query::parse(context, 2, grammar, command)?;
    let members = query.result(context.keys, operation);
    let result = sorted_set(&members, &context.settings.limits);
    let key = context.args[1];
    store(context, key, result, Event::sorted_set(command));
    Ok(())
}

/// A result that will not stay a listpack never was one: that saves the conversion, and negative zeros.
fn sorted_set(members: &[(Bytes, f64)], limits: &Limits) -> SortedSet {
    let small = members.len() <= limits.zset_max_listpack_entries
        && members
            .iter()
            .all(|(member, _)| member.len() <= limits.zset_max_listpack_value);
    let mut limits = limits.clone();
    if !small {
        limits.zset_max_listpack_entries = 0;
    }
    let mut result = SortedSet::new();
    for (member, score) in members {
        result.insert(member, *score, &limits);
    }
    result
}

/// `ZINTERCARD numkeys key [key …] [LIMIT limit]`
pub(super) fn zintercard(context: &mut Context<'_, '_>) -> CommandResult {
    let grammar = Grammar {
        weights: false,
        with_scores: false,
        limit: true,
    };
    let query = Query::parse(context, 1, grammar, "zintercard")?;
    let mut inputs = query.inputs(context.keys);
    inputs.sort_by_key(|input| input.members.len());
    let mut count = 0;
    if let Some((first, others)) = inputs.split_first() {
        first.members.try_for_each(|member, _| {
            let common = others
                .iter()
                .all(|other| other.members.score(&member).is_some());
            count += usize::from(common);
            if common && count == query.limit {
                std::ops::ControlFlow::Break(())
            } else {
                std::ops::ControlFlow::Continue(())
            }
        });
    }
    context.reply.integer(count as i64);
    Ok(())
}
