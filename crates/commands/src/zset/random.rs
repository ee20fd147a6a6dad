//! Members at random: ZRANDMEMBER.

use types::SortedSet;

use super::members_reply;
use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `ZRANDMEMBER key [count [WITHSCORES]]`; a negative count may give members several times
pub(super) fn zrandmember(context: &mut Context<'_, '_>) -> CommandResult {
    let (args, random) = (context.args, &mut *context.random);
    let mut random = || random.next_u64();
    let Some(count) = args.get(2) else {
        let set = context.keys.read::<SortedSet>(args[1])?;
        let member = set.and_then(|set| set.random(&mut random));
        context.reply.bulk_or_null(member.map(|(member, _)| member));
        return Ok(());
    };
    let count = argument::sample_count(count)?;
    let with_scores = match &args[3..] {
        [] => false,
        [word] if is_word(word, "withscores") => true,
        _ => return Err(CommandError::Syntax),
    };
    if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(CommandError::OutOfRange);
    }
    let Some(set) = context.keys.read::<SortedSet>(args[1])? else {
        context.reply.array(0);
        return Ok(());
    };
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count >= 0 && wanted >= set.len() {
        // All of them come from the highest score down, as Redis has it.
        members_reply(context.reply, set.iter().rev(), with_scores);
    } else if count >= 0 {
        let members = set.random_distinct(wanted, &mut random);
        members_reply(context.reply, members.into_iter(), with_scores);
    } else {
        argument::check_repeats(wanted)?;
        let members = (0..wanted).map(|_| {
            set.random(&mut random)
                .expect("a set under a key has members")
        });
        members_reply(context.reply, members, with_scores);
    }
    Ok(())
}
