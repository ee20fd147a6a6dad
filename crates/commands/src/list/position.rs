//! LPOS: where elements equal to a value stand.

use resp::Aggregate;
use types::List;
use types::list::End;

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// How LPOS is to search.
struct Search {
    /// Where it starts.
    from: End,
    /// Which match is the first to tell, 1 being the first of all.
    rank: i64,
    /// How many matches to tell, 0 for all; `None` asks for one and an answer that is no array.
    count: Option<i64>,
    /// How many elements to compare at most, 0 for all.
    compared_max: usize,
}

/// `LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]`
pub(super) fn lpos(context: &mut Context<'_, '_>) -> CommandResult {
    let search = Search::parse(&context.args[3..])?;
    let element = context.args[2];
    let list = context.keys.read::<List>(context.args[1])?;
    match search.count {
        None => {
            let mut found = None;
            if let Some(list) = list {
                search.run(list, element, |index| found = Some(index));
            }
            match found {
                Some(index) => context.reply.integer(index as i64),
                None => context.reply.null(),
            }
        }
        Some(_) => {
            let reply = &mut *context.reply;
            let mark = reply.open(Aggregate::Array);
            let mut told = 0;
            if let Some(list) = list {
                search.run(list, element, |index| {
                    reply.integer(index as i64);
                    told += 1;
                });
            }
            reply.close(mark, told);
        }
    }
    Ok(())
}

impl Search {
    fn parse(options: &[&[u8]]) -> Result<Search, CommandError> {
        let not_negative = |argument: &[u8], message: &'static str| {
            argument::integer(argument)
                .ok()
                .filter(|&number| number >= 0)
                .ok_or(CommandError::text(message))
        };
        let mut search = Search {
            from: End::Front,
            rank: 1,
            count: None,
            compared_max: 0,
        };
        for option in options.chunks(2) {
            let [word, value] = *option else {
                return Err(CommandError::Syntax);
            };
            if is_word(word, "rank") {
                search.rank = argument::integer(value)?;
                if search.rank == 0 {
                    return Err(CommandError::text(
                        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
                         or use negative to start from the end of the list",
                    ));
                }
            } else if is_word(word, "count") {
                search.count = Some(not_negative(value, "ERR COUNT can't be negative")?);
            } else if is_word(word, "maxlen") {
                let compared_max = not_negative(value, "ERR MAXLEN can't be negative")?;
                search.compared_max = usize::try_from(compared_max).unwrap_or(usize::MAX);
            } else {
                return Err(CommandError::Syntax);
            }
        }
        if search.rank < 0 {
            search.from = End::Back;
            // The least integer has no opposite; Redis searches as for rank -1 then, and so does this.
            search.rank = search.rank.wrapping_neg();
        }
        Ok(search)
    }

    /// Tells the indexes of all matches that are asked for.
    fn run(&self, list: &List, element: &[u8], tell: impl FnMut(usize)) {
        let compared_max = match self.compared_max {
            0 => usize::MAX,
            limited => limited,
        };
        let elements = list.iter().enumerate();
        match self.from {
            End::Front => self.walk(elements.take(compared_max), element, tell),
            End::Back => self.walk(elements.rev().take(compared_max), element, tell),
        }
    }

    fn walk<'l>(
        &self,
        elements: impl Iterator<Item = (usize, &'l [u8])>,
        element: &[u8],
        mut tell: impl FnMut(usize),
    ) {
        let wanted = self.count.unwrap_or(1);
        let mut matches = 0i64;
        for (index, other) in elements {
            if other != element {
                continue;
            }
            matches += 1;
            if matches < self.rank {
                continue;
            }
            tell(index);
            let told = matches.wrapping_sub(self.rank).wrapping_add(1);
            if self.count.is_none() || (wanted != 0 && told >= wanted) {
                return;
            }
        }
    }
}
