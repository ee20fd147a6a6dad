//! The seam to the server: what a running script may ask for.
//!
//! The server puts a [`ScriptHost`] into each VM; during a run it has the locks, the caller's identity and everything
//! else the road needs. The scripting layer knows the server by this trait alone.

use std::any::Any;

use resp::{Protocol, Reply};

/// Log levels of `redis.log`, with the numbers scripts see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LogLevel {
    /// `redis.LOG_DEBUG`
    Debug = 0,
    /// `redis.LOG_VERBOSE`
    Verbose = 1,
    /// `redis.LOG_NOTICE`
    Notice = 2,
    /// `redis.LOG_WARNING`
    Warning = 3,
}

/// What became of a command that a script called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// It was refused before its handler ran.
    Refused,
    /// It was run.
    Done,
    /// It was run, and much time has passed: the run has to be asked soon whether its slice is over.
    TookLong,
}

/// What is to become of a run whose fuel is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on with fresh fuel.
    Continue,
    /// Its slice is over: it is suspended, to be resumed later.
    Suspend,
    /// SCRIPT KILL: it ends with an error that nothing in it can catch.
    Kill,
    /// It has run longer than a script may, and ends like a killed one.
    TimeUp,
}

/// How a run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An error that nothing in the script caught.
    Error,
    /// The script returned an error as its reply.
    ErrorReply,
    /// SCRIPT KILL.
    Killed,
    /// `script-time-limit`.
    TimeUp,
    /// `script-memory-limit`.
    OutOfMemory,
    /// `redis.rollback`.
    RolledBack,
}

/// What a running script may ask of the server.
pub trait ScriptHost: Any + Send {
    /// Runs one command on the road: look-up, checks, locks, handler. The reply, or the error reply, goes to `reply`.
    /// `protocol` is what the script chose with `redis.setresp`. `args` is not empty.
    fn call(&mut self, args: &[&[u8]], protocol: Protocol, reply: &mut dyn Reply) -> Called;

    /// Whether the run is void: what it called could not be done, all it did will be undone, and it starts again. It ends
    /// at once, and nothing in it can catch that. Asked after a call that failed.
    fn is_void(&self) -> bool {
        false
    }

    /// Writes to the server's log, which drops what is below its level.
    fn log(&mut self, level: LogLevel, message: &[u8]);

    /// Whether the caller's user may run this command: `redis.acl_check_cmd`. `None` if there is no such command.
    fn may_call(&mut self, args: &[&[u8]]) -> Option<bool>;

    /// Who is to read the effects of what follows: `redis.set_repl`.
    fn set_replication(&mut self, append_only_file: bool, replicas: bool);

    /// The run has failed and is over: undoes what it wrote if that is wanted. Whether anything was undone, which the
    /// error then says.
    fn fail(&mut self, failure: Failure) -> bool;

    /// Bytes that the run takes in the server to be undone if it fails. They count as the script's own where its memory is
    /// capped; asked after each call then.
    fn undo_bytes(&mut self) -> usize {
        0
    }

    /// Counts an error the script itself raised; errors of inner calls were counted when they happened.
    fn count_error(&mut self, text: &[u8]);

    /// The host as itself, for the server to look at during a run and after it.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}
