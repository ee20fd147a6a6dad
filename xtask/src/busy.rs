//! Every command of redis-server's table, sent while a slow script runs, to both servers: the same ones are answered with
//! BUSY, in the same words, and the same ones are served.
//!
//! Slow are, in turn, a script and a function, each after it has written, so that no command can end it. The subject runs
//! with `busy-reply-scope all`.

use std::time::{Duration, Instant};

use crate::Tally;
use crate::arguments::Arguments;
use crate::error::Error;
use crate::server::{Program, Server};
use crate::wire::{Connection, Reply, WireError};

/// Milliseconds after which a script is slow.
const THRESHOLD: &str = "10";
const PATIENCE: Duration = Duration::from_secs(60);
/// How long an answer is waited for that may not come, because the command waits for something itself.
const ANSWER_PATIENCE: Duration = Duration::from_millis(500);
/// How long it is waited for once more when one server has answered and the other has not.
const SECOND_PATIENCE: Duration = Duration::from_secs(10);
/// What is shown when no answer comes.
const NO_ANSWER: &str = "no answer";

const SLOW_SCRIPT: &str = "redis.call('set', KEYS[1], 'v') while true do end";
const SLOW_LIBRARY: &str = "#!lua name=slow\nredis.register_function('slow', function(keys) \
                            redis.call('set', keys[1], 'v') while true do end end)";

/// A transaction begun while a script is slow: it is refused as a whole.
const TRANSACTION: [&[&str]; 3] = [&["MULTI"], &["GET", "k"], &["EXEC"]];

/// Sends all commands to both servers and compares.
pub fn run(mut arguments: Arguments) -> Result<Tally, Error> {
    let subject = Program::subject(&mut arguments)?;
    let oracle = Program::oracle(&mut arguments);
    arguments.finish()?;
    let mut tally = Tally::default();
    for is_function in [false, true] {
        let theirs = Server::start(&oracle, &[])?;
        let ours = Server::start(&subject, &["--busy-reply-scope", "all"])?;
        let commands = commands(&theirs)?;
        let known = names(&ours)?;
        let _slow = [
            make_busy(&theirs, is_function)?,
            make_busy(&ours, is_function)?,
        ];
        let mut absent = 0;
        for command in &commands {
            if !known.contains(&name(command)) {
                absent += 1;
                continue;
            }
            let both = |patience| {
                (
                    answer(&theirs, command, patience),
                    answer(&ours, command, patience),
                )
            };
            let (mut expected, mut seen) = both(ANSWER_PATIENCE);
            // It may just be late.
            if expected != seen && (expected == NO_ANSWER || seen == NO_ANSWER) {
                (expected, seen) = both(SECOND_PATIENCE);
            }
            tally.count(&command.join(" "), &expected, &seen, (&theirs, &ours));
        }
        println!(
            "{} slow: {absent} commands are not compared, for the subject does not have them",
            if is_function {
                "a function is"
            } else {
                "a script is"
            }
        );
        let (expected, seen) = (transaction(&theirs), transaction(&ours));
        tally.count("MULTI, GET, EXEC", &expected, &seen, (&theirs, &ours));
    }
    Ok(tally)
}

impl Tally {
    fn count(&mut self, what: &str, expected: &str, seen: &str, servers: (&Server, &Server)) {
        if expected == seen {
            self.passed += 1;
            return;
        }
        self.failed += 1;
        println!("FAILED while a script is slow: {what}");
        println!("    {:<13} {expected}", servers.0.program.name);
        println!("    {:<13} {seen}", servers.1.program.name);
    }
}

/// The name of a command with its subcommand, if it has one.
fn name(command: &[String]) -> String {
    command[0].replace('|', " ")
}

/// Every command and subcommand with as many arguments as it takes at least.
fn commands(server: &Server) -> Result<Vec<Vec<String>>, Error> {
    let mut all = Vec::new();
    for command in table(server)? {
        let subcommands = command.items().get(9).map_or(&[][..], Reply::items);
        if subcommands.is_empty() {
            all.extend(with_arguments(&command));
        }
        all.extend(subcommands.iter().filter_map(with_arguments));
    }
    Ok(all)
}

/// A command of the table with made-up arguments.
fn with_arguments(command: &Reply) -> Option<Vec<String>> {
    let name = text(command.items().first()?);
    let arity: i64 = text(command.items().get(1)?).parse().ok()?;
    let words = name.split('|').count();
    let arguments = usize::try_from(arity.abs()).ok()?.saturating_sub(words);
    let mut made = vec![name];
    made.extend(std::iter::repeat_n("x".to_owned(), arguments));
    Some(made)
}

fn names(server: &Server) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for command in table(server)? {
        let subcommands = command.items().get(9).map_or(&[][..], Reply::items);
        let records = std::iter::once(&command).chain(subcommands);
        all.extend(
            records.filter_map(|record| Some(text(record.items().first()?).replace('|', " "))),
        );
    }
    Ok(all)
}

fn table(server: &Server) -> Result<Vec<Reply>, Error> {
    let reply = server.connect()?.call(&["COMMAND"]);
    Ok(reply
        .map_err(|source| lost(server, source))?
        .reply
        .items()
        .to_vec())
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned()
}

/// Starts a script that does not end, and waits until the server calls itself busy. The script's connection.
fn make_busy(server: &Server, is_function: bool) -> Result<Connection, Error> {
    let mut slow = server.connect()?;
    let mut other = server.connect()?;
    let prepared = slow
        .call(&["CONFIG", "SET", "busy-reply-threshold", THRESHOLD])
        .and_then(|_| slow.call(&["FUNCTION", "LOAD", SLOW_LIBRARY]))
        .and_then(|_| {
            if is_function {
                slow.send(&["FCALL", "slow", "1", "k"])
            } else {
                slow.send(&["EVAL", SLOW_SCRIPT, "1", "k"])
            }
        });
    prepared.map_err(|source| lost(server, source))?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let reply = other
            .call(&["PING"])
            .map_err(|source| lost(server, source))?;
        if reply.reply.is_error() {
            return Ok(slow);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(Error::Failed {
        program: server.program.name.clone(),
        output: "no BUSY while a script runs".to_owned(),
    })
}

/// What a server says to a command on a connection of its own: an error in full, of anything else that it is none.
fn answer(server: &Server, command: &[String], patience: Duration) -> String {
    let words: Vec<&str> = command[0]
        .split('|')
        .chain(command[1..].iter().map(String::as_str))
        .collect();
    let Ok(mut connection) = server.connect() else {
        return "(no connection)".to_owned();
    };
    show(
        connection
            .send(&words)
            .and_then(|()| connection.read(patience))
            .map(|frame| frame.reply),
    )
}

fn transaction(server: &Server) -> String {
    let Ok(mut connection) = server.connect() else {
        return "(no connection)".to_owned();
    };
    let replies =
        TRANSACTION.map(|command| show(connection.call(command).map(|frame| frame.reply)));
    replies.join(", ")
}

fn show(reply: Result<Reply, WireError>) -> String {
    match reply {
        Ok(reply) if reply.is_error() => reply.show(),
        Ok(_) => "an answer".to_owned(),
        Err(WireError::Silent(_)) => NO_ANSWER.to_owned(),
        Err(error) => format!("({error})"),
    }
}

fn lost(server: &Server, source: WireError) -> Error {
    Error::Connection {
        program: server.program.name.clone(),
        source,
    }
}
