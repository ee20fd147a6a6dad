//! What the process needs of the system besides sockets: signals and descriptors.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Descriptors kept for files, listeners and links besides the clients' sockets.
pub const RESERVED_DESCRIPTORS: u64 = 32;

/// A request to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// SIGINT, as Ctrl-C sends it.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// Calls `act` in a thread of its own for each SIGINT and SIGTERM the process gets. SIGHUP, which a closing terminal
/// sends, is ignored.
///
/// # Errors
/// If the handlers cannot be installed.
pub fn on_signals(act: impl Fn(Ending) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                match signal {
                    SIGINT => act(Ending::Interrupt),
                    SIGTERM => act(Ending::Terminate),
                    _ => {}
                }
            }
        })?;
    Ok(())
}

/// Raises the limit of open descriptors as far as `clients` need it. Returns how many clients it is now
/// good for, at most `clients`.
pub fn raise_descriptor_limit(clients: u32) -> u32 {
    let wanted = u64::from(clients) + RESERVED_DESCRIPTORS;
    let limit = getrlimit(Resource::Nofile);
    let have = limit.current.unwrap_or(u64::MAX);
    if have >= wanted {
        return clients;
    }
    let reachable = limit.maximum.unwrap_or(u64::MAX).min(wanted);
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(reachable),
            maximum: limit.maximum,
        },
    );
    let have = if raised.is_ok() { reachable } else { have };
    u32::try_from(have.saturating_sub(RESERVED_DESCRIPTORS))
        .unwrap_or(clients)
        .min(clients)
}

/// How many descriptors the process may have open.
pub fn descriptor_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// The processor time one thread has used.
#[derive(Debug)]
pub struct ThreadClock(File);

impl ThreadClock {
    /// That of the thread that asks; `None` where the system does not tell.
    pub fn of_this_thread() -> Option<ThreadClock> {
        File::open("/proc/thread-self/schedstat")
            .ok()
            .map(ThreadClock)
    }

    /// What the thread has used so far.
    pub fn used(&self) -> Option<Duration> {
        let mut text = [0; 64];
        let length = self.0.read_at(&mut text, 0).ok()?;
        let first = text[..length].split(|&byte| byte == b' ').next()?;
        let nanoseconds = std::str::from_utf8(first).ok()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_uses_time() {
        let Some(clock) = ThreadClock::of_this_thread() else {
            return;
        };
        let before = clock.used().expect("a number");
        while clock.used().expect("a number") == before {
            std::hint::black_box((0..10_000).sum::<u64>());
        }
    }
}
