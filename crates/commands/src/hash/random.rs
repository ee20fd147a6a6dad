//! HRANDFIELD: fields chosen at random.

use resp::Reply;
use types::{Encoding, Hash};

use crate::argument::{self, is_word};
use crate::context::{Context, Random};
use crate::error::{CommandError, CommandResult};

/// `HRANDFIELD key [count [WITHVALUES]]`: a negative count may choose a field more than once
pub(super) fn hrandfield(context: &mut Context<'_, '_>) -> CommandResult {
    let Some(&count) = context.args.get(2) else {
        let hash = context.keys.read::<Hash>(context.args[1])?;
        let random = &mut *context.random;
        let chosen = hash.and_then(|hash| hash.random(&mut || random.next_u64()));
        context.reply.bulk_or_null(chosen.map(|(field, _)| field));
        return Ok(());
    };
    let (count, with_values) = parse(count, &context.args[3..])?;
    let hash = context.keys.read::<Hash>(context.args[1])?;
    let mut answer = Answer {
        reply: context.reply,
        with_values,
    };
    let random = &mut *context.random;
    match hash {
        None => answer.begin(0),
        Some(hash) if count < 0 => {
            let count = count.unsigned_abs() as usize;
            argument::check_repeats(count)?;
            repeat(hash, count, random, &mut answer);
        }
        Some(hash) if count as usize >= hash.len() => {
            answer.begin(hash.len());
            for pair in hash.iter() {
                answer.pair(pair);
            }
        }
        Some(hash) => {
            let chosen = hash.random_distinct(count as usize, &mut || random.next_u64());
            answer.begin(chosen.len());
            for pair in chosen {
                answer.pair(pair);
            }
        }
    }
    Ok(())
}

fn parse(count: &[u8], options: &[&[u8]]) -> Result<(i64, bool), CommandError> {
    let count = argument::sample_count(count)?;
    match options {
        [] => Ok((count, false)),
        [word] if is_word(word, "withvalues") => {
            // Twice as many answers must still be countable.
            if count.unsigned_abs() > i64::MAX as u64 / 2 {
                return Err(CommandError::OutOfRange);
            }
            Ok((count, true))
        }
        _ => Err(CommandError::Syntax),
    }
}

/// Chooses `count` times among all fields.
fn repeat(hash: &Hash, count: usize, random: &mut Random, answer: &mut Answer<'_>) {
    answer.begin(count);
    // A packed hash reaches a field by walking to it: walk once.
    let packed: Vec<_> = match hash.encoding() {
        Encoding::Listpack => hash.iter().collect(),
        _ => Vec::new(),
    };
    for _ in 0..count {
        if packed.is_empty() {
            if let Some(pair) = hash.random(&mut || random.next_u64()) {
                answer.pair(pair);
            }
        } else {
            answer.pair(packed[random.below(packed.len() as u64) as usize]);
        }
    }
}

/// An answer of fields, or of fields with values: pairs in RESP3, one after the other in RESP2.
struct Answer<'r> {
    reply: &'r mut dyn Reply,
    with_values: bool,
}

impl Answer<'_> {
    fn begin(&mut self, count: usize) {
        let flat = self.with_values && !self.reply.protocol().is_resp3();
        self.reply.array(if flat { count * 2 } else { count });
    }

    fn pair(&mut self, (field, value): (&[u8], &[u8])) {
        if self.with_values && self.reply.protocol().is_resp3() {
            self.reply.array(2);
        }
        self.reply.bulk(field);
        if self.with_values {
            self.reply.bulk(value);
        }
    }
}
