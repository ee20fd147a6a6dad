//! Starting a server as a black box: a free port, an empty directory, the log line that says it is ready.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::error::Error;
use crate::wire::Connection;

/// How long a server may take to say that it is ready.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// How many ports are tried until one stays free.
const PORTS_TRIED: usize = 10;

/// A server program and the name it goes by in reports.
#[derive(Debug, Clone)]
pub struct Program {
    /// The last part of its path.
    pub name: String,
    /// What to execute.
    pub path: PathBuf,
}

impl Program {
    fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Self { name, path }
    }

    /// The server to prove: `--subject`, or tidelock as `cargo build --release` makes it.
    pub fn subject(arguments: &mut Arguments) -> Result<Self, Error> {
        if let Some(path) = arguments.take("subject") {
            return Ok(Self::new(path));
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["build", "--quiet", "--release", "--package", "tidelock"])
            .current_dir(project_root())
            .status()
            .map_err(|source| Error::Spawn {
                program: "cargo build".to_owned(),
                source,
            })?;
        if !status.success() {
            return Err(Error::Failed {
                program: "cargo build".to_owned(),
                output: status.to_string(),
            });
        }
        Ok(Self::new(target_directory().join("release/tidelock")))
    }

    /// The server to compare with: `--oracle`, or Debian's redis-server.
    pub fn oracle(arguments: &mut Arguments) -> Self {
        Self::new(
            arguments
                .take("oracle")
                .unwrap_or_else(|| "redis-server".to_owned()),
        )
    }
}

/// The project's top directory.
pub fn project_root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| project_root().join("target"), PathBuf::from)
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::file("a free port"))?;
    Ok(listener
        .local_addr()
        .map_err(Error::file("a free port"))?
        .port())
}

/// A running server; ends when dropped.
#[derive(Debug)]
pub struct Server {
    /// The program it runs.
    pub program: Program,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    child: Child,
    directory: PathBuf,
}

impl Server {
    /// Starts `program` on a free port in an empty directory and waits until it is ready. `options` come after those
    /// every task needs: no files written, DEBUG and protected directives allowed. Another program may take the port
    /// before the server has it; then the next free one is tried.
    pub fn start(program: &Program, options: &[&str]) -> Result<Self, Error> {
        for _ in 1..PORTS_TRIED {
            match Self::start_once(program, options) {
                Err(Error::NotReady { reason, .. }) if reason.contains("in use") => {}
                outcome => return outcome,
            }
        }
        Self::start_once(program, options)
    }

    fn start_once(program: &Program, options: &[&str]) -> Result<Self, Error> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("tidelock-proof-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).map_err(Error::file(&directory))?;
        let log_path = directory.join("log");
        let log = File::create(&log_path).map_err(Error::file(&log_path))?;
        let errors = log.try_clone().map_err(Error::file(&log_path))?;
        let port = free_port()?;
        let child = Command::new(&program.path)
            .args(["--port", &port.to_string(), "--save", ""])
            .args([
                "--enable-debug-command",
                "yes",
                "--enable-protected-configs",
                "yes",
            ])
            .args(options)
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|source| Error::Spawn {
                program: program.path.display().to_string(),
                source,
            })?;
        let mut server = Self {
            program: program.clone(),
            port,
            child,
            directory,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            let log = self.log();
            if log.contains("Ready to accept connections") {
                return Ok(());
            }
            let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
            if ended || Instant::now() > deadline {
                return Err(Error::NotReady {
                    program: self.program.name.clone(),
                    reason: log,
                });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it has written to its log so far.
    pub fn log(&self) -> String {
        fs::read(self.directory.join("log"))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// A new connection to it.
    pub fn connect(&self) -> Result<Connection, Error> {
        Connection::open(self.port).map_err(|source| Error::Connection {
            program: self.program.name.clone(),
            source,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The data is of no worth, and a server stuck in a fault must end too: no need to ask kindly.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
