//! BITOP: bitwise operations between strings.

use keyspace::{Event, Expiry};
use types::{StringValue, Value};

use crate::argument::is_word;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
}

/// `BITOP AND | OR | XOR | NOT destination source [source …]`
pub(super) fn bitop(context: &mut Context<'_, '_>) -> CommandResult {
    let operation = match context.args[1] {
        word if is_word(word, "and") => Operation::And,
        word if is_word(word, "or") => Operation::Or,
        word if is_word(word, "xor") => Operation::Xor,
        word if is_word(word, "not") => Operation::Not,
        _ => return Err(CommandError::Syntax),
    };
    let (destination, sources) = (context.args[2], &context.args[3..]);
    if operation == Operation::Not && sources.len() != 1 {
        return Err(CommandError::text(
            "ERR BITOP NOT must be called with a single source key.",
        ));
    }

    let mut result: Vec<u8> = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let value = context.keys.read::<StringValue>(source)?;
        let mut scratch = [0; 20];
        let bytes: &[u8] = value.map_or(&[], |value| value.as_bytes(&mut scratch));
        if index == 0 {
            result.extend_from_slice(bytes);
        } else {
            combine(operation, &mut result, bytes);
        }
    }
    if operation == Operation::Not {
        for byte in &mut result {
            *byte = !*byte;
        }
    }

    if result.is_empty() {
        context.keys.remove(destination, Event::DEL);
    } else {
        let value = Value::String(StringValue::raw(&result));
        context
            .keys
            .set(destination, value, Expiry::Clear, Event::string("set"));
    }
    context.reply.integer(result.len() as i64);
    Ok(())
}

/// Combines `bytes` into `result`; the shorter one goes on with zero bytes. Plain loops over equal lengths, which the
/// compiler makes into vector instructions.
fn combine(operation: Operation, result: &mut Vec<u8>, bytes: &[u8]) {
    if result.len() < bytes.len() {
        result.resize(bytes.len(), 0);
    }
    let (both, alone) = result.split_at_mut(bytes.len());
    let pairs = both.iter_mut().zip(bytes);
    match operation {
        Operation::And => {
            pairs.for_each(|(into, byte)| *into &= byte);
            alone.fill(0);
        }
        Operation::Or => pairs.for_each(|(into, byte)| *into |= byte),
        Operation::Xor => pairs.for_each(|(into, byte)| *into ^= byte),
        Operation::Not => {}
    }
}
