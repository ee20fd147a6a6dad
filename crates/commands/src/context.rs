//! What a handler gets: its arguments, the keys, the sink, and the few things of the world it may see.

use keyspace::Unit;
use resp::Reply;
use types::Limits;

/// A small pseudo-random generator (splitmix64), seeded from above: nothing here reads a source of randomness.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator that gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number, uniform over all 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }
}

/// Settings that bear on handlers; a snapshot of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Thresholds of the compact encodings.
    pub limits: Limits,
    /// The longest string a command may make, in bytes (`proto-max-bulk-len`).
    pub string_bytes_max: u64,
    /// Whether FLUSHALL and FLUSHDB free in the background unless told (`lazyfree-lazy-user-flush`).
    pub lazy_user_flush: bool,
}

/// What a blocking command answers to a caller that cannot wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `*-1` in RESP2.
    NullArray,
    /// `$-1` in RESP2.
    Null,
}

/// A command's wish to wait until one of its keys can serve it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRequest {
    /// Indexes of the arguments that are the keys it waits for.
    pub keys: std::ops::Range<usize>,
    /// How long it waits, in milliseconds; `None` for ever.
    pub timeout_ms: Option<i64>,
}

/// Everything a handler may use.
pub struct Context<'a, 'k> {
    /// The arguments; the first is the command's name, as the client wrote it.
    pub args: &'a [&'a [u8]],
    /// The keys, under the locks that the command's record asked for.
    pub keys: &'a mut Unit<'k>,
    /// Where the reply goes.
    pub reply: &'a mut dyn Reply,
    /// The configuration's part that bears on handlers.
    pub settings: &'a Settings,
    /// The source of randomness.
    pub random: &'a mut Random,
    /// Takes big values to drop them elsewhere, off the caller's time.
    pub dispose: &'a mut dyn FnMut(Box<dyn Send>),
    /// Whether the caller can wait; scripts and transactions cannot. Handlers do not look at it: see
    /// [`Context::block`].
    pub may_block: bool,
    /// If the command was blocked and is tried again: the key that came into being. It looks at that key alone.
    pub woken_by: Option<&'a [u8]>,
    /// Set by [`Context::block`]: the command has written no reply and waits.
    pub blocked: Option<BlockRequest>,
}

impl Context<'_, '_> {
    /// Nothing to serve the command with now: waits for one of the keys among the arguments `keys`, at most
    /// `timeout_ms` (`None`: for ever). A caller that cannot wait gets `refusal` at once; one that waited in vain gets
    /// a null array, whatever the command.
    pub fn block(
        &mut self,
        keys: std::ops::Range<usize>,
        timeout_ms: Option<i64>,
        refusal: Refusal,
    ) {
        if self.may_block {
            self.blocked = Some(BlockRequest { keys, timeout_ms });
            return;
        }
        match refusal {
            Refusal::NullArray => self.reply.null_array(),
            Refusal::Null => self.reply.null(),
        }
    }
}
