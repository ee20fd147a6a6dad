//! Error messages: positions, levels, names of what went wrong.

use super::names;
use crate::chunk_id::{SHORT_SOURCE_ROOM, write_chunk_id};
use crate::native::{CallPlace, Raise};
use crate::proto::Proto;
use crate::runtime::Runtime;
use crate::table::TableError;
use crate::thread::{Frame, Thread};
use crate::value::Value;

/// What a level of the call stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// A frame: its index.
    Frame(usize),
    /// A frame that a tail call replaced.
    TailCall,
}

impl Thread {
    /// The call at `level`, counted from the native function that asks (level 0, which has no frame).
    pub(crate) fn level(&self, level: usize) -> Option<Level> {
        let mut remaining = level as i64 - 1;
        let mut index = self.frames.len();
        loop {
            index = index.checked_sub(1)?;
            if remaining == 0 {
                return Some(Level::Frame(index));
            }
            remaining -= 1 + i64::from(self.frames[index].tail_calls);
            if remaining < 0 {
                return Some(Level::TailCall);
            }
        }
    }
}

impl Runtime {
    /// The prototype of a frame's function; none for natives.
    pub(crate) fn frame_proto(&self, frame: &Frame) -> Option<&Proto> {
        if !frame.is_lua() {
            return None;
        }
        Some(&self.loaded.get(frame.proto as usize)?.as_ref()?.proto)
    }

    /// The index of the instruction a frame executes.
    pub(crate) fn current_instruction(frame: &Frame) -> usize {
        (frame.pc as usize).saturating_sub(1)
    }

    /// The source line a frame executes; none for natives.
    pub(crate) fn frame_line(&self, frame: &Frame) -> Option<u32> {
        self.frame_proto(frame)?
            .line(Self::current_instruction(frame))
    }

    /// `chunk:line: ` for a level of the call stack; empty where there is no Lua code.
    pub(crate) fn position(&self, level: usize) -> Vec<u8> {
        match self.thread.level(level) {
            Some(Level::Frame(index)) => self.frame_position(&self.thread.frames[index]),
            _ => Vec::new(),
        }
    }

    /// What `debug.getinfo` tells of a level of the call stack; none where there is none.
    pub(crate) fn call_place(&self, level: usize) -> Option<CallPlace> {
        let Level::Frame(index) = self.thread.level(level)? else {
            return Some(CallPlace {
                is_native: false,
                source: b"=(tail call)".to_vec(),
                line: None,
            });
        };
        let frame = &self.thread.frames[index];
        Some(match self.frame_proto(frame) {
            Some(proto) => CallPlace {
                is_native: false,
                source: proto.source.to_vec(),
                line: self.frame_line(frame),
            },
            None => CallPlace {
                is_native: true,
                source: b"=[C]".to_vec(),
                line: None,
            },
        })
    }

    fn frame_position(&self, frame: &Frame) -> Vec<u8> {
        let mut text = Vec::new();
        if let (Some(proto), Some(line)) = (self.frame_proto(frame), self.frame_line(frame)) {
            write_chunk_id(&mut text, &proto.source, SHORT_SOURCE_ROOM);
            text.extend_from_slice(format!(":{line}: ").as_bytes());
        }
        text
    }

    /// An error with the position of the running Lua code in front.
    #[cold]
    pub(crate) fn error(&mut self, message: impl AsRef<[u8]>) -> Raise {
        // Errors of operations that a native function asked for have no position.
        let mut text = if self.in_native {
            Vec::new()
        } else {
            self.position(1)
        };
        text.extend_from_slice(message.as_ref());
        Raise::Error(self.heap.new_string(&text).into())
    }

    /// `bad argument #n to 'f' (message)` for the native function that runs.
    pub(crate) fn argument_error_message(&self, mut n: usize, message: &[u8]) -> Vec<u8> {
        let caller = self.thread.frames.last();
        let name = caller.and_then(|frame| {
            names::called_function_name(self.frame_proto(frame)?, Self::current_instruction(frame))
        });
        let (kind, name) = name.unwrap_or(("", b"?".to_vec()));
        if kind == "method" {
            n -= 1;
            if n == 0 {
                return [
                    b"calling '",
                    name.as_slice(),
                    b"' on bad self (",
                    message,
                    b")",
                ]
                .concat();
            }
        }
        [
            format!("bad argument #{n} to '").as_bytes(),
            &name,
            b"' (",
            message,
            b")",
        ]
        .concat()
    }

    /// `attempt to OPERATION local 'x' (a nil value)`; the register, if the value is in one, tells the name.
    #[cold]
    pub(crate) fn operand_error(
        &mut self,
        operation: &str,
        value: Value,
        register: Option<u8>,
    ) -> Raise {
        let name = register.and_then(|register| {
            let frame = self.thread.frames.last()?;
            let proto = self.frame_proto(frame)?;
            names::object_name(
                proto,
                Self::current_instruction(frame),
                usize::from(register),
            )
        });
        let kind = value.type_name();
        let message = match name {
            Some((what, name)) => [
                format!("attempt to {operation} {what} '").as_bytes(),
                &name,
                format!("' (a {kind} value)").as_bytes(),
            ]
            .concat(),
            None => format!("attempt to {operation} a {kind} value").into_bytes(),
        };
        self.error(message)
    }

    /// `attempt to compare …`.
    #[cold]
    pub(crate) fn comparison_error(&mut self, left: Value, right: Value) -> Raise {
        let (left, right) = (left.type_name(), right.type_name());
        // 5.1 tells types apart by the third letter of their names.
        if left.as_bytes()[2] == right.as_bytes()[2] {
            self.error(format!("attempt to compare two {left} values"))
        } else {
            self.error(format!("attempt to compare {left} with {right}"))
        }
    }

    /// The Lua error for a key or a write a table refuses.
    #[cold]
    pub(crate) fn table_error(&mut self, error: TableError) -> Raise {
        self.error(error.to_string())
    }

    /// A traceback as 5.1's `debug.traceback` prints it, from `level` on.
    pub(crate) fn traceback(&self, level: usize) -> Vec<u8> {
        const FIRST: usize = 12;
        const LAST: usize = 10;
        let frames = &self.thread.frames;
        let levels: usize = frames
            .iter()
            .map(|frame| 1 + frame.tail_calls as usize)
            .sum();
        let first = level.max(1);
        let total = (levels + 1).saturating_sub(first);
        let mut text = b"stack traceback:".to_vec();
        let mut index = 0;
        while index < total {
            if total > FIRST + LAST && index == FIRST {
                text.extend_from_slice(b"\n\t...");
                index = total - LAST;
            }
            if let Some(what) = self.thread.level(first + index) {
                text.extend_from_slice(b"\n\t");
                text.extend_from_slice(&self.traceback_line(what));
            }
            index += 1;
        }
        text
    }

    fn traceback_line(&self, level: Level) -> Vec<u8> {
        let Level::Frame(index) = level else {
            return b"(tail call): ?".to_vec();
        };
        let frame = &self.thread.frames[index];
        let Some(proto) = self.frame_proto(frame) else {
            return b"[C]: in ?".to_vec();
        };
        let mut line = self.frame_position(frame);
        line.pop();
        if proto.line_defined == 0 {
            line.extend_from_slice(b" in main chunk");
            return line;
        }
        match self.frame_name(index) {
            Some((_, name)) => {
                line.extend_from_slice(b" in function '");
                line.extend_from_slice(&name);
                line.push(b'\'');
            }
            None => {
                line.extend_from_slice(b" in function <");
                write_chunk_id(&mut line, &proto.source, SHORT_SOURCE_ROOM);
                line.extend_from_slice(format!(":{}>", proto.line_defined).as_bytes());
            }
        }
        line
    }

    /// What the caller of the frame with this index calls its function.
    pub(crate) fn frame_name(&self, index: usize) -> Option<names::ObjectName> {
        if self.thread.frames[index].tail_calls > 0 {
            return None;
        }
        let caller = &self.thread.frames[index.checked_sub(1)?];
        names::called_function_name(self.frame_proto(caller)?, Self::current_instruction(caller))
    }
}
