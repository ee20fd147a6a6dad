//! SORT and SORT_RO: the elements of a list, set or sorted set in order, by themselves or by the values of other keys.
//!
//! `BY` and `GET` name keys by patterns, which no one can tell from the arguments: so these commands take every lock.

use std::cmp::Ordering;
use std::ops::Range;

use keyspace::{Event, Expiry, Unit};
use types::{Bytes, List, Value};

use crate::argument::{integer, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::keys::{InvalidKeys, KeyPosition, KeyPositions};
use crate::record::key_flag;

const NO_NUMBER: CommandError =
    CommandError::text("ERR One or more scores can't be converted into double");

/// What the arguments ask for.
#[derive(Default)]
struct Wish<'a> {
    /// The pattern of the keys whose values decide the order. Without `*` in it nothing is sorted.
    by: Option<&'a [u8]>,
    /// Patterns of what is returned for each element, instead of itself.
    get: Vec<&'a [u8]>,
    limit: Option<(i64, i64)>,
    descending: bool,
    alpha: bool,
    store: Option<&'a [u8]>,
}

fn read_wish<'a>(arguments: &[&'a [u8]], may_store: bool) -> Result<Wish<'a>, CommandError> {
    let mut wish = Wish::default();
    let mut rest = arguments;
    loop {
        rest = match rest {
            [] => return Ok(wish),
            [word, rest @ ..] if is_word(word, "asc") => {
                wish.descending = false;
                rest
            }
            [word, rest @ ..] if is_word(word, "desc") => {
                wish.descending = true;
                rest
            }
            [word, rest @ ..] if is_word(word, "alpha") => {
                wish.alpha = true;
                rest
            }
            [word, offset, count, rest @ ..] if is_word(word, "limit") => {
                wish.limit = Some((integer(offset)?, integer(count)?));
                rest
            }
            [word, pattern, rest @ ..] if is_word(word, "by") => {
                wish.by = Some(pattern);
                rest
            }
            [word, pattern, rest @ ..] if is_word(word, "get") => {
                wish.get.push(pattern);
                rest
            }
            [word, key, rest @ ..] if may_store && is_word(word, "store") => {
                wish.store = Some(key);
                rest
            }
            _ => return Err(CommandError::Syntax),
        };
    }
}

impl Wish<'_> {
    fn sorts(&self) -> bool {
        self.by.is_none_or(|pattern| pattern.contains(&b'*'))
    }

    /// Which of `length` elements in order are wanted.
    fn range(&self, length: usize) -> Range<usize> {
        let Some((offset, count)) = self.limit else {
            return 0..length;
        };
        let start = usize::try_from(offset.max(0)).map_or(length, |start| start.min(length));
        let end = match usize::try_from(count) {
            Ok(count) => start.saturating_add(count).min(length),
            Err(_) => length,
        };
        start..end
    }
}

/// `SORT key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC|DESC] [ALPHA] [STORE destination]`
pub(super) fn sort(context: &mut Context<'_, '_>) -> CommandResult {
    sort_key(context, true)
}

/// `SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC|DESC] [ALPHA]`
pub(super) fn sort_ro(context: &mut Context<'_, '_>) -> CommandResult {
    sort_key(context, false)
}

fn sort_key(context: &mut Context<'_, '_>, may_store: bool) -> CommandResult {
    let mut wish = read_wish(&context.args[2..], may_store)?;
    let (mut elements, is_set) = elements(context.keys, context.args[1], &wish)?;
    if wish.sorts() {
        order(context.keys, &mut elements, &wish)?;
    } else if is_set && (wish.store.is_some() || !context.may_block) {
        // What is kept, or what a script sees, does not depend on the chance order of a set.
        (wish.alpha, wish.by) = (true, None);
        order(context.keys, &mut elements, &wish)?;
    }
    let wanted = &elements[wish.range(elements.len())];
    let Some(destination) = wish.store else {
        context.reply.array(wanted.len() * wish.get.len().max(1));
        for element in wanted {
            if wish.get.is_empty() {
                context.reply.bulk(element);
            }
            for pattern in &wish.get {
                match follow(context.keys, pattern, element) {
                    Some(value) => context.reply.bulk(&value),
                    None => context.reply.null(),
                }
            }
        }
        return Ok(());
    };
    let limits = &context.settings.limits;
    let mut list = List::new();
    for element in wanted {
        if wish.get.is_empty() {
            list.push(types::list::End::Back, element, limits);
        }
        for pattern in &wish.get {
            let value = follow(context.keys, pattern, element).unwrap_or_default();
            list.push(types::list::End::Back, &value, limits);
        }
    }
    let length = list.len();
    if length == 0 {
        context.keys.remove(destination, Event::DEL);
    } else {
        let event = Event::list("sortstore");
        context
            .keys
            .set(destination, list.into(), Expiry::Clear, event);
        // Each element counts as a change; the key itself has counted as one.
        context.keys.changes.dirty += length as u64 - 1;
    }
    context.reply.integer(length as i64);
    Ok(())
}

/// The elements as they come, and whether they come from a set. Where nothing is sorted, DESC turns them around if
/// they have an order.
fn elements(
    keys: &mut Unit<'_>,
    key: &[u8],
    wish: &Wish<'_>,
) -> Result<(Vec<Bytes>, bool), CommandError> {
    let mut is_set = false;
    let mut elements: Vec<Bytes> = match keys.get(key) {
        None => Vec::new(),
        Some(Value::List(list)) => list.iter().map(Bytes::from).collect(),
        Some(Value::SortedSet(zset)) => {
            zset.iter().map(|(member, _)| Bytes::from(member)).collect()
        }
        Some(Value::Set(set)) => {
            is_set = true;
            set.iter().map(|member| Bytes::from(&*member)).collect()
        }
        Some(_) => return Err(CommandError::WrongType),
    };
    if !wish.sorts() && wish.descending && !is_set {
        elements.reverse();
    }
    Ok((elements, is_set))
}

/// Puts the elements in order.
fn order(keys: &mut Unit<'_>, elements: &mut [Bytes], wish: &Wish<'_>) -> Result<(), CommandError> {
    let direct = |ordering: Ordering| {
        if wish.descending {
            ordering.reverse()
        } else {
            ordering
        }
    };
    match (wish.alpha, wish.by) {
        (true, None) => elements.sort_by(|a, b| direct(a.as_ref().cmp(b.as_ref()))),
        (true, Some(pattern)) => sort_by_key(
            elements,
            |element| Ok(follow(keys, pattern, element)),
            |a, b| direct(a.0.cmp(b.0)),
        )?,
        (false, by) => sort_by_key(
            elements,
            |element| match by {
                None => number(element),
                Some(pattern) => match follow(keys, pattern, element) {
                    Some(weight) => number(&weight),
                    None => Ok(0.0),
                },
            },
            // Elements of equal weight are put in the order of their bytes, so that the result is always the same.
            |a, b| {
                direct(
                    a.0.total_cmp(b.0)
                        .then_with(|| a.1.as_ref().cmp(b.1.as_ref())),
                )
            },
        )?,
    }
    Ok(())
}

/// Sorts, looking up each element's weight once.
fn sort_by_key<W>(
    elements: &mut [Bytes],
    mut weigh: impl FnMut(&[u8]) -> Result<W, CommandError>,
    compare: impl Fn((&W, &Bytes), (&W, &Bytes)) -> Ordering,
) -> Result<(), CommandError> {
    let mut weighed = Vec::with_capacity(elements.len());
    for element in elements.iter_mut() {
        weighed.push((weigh(element)?, std::mem::take(element)));
    }
    weighed.sort_by(|a, b| compare((&a.0, &a.1), (&b.0, &b.1)));
    for (element, (_, sorted)) in elements.iter_mut().zip(weighed) {
        *element = sorted;
    }
    Ok(())
}

/// A weight: a number after optional blanks and up to a zero byte, as C reads it; nothing at all is 0.
fn number(text: &[u8]) -> Result<f64, CommandError> {
    let text = types::up_to_zero(text);
    if text.is_empty() {
        return Ok(0.0);
    }
    let value = types::number::parse_f64(text.trim_ascii_start()).ok_or(NO_NUMBER)?;
    // The two zeros are equal.
    Ok(value + 0.0)
}

/// What a pattern names for an element: itself for `#`, else the string or the hash field (`key->field`) that comes out
/// when `*` becomes the element.
fn follow(keys: &mut Unit<'_>, pattern: &[u8], element: &[u8]) -> Option<Bytes> {
    if pattern == b"#" {
        return Some(Bytes::from(element));
    }
    let star = pattern.iter().position(|&byte| byte == b'*')?;
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = after.windows(2).position(|bytes| bytes == b"->");
    // An arrow that names no field is part of the key.
    let (after, field) = match arrow.filter(|&arrow| arrow + 2 < after.len()) {
        Some(arrow) => (&after[..arrow], Some(&after[arrow + 2..])),
        None => (after, None),
    };
    let key = [before, element, after].concat();
    match (keys.get(&key)?, field) {
        (Value::Hash(hash), Some(field)) => hash.get(field).map(Bytes::from),
        (Value::String(string), None) => Some(Bytes::from(string.as_bytes(&mut [0; 20]))),
        _ => None,
    }
}

/// The key that is sorted, and the last one named by STORE.
pub(super) fn find_keys(args: &[&[u8]]) -> Result<KeyPositions, InvalidKeys> {
    let mut positions = KeyPositions::from_slice(&[KeyPosition {
        index: 1,
        flags: key_flag::RO | key_flag::ACCESS,
    }]);
    let mut index = 2;
    while index < args.len() {
        let word = args[index];
        if is_word(word, "limit") {
            index += 2;
        } else if is_word(word, "get") || is_word(word, "by") {
            index += 1;
        } else if is_word(word, "store") && index + 1 < args.len() {
            index += 1;
            positions.truncate(1);
            positions.push(KeyPosition {
                index,
                flags: key_flag::OW | key_flag::UPDATE,
            });
        }
        index += 1;
    }
    Ok(positions)
}

#[cfg(test)]
mod tests {
    use crate::testing::Kit;
    use crate::testing::transcript::replay_with;

    #[test]
    fn answers_as_recorded() {
        let mut kit = Kit::new();
        kit.may_block = true;
        replay_with("src/generic/sort.transcript", kit);
    }
}
