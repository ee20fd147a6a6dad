//! SETBIT, GETBIT and the parts all bitmap commands share. Bit 0 is the most significant bit of the first byte.

use types::StringValue;

use super::SETBIT;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// The text for an offset that is no number, negative or beyond the longest string.
const BAD_OFFSET: CommandError =
    CommandError::text("ERR bit offset is not an integer or out of range");

/// A bit's offset. `width` multiplies an offset of the form `#n`; without it that form is refused.
///
/// # Errors
/// The text for an offset that is no number, negative or beyond the longest string.
pub(super) fn bit_offset(
    context: &Context<'_, '_>,
    argument: &[u8],
    width: Option<u32>,
) -> Result<u64, CommandError> {
    let (digits, factor) = match (argument, width) {
        ([b'#', digits @ ..], Some(width)) => (digits, u64::from(width)),
        _ => (argument, 1),
    };
    types::number::parse_i64(digits)
        .and_then(|offset| u64::try_from(offset).ok())
        .and_then(|offset| offset.checked_mul(factor))
        .filter(|offset| offset >> 3 < context.settings.string_bytes_max)
        .ok_or(BAD_OFFSET)
}

/// `SETBIT key offset value`
pub(super) fn setbit(context: &mut Context<'_, '_>) -> CommandResult {
    let offset = bit_offset(context, context.args[2], None)?;
    let on = match context.args[3] {
        b"0" => false,
        b"1" => true,
        _ => {
            return Err(CommandError::text(
                "ERR bit is not an integer or out of range",
            ));
        }
    };
    let (byte, mask) = place(offset);
    let mut value = context
        .keys
        .edit_or_create(context.args[1], || StringValue::raw(b""))?;
    let grows = value.len() <= byte;
    let mut bytes = value.value_mut();
    let byte = &mut bytes.range_mut(byte..byte + 1)[0];
    let before = *byte & mask != 0;
    if on {
        *byte |= mask;
    } else {
        *byte &= !mask;
    }
    if grows || on != before {
        value.commit(SETBIT);
    } else {
        value.unchanged();
    }
    context.reply.integer(i64::from(before));
    Ok(())
}

/// `GETBIT key offset`
pub(super) fn getbit(context: &mut Context<'_, '_>) -> CommandResult {
    let offset = bit_offset(context, context.args[2], None)?;
    let (byte, mask) = place(offset);
    let mut scratch = [0; 20];
    let value = context.keys.read::<StringValue>(context.args[1])?;
    let bit = value.is_some_and(|value| {
        let bytes = value.as_bytes(&mut scratch);
        bytes.get(byte).is_some_and(|byte| byte & mask != 0)
    });
    context.reply.integer(i64::from(bit));
    Ok(())
}

/// The byte a bit is in, and the bit's mask there.
fn place(offset: u64) -> (usize, u8) {
    ((offset >> 3) as usize, 0x80 >> (offset & 7))
}
