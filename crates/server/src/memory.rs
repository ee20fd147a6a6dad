//! What the operating system knows of this process: memory and CPU time, from `/proc`.

/// Resident memory in bytes; 0 where `/proc` does not tell.
pub(crate) fn resident_bytes() -> u64 {
    status_kilobytes("VmRSS:") * 1024
}

/// The most resident memory there ever was, in bytes.
pub(crate) fn peak_resident_bytes() -> u64 {
    status_kilobytes("VmHWM:") * 1024
}

fn status_kilobytes(name: &str) -> u64 {
    field_of("/proc/self/status", name)
}

/// The machine's memory in bytes.
pub(crate) fn total_bytes() -> u64 {
    field_of("/proc/meminfo", "MemTotal:") * 1024
}

fn field_of(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// Ticks of the scheduler per second, as `/proc` counts: fixed at 100 for programs on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time of this process in user and in system mode, in seconds.
pub(crate) fn cpu_seconds() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name in parentheses and may hold blanks.
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = after_name.split_whitespace().skip(11);
    let mut next = || {
        fields
            .next()
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (next() / TICKS_PER_SECOND, next() / TICKS_PER_SECOND)
}

/// The system's name, release and machine.
pub(crate) fn operating_system() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("Linux {} {}", release.trim(), std::env::consts::ARCH)
}
