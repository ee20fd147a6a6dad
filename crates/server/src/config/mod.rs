//! Configuration: the directives of redis.conf, where they come from, and how they change at run time.
//!
//! [`directives`] is the one list; [`table`] turns it into [`Config`] and [`TABLE`]. [`load`] reads
//! files and the command line, [`access`] is CONFIG GET and SET, [`rewrite`] is CONFIG REWRITE.
//!
//! A [`Config`] is a snapshot that never changes. [`ConfigStore`] swaps the current one when CONFIG SET
//! succeeds; each worker keeps a [`ConfigView`] and looks once per turn of its loop whether the
//! generation has moved, which is one atomic load.

pub mod access;
mod directives;
pub mod enums;
mod invalid;
mod lists;
pub mod load;
pub mod rewrite;
pub mod settings;
mod table;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

pub use access::SetError;
pub use directives::{Config, TABLE};
pub use load::{FatalConfig, LineError, Startup, Statement};
pub use rewrite::RewriteError;
pub use settings::Invalid;
pub use table::Directive;

/// The version of Redis whose texts, names and formats this server speaks.
pub const COMPATIBLE_VERSION: &str = "7.0.15";

/// The directive with this name or alias, in any case.
pub fn find(name: &[u8]) -> Option<&'static Directive> {
    TABLE.iter().find(|directive| {
        name.eq_ignore_ascii_case(directive.name.as_bytes())
            || directive
                .alias
                .is_some_and(|alias| name.eq_ignore_ascii_case(alias.as_bytes()))
    })
}

impl Config {
    /// Brings values into the bounds that are kept silently instead of being refused.
    fn normalize(&mut self) {
        self.hz = self.hz.clamp(1, 500);
        self.repl_backlog_size = self.repl_backlog_size.max(16 * 1024);
        // Two names of one value, which is shown by the first.
        if self.oom_score_adj == enums::OomScoreAdjust::Relative {
            self.oom_score_adj = enums::OomScoreAdjust::Yes;
        }
    }
}

/// The current configuration of a server, shared by its threads.
#[derive(Debug)]
pub struct ConfigStore {
    current: RwLock<Arc<Config>>,
    generation: AtomicU64,
    /// Held while a change is checked, applied and published, so that changes do not overtake.
    change: Mutex<()>,
    file: Option<PathBuf>,
}

impl ConfigStore {
    /// A store that starts with `config`; `file` is what CONFIG REWRITE writes to.
    pub fn new(config: Config, file: Option<PathBuf>) -> Self {
        ConfigStore {
            current: RwLock::new(Arc::new(config)),
            generation: AtomicU64::new(0),
            change: Mutex::new(()),
            file,
        }
    }

    /// The current values. Cheap, but a worker's hot path reads its [`ConfigView`].
    pub fn current(&self) -> Arc<Config> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number that grows with every change.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The configuration file the server was started with.
    pub fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }

    /// Makes every view look again, after a change of something that is derived along with the configuration.
    pub fn announce(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn publish(&self, config: Config) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        self.generation.fetch_add(1, Ordering::Release);
    }
}

/// A thread's own snapshot of the configuration.
#[derive(Debug, Clone)]
pub struct ConfigView {
    store: Arc<ConfigStore>,
    generation: u64,
    snapshot: Arc<Config>,
}

impl ConfigView {
    /// A view of the current values.
    pub fn new(store: Arc<ConfigStore>) -> Self {
        let generation = store.generation();
        let snapshot = store.current();
        ConfigView {
            store,
            generation,
            snapshot,
        }
    }

    /// Takes the current values if they have changed; tells whether they have.
    #[inline]
    pub fn refresh(&mut self) -> bool {
        let generation = self.store.generation();
        if generation == self.generation {
            return false;
        }
        // The generation is read first: a change in between is seen again next time.
        self.generation = generation;
        self.snapshot = self.store.current();
        true
    }

    /// The store this is a view of.
    pub fn store(&self) -> &Arc<ConfigStore> {
        &self.store
    }
}

impl Deref for ConfigView {
    type Target = Config;

    #[inline]
    fn deref(&self) -> &Config {
        &self.snapshot
    }
}

#[cfg(test)]
mod tests;
