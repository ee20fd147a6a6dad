//! LCS: the longest common subsequence of two strings, by the textbook table (Wagner and Fischer).

use keyspace::Unit;
use types::StringValue;

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// What LCS is to answer.
enum Answer {
    Text,
    Length,
    Matches { min_length: i64, with_length: bool },
}

/// A run of bytes both strings share, by its first index in each.
struct Match {
    first: usize,
    second: usize,
    length: usize,
}

/// `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min] [WITHMATCHLEN]`
pub(super) fn lcs(context: &mut Context<'_, '_>) -> CommandResult {
    let (first_key, second_key) = (context.args[1], context.args[2]);
    // Both look-ups count before either is judged.
    context.keys.get(first_key);
    context.keys.get(second_key);
    let first = content(context.keys, first_key)?;
    let second = content(context.keys, second_key)?;
    let answer = answer(&context.args[3..])?;
    check_size(first.len(), second.len(), context.settings.string_bytes_max)?;

    let table = Table::of(&first, &second);
    match answer {
        Answer::Length => context.reply.integer(table.length() as i64),
        Answer::Text => {
            let mut text = Vec::with_capacity(table.length());
            for run in table.matches(&first, &second) {
                text.extend(first[run.first..run.first + run.length].iter().rev());
            }
            text.reverse();
            context.reply.bulk(&text);
        }
        Answer::Matches {
            min_length,
            with_length,
        } => {
            let mut matches = table.matches(&first, &second);
            matches.retain(|run| run.length as i64 >= min_length);
            context.reply.map(2);
            context.reply.bulk(b"matches");
            context.reply.array(matches.len());
            for run in matches {
                context.reply.array(if with_length { 3 } else { 2 });
                for start in [run.first, run.second] {
                    context.reply.array(2);
                    context.reply.integer(start as i64);
                    context.reply.integer((start + run.length - 1) as i64);
                }
                if with_length {
                    context.reply.integer(run.length as i64);
                }
            }
            context.reply.bulk(b"len");
            context.reply.integer(table.length() as i64);
        }
    }
    Ok(())
}

fn content(keys: &Unit<'_>, key: &[u8]) -> Result<Vec<u8>, CommandError> {
    match keys.peek_as::<StringValue>(key) {
        Ok(Some(value)) => Ok(value.text().to_vec()),
        Ok(None) => Ok(Vec::new()),
        Err(_) => Err(CommandError::text(
            "ERR The specified keys must contain string values",
        )),
    }
}

fn answer(words: &[&[u8]]) -> Result<Answer, CommandError> {
    let (mut length, mut matches, mut with_length, mut min_length) = (false, false, false, 0);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if is_word(word, "idx") {
            matches = true;
        } else if is_word(word, "len") {
            length = true;
        } else if is_word(word, "withmatchlen") {
            with_length = true;
        } else if is_word(word, "minmatchlen") {
            let least = words.next().ok_or(CommandError::Syntax)?;
            min_length = argument::integer(least)?;
        } else {
            return Err(CommandError::Syntax);
        }
    }
    match (length, matches) {
        (true, true) => Err(CommandError::text(
            "ERR If you want both the length and indexes, please just use IDX.",
        )),
        (true, false) => Ok(Answer::Length),
        (false, true) => Ok(Answer::Matches {
            min_length,
            with_length,
        }),
        (false, false) => Ok(Answer::Text),
    }
}

/// The table takes four bytes for each pair of positions.
fn check_size(first: usize, second: usize, limit: u64) -> Result<(), CommandError> {
    if first.max(second) >= u32::MAX as usize - 1 {
        return Err(CommandError::text("ERR String too long for LCS"));
    }
    let bytes = (first as u128 + 1) * (second as u128 + 1) * 4;
    if bytes > u128::from(limit) {
        return Err(CommandError::text(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    Ok(())
}

/// Lengths of the longest common subsequence of every pair of prefixes.
struct Table {
    lengths: Vec<u32>,
    width: usize,
}

impl Table {
    fn of(first: &[u8], second: &[u8]) -> Table {
        let width = second.len() + 1;
        let mut lengths = vec![0u32; (first.len() + 1) * width];
        for (row, &byte) in first.iter().enumerate() {
            let (above, current) = lengths[row * width..].split_at_mut(width);
            for (column, &other) in second.iter().enumerate() {
                current[column + 1] = if byte == other {
                    above[column] + 1
                } else {
                    above[column + 1].max(current[column])
                };
            }
        }
        Table { lengths, width }
    }

    fn length(&self) -> usize {
        *self.lengths.last().expect("the empty prefixes are there") as usize
    }

    /// The runs of one longest common subsequence, from the strings' ends to their starts.
    fn matches(&self, first: &[u8], second: &[u8]) -> Vec<Match> {
        let mut matches: Vec<Match> = Vec::new();
        let (mut row, mut column) = (first.len(), second.len());
        let mut in_run = false;
        while row > 0 && column > 0 {
            if first[row - 1] == second[column - 1] {
                row -= 1;
                column -= 1;
                match matches.last_mut() {
                    Some(run) if in_run => {
                        run.first = row;
                        run.second = column;
                        run.length += 1;
                    }
                    _ => matches.push(Match {
                        first: row,
                        second: column,
                        length: 1,
                    }),
                }
                in_run = true;
            } else {
                let above = self.lengths[(row - 1) * self.width + column];
                let left = self.lengths[row * self.width + column - 1];
                if above > left {
                    row -= 1;
                } else {
                    column -= 1;
                }
                in_run = false;
            }
        }
        matches
    }
}
