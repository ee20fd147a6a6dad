//! The one sink of the design: command handlers write their reply to a [`Reply`] and never build a
//! tree of it.
//!
//! Implementors decide what a reply becomes: [`RespWriter`](crate::RespWriter) encodes it for a
//! client, the scripting layer's sink makes Lua values of it directly. A handler does not know which
//! one it has.
//!
//! # Contract
//! A reply is exactly one value. An aggregate announces its length, then exactly that many values
//! follow (for a map: that many pairs, key before value), each of which may again be an aggregate. A
//! handler must not write part of a reply and then discover an error: check first, write then. What
//! RESP2 cannot express is turned by the sink into what Redis sends instead, so handlers write the RESP3
//! meaning (a map, a double, a null) and look at [`Reply::protocol`] only where Redis's reply differs
//! in shape between the protocols.

/// The version of the protocol a reply is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// RESP2, what a connection speaks before `HELLO 3`.
    #[default]
    Resp2,
    /// RESP3.
    Resp3,
}

impl Protocol {
    /// The number `HELLO` uses: 2 or 3.
    pub fn number(self) -> i64 {
        match self {
            Protocol::Resp2 => 2,
            Protocol::Resp3 => 3,
        }
    }

    /// Whether this is RESP3.
    #[inline]
    pub fn is_resp3(self) -> bool {
        self == Protocol::Resp3
    }
}

/// The kinds of value that hold other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Ordered values.
    Array,
    /// Pairs of key and value; its length counts pairs. RESP2: an array twice as long.
    Map,
    /// Distinct values. RESP2: an array.
    Set,
    /// Out-of-band data such as a published message. RESP2: an array.
    Push,
    /// Pairs that annotate the value that follows. RESP3 only: never write it in RESP2.
    Attribute,
}

impl Aggregate {
    /// Values that follow a header of this kind that says `len`.
    pub fn values(self, len: usize) -> usize {
        match self {
            Aggregate::Map | Aggregate::Attribute => len.saturating_mul(2),
            _ => len,
        }
    }
}

/// Names an aggregate that was opened without its length; only the sink that made it understands it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an opened aggregate must be closed"]
pub struct Mark {
    /// Position or number the sink finds the aggregate by.
    pub position: usize,
    /// What was opened.
    pub kind: Aggregate,
}

/// Where a command handler writes its reply. See the module's contract.
pub trait Reply {
    /// The protocol this reply is made for.
    fn protocol(&self) -> Protocol;

    /// The client speaks another protocol from this reply on (HELLO, RESET). Only sinks for clients care.
    fn switch_protocol(&mut self, _protocol: Protocol) {}

    /// A status such as `OK`, any bytes; CR and LF become blanks where the form cannot hold them.
    fn status_bytes(&mut self, text: &[u8]);

    /// An error: its code, a blank and the message, without the leading `-` (`ERR syntax error`).
    fn error(&mut self, text: &[u8]);

    /// An integer.
    fn integer(&mut self, value: i64);

    /// A binary-safe string.
    fn bulk(&mut self, value: &[u8]);

    /// The absence of a value where RESP2 sends a null bulk string.
    fn null(&mut self);

    /// The absence of a value where RESP2 sends a null array.
    fn null_array(&mut self);

    /// A truth value. RESP2: the integer 1 or 0.
    fn boolean(&mut self, value: bool);

    /// A floating-point number. RESP2: a bulk string with 17 significant digits.
    fn double(&mut self, value: f64);

    /// An integer of any size as decimal digits. RESP2: a bulk string.
    fn big_number(&mut self, digits: &[u8]);

    /// Text with a three-letter format (`txt`, `mkd`). RESP2: a bulk string of the text.
    fn verbatim(&mut self, format: &[u8; 3], text: &[u8]);

    /// Starts an aggregate of `len` values (pairs, for maps and attributes), which follow.
    fn aggregate(&mut self, kind: Aggregate, len: usize);

    /// Starts an aggregate whose length is not yet known; its values follow. Aggregates may nest, and
    /// are closed innermost first.
    fn open(&mut self, kind: Aggregate) -> Mark;

    /// Ends the aggregate `mark` names, which has got `len` values (pairs).
    fn close(&mut self, mark: Mark, len: usize);

    /// A status such as `OK`.
    fn status(&mut self, text: &str) {
        self.status_bytes(text.as_bytes());
    }

    /// The status `OK`.
    fn ok(&mut self) {
        self.status_bytes(b"OK");
    }

    /// Starts an array of `len` values.
    fn array(&mut self, len: usize) {
        self.aggregate(Aggregate::Array, len);
    }

    /// Starts a map of `len` pairs.
    fn map(&mut self, len: usize) {
        self.aggregate(Aggregate::Map, len);
    }

    /// Starts a set of `len` members.
    fn set(&mut self, len: usize) {
        self.aggregate(Aggregate::Set, len);
    }

    /// Starts out-of-band data of `len` values.
    fn push(&mut self, len: usize) {
        self.aggregate(Aggregate::Push, len);
    }

    /// Starts `len` pairs about the value that follows. RESP3 only.
    fn attribute(&mut self, len: usize) {
        self.aggregate(Aggregate::Attribute, len);
    }

    /// A bulk string or, for `None`, a null.
    fn bulk_or_null(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => self.bulk(value),
            None => self.null(),
        }
    }

    /// An integer as a bulk string of its decimal digits.
    fn bulk_integer(&mut self, value: i64) {
        self.bulk(itoa::Buffer::new().format(value).as_bytes());
    }

    /// An array of bulk strings.
    fn bulks(&mut self, values: &[&[u8]]) {
        self.array(values.len());
        for value in values {
            self.bulk(value);
        }
    }

    /// Bulk strings of an aggregate that has been started: for sinks that are faster with several at once.
    fn bulk_run(&mut self, values: &[&[u8]]) {
        for value in values {
            self.bulk(value);
        }
    }

    /// An error given as text.
    fn error_str(&mut self, text: &str) {
        self.error(text.as_bytes());
    }
}
