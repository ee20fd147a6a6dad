//! How a client tracks: what CLIENT TRACKING and CLIENT CACHING have set, where other threads can see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use commands::CommandError;
use parking_lot::Mutex;

use crate::client::ClientId;

/// Bits of a client's tracking state.
pub(crate) mod tracking_flag {
    /// The client tracks.
    pub(crate) const ON: u8 = 1 << 0;
    /// It hears of every key with one of its prefixes.
    pub(crate) const BCAST: u8 = 1 << 1;
    /// What it reads is tracked only after CLIENT CACHING YES.
    pub(crate) const OPTIN: u8 = 1 << 2;
    /// What it reads is tracked but after CLIENT CACHING NO.
    pub(crate) const OPTOUT: u8 = 1 << 3;
    /// It does not hear of what it modifies itself.
    pub(crate) const NOLOOP: u8 = 1 << 4;
    /// CLIENT CACHING was said about the next command.
    pub(crate) const CACHING: u8 = 1 << 5;
    /// The client to which its messages go is no more.
    pub(crate) const BROKEN_REDIRECT: u8 = 1 << 6;
    /// Messages wait for the end of the client's running command.
    pub(crate) const PENDING: u8 = 1 << 7;
}

use tracking_flag::{BCAST, BROKEN_REDIRECT, CACHING, NOLOOP, ON, OPTIN, OPTOUT, PENDING};

/// The tracking state of one client. Its own thread sets it, but for [`BROKEN_REDIRECT`].
#[derive(Debug, Default)]
pub(crate) struct ClientTracking {
    flags: AtomicU8,
    /// The client to which messages go, 0 for itself.
    redirect: AtomicU64,
    pending: Mutex<Vec<Arc<[u8]>>>,
}

impl ClientTracking {
    /// Whether this flag is set.
    #[inline]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }

    /// Sets a flag.
    pub(crate) fn set(&self, flag: u8) {
        self.flags.fetch_or(flag, Ordering::Relaxed);
    }

    /// Clears a flag.
    pub(crate) fn clear(&self, flag: u8) {
        self.flags.fetch_and(!flag, Ordering::Relaxed);
    }

    /// The client to which messages go, 0 for itself.
    pub(crate) fn redirect(&self) -> ClientId {
        self.redirect.load(Ordering::Relaxed)
    }

    /// What CLIENT GETREDIR and CLIENT LIST tell: -1 if the client does not track, 0 if it is told itself.
    pub(crate) fn shown_redirect(&self) -> i64 {
        if self.has(ON) {
            self.redirect() as i64
        } else {
            -1
        }
    }

    /// Whether what the client reads now is to be remembered.
    pub(crate) fn remembers(&self) -> bool {
        let flags = self.flags.load(Ordering::Relaxed);
        let caching_said = flags & CACHING != 0;
        flags & ON != 0
            && flags & BCAST == 0
            && (flags & OPTIN == 0 || caching_said)
            && (flags & OPTOUT == 0 || !caching_said)
    }

    pub(super) fn enable(&self, options: &Options<'_>) {
        self.redirect
            .store(options.redirect.unwrap_or(0), Ordering::Relaxed);
        self.clear(BCAST | OPTIN | OPTOUT | NOLOOP | BROKEN_REDIRECT);
        self.set(ON | options.flags());
    }

    pub(super) fn disable(&self) {
        self.clear(ON | BCAST | OPTIN | OPTOUT | NOLOOP | CACHING | BROKEN_REDIRECT);
    }

    /// Keeps a message until the client's running command has its reply.
    pub(super) fn add_pending(&self, message: Arc<[u8]>) {
        self.pending.lock().push(message);
        self.set(PENDING);
    }

    /// Takes the messages that were kept.
    pub(crate) fn take_pending(&self) -> Vec<Arc<[u8]>> {
        if !self.has(PENDING) {
            return Vec::new();
        }
        self.clear(PENDING);
        std::mem::take(&mut *self.pending.lock())
    }

    /// The words of CLIENT TRACKINGINFO.
    pub(crate) fn words(&self) -> Vec<&'static str> {
        if !self.has(ON) {
            return vec!["off"];
        }
        let mut words = vec!["on"];
        let mut add = |flags: u8, word| {
            if self.flags.load(Ordering::Relaxed) & flags == flags {
                words.push(word);
            }
        };
        add(BCAST, "bcast");
        add(OPTIN, "optin");
        add(OPTIN | CACHING, "caching-yes");
        add(OPTOUT, "optout");
        add(OPTOUT | CACHING, "caching-no");
        add(NOLOOP, "noloop");
        add(BROKEN_REDIRECT, "broken_redirect");
        words
    }
}

/// The options of CLIENT TRACKING ON.
#[derive(Debug, Default)]
pub(crate) struct Options<'a> {
    pub(crate) redirect: Option<ClientId>,
    pub(crate) prefixes: Vec<&'a [u8]>,
    pub(crate) broadcasts: bool,
    pub(crate) opt_in: bool,
    pub(crate) opt_out: bool,
    pub(crate) no_loop: bool,
}

impl Options<'_> {
    fn flags(&self) -> u8 {
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        flag(self.broadcasts, BCAST)
            | flag(self.opt_in, OPTIN)
            | flag(self.opt_out, OPTOUT)
            | flag(self.no_loop, NOLOOP)
    }

    /// Whether a client in this state, which has these prefixes, may track so.
    ///
    /// # Errors
    /// The options do not go together, or not with how the client tracks already.
    pub(crate) fn check(
        &self,
        client: &ClientTracking,
        existing: &[Vec<u8>],
    ) -> Result<(), CommandError> {
        if !self.broadcasts && !self.prefixes.is_empty() {
            return Err(CommandError::text(
                "ERR PREFIX option requires BCAST mode to be enabled",
            ));
        }
        let is_on = client.has(ON);
        if is_on && client.has(BCAST) != self.broadcasts {
            return Err(CommandError::text(
                "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling \
                 it with a different mode.",
            ));
        }
        if self.broadcasts && (self.opt_in || self.opt_out) {
            return Err(CommandError::text(
                "ERR OPTIN and OPTOUT are not compatible with BCAST",
            ));
        }
        if self.opt_in && self.opt_out {
            return Err(CommandError::text(
                "ERR You can't specify both OPTIN mode and OPTOUT mode",
            ));
        }
        if (self.opt_in && client.has(OPTOUT)) || (self.opt_out && client.has(OPTIN)) {
            return Err(CommandError::text(
                "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then \
                 re-enabling it with a different mode.",
            ));
        }
        self.check_prefixes(existing)
    }

    fn check_prefixes(&self, existing: &[Vec<u8>]) -> Result<(), CommandError> {
        let overlap = |one: &[u8], other: &[u8]| one.starts_with(other) || other.starts_with(one);
        let refuse = |prefix: &[u8], which: &str, other: &[u8]| {
            let mut text = b"ERR Prefix '".to_vec();
            text.extend_from_slice(prefix);
            text.extend_from_slice(b"' overlaps with ");
            text.extend_from_slice(which.as_bytes());
            text.extend_from_slice(b" prefix '");
            text.extend_from_slice(other);
            text.extend_from_slice(b"'. Prefixes for a single client must not overlap.");
            Err(CommandError::Bytes(text))
        };
        for (index, prefix) in self.prefixes.iter().enumerate() {
            if let Some(other) = existing.iter().find(|other| overlap(prefix, other)) {
                return refuse(prefix, "an existing", other);
            }
            let others = &self.prefixes[index + 1..];
            if let Some(other) = others.iter().find(|other| overlap(prefix, other)) {
                return refuse(prefix, "another provided", other);
            }
        }
        Ok(())
    }
}
