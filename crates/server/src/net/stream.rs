//! A connected socket, TCP or Unix.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use mio::net::{TcpStream, UnixStream};

/// A connected, non-blocking socket.
#[derive(Debug)]
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix socket.
    Unix(UnixStream),
}

impl Stream {
    /// The address of the other side, for TCP.
    pub fn peer(&self) -> Option<SocketAddr> {
        match self {
            Stream::Tcp(stream) => stream.peer_addr().ok(),
            Stream::Unix(_) => None,
        }
    }

    /// The address of this side, for TCP.
    pub fn local(&self) -> Option<SocketAddr> {
        match self {
            Stream::Tcp(stream) => stream.local_addr().ok(),
            Stream::Unix(_) => None,
        }
    }

    /// The descriptor's number.
    pub fn descriptor(&self) -> RawFd {
        match self {
            Stream::Tcp(stream) => stream.as_raw_fd(),
            Stream::Unix(stream) => stream.as_raw_fd(),
        }
    }

    /// Sends small packets at once and probes the other side after so many idle seconds (0 for never).
    /// Failures do not matter: the connection works without.
    pub fn tune(&self, keepalive: u32) {
        let Stream::Tcp(stream) = self else { return };
        let _ = stream.set_nodelay(true);
        if keepalive > 0 {
            let idle = Duration::from_secs(u64::from(keepalive));
            let between = Duration::from_secs(u64::from((keepalive / 3).max(1)));
            let probes = socket2::TcpKeepalive::new()
                .with_time(idle)
                .with_interval(between)
                .with_retries(3);
            let _ = socket2::SockRef::from(stream).set_tcp_keepalive(&probes);
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
