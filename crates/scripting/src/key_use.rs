//! Which keys a script can touch, told from its code.

use lua::proto::{Constant, Proto};

use crate::script::KeyUse;

/// What the code of a script tells about its keys.
pub(crate) fn of(proto: &Proto) -> KeyUse {
    if names(proto, b"redis") || names(proto, b"_G") || loads_code(proto) {
        KeyUse::Any
    } else {
        KeyUse::None
    }
}

/// Whether a script can make code out of text, whose keys nobody knows.
fn loads_code(proto: &Proto) -> bool {
    names(proto, b"loadstring") || names(proto, b"load")
}

/// Whether a function, or one inside it, mentions a name.
fn names(proto: &Proto, name: &[u8]) -> bool {
    let mentioned = proto
        .constants
        .iter()
        .any(|constant| matches!(constant, Constant::String(text) if **text == *name));
    mentioned || proto.children.iter().any(|child| names(child, name))
}
