//! EVAL and its kin: script cache, the redis.* API, run context, kill and time slices.
#![forbid(unsafe_code)]
