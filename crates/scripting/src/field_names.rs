//! The field names of the tables that stand for replies, and their commonest text, made once for each VM.

use lua::Vm;
use lua::value::{StringHandle, Value};

/// Handles of the names, alive as long as their VM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldNames {
    pub(crate) ok: StringHandle,
    /// `OK`: what most commands have to say.
    pub(crate) ok_text: StringHandle,
    pub(crate) err: StringHandle,
    pub(crate) ignore_error_stats_update: StringHandle,
    pub(crate) double: StringHandle,
    pub(crate) map: StringHandle,
    pub(crate) set: StringHandle,
    pub(crate) big_number: StringHandle,
    pub(crate) verbatim_string: StringHandle,
    pub(crate) format: StringHandle,
    pub(crate) string: StringHandle,
    errors: [StringHandle; ERRORS.len()],
}

/// The errors that commands fail with most often in scripts that expect it. Each is too long to be interned.
pub(crate) const ERRORS: [&str; 2] = [
    "ERR value is not an integer or out of range",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
];

impl FieldNames {
    pub(crate) fn new(vm: &mut Vm) -> FieldNames {
        let mut name = |text: &str| {
            let handle = vm.runtime.heap.new_string(text.as_bytes());
            vm.pin(Value::String(handle));
            handle
        };
        FieldNames {
            ok: name("ok"),
            ok_text: name("OK"),
            err: name("err"),
            ignore_error_stats_update: name("ignore_error_stats_update"),
            double: name("double"),
            map: name("map"),
            set: name("set"),
            big_number: name("big_number"),
            verbatim_string: name("verbatim_string"),
            format: name("format"),
            string: name("string"),
            errors: ERRORS.map(name),
        }
    }

    /// The string of an error's text, if it is one of the commonest.
    #[inline]
    pub(crate) fn error_text(&self, text: &[u8]) -> Option<StringHandle> {
        let known = ERRORS.iter().position(|known| known.as_bytes() == text)?;
        Some(self.errors[known])
    }
}
