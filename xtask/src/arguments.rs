//! Reading a task's options: `--name value`, `--flag`, and the rest in order.

use std::collections::HashMap;
use std::str::FromStr;

use crate::error::Error;

/// Options without a value.
const FLAGS: &[&str] = &["embedded", "record", "verbose", "quick"];

/// The words after the task's name.
#[derive(Debug, Default)]
pub struct Arguments {
    options: HashMap<String, String>,
    positional: Vec<String>,
    missing_value: Option<String>,
}

impl Arguments {
    /// Sorts `words` into options and positional words.
    pub fn new(words: impl Iterator<Item = String>) -> Self {
        let mut arguments = Self::default();
        let mut words = words;
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some(name) if FLAGS.contains(&name) => {
                    arguments.options.insert(name.to_owned(), String::new());
                }
                Some(name) => match words.next() {
                    Some(value) => {
                        arguments.options.insert(name.to_owned(), value);
                    }
                    None => arguments.missing_value = Some(name.to_owned()),
                },
                None => arguments.positional.push(word),
            }
        }
        arguments
    }

    /// Takes the value of `--name`, if it was given.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.options.remove(name)
    }

    /// Takes and parses the value of `--name`.
    pub fn take_parsed<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.parse() {
                Ok(parsed) => Ok(Some(parsed)),
                Err(_) => Err(Error::Usage(format!("--{name} does not take '{value}'"))),
            },
        }
    }

    /// Whether the flag `--name` was given.
    pub fn flag(&mut self, name: &str) -> bool {
        self.take(name).is_some()
    }

    /// The positional words; an error when an option was left that no one took.
    pub fn finish(self) -> Result<Vec<String>, Error> {
        if let Some(name) = self.missing_value {
            return Err(Error::Usage(format!("--{name} needs a value")));
        }
        match self.options.keys().next() {
            Some(name) => Err(Error::Usage(format!("unknown option --{name}"))),
            None => Ok(self.positional),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Arguments {
        Arguments::new(text.split(' ').map(str::to_owned))
    }

    #[test]
    fn options_flags_and_words_are_told_apart() {
        let mut arguments = words("a --seed 7 --quick b");
        assert_eq!(
            arguments.take_parsed::<u64>("seed").expect("a number"),
            Some(7)
        );
        assert!(arguments.flag("quick"));
        assert_eq!(arguments.finish().expect("nothing left"), ["a", "b"]);
    }

    #[test]
    fn an_unknown_option_is_an_error() {
        assert!(words("--colour red").finish().is_err());
        assert!(words("--seed").finish().is_err());
    }
}
