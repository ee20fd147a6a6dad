//! Reading a case file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::comparison::Comparison;
use crate::error::Error;
use crate::quoting;

/// One behaviour: a sentence and the steps that show it.
#[derive(Debug)]
pub struct Case {
    /// The file it stands in.
    pub path: PathBuf,
    /// What it shows.
    pub sentence: String,
    /// What is played, in order.
    pub steps: Vec<Step>,
}

/// One line of a case.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The line as written.
    pub text: String,
    /// The connection it speaks on.
    pub connection: u32,
    /// How the replies are compared.
    pub comparison: Comparison,
    /// What is done.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends commands and compares the reply of each.
    Call(Vec<Vec<Vec<u8>>>),
    /// Sends a command that will answer later, and waits until the server has taken it up.
    Send(Vec<Vec<u8>>),
    /// Sends bytes as they are; compares one reply if so told.
    Raw { bytes: Vec<u8>, read: bool },
    /// Compares one more reply or push.
    Read,
    /// Compares all bytes up to the close by the server.
    Closed,
    /// Nothing may come.
    Quiet,
    /// Closes the connection from our side.
    Hang,
    /// Lets time pass.
    Sleep(Duration),
}

impl Case {
    /// Reads and checks a case file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::file(path))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let wrong = |line: usize, reason: &str| Error::Script {
            path: path.to_owned(),
            line,
            reason: reason.to_owned(),
        };
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        let sentence = match lines.next() {
            Some((_, first)) if first.starts_with("# ") => first[2..].to_owned(),
            _ => {
                return Err(wrong(
                    1,
                    "a case begins with '# ' and a sentence that says what it shows",
                ));
            }
        };
        let mut steps = Vec::new();
        while let Some((number, line)) = lines.next() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            // `<<` stands for the lines up to `>>`: a Lua script in its natural shape.
            let block = if line.split(' ').any(|word| word == "<<") {
                let body: Vec<_> = lines
                    .by_ref()
                    .map(|(_, line)| line)
                    .take_while(|line| line.trim() != ">>")
                    .collect();
                Some(body.join("\n").into_bytes())
            } else {
                None
            };
            steps.push(parse_step(number, line, block).map_err(|reason| wrong(number, &reason))?);
        }
        Ok(Self {
            path: path.to_owned(),
            sentence,
            steps,
        })
    }
}

fn parse_step(line: usize, text: &str, block: Option<Vec<u8>>) -> Result<Step, String> {
    let (connection, rest) = match text.strip_prefix('@') {
        None => (1, text),
        Some(rest) => {
            let (number, rest) = rest
                .split_once(' ')
                .ok_or("a connection needs something to do")?;
            (
                number.parse().map_err(|_| "a connection is a number")?,
                rest,
            )
        }
    };
    let (comparison, rest) = match rest.split_once(' ') {
        Some(("~", rest)) => (Comparison::Unordered, rest),
        Some(("~~", rest)) => (Comparison::UnorderedPairs, rest),
        Some(("?", rest)) => (Comparison::Shape, rest),
        Some(("%", rest)) => (Comparison::Digits, rest),
        Some(("^", rest)) => (Comparison::ErrorCode, rest),
        Some(("!", rest)) => (Comparison::Kind, rest),
        _ => (Comparison::Exact, rest),
    };
    let (directive, rest) = match rest.split_once(' ') {
        Some((word, rest)) if word.ends_with(':') => (word, rest),
        None if rest.ends_with(':') => (rest, ""),
        _ => ("", rest),
    };
    let action = parse_action(directive, rest, block)?;
    Ok(Step {
        line,
        text: text.to_owned(),
        connection,
        comparison,
        action,
    })
}

fn parse_action(directive: &str, rest: &str, block: Option<Vec<u8>>) -> Result<Action, String> {
    let command = |text: &str| {
        let mut words = quoting::split(text).map_err(|error| error.to_string())?;
        if let (Some(block), Some(place)) = (&block, words.iter().position(|word| word == b"<<")) {
            words[place].clone_from(block);
        }
        if words.is_empty() {
            Err("no command".to_owned())
        } else {
            Ok(words)
        }
    };
    let bytes = || Ok::<_, String>(command(rest)?.concat());
    Ok(match directive {
        "" => Action::Call(vec![command(rest)?]),
        "repeat:" => {
            let (count, template) = rest.split_once(' ').ok_or("repeat: COUNT COMMAND")?;
            let count: usize = count.parse().map_err(|_| "repeat: takes a number")?;
            let numbered =
                (0..count).map(|number| command(&template.replace("{i}", &number.to_string())));
            Action::Call(numbered.collect::<Result<_, _>>()?)
        }
        "send:" => Action::Send(command(rest)?),
        "raw:" => Action::Raw {
            bytes: bytes()?,
            read: true,
        },
        "raw-send:" => Action::Raw {
            bytes: bytes()?,
            read: false,
        },
        "read:" => Action::Read,
        "closed:" => Action::Closed,
        "quiet:" => Action::Quiet,
        "hang:" => Action::Hang,
        "sleep:" => Action::Sleep(Duration::from_millis(
            rest.parse().map_err(|_| "sleep: takes milliseconds")?,
        )),
        other => return Err(format!("no directive is called '{other}'")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Vec<Step> {
        Case::parse(Path::new("case.txt"), &format!("# It shows this.\n{text}"))
            .expect("a good case")
            .steps
    }

    #[test]
    fn connection_comparison_and_directive_stand_before_the_command() {
        let steps = steps("@2 ~ SMEMBERS s\nsend: BLPOP k 0\nrepeat: 2 SET k{i} v\nsleep: 5\n");
        assert_eq!(
            (steps[0].connection, steps[0].comparison),
            (2, Comparison::Unordered)
        );
        assert_eq!(
            steps[1].action,
            Action::Send(vec![b"BLPOP".to_vec(), b"k".to_vec(), b"0".to_vec()])
        );
        assert!(matches!(&steps[2].action, Action::Call(commands) if commands[1][1] == b"k1"));
        assert_eq!(steps[3].action, Action::Sleep(Duration::from_millis(5)));
    }

    #[test]
    fn a_block_becomes_one_argument() {
        let steps = steps("EVAL << 0\nlocal a = 1\nreturn a\n>>\nPING\n");
        assert!(
            matches!(&steps[0].action, Action::Call(commands) if commands[0][1] == b"local a = 1\nreturn a")
        );
        assert_eq!(steps[1].line, 6);
    }

    #[test]
    fn a_case_without_a_sentence_is_refused() {
        assert!(Case::parse(Path::new("case.txt"), "PING\n").is_err());
        assert!(Case::parse(Path::new("case.txt"), "# Good.\nnonsense: 1\n").is_err());
    }
}
