//! The directives' enumerations: each value is one word.

use super::settings::{Invalid, Line, Setting, Source, quoted_line_words};
use super::table::Directive;

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $variant_doc:literal])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $variant_doc])* $variant,)*
        }

        impl $name {
            const WORDS: &'static [(&'static str, $name)] = &[$(($word, $name::$variant),)*];

            /// The word for this value.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl Setting for $name {
            fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
                let [word] = words else { return Err(Invalid::WordCount) };
                let found = Self::WORDS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word));
                match found {
                    Some((_, value)) => {
                        *self = *value;
                        Ok(())
                    }
                    None => Err(Invalid::OneOf(Self::WORDS.iter().map(|(name, _)| *name).collect())),
                }
            }

            fn format(&self) -> Vec<u8> {
                self.word().as_bytes().to_vec()
            }

            fn lines(&self, directive: &Directive) -> Vec<Line> {
                quoted_line_words(directive, &[self.word().as_bytes()])
            }
        }
    )*};
}

words! {
    /// Who is told that a script has run for longer than `busy-reply-threshold`.
    BusyReplyScope {
        /// Who needs a key that the script holds.
        Keys = "keys",
        /// Whoever sends anything but the few commands that Redis serves then.
        All = "all",
    }

    /// Who may use something risky.
    LocalSwitch {
        /// Nobody.
        No = "no",
        /// Every client.
        Yes = "yes",
        /// Clients on this machine.
        Local = "local",
    }

    /// Whether TLS clients must present a certificate.
    TlsAuthClients {
        /// They need none.
        No = "no",
        /// They must.
        Yes = "yes",
        /// They may; if they do it must be valid.
        Optional = "optional",
    }

    /// Supervisors that want to hear about readiness.
    Supervised {
        /// Upstart.
        Upstart = "upstart",
        /// systemd.
        Systemd = "systemd",
        /// Whichever the environment names.
        Auto = "auto",
        /// None.
        No = "no",
    }

    /// Importance of a log line.
    LogLevel {
        /// For developers.
        Debug = "debug",
        /// Seldom useful.
        Verbose = "verbose",
        /// What operators want to see.
        Notice = "notice",
        /// Something is wrong.
        Warning = "warning",
    }

    /// Facilities of the system log.
    SyslogFacility {
        /// `user`
        User = "user",
        /// `local0`
        Local0 = "local0",
        /// `local1`
        Local1 = "local1",
        /// `local2`
        Local2 = "local2",
        /// `local3`
        Local3 = "local3",
        /// `local4`
        Local4 = "local4",
        /// `local5`
        Local5 = "local5",
        /// `local6`
        Local6 = "local6",
        /// `local7`
        Local7 = "local7",
    }

    /// Whether to adjust the kernel's out-of-memory score, and how.
    OomScoreAdjust {
        /// Not at all.
        No = "no",
        /// Like `relative`.
        Yes = "yes",
        /// By an amount.
        Relative = "relative",
        /// To a value.
        Absolute = "absolute",
    }

    /// Channels a new ACL user may use.
    AclPubsubDefault {
        /// All.
        Allchannels = "allchannels",
        /// None.
        Resetchannels = "resetchannels",
    }

    /// Which keys go when memory is full.
    MaxmemoryPolicy {
        /// Least recently used keys with an expiry.
        VolatileLru = "volatile-lru",
        /// Least frequently used keys with an expiry.
        VolatileLfu = "volatile-lfu",
        /// Any keys with an expiry.
        VolatileRandom = "volatile-random",
        /// Keys that expire soonest.
        VolatileTtl = "volatile-ttl",
        /// Least recently used keys.
        AllkeysLru = "allkeys-lru",
        /// Least frequently used keys.
        AllkeysLfu = "allkeys-lfu",
        /// Any keys.
        AllkeysRandom = "allkeys-random",
        /// None: writes fail.
        Noeviction = "noeviction",
    }

    /// How deeply dumped values are checked before they are restored.
    SanitizePayload {
        /// Not.
        No = "no",
        /// Always.
        Yes = "yes",
        /// When they come from clients.
        Clients = "clients",
    }

    /// What to do when a replicated command fails.
    PropagationErrors {
        /// Go on.
        Ignore = "ignore",
        /// Stop the server.
        Panic = "panic",
        /// Stop the server if it is a replica.
        PanicOnReplicas = "panic-on-replicas",
    }

    /// When the append-only file is flushed to disk.
    AppendFsync {
        /// Once a second.
        Everysec = "everysec",
        /// After every write.
        Always = "always",
        /// When the system likes.
        No = "no",
    }

    /// When a replica loads a snapshot straight from the link.
    DisklessLoad {
        /// Never.
        Disabled = "disabled",
        /// If it has no data.
        OnEmptyDb = "on-empty-db",
        /// Always, beside the old data.
        Swapdb = "swapdb",
    }

    /// What cluster clients are told to connect to.
    EndpointType {
        /// The address.
        Ip = "ip",
        /// The host name.
        Hostname = "hostname",
        /// Where they are connected already.
        UnknownEndpoint = "unknown-endpoint",
    }
}

impl LogLevel {
    /// 0 for the least important level to 3 for the most important one.
    pub fn rank(self) -> u8 {
        match self {
            LogLevel::Debug => 0,
            LogLevel::Verbose => 1,
            LogLevel::Notice => 2,
            LogLevel::Warning => 3,
        }
    }
}
