//! COMMAND and COMMAND INFO: arity, flags, keys, categories and tips of commands.

use resp::Reply;

use super::Named;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::record::{BeginSearch, Command, FindKeys, KeySpec, category, flag, key_flag};

/// `COMMAND`
pub(super) fn all(context: &mut Context<'_, '_>) -> CommandResult {
    // A second argument that names no subcommand comes here.
    if let Some(word) = context.args.get(1) {
        return Err(CommandError::UnknownSubcommand {
            given: word.to_vec(),
            container: "COMMAND".into(),
        });
    }
    write_all(context)
}

fn write_all(context: &mut Context<'_, '_>) -> CommandResult {
    let commands: Vec<Named> = Named::all().collect();
    context.reply.array(commands.len());
    for named in &commands {
        write_command(context.reply, named);
    }
    Ok(())
}

/// `COMMAND INFO [name …]`
pub(super) fn info(context: &mut Context<'_, '_>) -> CommandResult {
    let names = &context.args[2..];
    if names.is_empty() {
        return write_all(context);
    }
    context.reply.array(names.len());
    for name in names {
        match Named::find(name) {
            Some(named) => write_command(context.reply, &named),
            None => context.reply.null(),
        }
    }
    Ok(())
}

fn write_command(reply: &mut dyn Reply, named: &Named) {
    let command = named.command;
    reply.array(10);
    reply.bulk(named.name.as_bytes());
    reply.integer(i64::from(command.arity));
    write_names(reply, command.flags, flag::NAMES);
    let range = KeyRange::of(command);
    reply.integer(range.first);
    reply.integer(range.last);
    reply.integer(range.step);
    let categories = command.all_categories();
    let names = category::NAMES;
    let set = names.iter().filter(|(bit, _)| categories & bit != 0);
    reply.set(set.clone().count());
    for (_, name) in set {
        reply.status(&format!("@{name}"));
    }
    reply.set(command.tips.len());
    for tip in command.tips {
        reply.bulk(tip.as_bytes());
    }
    reply.set(command.keys.len());
    for spec in command.keys {
        write_key_spec(reply, spec);
    }
    reply.set(command.subcommands.len());
    for subcommand in named.subcommands() {
        write_command(reply, &subcommand);
    }
}

/// Writes the names of the bits that are set, as a set of statuses.
pub(super) fn write_names<T>(reply: &mut dyn Reply, bits: T, names: &[(T, &str)])
where
    T: Copy + PartialEq + Default + std::ops::BitAnd<Output = T>,
{
    let set = names.iter().filter(|(bit, _)| bits & *bit != T::default());
    reply.set(set.clone().count());
    for (_, name) in set {
        reply.status(name);
    }
}

fn write_key_spec(reply: &mut dyn Reply, spec: &KeySpec) {
    reply.map(3);
    reply.bulk(b"flags");
    write_names(reply, spec.flags, key_flag::NAMES);
    reply.bulk(b"begin_search");
    match spec.begin {
        BeginSearch::Index(index) => write_search(reply, "index", &[("index", index as i64)]),
        BeginSearch::Keyword(keyword, from) => {
            write_search_header(reply, "keyword", 2);
            reply.bulk(b"keyword");
            reply.bulk(keyword.as_bytes());
            reply.bulk(b"startfrom");
            reply.integer(i64::from(from));
        }
        BeginSearch::Unknown => write_search(reply, "unknown", &[]),
    }
    reply.bulk(b"find_keys");
    match spec.find {
        FindKeys::Range { last, step, limit } => write_search(
            reply,
            "range",
            &[
                ("lastkey", i64::from(last)),
                ("keystep", step as i64),
                ("limit", limit as i64),
            ],
        ),
        FindKeys::Counted { count, first, step } => write_search(
            reply,
            "keynum",
            &[
                ("keynumidx", count as i64),
                ("firstkey", first as i64),
                ("keystep", step as i64),
            ],
        ),
        FindKeys::Unknown => write_search(reply, "unknown", &[]),
    }
}

fn write_search(reply: &mut dyn Reply, kind: &str, numbers: &[(&str, i64)]) {
    write_search_header(reply, kind, numbers.len());
    for (name, number) in numbers {
        reply.bulk(name.as_bytes());
        reply.integer(*number);
    }
}

fn write_search_header(reply: &mut dyn Reply, kind: &str, fields: usize) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    reply.map(fields);
}

/// The keys as clients before key specs knew them: first, last and step; all 0 if that cannot be said.
#[derive(Default)]
struct KeyRange {
    first: i64,
    last: i64,
    step: i64,
}

impl KeyRange {
    fn of(command: &Command) -> KeyRange {
        let mut whole = KeyRange::default();
        for spec in command.keys {
            let (BeginSearch::Index(index), FindKeys::Range { last, step, .. }) =
                (spec.begin, spec.find)
            else {
                continue;
            };
            let (index, step) = (index as i64, step as i64);
            let last = i64::from(last);
            let last = if last >= 0 { index + last } else { last };
            if whole.first == 0 {
                whole = KeyRange {
                    first: index,
                    last,
                    step,
                };
            } else if index == whole.last + 1 && step == whole.step {
                // Two specs that meet are one range.
                whole.last = last;
            }
        }
        whole
    }
}
