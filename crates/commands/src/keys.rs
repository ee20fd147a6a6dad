//! From a command and its arguments to its keys, and from its keys to its locks.

use keyspace::LockPlan;
use smallvec::SmallVec;

use crate::record::{BeginSearch, Command, FindKeys, Group, KeySpec, Locks, key_flag};

/// A key among the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPosition {
    /// Index of the argument.
    pub index: usize,
    /// [`key_flag`] bits of its spec.
    pub flags: u32,
}

/// The arguments do not tell the keys: a count that is no number or too large, a missing keyword's argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKeys;

/// Positions of a command's keys; mostly one or two.
pub type KeyPositions = SmallVec<[KeyPosition; 4]>;

/// Where the keys of this call are.
///
/// # Errors
/// [`InvalidKeys`] if a count or keyword does not fit the arguments. The command itself will say what is wrong.
pub fn key_positions(command: &Command, args: &[&[u8]]) -> Result<KeyPositions, InvalidKeys> {
    if let Some(find) = command.key_finder {
        return find(args);
    }
    let mut positions = KeyPositions::new();
    // A script may have no keys; any other command that counts its keys needs some.
    let least = i64::from(command.group != Group::Scripting);
    for spec in command.keys {
        add_positions(spec, args, least, &mut positions)?;
    }
    Ok(positions)
}

/// The locks this call needs. Arguments that do not tell their keys get none: the handler refuses them before it
/// touches a key.
pub fn lock_plan(command: &Command, args: &[&[u8]]) -> LockPlan {
    match command.locks {
        Locks::All => LockPlan::All,
        Locks::None => LockPlan::None,
        Locks::Keys if command.keys.is_empty() && command.key_finder.is_none() => LockPlan::None,
        Locks::Keys => match only_key(command, args) {
            // The common case without a detour.
            Some(key) => LockPlan::for_keys([key]),
            None => match key_positions(command, args) {
                Ok(positions) => LockPlan::for_keys(positions.iter().map(|key| args[key.index])),
                Err(InvalidKeys) => LockPlan::None,
            },
        },
    }
}

/// The key of a command that always has exactly one and whose locks are those of its keys; `None` for all others.
#[inline]
pub fn only_key<'a>(command: &Command, args: &[&'a [u8]]) -> Option<&'a [u8]> {
    args.get(only_key_index(command)?).copied()
}

/// The index of the argument that is the key of such a command.
#[inline]
pub fn only_key_index(command: &Command) -> Option<usize> {
    match command.keys {
        [
            KeySpec {
                begin: BeginSearch::Index(index),
                find: FindKeys::Range { last: 0, .. },
                ..
            },
        ] if command.locks == Locks::Keys => Some(*index),
        _ => None,
    }
}

/// The index of the argument that is probably the first key of a command whose keys are counted: of a script or function.
#[inline]
pub fn first_counted_key_index(command: &Command) -> Option<usize> {
    match command.keys {
        [
            KeySpec {
                begin: BeginSearch::Index(index),
                find: FindKeys::Counted { count, first, .. },
                ..
            },
        ] => Some(index + (*count).max(*first)),
        _ => None,
    }
}

fn add_positions(
    spec: &KeySpec,
    args: &[&[u8]],
    least_count: i64,
    positions: &mut KeyPositions,
) -> Result<(), InvalidKeys> {
    if spec.flags & key_flag::NOT_KEY != 0 {
        return Ok(());
    }
    let first = match spec.begin {
        BeginSearch::Index(index) => index,
        BeginSearch::Keyword(keyword, from) => match keyword_index(args, keyword, from) {
            Some(index) => index + 1,
            None => return Ok(()),
        },
        BeginSearch::Unknown => return Ok(()),
    };
    let (first, last, step) = match spec.find {
        FindKeys::Range { last, step, limit } => {
            let end = args.len() as i64 - 1;
            let last = if last >= 0 {
                first as i64 + i64::from(last)
            } else if limit > 1 && last == -1 {
                first as i64 + (end + 1 - first as i64) / limit as i64 - 1
            } else {
                end + 1 + i64::from(last)
            };
            (first, last, step)
        }
        FindKeys::Counted {
            count,
            first: offset,
            step,
        } => {
            let count = args.get(first + count).copied().ok_or(InvalidKeys)?;
            let count = types::number::parse_i64(count).ok_or(InvalidKeys)?;
            let from = first + offset;
            let room = args.len().saturating_sub(from) as i64;
            if count < least_count || count > room {
                return Err(InvalidKeys);
            }
            (from, from as i64 + (count - 1) * step as i64, step)
        }
        FindKeys::Unknown => return Ok(()),
    };
    let mut index = first as i64;
    while index <= last {
        if index as usize >= args.len() {
            return Err(InvalidKeys);
        }
        positions.push(KeyPosition {
            index: index as usize,
            flags: spec.flags,
        });
        index += step as i64;
    }
    Ok(())
}

fn keyword_index(args: &[&[u8]], keyword: &str, from: i32) -> Option<usize> {
    let matches = |index: &usize| args[*index].eq_ignore_ascii_case(keyword.as_bytes());
    if from >= 0 {
        (from as usize..args.len()).find(matches)
    } else {
        let start = args.len() as i64 + i64::from(from);
        (1..=start.max(0) as usize)
            .rev()
            .filter(|&index| index < args.len())
            .find(matches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup;

    fn keys_of(line: &str) -> Result<Vec<String>, InvalidKeys> {
        let args = crate::testing::split(line);
        let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
        let command = lookup(args[0]).expect("a command");
        let positions = key_positions(command, &args)?;
        Ok(positions
            .iter()
            .map(|key| String::from_utf8_lossy(args[key.index]).into_owned())
            .collect())
    }

    #[test]
    fn specs_find_the_keys_of_a_call() {
        for (line, keys) in [
            ("GET a", "a"),
            ("SET a b GET", "a"),
            ("MGET a b c", "a b c"),
            ("MSET a 1 b 2", "a b"),
            ("BITOP AND d a b", "d a b"),
            ("EVAL script 2 a b c", "a b"),
            ("EVAL script 0 a", ""),
            ("WATCH a b", "a b"),
            ("SUBSCRIBE a", ""),
            ("SSUBSCRIBE a", ""),
        ] {
            assert_eq!(
                keys_of(line).map(|keys| keys.join(" ")),
                Ok(keys.to_owned())
            );
        }
        for bad in [
            "EVAL script",
            "EVAL script x a",
            "EVAL script 2 a",
            "EVAL script -1 a",
            "ZUNIONSTORE d 0 a",
            "LMPOP 0 a",
        ] {
            assert_eq!(keys_of(bad), Err(InvalidKeys), "{bad}");
        }
    }

    #[test]
    fn a_plan_holds_the_shards_of_the_keys_and_no_more() {
        let plan = |args: &[&[u8]]| lock_plan(lookup(args[0]).expect("a command"), args);
        let one = LockPlan::for_keys([&b"a"[..]]);
        assert_eq!(plan(&[b"GET", b"a"]), one);
        assert_eq!(plan(&[b"MGET", b"a", b"a{a}", b"{a}b"]), one);
        assert_eq!(plan(&[b"OBJECT", b"HELP"]), LockPlan::None);
        assert_eq!(plan(&[b"EVAL", b"script", b"1", b"a"]), LockPlan::None);
        assert_eq!(plan(&[b"PING"]), LockPlan::None);
        assert_eq!(plan(&[b"FLUSHALL"]), LockPlan::All);
    }
}
