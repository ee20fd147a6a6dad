//! Many clients work on random lists at once, with scripts and functions that declare their keys, some of them or none,
//! slow ones, ones that fail half-way and are undone, transactions, watched transactions and plain commands. What they
//! saw and wrote must have a serial order that agrees with time.
//!
//! `TIDELOCK_STRESS_SECONDS` sets how long each of the tests goes on.

#[path = "history/graph.rs"]
mod graph;
mod support;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use graph::{Step, Unit};
use support::{Choices, Client, Reply, Server};

/// A history is checked after so long, and another begins.
const ROUND: Duration = Duration::from_millis(1500);

/// Lists that are worked on at a time.
const LISTS: u64 = 10;

/// A list gets about so many elements before another takes its place.
const ELEMENTS: u64 = 40;

const CLIENTS: u64 = 8;

/// What a unit is to do to a list.
#[derive(Clone, Debug)]
enum Plan {
    Read(String),
    Append(String, u64),
}

/// Does the steps of ARGV. `key` makes a key of what stands in ARGV.
fn body(key: &str) -> String {
    format!(
        "local seen, i = {{}}, 2
        while ARGV[i] do
            local key = {key}
            if ARGV[i] == 'read' then
                seen[#seen + 1] = table.concat(redis.call('LRANGE', key, 0, -1), ' ')
                i = i + 2
            else
                redis.call('RPUSH', key, ARGV[i + 2])
                i = i + 3
            end
            if ARGV[1] ~= '0' then for n = 1, ARGV[1] do end end
        end"
    )
}

/// The scripts and functions of the test: the name of each, and the words that run it.
struct Scripts {
    declared: String,
    undeclared: String,
    sha: String,
    fails: String,
    catches: String,
}

impl Scripts {
    fn load(client: &mut Client) -> Scripts {
        let undeclared = format!("{} return seen", body("ARGV[i + 1]"));
        let by_sha = format!("{undeclared} -- by its digest");
        let Reply::Bulk(sha) = client.call(&["SCRIPT", "LOAD", &by_sha]) else {
            panic!("the script is loaded");
        };
        let library = format!(
            "#!lua name=steps
            redis.register_function('steps', function(KEYS, ARGV) {0} return seen end)",
            body("ARGV[i + 1]")
        );
        let with_state = format!(
            "#!lua name=counted
            local calls = 0
            redis.register_function('counted', function(KEYS, ARGV)
                calls = calls + 1 {0} return seen end)",
            body("ARGV[i + 1]")
        );
        for text in [&library, &with_state] {
            client.call(&["FUNCTION", "LOAD", "REPLACE", text]);
        }
        Scripts {
            declared: format!("{} return seen", body("KEYS[tonumber(ARGV[i + 1])]")),
            fails: format!(
                "#!lua flags=atomic\n{} error('half-way')",
                body("ARGV[i + 1]")
            ),
            // Whatever it catches is not that a key could not be had.
            catches: format!(
                "local function all() {} return seen end
                local ok, seen = pcall(all) assert(ok, seen)
                redis.pcall('RPUSH') return seen",
                body("ARGV[i + 1]")
            ),
            undeclared,
            sha,
        }
    }
}

struct Actor<'a> {
    client: Client,
    choices: Choices,
    scripts: &'a Scripts,
    /// Numbers the elements of all clients.
    next: &'a AtomicU64,
    round: u64,
    units: Vec<Unit>,
}

impl Actor<'_> {
    fn plan(&mut self) -> Vec<Plan> {
        let count = 1 + self.choices.below(5);
        let steps = (0..count).map(|_| {
            let element = self.next.fetch_add(1, Ordering::Relaxed);
            let epoch = element / (LISTS * ELEMENTS);
            let list = format!("{}:{epoch}:{}", self.round, self.choices.below(LISTS));
            match self.choices.below(2) {
                0 => Plan::Read(list),
                _ => Plan::Append(list, element),
            }
        });
        steps.collect()
    }

    /// Mostly short, sometimes several slices long.
    fn work(&mut self) -> String {
        let rounds = match self.choices.below(200) {
            0 => 100_000,
            1..10 => 500,
            _ => 0,
        };
        rounds.to_string()
    }

    fn act(&mut self) {
        let plan = self.plan();
        let began = Instant::now();
        let (kind, replies) = match self.choices.below(12) {
            0 | 1 => ("declared", self.declared(&plan)),
            2 | 3 => ("undeclared", self.undeclared(&plan, &["EVAL"])),
            4 => ("partly declared", self.undeclared(&plan, &["EVALSHA"])),
            5 => ("function", self.undeclared(&plan, &["FCALL", "steps"])),
            6 => (
                "function with state",
                self.undeclared(&plan, &["FCALL", "counted"]),
            ),
            7 => ("catches", self.undeclared(&plan, &["EVAL", "catches"])),
            8 => return self.fails(&plan),
            9 => ("transaction", self.transaction(&plan)),
            10 => match self.watched(&plan) {
                Some(replies) => ("watched", replies),
                None => return,
            },
            _ => ("plain", self.plain(&plan[..1])),
        };
        let ended = Instant::now();
        let mut seen = replies.into_iter();
        let plan = if kind == "plain" { &plan[..1] } else { &plan };
        let steps = plan
            .iter()
            .map(|step| match step {
                Plan::Read(key) => {
                    Step::Read(key.clone(), seen.next().expect("a reply for each read"))
                }
                Plan::Append(key, element) => Step::Append(key.clone(), *element),
            })
            .collect();
        self.units.push(Unit {
            kind,
            began,
            ended,
            steps,
        });
    }

    fn declared(&mut self, plan: &[Plan]) -> Vec<Vec<u64>> {
        let mut keys: Vec<&str> = Vec::new();
        let mut words = vec![self.work()];
        for step in plan {
            let (Plan::Read(key) | Plan::Append(key, _)) = step;
            let place = keys.iter().position(|known| known == key);
            let place = place.unwrap_or_else(|| {
                keys.push(key);
                keys.len() - 1
            });
            push_step(&mut words, step, &(place + 1).to_string());
        }
        let count = keys.len().to_string();
        let mut command = vec!["EVAL", &self.scripts.declared, &count];
        command.extend(keys);
        command.extend(words.iter().map(String::as_str));
        texts(self.client.call(&command))
    }

    fn undeclared_command(&mut self, plan: &[Plan], start: &[&str]) -> Reply {
        let mut words = vec![self.work()];
        for step in plan {
            let (Plan::Read(key) | Plan::Append(key, _)) = step;
            push_step(&mut words, step, key);
        }
        let mut command = match start {
            ["EVAL"] => vec!["EVAL", &self.scripts.undeclared],
            ["EVAL", "catches"] => vec!["EVAL", &self.scripts.catches],
            ["EVAL", "fails"] => vec!["EVAL", &self.scripts.fails],
            ["EVALSHA"] => vec!["EVALSHA", &self.scripts.sha],
            other => other.to_vec(),
        };
        let (Plan::Read(first) | Plan::Append(first, _)) = &plan[0];
        if self.choices.below(2) == 0 {
            command.extend(["1", first]);
        } else {
            command.push("0");
        }
        command.extend(words.iter().map(String::as_str));
        self.client.call(&command)
    }

    fn undeclared(&mut self, plan: &[Plan], start: &[&str]) -> Vec<Vec<u64>> {
        texts(self.undeclared_command(plan, start))
    }

    /// What it appends is never there.
    fn fails(&mut self, plan: &[Plan]) {
        match self.undeclared_command(plan, &["EVAL", "fails"]) {
            Reply::Error(text) => assert!(text.contains("half-way"), "{text}"),
            other => panic!("{other:?}"),
        }
    }

    fn plain(&mut self, plan: &[Plan]) -> Vec<Vec<u64>> {
        let replies: Vec<Reply> = plan.iter().map(|step| self.one(step)).collect();
        lists_of(plan, &replies)
    }

    fn one(&mut self, step: &Plan) -> Reply {
        let words = words_of(step);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.client.call(&words)
    }

    /// Queues the steps; now and then with a script among them that declares nothing.
    fn transaction(&mut self, plan: &[Plan]) -> Vec<Vec<u64>> {
        self.client.call(&["MULTI"]);
        for step in plan {
            if self.choices.below(2) == 0 {
                self.undeclared_command(std::slice::from_ref(step), &["EVAL"]);
            } else {
                self.one(step);
            }
        }
        match self.client.call(&["EXEC"]) {
            Reply::Many(replies) => lists_of(plan, &replies),
            other => panic!("{other:?}"),
        }
    }

    /// Reads under WATCH, then appends if nothing has changed; `None` if something has.
    fn watched(&mut self, plan: &[Plan]) -> Option<Vec<Vec<u64>>> {
        let (reads, appends): (Vec<Plan>, Vec<Plan>) = plan
            .iter()
            .cloned()
            .partition(|step| matches!(step, Plan::Read(_)));
        for step in &reads {
            let Plan::Read(key) = step else { continue };
            self.client.call(&["WATCH", key]);
        }
        let seen = self.plain(&reads);
        self.client.call(&["MULTI"]);
        for step in &appends {
            self.one(step);
        }
        match self.client.call(&["EXEC"]) {
            Reply::Null => None,
            Reply::Many(_) => Some(seen),
            other => panic!("{other:?}"),
        }
    }
}

fn push_step(words: &mut Vec<String>, step: &Plan, key: &str) {
    match step {
        Plan::Read(_) => words.extend(["read".to_owned(), key.to_owned()]),
        Plan::Append(_, element) => {
            words.extend(["append".to_owned(), key.to_owned(), element.to_string()]);
        }
    }
}

/// A step as a plain command.
fn words_of(step: &Plan) -> Vec<String> {
    match step {
        Plan::Read(key) => ["LRANGE", key, "0", "-1"].map(str::to_owned).to_vec(),
        Plan::Append(key, element) => ["RPUSH", key, &element.to_string()]
            .map(str::to_owned)
            .to_vec(),
    }
}

fn elements<'a>(words: impl Iterator<Item = &'a str>) -> Vec<u64> {
    words
        .map(|word| word.parse().expect("an element"))
        .collect()
}

/// What a script says it has seen.
fn texts(reply: Reply) -> Vec<Vec<u64>> {
    let Reply::Many(texts) = reply else {
        panic!("{reply:?}");
    };
    texts.iter().map(list_of).collect()
}

/// A list: as its elements, or as a script shows it.
fn list_of(reply: &Reply) -> Vec<u64> {
    match reply {
        Reply::Bulk(text) => elements(text.split_ascii_whitespace()),
        Reply::Many(parts) => parts.iter().flat_map(list_of).collect(),
        other => panic!("{other:?}"),
    }
}

/// What the reading ones of these steps have seen.
fn lists_of(plan: &[Plan], replies: &[Reply]) -> Vec<Vec<u64>> {
    assert_eq!(plan.len(), replies.len());
    let reads = plan.iter().zip(replies);
    reads
        .filter(|(step, _)| matches!(step, Plan::Read(_)))
        .map(|(_, reply)| list_of(reply))
        .collect()
}

fn time_to_play() -> Duration {
    let seconds = std::env::var("TIDELOCK_STRESS_SECONDS").ok();
    let seconds = seconds.map_or(3, |seconds| seconds.parse().expect("a number of seconds"));
    Duration::from_secs(seconds)
}

/// What all clients do in a round, and what is in the lists after it.
fn play_round(
    server: &Server,
    scripts: &Scripts,
    round: u64,
) -> (Vec<Unit>, HashMap<String, Vec<u64>>) {
    let (next, end) = (AtomicU64::new(0), Instant::now() + ROUND);
    let units = thread::scope(|scope| {
        let actors: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let mut actor = Actor {
                    client: server.connect(),
                    choices: Choices(round * CLIENTS + number),
                    scripts,
                    next: &next,
                    round,
                    units: Vec::new(),
                };
                scope.spawn(move || {
                    while Instant::now() < end {
                        actor.act();
                    }
                    actor.units
                })
            })
            .collect();
        let units = actors.into_iter().flat_map(|actor| {
            let units = actor.join();
            units.expect("the client goes on to the end")
        });
        units.collect()
    });
    let mut client = server.connect();
    let Reply::Many(names) = client.call(&["KEYS", "*"]) else {
        panic!("KEYS gives an array");
    };
    let lists = names.iter().map(|name| match name {
        Reply::Bulk(name) => {
            let list = list_of(&client.call(&["LRANGE", name, "0", "-1"]));
            (name.clone(), list)
        }
        other => panic!("{other:?}"),
    });
    let lists = lists.collect();
    client.call(&["FLUSHALL"]);
    (units, lists)
}

fn play(arguments: &[&str]) {
    let server = Server::start(arguments);
    let scripts = Scripts::load(&mut server.connect());
    let end = Instant::now() + time_to_play();
    let (mut round, mut count) = (0, 0);
    while Instant::now() < end {
        let (units, lists) = play_round(&server, &scripts, round);
        count += units.len();
        if let Err(contradiction) = graph::check(&units, &lists) {
            panic!("round {round}: {contradiction}");
        }
        round += 1;
    }
    println!("{arguments:?}: {count} units in {round} rounds");
    assert!(count > 100, "hardly anything was done");
}

#[test]
fn histories_on_one_loop_have_an_order() {
    play(&["--io-threads", "1"]);
}

#[test]
fn histories_on_two_loops_have_an_order() {
    play(&["--io-threads", "2", "--io-threads-gather", "no"]);
}

#[test]
fn histories_on_loops_that_gather_have_an_order() {
    play(&["--io-threads", "2"]);
}

#[test]
fn histories_on_four_loops_have_an_order() {
    play(&["--io-threads", "4", "--io-threads-gather", "no"]);
}
