//! Random commands on the subject and the oracle, replies and keyspaces compared.
//!
//! A run is a row of episodes. Each begins on empty databases with its own seed, made from the run's seed, so that one
//! failing episode can be repeated alone: `--seed N` of the episode makes it the first of the run. A failing episode
//! is cut down to the commands it needs before it is shown.

mod queue;
mod scripts;
mod snapshot;
mod template;
mod values;

use std::time::{Duration, Instant};

use crate::Tally;
use crate::arguments::Arguments;
use crate::differential::Comparison;
use crate::error::Error;
use crate::quoting;
use crate::seeded::Seeded;
use crate::server::{Program, Server};
use crate::wire::{Connection, Reply, WireError};
use queue::Queue;
use template::Template;

/// Failing episodes after which a run has said enough.
const ENOUGH_FAILURES: usize = 8;
/// Replays spent on cutting one failing episode down.
const CUTTING_REPLAYS: usize = 400;

/// How long a reply may take.
const REPLY_PATIENCE: Duration = Duration::from_secs(60);

type Command = (Comparison, Vec<Vec<u8>>);

/// Where two servers part: after how many commands, and what was seen.
struct Split {
    commands: usize,
    oracle: String,
    subject: String,
}

/// Runs episodes until the time is over.
pub fn run(mut arguments: Arguments) -> Result<Tally, Error> {
    let seconds = arguments.take_parsed("seconds")?.unwrap_or(20);
    let length = arguments.take_parsed("length")?.unwrap_or(300);
    let mut seed = Seeded::take_seed(&mut arguments)?;
    let subject = Program::subject(&mut arguments)?;
    let oracle = Program::oracle(&mut arguments);
    arguments.finish()?;

    println!("random: --seed {seed} --seconds {seconds} --length {length}");
    let templates = templates();
    let mut pair = Pair::start(subject, oracle)?;
    let absent = pair.absent_commands(&templates)?;
    if !absent.is_empty() {
        println!(
            "  left out, for the subject does not have them: {}",
            quoting::show_command(&absent)
        );
    }
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut tally = Tally::default();
    while Instant::now() < deadline && tally.failed < ENOUGH_FAILURES {
        let mut commands = episode(&templates, seed, length);
        commands.retain(|(_, command)| !absent.contains(&command[0]));
        match pair.play(&commands)? {
            None => tally.passed += 1,
            Some(split) => {
                tally.failed += 1;
                let kept = pair.cut(commands[..split.commands].to_vec())?;
                let split = pair.play(&kept)?.unwrap_or(split);
                report(seed, &kept, &split, &pair);
            }
        }
        seed = Seeded::new(seed).next();
    }
    Ok(tally)
}

fn templates() -> Vec<(Comparison, Template)> {
    let lines = include_str!("commands.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once(' ') {
            Some(("~", rest)) => (Comparison::Unordered, Template::parse(rest)),
            Some(("~~", rest)) => (Comparison::UnorderedPairs, Template::parse(rest)),
            Some(("?", rest)) => (Comparison::Shape, Template::parse(rest)),
            _ => (Comparison::Exact, Template::parse(line)),
        })
        .collect()
}

fn episode(templates: &[(Comparison, Template)], seed: u64, length: usize) -> Vec<Command> {
    let mut seeded = Seeded::new(seed);
    (0..length)
        .map(|_| {
            let (comparison, template) = seeded.pick(templates).clone();
            let mut command = template.command(&mut seeded, &values::fill);
            if seeded.one_in(30) {
                spoil(&mut command, &mut seeded);
            }
            (comparison, command)
        })
        .collect()
}

/// Makes a command slightly wrong: an argument too few, too many or of another kind.
fn spoil(command: &mut Vec<Vec<u8>>, seeded: &mut Seeded) {
    // A count may end up where a key stood, so a spoiled SPOP could take random members; those stay whole.
    const RANDOM_EFFECT: &[&[u8]] = &[b"SPOP", b"SRANDMEMBER", b"HRANDFIELD", b"ZRANDMEMBER"];
    if RANDOM_EFFECT.contains(&command[0].as_slice()) || command.len() < 2 {
        return;
    }
    let place = 1 + seeded.below(command.len() - 1);
    match seeded.below(3) {
        0 => drop(command.remove(place)),
        1 => command.push(b"extra".to_vec()),
        _ => command[place] = b"junk".to_vec(),
    }
}

/// The two servers of a run.
struct Pair {
    subject: Server,
    oracle: Server,
}

impl Pair {
    fn start(subject: Program, oracle: Program) -> Result<Self, Error> {
        Ok(Self {
            subject: Server::start(&subject, &[])?,
            oracle: Server::start(&oracle, &[])?,
        })
    }

    /// Commands of the list that the oracle has and the subject does not: they would be all that a run ever shows.
    fn absent_commands(&self, templates: &[(Comparison, Template)]) -> Result<Vec<Vec<u8>>, Error> {
        let mut seeded = Seeded::new(0);
        let mut names: Vec<Vec<u8>> = Vec::new();
        for (_, template) in templates {
            // A template may begin with a choice of commands.
            names.extend(
                (0..40).map(|_| template.command(&mut seeded, &values::fill).swap_remove(0)),
            );
        }
        names.sort();
        names.dedup();
        let known = |server: &Server, name: &[u8]| {
            let reply = server.connect()?.call(&[&b"COMMAND"[..], b"INFO", name]);
            let lost = |source| Error::Connection {
                program: server.program.name.clone(),
                source,
            };
            Ok::<_, Error>(
                !reply
                    .map_err(lost)?
                    .reply
                    .items()
                    .iter()
                    .all(|item| item.items().is_empty()),
            )
        };
        let mut absent = Vec::new();
        for name in names {
            if known(&self.oracle, &name)? && !known(&self.subject, &name)? {
                absent.push(name);
            }
        }
        Ok(absent)
    }

    /// Plays an episode from empty databases; tells where the servers part.
    fn play(&mut self, commands: &[Command]) -> Result<Option<Split>, Error> {
        let mut subject = self.fresh_subject()?;
        let mut oracle = fresh(&self.oracle)?;
        let mut queue = Queue::default();
        for (index, (comparison, command)) in commands.iter().enumerate() {
            let sent = (oracle.send(command), subject.send(command));
            let expected = sent
                .0
                .and_then(|()| oracle.read(REPLY_PATIENCE))
                .map(|frame| frame.reply);
            let seen = sent
                .1
                .and_then(|()| subject.read(REPLY_PATIENCE))
                .map(|frame| frame.reply);
            let show = |result: &Result<Reply, WireError>| match result {
                Ok(reply) => queue.normalise(reply, *comparison, command).show(),
                Err(error) => format!("({error})"),
            };
            let (shown_expected, shown_seen) = (show(&expected), show(&seen));
            if shown_expected != shown_seen {
                return Ok(Some(Split {
                    commands: index + 1,
                    oracle: shown_expected,
                    subject: shown_seen,
                }));
            }
            queue.follow(expected.as_ref().ok(), *comparison);
        }
        let (Some(expected), Some(seen)) = (keyspace(&mut oracle), keyspace(&mut subject)) else {
            let lost = "(the keyspace cannot be read)".to_owned();
            return Ok(Some(Split {
                commands: commands.len(),
                oracle: String::new(),
                subject: lost,
            }));
        };
        let different = expected
            .keys()
            .chain(seen.keys())
            .find(|key| expected.get(*key) != seen.get(*key));
        Ok(different.map(|key| {
            let show = |snapshot: &snapshot::Snapshot| match snapshot.get(key) {
                Some(value) => format!("db{} {}: {value}", key.0, quoting::show(&key.1)),
                None => format!("db{} {}: missing", key.0, quoting::show(&key.1)),
            };
            Split {
                commands: commands.len(),
                oracle: show(&expected),
                subject: show(&seen),
            }
        }))
    }

    /// A fresh connection to the subject, which the episode before may have ended.
    fn fresh_subject(&mut self) -> Result<Connection, Error> {
        if self.subject.is_running()
            && let Ok(connection) = fresh(&self.subject)
        {
            return Ok(connection);
        }
        self.subject = Server::start(&self.subject.program, &[])?;
        fresh(&self.subject)
    }

    /// Leaves out commands as long as the servers still part.
    fn cut(&mut self, mut commands: Vec<Command>) -> Result<Vec<Command>, Error> {
        let mut replays = 0;
        let mut width = commands.len() / 2;
        while width > 0 {
            let mut at = 0;
            while at < commands.len() && replays < CUTTING_REPLAYS {
                let mut fewer = commands.clone();
                fewer.drain(at..(at + width).min(commands.len()));
                replays += 1;
                match self.play(&fewer)? {
                    Some(split) => {
                        fewer.truncate(split.commands);
                        commands = fewer;
                    }
                    None => at += width,
                }
            }
            width /= 2;
        }
        Ok(commands)
    }
}

/// Gives back what an episode may have set: the thresholds of `commands.txt` among them.
fn fresh(server: &Server) -> Result<Connection, Error> {
    let mut connection = server.connect()?;
    let thresholds = [
        "CONFIG",
        "SET",
        "zset-max-listpack-entries",
        "128",
        "zset-max-listpack-value",
        "64",
        "list-max-listpack-size",
        "-2",
    ];
    for command in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"], &thresholds] {
        connection
            .call(command)
            .map_err(|source| Error::Connection {
                program: server.program.name.clone(),
                source,
            })?;
    }
    Ok(connection)
}

fn keyspace(connection: &mut Connection) -> Option<snapshot::Snapshot> {
    // RESET leaves whatever transaction or protocol the episode ended in.
    connection.call(&["RESET"]).ok()?;
    snapshot::take(connection).ok()
}

fn report(seed: u64, commands: &[Command], split: &Split, pair: &Pair) {
    println!("FAILED episode --seed {seed}; these commands are enough:");
    for (_, command) in commands {
        println!("  {}", quoting::show_command(command));
    }
    println!("    {:<13} {}", pair.oracle.program.name, split.oracle);
    println!("    {:<13} {}", pair.subject.program.name, split.subject);
}
