//! A transaction that runs: EXEC's queue, command after command, under the locks of all of them.

use std::sync::atomic::Ordering;

use keyspace::Unit;
use resp::{Reply, RespWriter};

use crate::atomicity;
use crate::handlers::transaction::unwatch_all;
use crate::net::Mail;
use crate::road::run::{Bench, Call, Moment, Next, refuse, run};
use crate::road::{Origin, check, settle};
use crate::script_run::{HandedBack, ScriptRun};
use crate::server::Server;
use crate::session::{Activity, Header, IN_A_PIPELINE, Outcome, Session, is_script, show};
use crate::transaction::Queued;

/// A transaction that runs.
pub(crate) struct Execution {
    queue: Vec<Queued>,
    position: usize,
    header: Header,
    /// When the command before `position` was started.
    started: Moment,
    /// The replies of a transaction that is all or nothing, until it is known which.
    replies: Option<Vec<u8>>,
    /// Where the reply of the command that runs begins.
    reply_start: usize,
}

impl Execution {
    /// Whether the command that ran last makes that the whole transaction is undone.
    fn failed(&self) -> bool {
        self.replies
            .as_ref()
            .is_some_and(|replies| replies.get(self.reply_start) == Some(&b'-'))
    }
}

impl Session {
    /// Runs the queue of a transaction that has its locks.
    pub(crate) fn start_transaction(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        mut unit: Unit<'static>,
        header: Header,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let client = &mut self.client;
        let queue = client.transaction.reset();
        client.record.queued.store(-1, Ordering::Relaxed);
        client.record.queued_bytes.store(0, Ordering::Relaxed);
        unwatch_all(client, &mut unit);
        let mut replies = bench.config.multi_atomic.then(Vec::new);
        if let Some(replies) = &mut replies {
            unit.begin_undo();
            RespWriter::new(replies, client.protocol).array(queue.len());
        } else {
            RespWriter::new(out, client.protocol).array(queue.len());
        }
        let execution = Box::new(Execution {
            queue,
            position: 0,
            header,
            started: header.started,
            replies,
            reply_start: 0,
        });
        self.go_on(server, bench, execution, unit, out)
    }

    /// Goes on with a transaction that stands at a script in its queue.
    pub(crate) fn resume_transaction(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        mut execution: Box<Execution>,
        run: Box<ScriptRun>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let replies = execution.replies.as_mut().unwrap_or(out);
        let mut writer = RespWriter::new(replies, self.client.protocol);
        let slice = run.resume(&mut writer);
        match self.hand_back(bench, slice) {
            Ok(HandedBack { mut unit, .. }) => {
                self.end_queued(server, bench, &execution, &mut unit);
                self.go_on(server, bench, execution, unit, out)
            }
            Err(run) => {
                self.activity = Activity::Transaction(execution, run);
                Outcome::Busy
            }
        }
    }

    /// Runs the commands of a transaction from where it stands.
    fn go_on(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        mut execution: Box<Execution>,
        mut unit: Unit<'static>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let mut failed = execution.failed();
        while execution.position < execution.queue.len() && !failed {
            execution.started = bench.clock.moment();
            let Execution {
                queue,
                position,
                replies,
                reply_start,
                ..
            } = &mut *execution;
            let queued = &queue[*position];
            let entry = queued.entry;
            let args: Vec<&[u8]> = queued.args.iter().map(|argument| &**argument).collect();
            let replies = replies.as_mut().unwrap_or(out);
            *reply_start = replies.len();
            let mut writer = RespWriter::new(replies, self.client.protocol);
            *position += 1;
            if let Err(error) = check(server, &self.client, entry, Origin::Transaction) {
                refuse(server, &mut writer, &error);
                failed = execution.failed();
                continue;
            }
            if is_script(entry) {
                show(server, bench, &self.client, entry, &args);
            }
            let next = run(Call {
                server,
                bench,
                client: &mut self.client,
                entry,
                args: &args,
                unit: &mut unit,
                reply: &mut writer,
                origin: Origin::Transaction,
                woken_by: None,
                next: Next::Done,
            });
            if !is_script(entry) {
                show(server, bench, &self.client, entry, &args);
            }
            if let Next::Debug(_) = next {
                refuse(server, &mut writer, &IN_A_PIPELINE);
            } else if let Next::Script(run) = next {
                let slice = run.start(server, bench, &self.client, unit, &args, &mut writer);
                match self.hand_back(bench, slice) {
                    Ok(back) => unit = back.unit,
                    Err(run) => {
                        self.activity = Activity::Transaction(execution, run);
                        return Outcome::Busy;
                    }
                }
            }
            self.end_queued(server, bench, &execution, &mut unit);
            failed = execution.failed();
        }
        if unit.keeps_undo() {
            self.end_all_or_nothing(server, bench, &mut execution, &mut unit, failed, out);
        }
        settle::settle_unit(server, bench, &mut unit);
        self.post_own_messages(server, bench);
        drop(unit);
        let header = execution.header;
        self.finish(server, bench, header, &[b"EXEC"]);
        Outcome::Done
    }

    /// Counts the command of a transaction that has just run.
    fn end_queued(
        &self,
        server: &'static Server,
        bench: &mut Bench,
        execution: &Execution,
        unit: &mut Unit<'static>,
    ) {
        settle::settle_command(server, bench, unit);
        self.post_own_messages(server, bench);
        let queued = &execution.queue[execution.position - 1];
        let args: Vec<&[u8]> = queued.args.iter().map(|argument| &**argument).collect();
        self.count(server, bench, queued.entry, execution.started, &args);
    }

    /// Posts to the client what the commands of its transaction published to it: messages do not stand in the midst of a
    /// reply.
    fn post_own_messages(&self, server: &Server, bench: &mut Bench) {
        let place = self.client.record.place();
        for message in bench.own.messages.drain(..) {
            server.hub.send_to(place, Mail::Output(place, message));
        }
    }

    /// Commits a transaction that is all or nothing, or undoes it because of the command that ran last.
    fn end_all_or_nothing(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        execution: &mut Execution,
        unit: &mut Unit<'static>,
        failed: bool,
        out: &mut Vec<u8>,
    ) {
        let replies = execution.replies.take().unwrap_or_default();
        if !failed {
            atomicity::commit(server, bench, unit);
            out.extend_from_slice(&replies);
            return;
        }
        atomicity::undo(server, bench, unit);
        let number = execution.position;
        let name = execution.queue[number - 1].entry.full_name();
        let mut text = format!(
            "EXECABORT Transaction undone because its command {number}, '{name}', failed: "
        )
        .into_bytes();
        let error = replies.get(execution.reply_start + 1..).unwrap_or_default();
        text.extend_from_slice(error.trim_ascii_end());
        server.errors.count(&text);
        RespWriter::new(out, self.client.protocol).error(&text);
    }
}
