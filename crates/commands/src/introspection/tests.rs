use std::collections::BTreeMap;
use std::fmt::Write as _;

use resp::{Protocol, Value};

use crate::testing::Kit;
use crate::testing::transcript::{ask, replay};

/// What redis-server told of its commands, in the form [`facts`] gives it; written by the test itself if
/// `TIDELOCK_RECORD` names a redis-server.
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/command_facts.txt");

/// Commands and subcommands of later Redis versions than the recorded one.
const YOUNGER: &[&str] = &[
    "client|no-touch",
    "client|setinfo",
    "script|list",
    "script|show",
    "script|stats",
];

#[test]
fn command_answers_as_recorded() {
    replay("src/introspection/command.transcript");
}

#[test]
fn the_table_states_the_facts_redis_states() {
    let commands: [&[&[u8]]; 2] = [&[b"COMMAND"], &[b"COMMAND", b"DOCS"]];
    if let Ok(address) = std::env::var("TIDELOCK_RECORD") {
        let facts = facts(&commands.map(|command| ask(&address, command)));
        let text: String = facts
            .iter()
            .map(|(name, fact)| format!("{name} {fact}\n"))
            .collect();
        std::fs::write(RECORDED, text).expect("the record can be written");
        return;
    }
    let mut kit = Kit::new();
    kit.protocol = Protocol::Resp3;
    let ours = facts(&commands.map(|command| kit.call(command)));
    let recorded = std::fs::read_to_string(RECORDED).expect("the record is there");
    let recorded: BTreeMap<&str, &str> = recorded
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let mut differences = String::new();
    for (name, fact) in &ours {
        if YOUNGER.contains(&name.trim_end_matches([':', '='])) {
            continue;
        }
        let wanted = recorded.get(name.as_str()).copied().unwrap_or("nothing");
        if wanted != fact {
            let _ = writeln!(differences, "{name}\n  redis: {wanted}\n  ours:  {fact}");
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

/// The facts of COMMAND under `name=` and those of COMMAND DOCS under `name:`, without prose.
fn facts(replies: &[Vec<u8>; 2]) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    let [info, docs] = replies.each_ref().map(|reply| {
        resp::read_value(reply)
            .expect("a well-formed reply")
            .expect("a whole reply")
            .0
    });
    add_info(&info, &mut facts);
    add_docs(&docs, &mut facts);
    facts
}

fn add_info(value: &Value, facts: &mut BTreeMap<String, String>) {
    let (Value::Array(commands) | Value::Set(commands)) = value else {
        panic!("COMMAND answers an array");
    };
    for command in commands {
        let Value::Array(fields) = command else {
            panic!("a command is an array");
        };
        let facts_of = fields[1..9].iter().map(text).collect::<Vec<_>>().join(" ");
        facts.insert(format!("{}=", text(&fields[0])), facts_of);
        add_info(&fields[9], facts);
    }
}

fn add_docs(value: &Value, facts: &mut BTreeMap<String, String>) {
    let Value::Map(commands) = value else {
        panic!("COMMAND DOCS answers a map");
    };
    for (name, fields) in commands {
        facts.insert(format!("{}:", text(name)), text(fields));
        let Value::Map(fields) = fields else {
            panic!("a command's documentation is a map");
        };
        for (field, value) in fields {
            if text(field) == "subcommands" {
                add_docs(value, facts);
            }
        }
    }
}

/// What is prose, or told under a name of its own.
const LEFT_OUT: &[&str] = &[
    "summary",
    "complexity",
    "history",
    "notes",
    "replaced_by",
    "subcommands",
];

fn text(value: &Value) -> String {
    let all = |values: &[Value]| values.iter().map(text).collect::<Vec<_>>().join(" ");
    match value {
        Value::Bulk(bytes) | Value::Status(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Integer(integer) => integer.to_string(),
        Value::Array(values) => format!("[{}]", all(values)),
        Value::Set(values) => format!("<{}>", all(values)),
        Value::Map(pairs) => {
            let fields = pairs
                .iter()
                .map(|(key, value)| (text(key), value))
                .filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()))
                .map(|(key, value)| format!("{key}:{}", text(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(" "))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn help_lists_the_subcommands_of_a_container() {
    let mut kit = Kit::new();
    let help = kit.run("object help");
    assert!(help.starts_with("*11\r\n+OBJECT <subcommand> [<arg> [value] [opt] ...]. Subc"));
    assert!(help.contains("+ENCODING <key>\r\n+    Returns"));
    assert!(help.ends_with("+HELP\r\n+    Prints this help.\r\n"));
    assert!(
        kit.run("COMMAND HELP")
            .contains("+INFO [<command-name> [<command-name> ...]]\r\n")
    );
}

#[test]
fn every_name_leads_to_its_command() {
    for named in super::all_with_subcommands() {
        let found = super::Named::find(named.name.to_uppercase().as_bytes());
        assert_eq!(found.map(|found| found.name), Some(named.name));
    }
    for stranger in ["", "|", "get|", "get|x", "object|", "object|x", "nothing"] {
        assert!(super::Named::find(stranger.as_bytes()).is_none());
    }
}
