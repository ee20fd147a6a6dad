//! Debugging sessions: a client that has said SCRIPT DEBUG runs its script line by line.
//!
//! At a stop the script is suspended and the session reads the debugger's commands in the place of requests; its event loop serves others
//! meanwhile. A synchronous session works on the data under every lock, so that who needs a key waits; a forked one on a
//! [private copy](crate::private_copy). When the script is over its reply follows the end of the session, and the connection closes.

use std::time::{Duration, Instant};

use keyspace::Unit;
use resp::{Reply, RespWriter};
use scripting::DebugStep;

use crate::private_copy::PrivateCopy;
use crate::road::run::Bench;
use crate::road::settle;
use crate::script_run::{HandedBack, ScriptRun, Slice};
use crate::server::Server;
use crate::session::{Activity, Header, Outcome, Session};

/// What becomes of a session's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DebugMode {
    /// They are discarded: SCRIPT DEBUG YES.
    Forked,
    /// They are kept: SCRIPT DEBUG SYNC.
    Synchronous,
}

/// A script that is debugged.
pub(crate) struct DebugRun {
    run: Box<ScriptRun>,
    mode: DebugMode,
    header: Header,
    /// How long it has run, without the time at stops.
    ran: Duration,
}

/// The last line of a session.
const END: &[u8] = b"<endsession>";

fn write_lines(lines: &[Vec<u8>], out: &mut Vec<u8>) {
    let mut writer = RespWriter::new(out, resp::Protocol::Resp2);
    writer.array(lines.len());
    for line in lines {
        writer.status_bytes(line);
    }
}

/// The output of a session that has ended before it could begin.
pub(crate) fn ended_at_once() -> Vec<u8> {
    let mut out = Vec::new();
    write_lines(&[END.to_vec()], &mut out);
    out
}

impl Session {
    /// Whether the session waits for the debugger's commands.
    pub(crate) fn is_at_stop(&self) -> bool {
        match &self.activity {
            Activity::Debugging(debug) => debug.run.machine().is_at_stop(),
            _ => false,
        }
    }

    /// Runs a script up to its first stop.
    pub(crate) fn start_debugging(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        unit: Unit<'static>,
        run: Box<ScriptRun>,
        (header, args): (Header, &[&[u8]]),
        out: &mut Vec<u8>,
    ) -> Outcome {
        let mode = run.debug_mode().unwrap_or(DebugMode::Synchronous);
        server.log.warning(format_args!(
            "{} debugging session started",
            match mode {
                DebugMode::Forked => "Lua",
                DebugMode::Synchronous => "Synchronous Lua",
            }
        ));
        let started = Instant::now();
        let mut reply = Vec::new();
        let mut writer = RespWriter::new(&mut reply, self.client.protocol);
        let slice = run.start(server, bench, &self.client, unit, args, &mut writer);
        let progress = (mode, header, started.elapsed());
        self.after_debug_slice(server, bench, slice, progress, &reply, out)
    }

    /// Runs the next slice of a script between stops.
    pub(crate) fn resume_debugging(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        debug: DebugRun,
        out: &mut Vec<u8>,
    ) -> Outcome {
        self.advance_debugging(server, bench, debug, out, |run, reply| run.resume(reply))
    }

    fn advance_debugging(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        debug: DebugRun,
        out: &mut Vec<u8>,
        advance: impl FnOnce(Box<ScriptRun>, &mut dyn Reply) -> Slice,
    ) -> Outcome {
        let DebugRun {
            run,
            mode,
            header,
            ran,
        } = debug;
        let started = Instant::now();
        let mut reply = Vec::new();
        let slice = advance(run, &mut RespWriter::new(&mut reply, self.client.protocol));
        let progress = (mode, header, ran + started.elapsed());
        self.after_debug_slice(server, bench, slice, progress, &reply, out)
    }

    /// Tells the client of a stop or of the end.
    fn after_debug_slice(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        slice: Slice,
        (mode, header, ran): (DebugMode, Header, Duration),
        reply: &[u8],
        out: &mut Vec<u8>,
    ) -> Outcome {
        match slice {
            Slice::Suspended(mut run) => {
                let is_at_stop = run.machine().is_at_stop();
                let threshold_ms = u128::from(bench.config.busy_reply_threshold);
                if is_at_stop {
                    write_lines(&run.machine_mut().take_debug_lines(), out);
                } else if threshold_ms > 0 && ran.as_millis() >= threshold_ms {
                    run.machine_mut().stop_soon();
                }
                self.activity = Activity::Debugging(Box::new(DebugRun {
                    run,
                    mode,
                    header,
                    ran,
                }));
                if is_at_stop {
                    Outcome::Done
                } else {
                    Outcome::Busy
                }
            }
            Slice::Finished(mut run) => {
                let mut lines = run.machine_mut().take_debug_lines();
                lines.push(END.to_vec());
                write_lines(&lines, out);
                out.extend_from_slice(reply);
                let HandedBack { unit, args, .. } = run.hand_back(bench);
                end(server, bench, mode, unit);
                let args: Vec<&[u8]> = args.iter().map(|argument| &**argument).collect();
                self.finish(server, bench, header, &args);
                Outcome::Close
            }
        }
    }

    /// Does a command of the debugger's client; `None` for bytes that are none.
    pub(crate) fn debug_command(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        words: Option<&[&[u8]]>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let Activity::Debugging(mut debug) = std::mem::replace(&mut self.activity, Activity::Idle)
        else {
            return Outcome::Done;
        };
        let machine = debug.run.machine_mut();
        let failure = match words.map(|words| machine.debug_command(words)) {
            Some(DebugStep::Stay) => {
                write_lines(&machine.take_debug_lines(), out);
                self.activity = Activity::Debugging(debug);
                return Outcome::Done;
            }
            Some(DebugStep::Resume) => None,
            Some(DebugStep::Abort) => Some("ERR script aborted for user request"),
            None => Some("ERR protocol error"),
        };
        self.advance_debugging(server, bench, *debug, out, |run, reply| match failure {
            None => run.resume(reply),
            Some(text) => run.fail_debugged(text, reply),
        })
    }

    /// The client is gone: what works on the data goes on to its end as any script does, what works on a copy is dropped.
    pub(crate) fn leave_debugging(&mut self, server: &'static Server, bench: &mut Bench) {
        match std::mem::replace(&mut self.activity, Activity::Idle) {
            Activity::Debugging(debug) => match debug.mode {
                DebugMode::Synchronous => {
                    let run = debug.run.undebugged();
                    self.activity = Activity::Script(run, debug.header);
                }
                DebugMode::Forked => {
                    let unit = debug.run.abandon(bench);
                    end(server, bench, debug.mode, unit);
                }
            },
            other => self.activity = other,
        }
    }
}

/// Takes back what a session's script ran with.
fn end(server: &'static Server, bench: &mut Bench, mode: DebugMode, mut unit: Unit<'static>) {
    match mode {
        DebugMode::Forked => PrivateCopy::release(server, unit),
        DebugMode::Synchronous => {
            settle::settle_unit(server, bench, &mut unit);
            drop(unit);
        }
    }
    server
        .log
        .warning(format_args!("Lua debugging session ended"));
}
