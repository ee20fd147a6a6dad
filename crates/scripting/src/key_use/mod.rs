//! Which keys a script can touch, told from its code.
//!
//! An abstract interpretation of the bytecode follows the few values that matter: the `redis` table, `redis.call` and
//! `redis.pcall`, the KEYS table and what is read from it, constant command names. It proves that every inner call names
//! a known command and has nothing but elements of KEYS where that command has keys; such a script locks only the shards
//! of its declared keys.
//!
//! - [`value`]: what is known of a value;
//! - [`functions`]: the functions of a script and the variables that closures share;
//! - [`flow`]: what the instructions do to that knowledge;
//! - [`calls`]: what calls do to it;
//! - [`command`]: what a call with such arguments can touch;
//! - [`library`]: the functions of a library, and whether they leave anything behind for each other.
//!
//! The proof rests on one invariant: a *sensitive* value (`redis`, `redis.call`, KEYS) never gets to where it is not
//! followed, such as a table, a native function's argument or an operator with a metamethod. Whatever breaks it makes the
//! analysis give up, and a script of which nothing is known runs under all locks.

mod calls;
mod command;
mod flow;
mod functions;
pub(crate) mod library;
#[cfg(test)]
mod library_tests;
#[cfg(test)]
mod tests;
mod value;

use lua::proto::{Constant, Proto};

use crate::script::KeyUse;

/// What the code of a script tells about its keys.
pub(crate) fn of(proto: &Proto) -> KeyUse {
    // Most scripts that call nothing say so by not mentioning it.
    if !mentions(proto, &GATES) {
        return KeyUse::None;
    }
    flow::analyze(proto).unwrap_or(KeyUse::Any)
}

/// The names without which a script cannot call a command.
const GATES: [&[u8]; 4] = [b"redis", b"_G", b"load", b"loadstring"];

/// Whether a function, or one inside it, mentions one of these names.
fn mentions(proto: &Proto, names: &[&[u8]]) -> bool {
    let mentioned = proto
        .constants()
        .any(|constant| matches!(constant, Constant::String(text) if names.contains(&text)));
    mentioned || proto.children.iter().any(|child| mentions(child, names))
}
