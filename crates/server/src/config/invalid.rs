//! Why values of directives are refused, in the texts that clients and operators know.

/// Why a value is refused. The texts are those clients and operators know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Too few or too many words.
    #[error("wrong number of arguments")]
    WordCount,
    /// Neither yes nor no.
    #[error("argument must be 'yes' or 'no'")]
    Boolean,
    /// No integer.
    #[error("argument couldn't be parsed into an integer")]
    Integer,
    /// No octal number.
    #[error("argument couldn't be parsed as an octal number")]
    Octal,
    /// Out of bounds.
    #[error("argument must be between {0} and {1} inclusive")]
    Range(i64, i64),
    /// Out of bounds, which are octal.
    #[error("argument must be between {0:o} and {1:o} inclusive")]
    OctalRange(i64, i64),
    /// No number of bytes.
    #[error("argument must be a memory value")]
    Memory,
    /// Neither a number of bytes nor of per cent.
    #[error("argument must be a memory or percent value")]
    MemoryOrPercent,
    /// Over 100 per cent.
    #[error("percentage argument must be less or equal to 100")]
    Percent,
    /// None of the known words.
    #[error("argument(s) must be one of the following: {}", .0.join(", "))]
    OneOf(Vec<&'static str>),
    /// Both save and nosave.
    #[error("shutdown options SAVE and NOSAVE can't be used simultaneously")]
    SaveAndNosave,
    /// Empty where a name is needed.
    #[error("{0} can't be empty")]
    Empty(&'static str),
    /// A path where a mere name is needed.
    #[error("{0} can't be a path, just a filename")]
    NotFileName(&'static str),
    /// A host name that is too long.
    #[error("Hostnames must be less than 256 characters")]
    HostNameLength,
    /// A host name with other characters.
    #[error("Hostnames may only contain alphanumeric characters, hyphens or dots")]
    HostNameCharacter,
    /// Unknown variables in a process title.
    #[error("template format is invalid or contains unknown variables")]
    ProcessTitle,
    /// Malformed pairs of seconds and changes.
    #[error("Invalid save parameters")]
    SavePoints,
    /// Not four words per class.
    #[error("Wrong number of arguments in buffer limit configuration.")]
    BufferLimitCount,
    /// No class of clients.
    #[error("Invalid client class specified in buffer limit configuration.")]
    BufferLimitClass,
    /// Malformed limits.
    #[error("Error in hard, soft or soft_seconds setting in buffer limit configuration.")]
    BufferLimitValue,
    /// An unknown class of key events.
    #[error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")]
    EventClass,
    /// Scores out of bounds.
    #[error("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")]
    OomScore,
    /// No numbers.
    #[error("Invalid latency-tracking-info-percentiles parameters")]
    Percentiles,
    /// Out of bounds.
    #[error("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")]
    PercentileRange,
    /// Too many addresses.
    #[error("Too many bind addresses specified.")]
    TooManyAddresses,
    /// No port number.
    #[error("Invalid master port")]
    PrimaryPort,
    /// Memory cannot be defragmented here.
    #[error(
        "Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified \
         Jemalloc like the one shipped by default with the Redis source distribution"
    )]
    NoDefragmentation,
    /// A directory that cannot be entered.
    #[error("{0}")]
    Directory(String),
}
