//! What the analysis knows of a value.

/// What is known of a value, and of a variable: the same for every value it can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Known<'a> {
    /// No value yet: nothing has been seen that makes one.
    Unreached,
    /// Nil or a boolean. As an argument of a command it is an error before the command runs.
    Absent,
    /// This string.
    Text(&'a [u8]),
    /// This number; never NaN.
    Number(f64),
    /// An element of KEYS, or nil.
    Key,
    /// The KEYS table.
    Keys,
    /// The `redis` table.
    Redis,
    /// `redis.call` or `redis.pcall`.
    Call,
    /// A closure of this function, by its number.
    Function(usize),
    /// The global table of a library whose functions include readers.
    Library(&'a [u8]),
    /// A native function that looks at its arguments, keeps none and changes none.
    Reader,
    /// `unpack`.
    Unpack,
    /// `ipairs` or `pairs`.
    Iterate,
    /// `pcall`.
    ProtectedCall,
    /// What `ipairs(KEYS)` returns first.
    KeysIterator,
    /// `redis.register_function`, while a library is loaded.
    Register,
    /// A table that was made while a library was loaded, or what is read from one, or anything that is [`Known::Other`].
    Shared,
    /// What `ipairs` and `pairs` of such a table return first.
    SharedIterator,
    /// Anything that is neither sensitive nor a closure the analysis follows.
    Other,
    /// Several of the above, at least one of which has to be followed: fit for nothing. A register that nobody reads any
    /// more may well be that.
    Conflict,
}

impl Known<'_> {
    /// Whether the value must not get to where it is not followed.
    pub(super) fn is_sensitive(self) -> bool {
        matches!(
            self,
            Known::Keys | Known::Redis | Known::Call | Known::Conflict
        )
    }

    /// Whether it may stand where a command has a key.
    pub(super) fn fits_key(self) -> bool {
        matches!(self, Known::Key | Known::Absent | Known::Unreached)
    }
}

impl<'a> Known<'a> {
    /// What is known of a value that is one or the other.
    pub(super) fn join(self, other: Known<'a>) -> Known<'a> {
        match (self, other) {
            (a, b) if a == b => a,
            (Known::Unreached, known) | (known, Known::Unreached) => known,
            (Known::Absent, known) | (known, Known::Absent) => known,
            (a, b) if a.must_be_followed() || b.must_be_followed() => Known::Conflict,
            (Known::Shared, _) | (_, Known::Shared) => Known::Shared,
            _ => Known::Other,
        }
    }

    fn must_be_followed(self) -> bool {
        self.is_sensitive() || matches!(self, Known::Function(_))
    }
}

/// The first values from some register on and what all values after them are, as open arguments and results are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Open<'a> {
    /// The register of the first one.
    pub(super) start: usize,
    /// What is known of each of them.
    pub(super) known: Known<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_never_hides_what_must_be_followed() {
        use Known::*;
        let all = [
            Unreached,
            Absent,
            Text(b"x"),
            Number(1.0),
            Key,
            Keys,
            Redis,
            Call,
            Function(1),
            Reader,
            Shared,
            Other,
            Conflict,
        ];
        for a in all {
            for b in all {
                let joined = a.join(b);
                assert_eq!(joined, b.join(a));
                if a.is_sensitive() || b.is_sensitive() {
                    assert!(joined.is_sensitive(), "{a:?} {b:?}");
                }
                if joined.fits_key() {
                    assert!(a.fits_key() && b.fits_key(), "{a:?} {b:?}");
                }
                // Joining more never goes back, so the analysis ends.
                assert_eq!(joined.join(a), joined);
            }
        }
    }
}
