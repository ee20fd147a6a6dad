//! Listening sockets, as `bind`, `port`, `unixsocket` and `tcp-backlog` ask for them.

use std::io;
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use mio::net::{TcpListener, UnixListener};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::stream::Stream;
use crate::config::Config;
use crate::config::settings::as_path;
use crate::log::Log;

/// A socket that connections come in on.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix socket and its path, which is removed when the listener is dropped.
    Unix(UnixListener, PathBuf),
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A TCP address.
    #[error("Warning: Could not create server TCP listening socket {address}:{port}: {reason}")]
    Tcp {
        /// The address as configured.
        address: String,
        /// The port.
        port: u16,
        /// The failed step and the system's reason.
        reason: String,
    },
    /// A Unix socket.
    #[error("Failed opening Unix socket: bind: {0}")]
    Unix(String),
}

impl Listener {
    /// Opens all TCP sockets the configuration asks for; none if the port is 0. The log is told of each address that
    /// cannot be had.
    ///
    /// # Errors
    /// If an address that is not optional cannot be had.
    pub fn open_tcp(config: &Config, log: &Log) -> Result<Vec<Listener>, BindError> {
        let mut listeners = Vec::new();
        if config.port == 0 {
            return Ok(listeners);
        }
        for address in &config.bind.0 {
            let text = String::from_utf8_lossy(address);
            let (text, optional) = match text.strip_prefix('-') {
                Some(rest) => (rest, true),
                None => (text.as_ref(), false),
            };
            match tcp(text, config.port, config.tcp_backlog) {
                Ok(listener) => listeners.push(Listener::Tcp(listener)),
                Err((step, error)) => {
                    let failure = BindError::Tcp {
                        address: text.to_owned(),
                        port: config.port,
                        reason: format!("{step}: {}", crate::config::settings::system_text(&error)),
                    };
                    log.warning(format_args!("{failure}"));
                    if !(optional && is_missing(&error)) {
                        return Err(failure);
                    }
                }
            }
        }
        Ok(listeners)
    }

    /// Opens the Unix socket the configuration asks for, if any, in place of an old one.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open_unix(config: &Config) -> Result<Option<Listener>, BindError> {
        if config.unixsocket.is_empty() {
            return Ok(None);
        }
        let path = as_path(&config.unixsocket).to_owned();
        let open = || {
            if std::fs::symlink_metadata(&path).is_ok() {
                std::fs::remove_file(&path)?;
            }
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.bind(&socket2::SockAddr::unix(&path)?)?;
            if config.unixsocketperm.0 != 0 {
                std::fs::set_permissions(
                    &path,
                    std::fs::Permissions::from_mode(config.unixsocketperm.0),
                )?;
            }
            socket.listen(backlog(config.tcp_backlog))?;
            socket.set_nonblocking(true)?;
            Ok(UnixListener::from_std(socket.into()))
        };
        let listener = open().map_err(|error: io::Error| {
            BindError::Unix(crate::config::settings::system_text(&error))
        })?;
        Ok(Some(Listener::Unix(listener, path)))
    }

    /// The next connection that waits, if any.
    ///
    /// # Errors
    /// As the system has it: the connection is gone, or there are no descriptors left.
    pub fn accept(&self) -> io::Result<Option<Stream>> {
        let accepted = match self {
            Listener::Tcp(listener) => listener.accept().map(|(stream, _)| Stream::Tcp(stream)),
            Listener::Unix(listener, _) => {
                listener.accept().map(|(stream, _)| Stream::Unix(stream))
            }
        };
        match accepted {
            Ok(stream) => Ok(Some(stream)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The address it listens on, for TCP.
    pub fn local(&self) -> Option<SocketAddr> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            Listener::Unix(..) => None,
        }
    }
}

/// Second handles of the TCP listeners, by which another thread than the one that accepts can close their ports and, if
/// new ones cannot be opened, open them again. Without that, an address could not be left for one that overlaps it.
#[derive(Debug, Default)]
pub struct TcpHandles {
    sockets: Vec<Socket>,
    backlog: u32,
}

impl TcpHandles {
    /// Handles of those that are TCP.
    ///
    /// # Errors
    /// If there are no descriptors left.
    pub fn of(listeners: &[Listener], config: &Config) -> io::Result<TcpHandles> {
        let tcp = listeners.iter().filter_map(|listener| match listener {
            Listener::Tcp(listener) => Some(listener),
            Listener::Unix(..) => None,
        });
        let sockets = tcp
            .map(|listener| Ok(Socket::from(listener.as_fd().try_clone_to_owned()?)))
            .collect::<io::Result<_>>()?;
        Ok(TcpHandles {
            sockets,
            backlog: config.tcp_backlog,
        })
    }

    /// Takes the listeners out of service.
    pub fn close(&self) {
        for socket in &self.sockets {
            // One that is out of service already is what is wanted.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Puts them back into service.
    ///
    /// # Errors
    /// If a port has been taken meanwhile.
    pub fn reopen(&self) -> io::Result<()> {
        self.sockets
            .iter()
            .try_for_each(|socket| socket.listen(backlog(self.backlog)))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        match self {
            Listener::Tcp(listener) => {
                // To drop it closes the port only if there is no second handle of it.
                let _ = SockRef::from(&*listener).shutdown(Shutdown::Both);
            }
            Listener::Unix(_, path) => {
                // The file may be gone already.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

fn backlog(configured: u32) -> i32 {
    i32::try_from(configured).unwrap_or(i32::MAX)
}

/// Whether the error says that the machine has no such address.
fn is_missing(error: &io::Error) -> bool {
    // EAFNOSUPPORT has no kind of its own.
    const ADDRESS_FAMILY_UNSUPPORTED: i32 = 97;
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    ) || error.raw_os_error() == Some(ADDRESS_FAMILY_UNSUPPORTED)
}

fn tcp(
    address: &str,
    port: u16,
    configured_backlog: u32,
) -> Result<TcpListener, (&'static str, io::Error)> {
    let host = match address {
        "*" => "0.0.0.0",
        "::*" => "::",
        other => other,
    };
    let mut addresses = (host, port)
        .to_socket_addrs()
        .map_err(|error| ("lookup", error))?;
    let address = addresses
        .next()
        .ok_or(("lookup", io::ErrorKind::NotFound.into()))?;
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )
    .map_err(|error| ("socket", error))?;
    if address.is_ipv6() {
        socket
            .set_only_v6(true)
            .map_err(|error| ("setsockopt", error))?;
    }
    socket
        .set_reuse_address(true)
        .map_err(|error| ("setsockopt SO_REUSEADDR", error))?;
    socket
        .bind(&address.into())
        .map_err(|error| ("bind", error))?;
    socket
        .listen(backlog(configured_backlog))
        .map_err(|error| ("listen", error))?;
    socket
        .set_nonblocking(true)
        .map_err(|error| ("fcntl", error))?;
    Ok(TcpListener::from_std(socket.into()))
}
