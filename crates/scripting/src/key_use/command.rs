//! What a command called by a script can touch.

use commands::record::{BeginSearch, Command, FindKeys, KeySpec, Locks, flag, key_flag};
use types::number::parse_i64;

use super::value::Known;

/// The arguments of a call of `redis.call`.
pub(super) struct Arguments<'s, 'a> {
    /// Those whose number is known, the command's name first.
    pub(super) fixed: &'s [Known<'a>],
    /// What all further ones are, if there may be any.
    pub(super) rest: Option<Known<'a>>,
}

/// What a call can touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touches {
    /// No key.
    Nothing,
    /// Only keys out of KEYS.
    DeclaredKeys,
}

impl Arguments<'_, '_> {
    /// What this call can touch; `None` if that is not known.
    pub(super) fn touches(&self) -> Option<Touches> {
        let name = match self.fixed.first() {
            // Such a call is an error before any command runs.
            None if self.rest.is_none() => return Some(Touches::Nothing),
            Some(Known::Absent | Known::Unreached) => return Some(Touches::Nothing),
            Some(Known::Text(name)) => *name,
            _ => return None,
        };
        let mut command = commands::lookup(name)?;
        if !command.subcommands.is_empty() {
            if let Some(Known::Text(word)) = self.fixed.get(1) {
                if let Some(subcommand) = commands::lookup_subcommand(command, word) {
                    command = subcommand;
                }
            } else if self.fixed.len() > 1 || self.rest.is_some() {
                return None;
            }
        }
        self.touches_of(command)
    }

    fn touches_of(&self, command: &Command) -> Option<Touches> {
        // A key finder says more of how the keys are used; a test below sees to it that it finds no others.
        let knowable = command.locks == Locks::Keys && !command.has(flag::NOSCRIPT);
        if !knowable {
            return None;
        }
        let mut touches = Touches::Nothing;
        for spec in command.keys {
            if spec.flags & key_flag::NOT_KEY == 0 {
                if !self.are_keys(spec)? {
                    return None;
                }
                touches = Touches::DeclaredKeys;
            }
        }
        Some(touches)
    }

    /// Whether all that this spec takes for keys are elements of KEYS; `None` if it cannot be told what it takes.
    fn are_keys(&self, spec: &KeySpec) -> Option<bool> {
        let BeginSearch::Index(first) = spec.begin else {
            return None;
        };
        match spec.find {
            FindKeys::Range { last, step, .. } if last >= 0 => {
                let last = first + last as usize;
                Some((first..=last).step_by(step).all(|index| self.is_key(index)))
            }
            FindKeys::Range { last, step, limit } if limit <= 1 && self.rest.is_none() => {
                let end = self.fixed.len() as i64 + i64::from(last);
                let mut indices = (first as i64..=end).step_by(step);
                Some(indices.all(|index| self.is_key(index as usize)))
            }
            FindKeys::Range { .. } => Some(self.all_keys_from(first)),
            FindKeys::Counted {
                count,
                first: offset,
                step,
            } => {
                let from = first + offset;
                match self.fixed.get(first + count).and_then(constant_count) {
                    Some(count) if (0..=256).contains(&count) => {
                        let mut indices = (from..).step_by(step).take(count as usize);
                        Some(indices.all(|index| self.is_key(index)))
                    }
                    _ => Some(self.all_keys_from(from)),
                }
            }
            FindKeys::Unknown => None,
        }
    }

    fn is_key(&self, index: usize) -> bool {
        match self.fixed.get(index) {
            Some(known) => known.fits_key(),
            None => self.rest.is_none_or(Known::fits_key),
        }
    }

    fn all_keys_from(&self, first: usize) -> bool {
        (first..self.fixed.len().max(first) + 1).all(|index| self.is_key(index))
    }
}

fn constant_count(known: &Known<'_>) -> Option<i64> {
    match *known {
        Known::Text(digits) => parse_i64(digits),
        Known::Number(count) if count.trunc() == count && count.abs() < 1e9 => Some(count as i64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_finders_find_no_keys_but_those_of_the_specs() {
        for command in commands::commands() {
            let specs = command.keys;
            let by_index = |spec: &KeySpec| matches!(spec.begin, BeginSearch::Index(_));
            if command.key_finder.is_some() && specs.iter().all(by_index) {
                // Known to differ from their specs in flags alone. For any other command that must be checked first.
                assert!(
                    matches!(command.name, "set" | "bitfield"),
                    "{}",
                    command.name
                );
            }
        }
    }
}
