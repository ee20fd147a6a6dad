//! A server on a free port and plain clients of it: what a black-box test needs.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start, a reply to come and a state to be reached on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something holds, which has to be soon; fails with what is wrong if it never does.
pub fn wait_until(wrong: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{wrong}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// How many ports are tried until one stays free.
const PORTS_TRIED: usize = 20;

/// A small generator of test choices, the same in every run.
pub struct Choices(pub u64);

impl Choices {
    /// A number from 0 up to, not including, `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

/// A server that does not answer fails a test, and small requests are sent at once.
fn tune(stream: &TcpStream) {
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a time-out can be set");
    stream.set_nodelay(true).expect("no delay can be set");
}

/// A running server; it ends with this value.
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts the binary with these arguments, on a port that was free a moment ago. Another program may take that
    /// port in between; then the next one is tried, so that the server that answers is always this one.
    pub fn start(arguments: &[&str]) -> Server {
        Server::start_with(|| Command::new(env!("CARGO_BIN_EXE_tidelock")), arguments)
    }

    /// The same, of a server that can have no more memory than this, lest a test takes that of the machine.
    pub fn start_capped(kilobytes: u64, arguments: &[&str]) -> Server {
        let script = format!("ulimit -v {kilobytes} && exec \"$0\" \"$@\"");
        Server::start_in_shell(&script, arguments)
    }

    /// The same by a script of the shell, which has to end with `exec "$0" "$@"`.
    pub fn start_in_shell(script: &str, arguments: &[&str]) -> Server {
        let command = || {
            let mut command = Command::new("sh");
            command.args(["-c", script, env!("CARGO_BIN_EXE_tidelock")]);
            command
        };
        Server::start_with(command, arguments)
    }

    /// Its port at the start.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn start_with(command: impl Fn() -> Command, arguments: &[&str]) -> Server {
        (0..PORTS_TRIED)
            .find_map(|_| Server::start_on(command(), free_port(), arguments))
            .expect("one of the ports stays free")
    }

    /// Starts the binary on this port; nothing when the port is another's.
    fn start_on(mut command: Command, port: u16, arguments: &[&str]) -> Option<Server> {
        let child = command
            .args(["--port", &port.to_string(), "--save", ""])
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut server = Server { child, port };
        let deadline = Instant::now() + PATIENCE;
        loop {
            if matches!(server.child.try_wait(), Ok(Some(_))) {
                return None;
            }
            match TcpStream::connect(("127.0.0.1", port)) {
                // While nobody listens on it the port may be chosen for the own end, and the socket is connected with itself.
                Ok(stream) if stream.local_addr().ok() == stream.peer_addr().ok() => {}
                // Another test's child that was started while the port was looked for listens there too until it runs
                // its own program. Then this connection is lost, and the server's turn comes.
                Ok(stream) => {
                    if let Ok(is_itself) = server.answers_itself(stream) {
                        return is_itself.then_some(server);
                    }
                }
                Err(_) => {}
            }
            assert!(Instant::now() < deadline, "the server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether the process behind this connection is the one that was started here.
    fn answers_itself(&self, stream: TcpStream) -> io::Result<bool> {
        let own = format!("process_id:{}\r\n", self.child.id());
        tune(&stream);
        let mut client = Client::new(stream);
        client.try_send(&["INFO", "server"])?;
        let info = client.try_read()?;
        Ok(matches!(info, Reply::Bulk(info) if info.contains(&own)))
    }

    pub fn connect(&self) -> Client {
        Client::new(self.stream())
    }

    /// A connection as bytes.
    pub fn stream(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        tune(&stream);
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Null,
    Integer(i64),
    Status(String),
    Error(String),
    Bulk(String),
    /// An array, a push, a set, or a map with its keys and values in turn.
    Many(Vec<Reply>),
}

impl Reply {
    pub fn bulk(text: &str) -> Reply {
        Reply::Bulk(text.to_owned())
    }

    pub fn bulks(texts: &[&str]) -> Reply {
        Reply::Many(texts.iter().map(|text| Reply::bulk(text)).collect())
    }

    pub fn integer(&self) -> i64 {
        match self {
            Reply::Integer(value) => *value,
            Reply::Bulk(text) => text.parse().expect("a number"),
            other => panic!("{other:?} is no number"),
        }
    }
}

/// A connection.
pub struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn new(stream: TcpStream) -> Client {
        Client {
            reader: BufReader::new(stream),
        }
    }

    /// Sends a command and does not wait.
    pub fn send(&mut self, command: &[&str]) {
        self.try_send(command)
            .expect("the server takes the request");
    }

    fn try_send(&mut self, command: &[&str]) -> io::Result<()> {
        let mut bytes = format!("*{}\r\n", command.len());
        for word in command {
            bytes += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.reader.get_mut().write_all(bytes.as_bytes())
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let sent = self.reader.get_mut().write_all(bytes);
        sent.expect("the server takes the request");
    }

    /// Sends a command and waits for its reply.
    pub fn call(&mut self, command: &[&str]) -> Reply {
        self.send(command);
        self.read()
    }

    /// Whether the server ends the connection, now or soon.
    pub fn is_closed(&mut self) -> bool {
        match self.reader.fill_buf() {
            Ok(rest) => rest.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    pub fn read(&mut self) -> Reply {
        self.try_read().expect("a whole reply in time")
    }

    /// Reads a reply; an error if the connection ends, or nothing comes in time.
    fn try_read(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        let (kind, rest) = line.split_at(1);
        let number = || rest.parse::<i64>().expect("a length");
        Ok(match kind {
            "+" => Reply::Status(rest.to_owned()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Integer(number()),
            "_" => Reply::Null,
            "$" | "*" if number() < 0 => Reply::Null,
            "$" => {
                let mut bytes = vec![0; number() as usize + 2];
                self.reader.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Reply::Bulk(String::from_utf8(bytes).expect("text"))
            }
            "*" | ">" | "~" => self.try_read_many(number())?,
            "%" => self.try_read_many(2 * number())?,
            _ => panic!("an unknown reply: {line}"),
        })
    }

    fn try_read_many(&mut self, count: i64) -> io::Result<Reply> {
        let replies = (0..count).map(|_| self.try_read());
        replies.collect::<io::Result<_>>().map(Reply::Many)
    }
}
