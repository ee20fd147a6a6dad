//! The thresholds at which a value leaves its small encoding.

/// Thresholds between encodings, named after the configuration parameters that set them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most fields a listpack hash may have.
    pub hash_max_listpack_entries: usize,
    /// Longest field or value, in bytes, a listpack hash may hold.
    pub hash_max_listpack_value: usize,
    /// Most members an intset may have.
    pub set_max_intset_entries: usize,
    /// Most members a listpack sorted set may have.
    pub zset_max_listpack_entries: usize,
    /// Longest member, in bytes, a listpack sorted set may hold.
    pub zset_max_listpack_value: usize,
    /// Size of one list node: a positive number counts elements; -1 to -5 mean 4, 8, 16, 32 and 64
    /// KiB.
    pub list_max_listpack_size: i32,
    /// Elements of at least so many bytes get a node of their own; 0 leaves it to the node's size. For tests, which
    /// want such nodes without large elements.
    pub list_plain_element_min: usize,
}

impl Limits {
    /// The thresholds of a server without configuration.
    pub const DEFAULT: Self = Self {
        hash_max_listpack_entries: 512,
        hash_max_listpack_value: 64,
        set_max_intset_entries: 512,
        zset_max_listpack_entries: 128,
        zset_max_listpack_value: 64,
        list_max_listpack_size: -2,
        list_plain_element_min: 0,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
