//! A command's reply for both the script and the eyes of who debugs it.

use resp::double::write_double;
use resp::words::quote;
use resp::{Aggregate, Mark, Protocol, Reply};

/// Passes a reply on and writes it down as the debugger shows it.
pub(super) struct ShownReply<'a> {
    inner: &'a mut dyn Reply,
    text: Vec<u8>,
    /// Errors in it.
    errors: Vec<Vec<u8>>,
    open: Vec<Open>,
}

/// An aggregate that still gets values.
struct Open {
    kind: Aggregate,
    /// Values still to come; none if only the end will tell.
    missing: Option<usize>,
    seen: usize,
}

/// The values of a reply, shown, and the errors among them.
pub(super) struct Shown {
    pub(super) text: Vec<u8>,
    pub(super) errors: Vec<Vec<u8>>,
}

impl<'a> ShownReply<'a> {
    pub(super) fn new(inner: &'a mut dyn Reply) -> ShownReply<'a> {
        ShownReply {
            inner,
            text: Vec::new(),
            errors: Vec::new(),
            open: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Shown {
        Shown {
            text: self.text,
            errors: self.errors,
        }
    }

    /// Writes what stands before a value.
    fn begin(&mut self) {
        if let Some(open) = self.open.last() {
            let is_value_of_pair = open.kind == Aggregate::Map && open.seen % 2 == 1;
            if is_value_of_pair {
                self.text.extend_from_slice(b" => ");
            } else if open.seen > 0 {
                self.text.push(b',');
            }
        }
    }

    /// Closes the aggregates a value completes.
    fn end(&mut self) {
        while let Some(open) = self.open.last_mut() {
            open.seen += 1;
            if open.missing != Some(open.seen) {
                return;
            }
            self.close_innermost();
        }
    }

    fn close_innermost(&mut self) {
        if let Some(open) = self.open.pop() {
            let bracket: &[u8] = match open.kind {
                Aggregate::Map | Aggregate::Attribute => b"}",
                Aggregate::Set => b")",
                Aggregate::Array | Aggregate::Push => b"]",
            };
            self.text.extend_from_slice(bracket);
        }
    }

    fn scalar(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.begin();
        write(&mut self.text);
        self.end();
    }

    fn open_aggregate(&mut self, kind: Aggregate, missing: Option<usize>) {
        self.begin();
        let bracket: &[u8] = match kind {
            Aggregate::Map | Aggregate::Attribute => b"{",
            Aggregate::Set => b"~(",
            Aggregate::Array | Aggregate::Push => b"[",
        };
        self.text.extend_from_slice(bracket);
        // A map of RESP2 is an array to whoever reads it.
        self.open.push(Open {
            kind,
            missing,
            seen: 0,
        });
        if missing == Some(0) {
            self.close_innermost();
            self.end();
        }
    }

    /// What an aggregate is in the protocol of the reply.
    fn shown_kind(&self, kind: Aggregate) -> Aggregate {
        if self.inner.protocol().is_resp3() {
            kind
        } else {
            Aggregate::Array
        }
    }

    fn write_null(&mut self) {
        let word: &[u8] = if self.inner.protocol().is_resp3() {
            b"(null)"
        } else {
            b"NULL"
        };
        self.scalar(|text| text.extend_from_slice(word));
    }
}

impl Reply for ShownReply<'_> {
    fn protocol(&self) -> Protocol {
        self.inner.protocol()
    }

    fn switch_protocol(&mut self, protocol: Protocol) {
        self.inner.switch_protocol(protocol);
    }

    fn status_bytes(&mut self, status: &[u8]) {
        self.scalar(|text| quote(&[b"+", status].concat(), text));
        self.inner.status_bytes(status);
    }

    fn error(&mut self, error: &[u8]) {
        let error_line = [b"-", error].concat();
        self.scalar(|text| quote(&error_line, text));
        self.errors.push(error_line);
        self.inner.error(error);
    }

    fn integer(&mut self, value: i64) {
        self.scalar(|text| text.extend_from_slice(value.to_string().as_bytes()));
        self.inner.integer(value);
    }

    fn bulk(&mut self, value: &[u8]) {
        self.scalar(|text| quote(value, text));
        self.inner.bulk(value);
    }

    fn null(&mut self) {
        self.write_null();
        self.inner.null();
    }

    fn null_array(&mut self) {
        self.write_null();
        self.inner.null_array();
    }

    fn boolean(&mut self, value: bool) {
        let is_resp3 = self.inner.protocol().is_resp3();
        self.scalar(|text| {
            let word: &[u8] = match (is_resp3, value) {
                (true, true) => b"#true",
                (true, false) => b"#false",
                (false, true) => b"1",
                (false, false) => b"0",
            };
            text.extend_from_slice(word);
        });
        self.inner.boolean(value);
    }

    fn double(&mut self, value: f64) {
        let is_resp3 = self.inner.protocol().is_resp3();
        self.scalar(|text| {
            let mut digits = Vec::new();
            write_double(value, &mut digits);
            if is_resp3 {
                text.extend_from_slice(b"(double) ");
                text.extend_from_slice(&digits);
            } else {
                quote(&digits, text);
            }
        });
        self.inner.double(value);
    }

    fn big_number(&mut self, digits: &[u8]) {
        self.scalar(|text| quote(digits, text));
        self.inner.big_number(digits);
    }

    fn verbatim(&mut self, format: &[u8; 3], words: &[u8]) {
        self.scalar(|text| quote(words, text));
        self.inner.verbatim(format, words);
    }

    fn aggregate(&mut self, kind: Aggregate, len: usize) {
        let shown = self.shown_kind(kind);
        self.open_aggregate(shown, Some(kind.values(len)));
        self.inner.aggregate(kind, len);
    }

    fn open(&mut self, kind: Aggregate) -> Mark {
        let shown = self.shown_kind(kind);
        self.open_aggregate(shown, None);
        self.inner.open(kind)
    }

    fn close(&mut self, mark: Mark, len: usize) {
        self.close_innermost();
        self.end();
        self.inner.close(mark, len);
    }
}
