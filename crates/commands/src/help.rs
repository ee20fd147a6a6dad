//! The replies of HELP subcommands.

use resp::Reply;

/// Answers `<CONTAINER> HELP`: `lines` are the subcommands with their explanations; a heading and HELP itself are added.
pub fn write(reply: &mut dyn Reply, container: &str, lines: &[&str]) {
    reply.array(lines.len() + 3);
    reply.status(&format!(
        "{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    ));
    for line in lines {
        reply.status(line);
    }
    reply.status("HELP");
    reply.status("    Prints this help.");
}
