//! Replies of many strings.

use resp::Reply;

/// Strings handed to the sink at once: enough to be worth it.
const RUN: usize = 8;

/// Writes the strings of an aggregate that has been started.
pub(crate) fn bulk_runs<'v>(reply: &mut dyn Reply, values: impl IntoIterator<Item = &'v [u8]>) {
    let mut run: [&[u8]; RUN] = [&[]; RUN];
    let mut count = 0;
    for value in values {
        run[count] = value;
        count += 1;
        if count == RUN {
            reply.bulk_run(&run);
            count = 0;
        }
    }
    reply.bulk_run(&run[..count]);
}
