//! A session: one connection's requests, one after the other, down the road.

use std::sync::atomic::Ordering;
use std::time::Instant;

use commands::CommandError;
use commands::record::flag;
use keyspace::WaiterId;
use resp::{Reply, RespWriter};
use types::Bytes;

use crate::blocking;
use crate::client::{Client, ReplyMode};
use crate::debugging::{self, DebugRun};
use crate::execution::Execution;
use crate::few_locks::{Conflict, Rerun, sure_plan};
use crate::handlers::transaction::{discard_transaction, plan_watched};
use crate::machines::Home;
use crate::message::OnTimeout;
use crate::redaction::redacted;
use crate::road::check::may_replicate;
use crate::road::lookup::{Entry, find, lookup};
use crate::road::run::{Bench, Call, Moment, Next, refuse, run};
use crate::road::{Origin, check, settle};
use crate::script_run::{HandedBack, ScriptRun, Slice};
use crate::server::Server;
use crate::tracking::tracking_flag;
use crate::transaction::{OwnedArgs, Queued};

/// One connection's state.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// Bytes of the request that is parsed and has to be run again.
    pub(crate) parsed: Option<usize>,
    pub(crate) activity: Activity,
}

/// What keeps a session from its next request.
pub(crate) enum Activity {
    /// Nothing.
    Idle,
    /// A blocking command.
    Blocked(Waiting),
    /// A script.
    Script(Box<ScriptRun>, Header),
    /// A script that was undone and has to start again.
    Rerun(Box<Rerun>),
    /// A transaction, at a script in its queue.
    Transaction(Box<Execution>, Box<ScriptRun>),
    /// A script that is debugged: it runs, or waits at a stop for the debugger's commands.
    Debugging(Box<DebugRun>),
}

/// A wait for keys, replicas or time.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) waiter: WaiterId,
    pub(crate) deadline: Option<Instant>,
    pub(crate) on_timeout: OnTimeout,
}

/// What is remembered of a request until its reply is written.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    pub(crate) entry: &'static Entry,
    pub(crate) started: Moment,
    /// Where the reply begins in the output; kept only to drop it when replies are off.
    pub(crate) reply_muted: bool,
}

/// What has become of a script in a slice.
enum After {
    /// It goes on.
    Suspended(Box<ScriptRun>),
    /// It is over, and so are its locks; its command, if it took more than one slice.
    Over(OwnedArgs),
    /// It has to start again; its command, if it took more than one slice.
    Conflicted(OwnedArgs, Conflict),
}

fn own(args: &[&[u8]]) -> OwnedArgs {
    args.iter().map(|&argument| Bytes::from(argument)).collect()
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The next request may follow.
    Done,
    /// The session waits or works; the next request stays where it is.
    Busy,
    /// The locks were not to be had, or clients are paused: this request has to be run again.
    Later,
    /// The connection closes when its output is sent.
    Close,
    /// The connection closes at once.
    Abort,
    /// The server ends.
    Shutdown,
}

impl Session {
    pub(crate) fn new(client: Client) -> Session {
        Session {
            client,
            parsed: None,
            activity: Activity::Idle,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.activity, Activity::Idle)
    }

    /// Runs one request.
    pub(crate) fn execute(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        args: &[&[u8]],
        out: &mut Vec<u8>,
    ) -> Outcome {
        let started = bench.clock.moment();
        let kept_lock = bench.kept_lock.take();
        let took_over = kept_lock.is_some();
        let client = &mut self.client;
        bench.own.client = Some(client.id());
        let reply_start = out.len();
        let checked = lookup(args).and_then(|entry| {
            check(server, client, entry, Origin::Client)
                .map(|()| entry)
                .inspect_err(|_| {
                    bench.stats.command_rejected(entry.index);
                })
        });
        let entry = match checked {
            Ok(entry) => entry,
            Err(_) if is_http(args[0]) => {
                server.log.warning(format_args!(
                    "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to \
                     Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to \
                     compromise your Redis instance. Connection aborted."
                ));
                return Outcome::Abort;
            }
            Err(error) => {
                drop(kept_lock);
                if let (CommandError::Arity(_), Ok(entry)) = (&error, find(args)) {
                    bench.stats.command_rejected(entry.index);
                }
                return self.reject(server, bench, args, error, out);
            }
        };
        // To be queued has to wait too. Nothing gets through but what was refused above, not even what ends the pause.
        if server.pause.holds(bench.clock.unix_ms(), true) {
            let writes = may_write(server, bench, client, entry, args);
            if server.pause.holds(bench.clock.unix_ms(), writes) {
                return Outcome::Later;
            }
        }
        client
            .record
            .last_command
            .store(entry.index, Ordering::Relaxed);
        if client.transaction.open && !entry.runs_inside_multi() {
            if let Some(busy) = overdue(server, bench, client, entry, args) {
                bench.stats.command_rejected(entry.index);
                return self.reject(server, bench, args, busy, out);
            }
            client.transaction.queue.push(Queued {
                entry,
                args: own(args),
            });
            let record = &client.record;
            let queued = client.transaction.queue.len() as i64;
            record.queued.store(queued, Ordering::Relaxed);
            let bytes: usize = args.iter().map(|argument| argument.len()).sum();
            record.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
            RespWriter::new(out, client.protocol).status("QUEUED");
            return self.end_request(out, reply_start);
        }
        let plan = entry.plan(server, bench, client, args);
        let now_ms = bench.clock.unix_ms();
        let Some(mut unit) = server.keyspace.try_lock_with(
            kept_lock,
            &plan,
            client.database,
            now_ms,
            &mut bench.patience,
        ) else {
            // A script that runs for long may hold a lock that the call would only better have.
            if entry.planner.is_some()
                && server.running.any()
                && sure_plan(server, bench, client, entry, args) != plan
            {
                bench.machines.planning.only_sure = true;
                let outcome = self.execute(server, bench, args, out);
                bench.machines.planning.only_sure = false;
                return outcome;
            }
            if let Some(busy) = overdue(server, bench, client, entry, args) {
                bench.stats.command_rejected(entry.index);
                return self.reject(server, bench, args, busy, out);
            }
            return Outcome::Later;
        };
        let is_rerun = bench.machines.planning.rerun.is_some();
        if is_script(entry) && !is_rerun {
            show(server, bench, client, entry, args);
        }
        let mut writer = RespWriter::new(out, client.protocol);
        let next = run(Call {
            server,
            bench,
            client,
            entry,
            args,
            unit: &mut unit,
            reply: &mut writer,
            origin: Origin::Client,
            woken_by: None,
            next: Next::Done,
        });
        if !is_script(entry) && !entry.is_exec() {
            show(server, bench, client, entry, args);
        }
        let header = Header {
            entry,
            started,
            reply_muted: client.reply_mode == ReplyMode::Off
                || client.reply_mode == ReplyMode::Skip,
        };
        let outcome = match next {
            Next::Done => {
                let is_debugged = client.debugging.is_some();
                settle::settle_unit(server, bench, &mut unit);
                self.finish(server, bench, header, args);
                bench.keep_lock(&mut unit, took_over);
                drop(unit);
                if is_debugged && matches!(entry.command.name, "eval" | "eval_ro") {
                    // The script did not get as far as its first stop.
                    out.splice(reply_start..reply_start, debugging::ended_at_once());
                    return Outcome::Close;
                }
                Outcome::Done
            }
            Next::Close => {
                settle::settle_unit(server, bench, &mut unit);
                self.finish(server, bench, header, args);
                if header.reply_muted {
                    out.truncate(reply_start);
                }
                Outcome::Close
            }
            Next::Shutdown => Outcome::Shutdown,
            Next::Block(request) => {
                count_blocked(bench, header);
                let waiter = blocking::enqueue(server, &mut unit, client, entry, args, &request);
                settle::settle_unit(server, bench, &mut unit);
                self.wait(waiter, request.timeout_ms, OnTimeout::NullArray);
                Outcome::Busy
            }
            Next::WaitForReplicas(timeout_ms) => {
                count_blocked(bench, header);
                settle::settle_unit(server, bench, &mut unit);
                let waiter = server.blocked.new_waiter();
                server
                    .blocked
                    .add(waiter, blocking::Blocked::without_keys(client, entry));
                self.wait(waiter, timeout_ms, OnTimeout::Integer(0));
                Outcome::Busy
            }
            Next::Debug(_) if reply_start > 0 => {
                refuse(server, &mut writer, &IN_A_PIPELINE);
                Outcome::Done
            }
            Next::Debug(mode) => {
                client.debugging = mode;
                writer.ok();
                drop(unit);
                self.finish(server, bench, header, args);
                Outcome::Done
            }
            Next::Script(run) if run.debug_mode().is_some() => {
                self.start_debugging(server, bench, unit, run, (header, args), out)
            }
            Next::Script(run) => {
                let slice = run.start(server, bench, client, unit, args, &mut writer);
                match self.after_slice(server, bench, slice) {
                    After::Over(_) => {
                        self.finish(server, bench, header, args);
                        Outcome::Done
                    }
                    After::Suspended(run) => {
                        self.activity = Activity::Script(run, header);
                        Outcome::Busy
                    }
                    After::Conflicted(_, conflict) => {
                        out.truncate(reply_start);
                        let args = own(args);
                        self.activity = Activity::Rerun(Box::new(Rerun { args, conflict }));
                        Outcome::Busy
                    }
                }
            }
            Next::Exec => {
                let outcome = self.start_transaction(server, bench, unit, header, out);
                if server.monitors.any() {
                    show(server, bench, &self.client, entry, args);
                }
                outcome
            }
        };
        put_own_messages(bench, out, reply_start);
        if outcome == Outcome::Done {
            let held_back = if entry.replies_are_messages() {
                out.len()
            } else {
                reply_start
            };
            let outcome = self.end_request(out, held_back);
            let keeps_caching = entry
                .container
                .is_some_and(|container| container.name == "client");
            self.end_tracking(keeps_caching, out);
            return outcome;
        }
        outcome
    }

    /// Runs what a suspended activity has left, one slice of it.
    pub(crate) fn resume(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let reply_start = out.len();
        bench.own.client = Some(self.client.id());
        let outcome = self.resume_activity(server, bench, out);
        put_own_messages(bench, out, reply_start);
        if outcome == Outcome::Done {
            self.end_tracking(false, out);
        }
        outcome
    }

    fn resume_activity(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let reply_start = out.len();
        match std::mem::replace(&mut self.activity, Activity::Idle) {
            Activity::Script(run, header) => {
                let mut writer = RespWriter::new(out, self.client.protocol);
                let slice = run.resume(&mut writer);
                match self.after_slice(server, bench, slice) {
                    After::Over(args) => {
                        let args: Vec<&[u8]> = args.iter().map(|argument| &**argument).collect();
                        self.finish(server, bench, header, &args);
                        if header.reply_muted {
                            out.truncate(reply_start);
                        }
                        Outcome::Done
                    }
                    After::Suspended(run) => {
                        self.activity = Activity::Script(run, header);
                        Outcome::Busy
                    }
                    After::Conflicted(args, conflict) => {
                        out.truncate(reply_start);
                        self.activity = Activity::Rerun(Box::new(Rerun { args, conflict }));
                        Outcome::Busy
                    }
                }
            }
            Activity::Rerun(rerun) => {
                let Rerun { args, conflict } = *rerun;
                let words: Vec<&[u8]> = args.iter().map(|argument| &**argument).collect();
                bench.machines.planning.rerun = Some(conflict);
                let outcome = self.execute(server, bench, &words, out);
                let conflict = bench.machines.planning.rerun.take();
                match (outcome, conflict) {
                    (Outcome::Later, Some(conflict)) => {
                        self.activity = Activity::Rerun(Box::new(Rerun { args, conflict }));
                        Outcome::Busy
                    }
                    _ => outcome,
                }
            }
            Activity::Transaction(execution, run) => {
                self.resume_transaction(server, bench, execution, run, out)
            }
            Activity::Debugging(debug) => self.resume_debugging(server, bench, *debug, out),
            other => {
                self.activity = other;
                Outcome::Busy
            }
        }
    }

    /// Takes a script's end in: its locks are settled and released.
    fn after_slice(&mut self, server: &'static Server, bench: &mut Bench, slice: Slice) -> After {
        match slice {
            Slice::Suspended(run) => After::Suspended(run),
            // A library's VM has to be back when its lock is free for the next call. It never has to start again.
            Slice::Finished(mut run) if matches!(run.home(), Home::Library(_)) => {
                let HandedBack { mut unit, args, .. } = run.hand_back(bench);
                server.give_back(bench, run);
                settle::settle_unit(server, bench, &mut unit);
                After::Over(args)
            }
            Slice::Finished(mut run) => {
                let (args, conflict) = run.settle_and_release(server, bench);
                server.give_back(bench, run);
                match conflict {
                    None => After::Over(args),
                    Some(conflict) => After::Conflicted(args, conflict),
                }
            }
        }
    }

    /// Takes a script's end in: what it gives back. `Err` if it goes on.
    pub(crate) fn hand_back(
        &mut self,
        bench: &mut Bench,
        slice: Slice,
    ) -> Result<HandedBack, Box<ScriptRun>> {
        match slice {
            Slice::Suspended(run) => Err(run),
            Slice::Finished(mut run) => {
                let back = run.hand_back(bench);
                back.server.give_back(bench, run);
                Ok(back)
            }
        }
    }

    fn wait(&mut self, waiter: WaiterId, timeout_ms: Option<i64>, on_timeout: OnTimeout) {
        let deadline = timeout_ms.and_then(|timeout_ms| {
            let timeout = std::time::Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
            Instant::now().checked_add(timeout)
        });
        self.client.record.is_blocked.store(true, Ordering::Relaxed);
        self.activity = Activity::Blocked(Waiting {
            waiter,
            deadline,
            on_timeout,
        });
    }

    /// Waits on, under another number, because the command could not be run again yet.
    pub(crate) fn wait_again(&mut self, waiter: WaiterId) {
        self.wait(waiter, None, OnTimeout::NullArray);
    }

    /// A blocked command was served: logs it if it was slow to run.
    pub(crate) fn note_served(&self, bench: &Bench) {
        self.client
            .record
            .last_interaction_ms
            .store(bench.clock.unix_ms(), Ordering::Relaxed);
    }

    /// Ends a wait: the session may go on.
    pub(crate) fn stop_waiting(&mut self) {
        self.client
            .record
            .is_blocked
            .store(false, Ordering::Relaxed);
        self.activity = Activity::Idle;
    }

    /// Counts a request that has run, and logs it if it was slow.
    pub(crate) fn finish(
        &mut self,
        server: &Server,
        bench: &mut Bench,
        header: Header,
        args: &[&[u8]],
    ) {
        self.count(server, bench, header.entry, header.started, args);
    }

    /// Counts a command that has run, and logs it if it was slow.
    pub(crate) fn count(
        &self,
        server: &Server,
        bench: &mut Bench,
        entry: &Entry,
        started: Moment,
        args: &[&[u8]],
    ) {
        let took = bench.clock.tick().since(started);
        let (worker, workers) = (bench.stats.worker, server.stats.len());
        bench.ended_script.count(took, worker, workers);
        bench.stats.command_ran(entry.index, took);
        let microseconds = took.as_micros() as u64;
        if server.slowlog.wants(microseconds) && !entry.command.has(flag::SKIP_SLOWLOG) {
            server.slowlog.push(
                &redacted(entry, args),
                microseconds,
                bench.clock.unix_ms() / 1000,
                self.client.record.address.clone(),
                self.client.record.name.lock().clone(),
                bench.ended_script.slow(),
            );
        }
        if let Some(code) = bench.ended_script.clear() {
            bench.machines.known.give_back(code);
        }
    }

    /// Answers a request that was refused before it ran. In a transaction EXEC will fail; a refused EXEC ends it.
    fn reject(
        &mut self,
        server: &'static Server,
        bench: &Bench,
        args: &[&[u8]],
        mut error: CommandError,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let client = &mut self.client;
        let reply_start = out.len();
        client.transaction.failed |= client.transaction.open;
        if args[0].eq_ignore_ascii_case(b"exec") {
            let plan = plan_watched(server, client, args);
            let now_ms = bench.clock.unix_ms();
            let Some(mut unit) = server.keyspace.try_lock(&plan, client.database, now_ms) else {
                return Outcome::Later;
            };
            discard_transaction(client, &mut unit);
            let text = error.to_string();
            let reason = text.strip_prefix("ERR ").unwrap_or(&text);
            error = CommandError::owned(format!(
                "EXECABORT Transaction discarded because of: {reason}"
            ));
        }
        refuse(server, &mut RespWriter::new(out, client.protocol), &error);
        let outcome = self.end_request(out, reply_start);
        self.end_tracking(false, out);
        outcome
    }

    /// What client-side caching has to do after each request: messages about it follow its reply, and what CLIENT CACHING
    /// said is over.
    #[inline]
    fn end_tracking(&self, keeps_caching: bool, out: &mut Vec<u8>) {
        let state = &self.client.record.tracking;
        if !state.has(tracking_flag::PENDING | tracking_flag::CACHING) {
            return;
        }
        for message in state.take_pending() {
            out.extend_from_slice(&message);
        }
        if !keeps_caching && !self.client.transaction.open {
            state.clear(tracking_flag::CACHING);
        }
    }

    /// Applies CLIENT REPLY to what a request has written.
    fn end_request(&mut self, out: &mut Vec<u8>, reply_start: usize) -> Outcome {
        match self.client.reply_mode {
            ReplyMode::On => {}
            ReplyMode::Off => out.truncate(reply_start),
            ReplyMode::SkipNext => {
                out.truncate(reply_start);
                self.client.reply_mode = ReplyMode::Skip;
            }
            ReplyMode::Skip => {
                out.truncate(reply_start);
                self.client.reply_mode = ReplyMode::On;
            }
        }
        Outcome::Done
    }
}

/// Counts a command that has blocked: it counts as called, whatever comes of it.
fn count_blocked(bench: &mut Bench, header: Header) {
    let took = bench.clock.tick().since(header.started);
    bench.stats.command_ran(header.entry.index, took);
}

/// What a command publishes to its own client goes before its reply.
fn put_own_messages(bench: &mut Bench, out: &mut Vec<u8>, reply_start: usize) {
    if !bench.own.messages.is_empty() {
        let messages = bench.own.messages.drain(..);
        let own: Vec<u8> = messages.flat_map(|bytes| bytes.to_vec()).collect();
        out.splice(reply_start..reply_start, own);
    }
}

pub(crate) const IN_A_PIPELINE: CommandError =
    CommandError::text("ERR SCRIPT DEBUG must be called outside a pipeline");

/// Whether a request's first word is that of an HTTP request, which a browser was tricked into sending.
fn is_http(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

/// Whether a pause of writes is to hold a command, or for EXEC its queue. Looked at only while there is a pause.
#[cold]
fn may_write(
    server: &Server,
    bench: &mut Bench,
    client: &Client,
    entry: &Entry,
    args: &[&[u8]],
) -> bool {
    let mut writes = |entry: &Entry, args: &[&[u8]]| {
        may_replicate(entry.command)
            || is_script(entry) && script_may_write(server, bench, client, entry, args)
    };
    if !entry.is_exec() {
        return writes(entry, args);
    }
    client.transaction.queue.iter().any(|queued| {
        let args: Vec<&[u8]> = queued.args.iter().map(|argument| &**argument).collect();
        writes(queued.entry, &args)
    })
}

/// Whether a call may run a script that has not declared that it writes nothing. One that is not there may come yet.
fn script_may_write(
    server: &Server,
    bench: &mut Bench,
    client: &Client,
    entry: &Entry,
    args: &[&[u8]],
) -> bool {
    if entry.command.has(flag::READONLY) {
        return false;
    }
    // To plan its locks is to find it.
    entry.plan(server, bench, client, args);
    let Some(call) = bench.machines.planned.take() else {
        return true;
    };
    let declares_none = call.code.flags().no_writes;
    bench.machines.known.give_back(call.code);
    !declares_none
}

/// What is said if a script or function stands in this command's way and has run for longer than `busy-reply-threshold`.
fn overdue(
    server: &Server,
    bench: &mut Bench,
    client: &Client,
    entry: &Entry,
    args: &[&[u8]],
) -> Option<CommandError> {
    let threshold_ms = bench.config.busy_reply_threshold;
    if threshold_ms == 0 || !server.running.any() || entry.command.has(flag::ALLOW_BUSY) {
        return None;
    }
    let plan = sure_plan(server, bench, client, entry, args);
    let script = server.running.overdue(&plan, threshold_ms)?;
    Some(CommandError::owned(script.busy_text()))
}

/// Whether the command runs a script or function. It is shown to who monitors before what that calls; all others when they
/// have run, so that SELECT is shown with the database it has selected.
pub(crate) fn is_script(entry: &Entry) -> bool {
    // Scripts are marked to be skipped only because they are shown in their own way.
    entry.planner.is_some() && entry.command.has(flag::NOSCRIPT | flag::SKIP_MONITOR)
}

/// Shows a command to who monitors.
pub(crate) fn show(server: &Server, bench: &Bench, client: &Client, entry: &Entry, args: &[&[u8]]) {
    if !server.monitors.any() {
        return;
    }
    let is_hidden = entry.command.flags & (flag::SKIP_MONITOR | flag::ADMIN) != 0;
    if is_hidden && !is_script(entry) {
        return;
    }
    server.monitors.show(
        bench.clock.unix_us(),
        client.database,
        &client.record.address,
        &redacted(entry, args),
    );
}
