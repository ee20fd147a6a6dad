//! One key with its value, expiry and access record: 48 bytes, small keys and values inside.

use types::{Bytes, Value};

/// The expiry of a key that never expires.
pub(crate) const NEVER: i64 = i64::MAX;

/// What is kept of a time at which a key is to expire: the very last millisecond stands for [`NEVER`], so it is the one
/// before.
pub(crate) fn kept_expiry(at: i64) -> i64 {
    at.min(NEVER - 1)
}

/// How the access record of an entry is kept; follows `maxmemory-policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessPolicy {
    /// The record is the time of the last access, in seconds.
    Lru,
    /// The record is a logarithmic access counter that decays with time.
    Lfu,
}

/// A key and all that belongs to it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Bytes,
    pub(crate) value: Value,
    /// Unix time in milliseconds, or [`NEVER`].
    pub(crate) expire_at: i64,
    /// The hash that places the entry in its table.
    pub(crate) hash: u32,
    /// LRU: seconds. LFU: minutes in the upper 24 bits, counter in the lower 8.
    pub(crate) access: u32,
}

const _: () = assert!(size_of::<Entry>() == 48);

impl Entry {
    pub(crate) fn is_expired(&self, now_ms: i64) -> bool {
        self.expire_at <= now_ms
    }

    /// Bytes of the entry, of what it owns and of its mark in the table's index.
    pub(crate) fn memory_usage(&self) -> usize {
        const INDEX_MARK: usize = 3;
        size_of::<Entry>() + INDEX_MARK + self.key.heap_size() + self.value.heap_size()
    }
}

/// What OBJECT and DEBUG OBJECT tell of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The encoding's name as Redis calls it.
    pub encoding: &'static str,
    /// Seconds since the last access (LRU policies).
    pub idle_seconds: u64,
    /// The logarithmic access counter (LFU policies), 0 to 255.
    pub frequency: u8,
}

/// The access counter a new key starts with, so that it is not evicted before it had a chance.
pub(crate) const LFU_INITIAL: u8 = 5;

/// Settings of the logarithmic counter: `lfu-log-factor` and `lfu-decay-time` (minutes).
#[derive(Clone, Copy, Debug)]
pub(crate) struct LfuSettings {
    pub(crate) log_factor: u32,
    pub(crate) decay_minutes: u32,
}

/// The counter after decay: one less for each `decay_minutes` since the last access.
pub(crate) fn lfu_decayed(access: u32, now_ms: i64, settings: LfuSettings) -> u8 {
    let counter = (access & 0xff) as u8;
    if settings.decay_minutes == 0 {
        return counter;
    }
    let now_minutes = (now_ms / 60_000) as u32 & 0x00ff_ffff;
    let elapsed = now_minutes.wrapping_sub(access >> 8) & 0x00ff_ffff;
    counter.saturating_sub((elapsed / settings.decay_minutes).min(255) as u8)
}

/// The access record after one more access; `random` decides whether the counter grows.
pub(crate) fn lfu_touched(access: u32, now_ms: i64, settings: LfuSettings, random: u64) -> u32 {
    let mut counter = lfu_decayed(access, now_ms, settings);
    if counter < 255 {
        let base = u64::from(counter.saturating_sub(LFU_INITIAL));
        let odds = base * u64::from(settings.log_factor) + 1;
        if random.is_multiple_of(odds) {
            counter += 1;
        }
    }
    let minutes = (now_ms / 60_000) as u32 & 0x00ff_ffff;
    (minutes << 8) | u32::from(counter)
}
