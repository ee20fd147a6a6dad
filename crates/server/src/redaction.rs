//! Passwords in commands: neither MONITOR nor the slow log shows them.

use std::borrow::Cow;

use commands::argument::is_word;

use crate::config;
use crate::road::lookup::Entry;

/// What stands for a secret.
const REDACTED: &[u8] = b"(redacted)";

/// The arguments of a command as others may see them.
pub(crate) fn redacted<'a>(entry: &Entry, args: &'a [&'a [u8]]) -> Cow<'a, [&'a [u8]]> {
    let secrets = match (entry.container, entry.command.name) {
        (None, "auth") => secrets_of_auth(args),
        (None, "hello") => secrets_of_hello(args),
        (Some(container), "set") if container.name == "config" => secrets_of_config_set(args),
        _ => return Cow::Borrowed(args),
    };
    let mut shown = args.to_vec();
    secrets.into_iter().for_each(|at| shown[at] = REDACTED);
    Cow::Owned(shown)
}

/// The places of the secrets in `AUTH [user] password`.
fn secrets_of_auth(args: &[&[u8]]) -> Vec<usize> {
    match args.len() {
        2 => vec![1],
        3 => vec![1, 2],
        // It was refused, and nobody can tell what is what.
        _ => Vec::new(),
    }
}

/// The places of the secrets in `HELLO version [AUTH user password] [SETNAME name]`, in any order.
fn secrets_of_hello(args: &[&[u8]]) -> Vec<usize> {
    let mut secrets = Vec::new();
    let mut at = 2;
    while at + 1 < args.len() {
        if is_word(args[at], "auth") && at + 2 < args.len() {
            secrets.extend([at + 1, at + 2]);
            at += 3;
        } else if is_word(args[at], "setname") {
            at += 2;
        } else {
            break;
        }
    }
    secrets
}

/// The places of the values of secret directives in `CONFIG SET name value …`.
fn secrets_of_config_set(args: &[&[u8]]) -> Vec<usize> {
    let names = (2..args.len()).step_by(2);
    names
        .filter(|&at| config::find(args[at]).is_some_and(|directive| directive.is_sensitive()))
        .map(|at| at + 1)
        .filter(|&at| at < args.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::road::lookup::lookup;

    fn shown(command: &str) -> String {
        let args: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        let entry = lookup(&args).expect("a command");
        let shown = redacted(entry, &args).join(&b' ');
        String::from_utf8(shown).expect("a text")
    }

    #[test]
    fn secrets_are_not_shown() {
        for (command, expected) in [
            ("auth secret", "auth (redacted)"),
            ("AUTH default secret", "AUTH (redacted) (redacted)"),
            (
                "hello 3 auth default secret",
                "hello 3 auth (redacted) (redacted)",
            ),
            (
                "hello 2 setname auth AUTH default secret",
                "hello 2 setname auth AUTH (redacted) (redacted)",
            ),
            (
                "config set maxmemory 0 masterauth a REQUIREPASS b",
                "config set maxmemory 0 masterauth (redacted) REQUIREPASS (redacted)",
            ),
        ] {
            assert_eq!(shown(command), expected);
        }
    }

    #[test]
    fn everything_else_is() {
        for command in [
            "auth a b c",
            "hello",
            "hello 3 auth",
            "hello 3 setname x",
            "config set maxmemory 0",
            "config get requirepass",
            "set requirepass secret",
        ] {
            assert_eq!(shown(command), command);
        }
    }
}
