//! Seeded hostile scripts and function libraries: whatever they try, the next script finds a pristine world, and they are
//! refused with redis-server's words.
//!
//! An episode makes up one script or library out of [attempts]. It is run twice on the subject, which must answer the same
//! both times: no run finds anything of the one before. Half of the episodes use only what redis-server answers alike; those
//! are compared with it. After each episode three probes (a script, a function, and a library while it is loaded) put
//! everything they can reach into words, which must be the words of a fresh server; and a random number must not be one that
//! a script could have foreseen by seeding. A finding is cut down to the attempts that are enough.

mod attempts;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use attempts::{Attempts, Means};

use crate::Tally;
use crate::arguments::Arguments;
use crate::error::Error;
use crate::seeded::Seeded;
use crate::server::{Program, Server};
use crate::wire::{Connection, Reply, WireError};

const PROBE: &str = include_str!("probe.lua");

/// How many findings are shown before a run stops.
const ENOUGH_FAILURES: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);

/// Limits on a run, for those scripts that never end by themselves.
const LIMITS: [&str; 4] = ["script-time-limit", "100", "script-memory-limit", "64mb"];

/// Draws are from so many numbers that to meet a foreseen one by chance is out of the question.
const DRAW: &str = "return math.random(1000000000)";
/// Seeds that attempts use.
const SEEDS: usize = 20;

/// One script or library and what it may do.
#[derive(Debug, Clone)]
struct Episode {
    means: Means,
    /// What a script does, or a function when it is called.
    body: Attempts,
    /// What a library does while it is loaded.
    load: Option<Attempts>,
}

impl Episode {
    fn new(seed: u64) -> Self {
        let mut seeded = Seeded::new(seed);
        let means = *seeded.pick(&[Means::Shared, Means::All]);
        let is_library = seeded.one_in(3);
        Self {
            means,
            body: Attempts::new(&mut seeded, means),
            load: is_library.then(|| Attempts::new(&mut seeded, means)),
        }
    }

    /// The episodes with one attempt less.
    fn smaller(&self) -> Vec<Episode> {
        let bodies = (0..self.body.statements.len()).map(|index| Episode {
            body: self.body.without(index),
            ..self.clone()
        });
        let loads = self.load.iter().flat_map(|load| {
            (0..load.statements.len()).map(|index| Episode {
                load: Some(load.without(index)),
                ..self.clone()
            })
        });
        bodies.chain(loads).collect()
    }

    /// The commands that play it.
    fn commands(&self) -> Vec<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let Some(load) = &self.load else {
            return vec![words(&["EVAL", &self.body.body(), "2", "k", "h", "a", "b"])];
        };
        let code = format!(
            "#!lua name=hostile\nlocal out\n(function()\n{}\nend)()\nlocal loaded = out\nredis.register_function('hostile', function(KEYS, ARGV)\nlocal function called()\n{}\nend\nreturn {{loaded, called()}}\nend)\n",
            load.loading(),
            self.body.body()
        );
        vec![
            words(&["FUNCTION", "LOAD", "REPLACE", &code]),
            words(&["FCALL", "hostile", "2", "k", "h", "a", "b"]),
        ]
    }
}

/// What a run of the task works with.
struct Play {
    subject: Server,
    oracle: Server,
    has_limits: bool,
    /// What the probes said at first.
    pristine: Vec<String>,
    /// Draws that a script can foresee.
    foreseen: HashSet<String>,
}

/// Plays episodes until the time is over.
pub fn run(mut arguments: Arguments) -> Result<Tally, Error> {
    let seconds = arguments.take_parsed("seconds")?.unwrap_or(20);
    let mut seed = Seeded::take_seed(&mut arguments)?;
    let subject = Program::subject(&mut arguments)?;
    let oracle = Program::oracle(&mut arguments);
    arguments.finish()?;

    println!("sandbox: --seed {seed} --seconds {seconds}");
    let mut tally = Tally::default();
    let mut play = Play::start(&subject, &oracle)?;
    let differences = play.compare_worlds()?;
    for difference in &differences {
        println!("FAILED the worlds of the two servers differ: {difference}");
    }
    tally.failed += usize::from(!differences.is_empty());
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < deadline && tally.failed < ENOUGH_FAILURES {
        let episode = Episode::new(seed);
        match play.check(&episode)? {
            None => tally.passed += 1,
            Some(finding) => {
                tally.failed += 1;
                play.restart()?;
                let (episode, finding) = play.cut(episode, finding)?;
                report(seed, &episode, &finding);
                play.restart()?;
            }
        }
        seed = Seeded::new(seed).next();
    }
    Ok(tally)
}

impl Play {
    fn start(subject: &Program, oracle: &Program) -> Result<Self, Error> {
        let subject = Server::start(subject, &[])?;
        let mut play = Self {
            oracle: Server::start(oracle, &[])?,
            subject,
            has_limits: false,
            pristine: Vec::new(),
            foreseen: HashSet::new(),
        };
        play.prepare()?;
        Ok(play)
    }

    /// Starts both servers anew: a finding may have changed them for good.
    fn restart(&mut self) -> Result<(), Error> {
        self.subject = Server::start(&self.subject.program, &[])?;
        self.oracle = Server::start(&self.oracle.program, &[])?;
        self.prepare()
    }

    fn prepare(&mut self) -> Result<(), Error> {
        let mut connection = self.subject.connect()?;
        let set: Vec<&str> = ["CONFIG", "SET"].into_iter().chain(LIMITS).collect();
        self.has_limits = said(
            &self.subject,
            connection.call(&set).map(|frame| frame.reply),
        )? == "OK";
        for seed in 0..SEEDS {
            let script = format!("math.randomseed({seed}) {DRAW}");
            let draw = connection.call(&["EVAL", &script, "0"]);
            let draw = said(&self.subject, draw.map(|frame| frame.reply))?;
            self.foreseen.insert(draw);
        }
        // The first draw is the sequence's own beginning, whatever was seeded before.
        self.pristine = probe(&self.subject)?;
        Ok(())
    }

    /// What the probes say of one server and not of the other, at the start.
    fn compare_worlds(&self) -> Result<Vec<String>, Error> {
        let theirs = probe(&self.oracle)?;
        let pairs = theirs.iter().zip(&self.pristine);
        Ok(pairs
            .flat_map(|(theirs, ours)| differences(theirs, ours))
            .collect())
    }

    /// Plays an episode; tells what is wrong.
    fn check(&mut self, episode: &Episode) -> Result<Option<String>, Error> {
        let commands = episode.commands();
        let first = play(&self.subject, &commands);
        if !self.subject.is_running() {
            return Ok(Some(format!("the server ended\n{}", self.subject.log())));
        }
        if episode.load.is_none() {
            let second = play(&self.subject, &commands);
            if first != second && !(met_a_limit(&first) && met_a_limit(&second)) {
                return Ok(Some(format!(
                    "the second run answers otherwise:\n    {first}\n    {second}"
                )));
            }
        }
        if episode.means == Means::Shared {
            let expected = play(&self.oracle, &commands);
            if !self.oracle.is_running() {
                // It has weaknesses of its own.
                self.oracle = Server::start(&self.oracle.program, &[])?;
            } else if expected != first {
                let (name, own) = (&self.oracle.program.name, &self.subject.program.name);
                return Ok(Some(format!(
                    "the answers differ:\n    {name:<13} {expected}\n    {own:<13} {first}"
                )));
            }
        }
        let mut connection = self.subject.connect()?;
        let draw = connection.call(&["EVAL", DRAW, "0"]);
        let draw = said(&self.subject, draw.map(|frame| frame.reply))?;
        if self.foreseen.contains(&draw) {
            return Ok(Some(format!(
                "the next script draws {draw}, which could be foreseen"
            )));
        }
        let probes = probe(&self.subject)?;
        let pairs = self.pristine.iter().zip(&probes);
        let found: Vec<String> = pairs
            .flat_map(|(before, after)| differences(before, after))
            .collect();
        if found.is_empty() {
            return Ok(None);
        }
        Ok(Some(format!(
            "the next script finds a changed world:\n    {}",
            found.join("\n    ")
        )))
    }

    /// Leaves out attempts as long as there is a finding.
    fn cut(
        &mut self,
        mut episode: Episode,
        mut finding: String,
    ) -> Result<(Episode, String), Error> {
        'smaller: loop {
            for smaller in episode.smaller() {
                self.restart()?;
                if let Some(found) = self.check(&smaller)? {
                    (episode, finding) = (smaller, found);
                    continue 'smaller;
                }
            }
            return Ok((episode, finding));
        }
    }
}

/// Plays commands on a fresh connection; the replies in words.
fn play(server: &Server, commands: &[Vec<String>]) -> String {
    let Ok(mut connection) = server.connect() else {
        return "(no connection)".to_owned();
    };
    let mut replies = Vec::new();
    for command in commands {
        replies.push(match answer(&mut connection, command) {
            Ok(reply) => reply.show(),
            Err(error) => format!("({error})"),
        });
    }
    replies.join(" ")
}

/// Whether one of the [`LIMITS`] ended a run. A script that takes memory without end meets either, as the machine is loaded.
fn met_a_limit(replies: &str) -> bool {
    let texts = [
        "Script ran longer than script-time-limit",
        "Script needs more memory than script-memory-limit",
    ];
    texts.iter().any(|text| replies.contains(text))
}

fn answer(connection: &mut Connection, command: &[String]) -> Result<Reply, WireError> {
    connection.send(command)?;
    Ok(connection.read(PATIENCE)?.reply)
}

fn said(server: &Server, reply: Result<Reply, WireError>) -> Result<String, Error> {
    let lost = |source| Error::Connection {
        program: server.program.name.clone(),
        source,
    };
    Ok(reply.map_err(lost)?.show())
}

/// What the probes say of a server's worlds: of scripts, of functions, and of a library being loaded.
fn probe(server: &Server) -> Result<Vec<String>, Error> {
    let function = format!(
        "#!lua name=probe\nredis.register_function('probe', function(KEYS, ARGV)\n{PROBE}\nend)\n"
    );
    let loading = format!(
        "#!lua name=loading\nlocal ok, out = pcall(function()\n{PROBE}\nend)\nif not ok then out = {{tostring(out)}} end\n\
         redis.register_function('loading', function() return out end)\n"
    );
    let mut connection = server.connect()?;
    let mut call = |command: &[&str]| {
        let reply = connection.call(command).map(|frame| frame.reply);
        said(server, reply)
    };
    let script = call(&["EVAL", PROBE, "0"])?;
    call(&["FUNCTION", "LOAD", "REPLACE", &function])?;
    let function = call(&["FCALL", "probe", "0"])?;
    let loaded = call(&["FUNCTION", "LOAD", "REPLACE", &loading])?;
    let loading = call(&["FCALL", "loading", "0"])?;
    Ok(vec![script, function, loaded + " " + &loading])
}

/// The items of two replies in words that only one of them has.
fn differences(before: &str, after: &str) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let items = |text: &str| -> Vec<String> { text.split("\" \"").map(str::to_owned).collect() };
    let (before, after) = (items(before), items(after));
    let gone = before
        .iter()
        .filter(|item| !after.contains(item))
        .map(|item| format!("- {item}"));
    let new = after
        .iter()
        .filter(|item| !before.contains(item))
        .map(|item| format!("+ {item}"));
    gone.chain(new).collect()
}

fn report(seed: u64, episode: &Episode, finding: &str) {
    println!("FAILED episode --seed {seed}: {finding}");
    for command in episode.commands() {
        println!("  {}", command.join(" "));
    }
}
