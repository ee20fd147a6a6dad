//! Playing a case on two servers, line by line.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::comparison::{Comparison, normalise};
use super::script::{Action, Case, Step};
use crate::error::Error;
use crate::quoting;
use crate::server::Server;
use crate::wire::{Connection, Frame, WireError};

/// How long a reply may take.
const REPLY_PATIENCE: Duration = Duration::from_secs(60);
/// How long "nothing comes" is watched.
const QUIET_PATIENCE: Duration = Duration::from_millis(40);
/// How long a blocking command may take to show up among the blocked clients.
const BLOCK_PATIENCE: Duration = Duration::from_secs(5);
/// How long a script, or what has to wait for one, is given to get there.
const SEND_PATIENCE: Duration = Duration::from_millis(150);
/// How long a killed script may take to end.
const KILL_PATIENCE: Duration = Duration::from_secs(10);
/// Commands that bring a server back to its first state.
const FRESH: &[&[&str]] = &[
    &["FLUSHALL"],
    &["SCRIPT", "FLUSH"],
    &["FUNCTION", "FLUSH"],
    &["CONFIG", "RESETSTAT"],
];

/// A line on which the two servers do not agree.
#[derive(Debug)]
pub struct Difference {
    /// The line in the case file.
    pub line: usize,
    /// The line as written.
    pub text: String,
    /// What the subject answered.
    pub subject: String,
    /// What the oracle answered.
    pub oracle: String,
}

/// One server's side of a case.
struct Side {
    port: u16,
    connections: BTreeMap<u32, Connection>,
    control: Connection,
}

/// What came of a step on one side.
enum Outcome {
    Nothing,
    Reply(Frame),
    Bytes(Vec<u8>),
    Broken(WireError),
}

/// Plays one case on fresh databases and fresh connections.
pub struct Player {
    subject: Side,
    oracle: Side,
    transcript: bool,
}

impl Player {
    /// Brings both servers back to their first state. With `transcript` every line is printed with the oracle's reply.
    pub fn new(subject: &Server, oracle: &Server, transcript: bool) -> Result<Self, Error> {
        Ok(Self {
            subject: Side::new(subject)?,
            oracle: Side::new(oracle)?,
            transcript,
        })
    }

    /// Plays all steps and gives the lines that differ.
    pub fn play(&mut self, case: &Case) -> Vec<Difference> {
        let mut differences = Vec::new();
        for step in &case.steps {
            match &step.action {
                Action::Sleep(time) => std::thread::sleep(*time),
                Action::Call(commands) => {
                    for command in commands {
                        let actions = |side: &mut Side| side.call(step.connection, command);
                        differences.extend(self.compare(step, &actions));
                    }
                }
                _ => differences.extend(self.compare(step, &|side| side.act(step))),
            }
        }
        differences
    }

    fn compare(&mut self, step: &Step, act: &dyn Fn(&mut Side) -> Outcome) -> Option<Difference> {
        let oracle = act(&mut self.oracle);
        let subject = act(&mut self.subject);
        if self.transcript {
            println!("  {:<60} {}", step.text, oracle.show());
        }
        if same(&oracle, &subject, step.comparison) {
            return None;
        }
        Some(Difference {
            line: step.line,
            text: step.text.clone(),
            subject: subject.show(),
            oracle: oracle.show(),
        })
    }
}

impl Side {
    fn new(server: &Server) -> Result<Self, Error> {
        let mut control = server.connect()?;
        let lost = |source| Error::Connection {
            program: server.program.name.clone(),
            source,
        };
        for command in FRESH {
            let deadline = Instant::now() + KILL_PATIENCE;
            while control.call(command).map_err(lost)?.reply.is_error() && Instant::now() < deadline
            {
                // The case before may have left a script that does not end.
                control.call(&["SCRIPT", "KILL"]).map_err(lost)?;
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(Self {
            port: server.port,
            connections: BTreeMap::new(),
            control,
        })
    }

    fn connection(&mut self, number: u32) -> Result<&mut Connection, WireError> {
        use std::collections::btree_map::Entry;
        match self.connections.entry(number) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(Connection::open(self.port)?)),
        }
    }

    fn call(&mut self, number: u32, command: &[Vec<u8>]) -> Outcome {
        let call = |side: &mut Self| {
            let connection = side.connection(number)?;
            connection.send(command)?;
            connection.read(REPLY_PATIENCE)
        };
        call(self).map_or_else(Outcome::Broken, Outcome::Reply)
    }

    fn act(&mut self, step: &Step) -> Outcome {
        self.try_act(step).unwrap_or_else(Outcome::Broken)
    }

    fn try_act(&mut self, step: &Step) -> Result<Outcome, WireError> {
        match &step.action {
            Action::Send(command) => {
                let blocked = self.blocked_clients();
                self.connection(step.connection)?.send(command)?;
                // The blocking commands, and no others, have names like BLPOP.
                let blocks = command.first().is_some_and(|name| name.starts_with(b"B"));
                let patience = if blocks {
                    BLOCK_PATIENCE
                } else {
                    SEND_PATIENCE
                };
                let deadline = Instant::now() + patience;
                while self.blocked_clients() <= blocked && Instant::now() < deadline {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Ok(Outcome::Nothing)
            }
            Action::Raw { bytes, read } => {
                let connection = self.connection(step.connection)?;
                connection.send_raw(bytes)?;
                if *read {
                    Ok(Outcome::Reply(connection.read(REPLY_PATIENCE)?))
                } else {
                    Ok(Outcome::Nothing)
                }
            }
            Action::Read => Ok(Outcome::Reply(
                self.connection(step.connection)?.read(REPLY_PATIENCE)?,
            )),
            Action::Closed => {
                let connection = self.connection(step.connection)?;
                connection.read_to_close(REPLY_PATIENCE).map(Outcome::Bytes)
            }
            Action::Quiet => match self.connection(step.connection)?.read(QUIET_PATIENCE) {
                Err(WireError::Silent(bytes)) if bytes.is_empty() => Ok(Outcome::Nothing),
                Err(other) => Err(other),
                Ok(frame) => Ok(Outcome::Reply(frame)),
            },
            Action::Hang => {
                self.connections.remove(&step.connection);
                Ok(Outcome::Nothing)
            }
            Action::Call(_) | Action::Sleep(_) => Ok(Outcome::Nothing),
        }
    }

    /// INFO's `blocked_clients`; 0 when it cannot be had, so that the wait falls back to its patience.
    fn blocked_clients(&mut self) -> usize {
        let Ok(frame) = self.control.call(&["INFO", "clients"]) else {
            return 0;
        };
        let text = String::from_utf8_lossy(frame.reply.text().unwrap_or_default()).into_owned();
        let field = text
            .lines()
            .find_map(|line| line.strip_prefix("blocked_clients:"));
        field
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(0)
    }
}

fn same(oracle: &Outcome, subject: &Outcome, comparison: Comparison) -> bool {
    match (oracle, subject) {
        (Outcome::Nothing, Outcome::Nothing) => true,
        (Outcome::Bytes(oracle), Outcome::Bytes(subject)) => oracle == subject,
        (Outcome::Reply(oracle), Outcome::Reply(subject)) if comparison == Comparison::Exact => {
            oracle.raw == subject.raw
        }
        (Outcome::Reply(oracle), Outcome::Reply(subject)) => {
            normalise(&oracle.reply, comparison) == normalise(&subject.reply, comparison)
        }
        // Two closes at the same place are the same behaviour. Two silences are a fault of the case: it has `quiet:`.
        (
            Outcome::Broken(WireError::Closed(oracle)),
            Outcome::Broken(WireError::Closed(subject)),
        ) => oracle == subject,
        _ => false,
    }
}

impl Outcome {
    fn show(&self) -> String {
        match self {
            Self::Nothing => "(nothing)".to_owned(),
            Self::Reply(frame) => frame.reply.show(),
            Self::Bytes(bytes) => format!("(closed after {})", quoting::show_quoted(bytes)),
            Self::Broken(error) => format!("({error})"),
        }
    }
}
