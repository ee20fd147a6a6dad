//! Reads the configuration at start: the file, standard input and command-line options, which are read
//! as if they stood at the end of the file.

use std::io::Read;
use std::path::{Path, PathBuf};

use resp::parse::{quote, split_line};

use super::settings::{Source, as_path, system_text};
use super::{COMPATIBLE_VERSION, Config, Invalid, find};

/// Deepest nesting of `include`.
const MAX_INCLUDES: usize = 16;
/// Directives of older versions that are accepted and mean nothing.
const OBSOLETE: &[&[u8]] = &[
    b"list-max-ziplist-entries",
    b"list-max-ziplist-value",
    b"lua-replicate-commands",
];
/// Statements that are no directives: they are handed to the server as they are.
const STATEMENTS: &[(&[u8], std::ops::RangeInclusive<usize>)] = &[
    (b"rename-command", 2..=2),
    (b"user", 1..=usize::MAX),
    (b"loadmodule", 1..=usize::MAX),
];

/// What the command line and the files say.
#[derive(Debug, Default)]
pub struct Startup {
    /// The directives' values.
    pub config: Config,
    /// The configuration file as an absolute path, if there is one.
    pub file: Option<PathBuf>,
    /// `rename-command`, `user` and `loadmodule` lines, in order.
    pub statements: Vec<Statement>,
    /// Whether `save` has been met, which replaces the default save points.
    saw_save: bool,
}

/// A line of the configuration that is no directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its words, the first one in lower case.
    pub words: Vec<Vec<u8>>,
    line: Line,
}

impl Statement {
    /// The fatal error to stop with if the statement cannot be carried out.
    pub fn fatal(&self, reason: impl Into<String>) -> FatalConfig {
        FatalConfig::Line {
            line: self.line.clone(),
            reason: LineError::Statement(reason.into()),
        }
    }
}

/// A line and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    number: usize,
    text: Vec<u8>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// An unknown name, or a known one with a wrong number of words.
    #[error("Bad directive or wrong number of arguments")]
    Unknown,
    /// Unbalanced quotes.
    #[error("Unbalanced quotes in configuration line")]
    Quotes,
    /// A bad value.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A statement that the server could not carry out.
    #[error("{0}")]
    Statement(String),
}

/// Why the server cannot start with this configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FatalConfig {
    /// A bad line. The text goes to the standard error.
    #[error(
        "\n*** FATAL CONFIG FILE ERROR (Redis {COMPATIBLE_VERSION}) ***\nReading the configuration file, at \
         line {}\n>>> '{}'\n{reason}", line.number, String::from_utf8_lossy(&line.text)
    )]
    Line {
        /// The line.
        line: Line,
        /// What is wrong with it.
        reason: LineError,
    },
    /// Directives that contradict each other, or cannot be put into effect.
    #[error("\n*** FATAL CONFIG FILE ERROR (Redis {COMPATIBLE_VERSION}) ***\n{0}")]
    Whole(String),
    /// A file that cannot be read. The text goes to the log.
    #[error("Fatal error, can't open config file '{}': {reason}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
}

/// The command line, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// Whether to read the standard input, after the file.
    pub stdin: bool,
    /// The options as lines of a configuration file.
    pub options: Vec<u8>,
}

impl CommandLine {
    /// Takes the arguments apart: `[file] [-] [--name value …]…`.
    ///
    /// An argument after an option's name is its value even if it begins with `--`; further ones are
    /// values until one begins with `--`. Only `--save` may lack its value, which is then empty.
    pub fn parse(arguments: &[Vec<u8>]) -> Self {
        let mut line = CommandLine::default();
        let mut rest = arguments;
        if let [first, after @ ..] = rest
            && !first.starts_with(b"-")
        {
            line.file = std::path::absolute(as_path(first))
                .ok()
                .or_else(|| Some(as_path(first).to_owned()));
            rest = after;
        }
        let mut name: Option<&[u8]> = None;
        for (index, argument) in rest.iter().enumerate() {
            if argument == b"-" && (index == 0 || index + 1 == rest.len()) {
                line.stdin = true;
                continue;
            }
            let option = argument.strip_prefix(b"--");
            match (option, name.take()) {
                (Some(option), Some(b"save")) => {
                    line.options.extend_from_slice(b" \"\"");
                    line.start(option);
                    name = Some(option);
                }
                (Some(option), None) => {
                    line.start(option);
                    name = Some(option);
                }
                _ => {
                    line.options.push(b' ');
                    quote(argument, &mut line.options);
                }
            }
        }
        if name == Some(b"save") {
            line.options.extend_from_slice(b" \"\"");
        }
        line
    }

    fn start(&mut self, option: &[u8]) {
        if !self.options.is_empty() {
            self.options.push(b'\n');
        }
        self.options.extend_from_slice(option);
    }
}

impl Startup {
    /// Reads all that the command line names.
    ///
    /// # Errors
    /// The server must not start then: see [`FatalConfig`].
    pub fn read(command_line: &CommandLine) -> Result<Startup, FatalConfig> {
        let mut startup = Startup {
            file: command_line.file.clone(),
            ..Startup::default()
        };
        let mut text = Vec::new();
        if let Some(path) = &command_line.file {
            for path in expand(path) {
                text.extend_from_slice(&read_file(&path)?);
            }
        }
        if command_line.stdin {
            std::io::stdin()
                .read_to_end(&mut text)
                .map_err(|error| FatalConfig::Open {
                    path: PathBuf::from("-"),
                    reason: system_text(&error),
                })?;
        }
        if !command_line.options.is_empty() {
            text.push(b'\n');
            text.extend_from_slice(&command_line.options);
        }
        startup.lines(&text, 0)?;
        startup.config.normalize();
        if startup.config.cluster_enabled && startup.config.replicaof.0.is_some() {
            return Err(FatalConfig::Whole(
                "replicaof directive not allowed in cluster mode".to_owned(),
            ));
        }
        Ok(startup)
    }

    fn lines(&mut self, text: &[u8], depth: usize) -> Result<(), FatalConfig> {
        for (index, raw) in text.split(|byte| *byte == b'\n').enumerate() {
            let raw = trim(raw);
            if raw.is_empty() || raw.starts_with(b"#") {
                continue;
            }
            let line = || Line {
                number: index + 1,
                text: raw.to_vec(),
            };
            let mut buffer = raw.to_vec();
            let mut spans = Vec::new();
            if split_line(&mut buffer, &mut spans).is_none() {
                return Err(FatalConfig::Line {
                    line: line(),
                    reason: LineError::Quotes,
                });
            }
            let mut words: Vec<Vec<u8>> =
                spans.iter().map(|span| span.of(&buffer).to_vec()).collect();
            let Some(name) = words.first_mut() else {
                continue;
            };
            name.make_ascii_lowercase();
            if words[0] == b"include" && words.len() == 2 {
                self.include(&words[1], depth)?;
                continue;
            }
            self.line(words, line).map_err(|reason| FatalConfig::Line {
                line: line(),
                reason,
            })?;
        }
        Ok(())
    }

    fn include(&mut self, pattern: &[u8], depth: usize) -> Result<(), FatalConfig> {
        let path = as_path(pattern);
        if depth == MAX_INCLUDES {
            let reason = "Too many levels of include".to_owned();
            return Err(FatalConfig::Open {
                path: path.to_owned(),
                reason,
            });
        }
        for path in expand(path) {
            self.lines(&read_file(&path)?, depth + 1)?;
        }
        Ok(())
    }

    fn line(&mut self, words: Vec<Vec<u8>>, line: impl Fn() -> Line) -> Result<(), LineError> {
        let (name, values) = words.split_first().ok_or(LineError::Unknown)?;
        if let Some(directive) = find(name) {
            if directive.name == "save" && !self.saw_save {
                self.saw_save = true;
                self.config.save.0.clear();
            }
            return match values {
                [value] => Ok(directive.set_text(&mut self.config, value, Source::File)?),
                values if directive.many => {
                    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
                    Ok((directive.assign)(
                        &mut self.config,
                        &values,
                        directive,
                        Source::File,
                    )?)
                }
                _ => Err(Invalid::WordCount.into()),
            };
        }
        if OBSOLETE.contains(&name.as_slice()) && values.len() == 1 {
            return Ok(());
        }
        let statement = STATEMENTS.iter().find(|(known, _)| known == name);
        if statement.is_some_and(|(_, count)| count.contains(&values.len())) {
            self.statements.push(Statement {
                words,
                line: line(),
            });
            return Ok(());
        }
        Err(LineError::Unknown)
    }
}

fn trim(line: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = line
        .iter()
        .position(|byte| !blank(byte))
        .unwrap_or(line.len());
    let end = line
        .iter()
        .rposition(|byte| !blank(byte))
        .map_or(start, |last| last + 1);
    &line[start..end]
}

fn read_file(path: &Path) -> Result<Vec<u8>, FatalConfig> {
    std::fs::read(path).map_err(|error| FatalConfig::Open {
        path: path.to_owned(),
        reason: system_text(&error),
    })
}

/// The files a path with wildcards stands for, in order; a path without any stands for itself.
fn expand(path: &Path) -> Vec<PathBuf> {
    let text = path.to_string_lossy();
    if !text.contains(['*', '?', '[']) {
        return vec![path.to_owned()];
    }
    match glob::glob(&text) {
        Ok(paths) => paths.filter_map(Result::ok).collect(),
        Err(_) => Vec::new(),
    }
}
