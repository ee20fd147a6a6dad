use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use resp::{Limits, Parse, Protocol, Reply, RespWriter};

use super::connection::OUTPUT_BATCH;
use super::service::Opened;
use super::*;
use crate::config::Config;
use crate::config::settings::{Addresses, Setting, Source};

/// Answers PING, ECHO, BIG (so many bytes), SEND (id, text: to another client), SLOW (resumes itself) and
/// QUIT. May move unless it is to resume itself.
#[derive(Default)]
struct Toy {
    places: Arc<Mutex<BTreeMap<u64, Address>>>,
}

struct Session {
    waiting: bool,
}

impl Service for Toy {
    type Mail = (Address, Vec<u8>);
    type Session = Session;

    fn on_open(&mut self, opened: &Opened, context: &mut Context<'_, Self::Mail>) -> Session {
        assert_eq!(usize::from(opened.address.worker), context.worker);
        self.move_to(opened.address);
        Session { waiting: false }
    }

    fn may_move(&self, session: &Session) -> bool {
        !session.waiting
    }

    fn on_leave(&mut self, _: Session, place: Address) {
        self.move_to(place);
    }

    fn on_arrive(&mut self, place: Address) -> Option<Session> {
        self.move_to(place);
        Some(Session { waiting: false })
    }

    fn place_of(&self, id: u64) -> Option<Address> {
        self.places.lock().expect("no panic").get(&id).copied()
    }

    fn on_readable(
        &mut self,
        connection: &mut Connection<Session>,
        context: &mut Context<'_, Self::Mail>,
    ) {
        if connection.session.waiting {
            return;
        }
        let address = connection.address();
        let Connection {
            query,
            parser,
            out,
            session,
            ..
        } = connection;
        let (mut quit, mut again) = (false, false);
        loop {
            let consumed = match parser.parse(query.unread_mut(), &Limits::default()) {
                Ok(Parse::Incomplete) => break,
                Ok(Parse::Empty(consumed)) => consumed,
                Ok(Parse::Request(consumed)) => {
                    let request = parser.request(query.unread());
                    let mut reply = RespWriter::new(out, Protocol::Resp2);
                    let number = |index| -> usize {
                        let text = request.get(index).unwrap_or(b"0");
                        std::str::from_utf8(text)
                            .expect("ASCII")
                            .parse()
                            .expect("a number")
                    };
                    match &request[0] {
                        b"PING" => reply.status("PONG"),
                        b"ID" => reply.integer(address.id as i64),
                        b"ECHO" => reply.bulk(&request[1]),
                        b"BIG" => reply.bulk(&vec![b'x'; number(1)]),
                        b"SEND" => {
                            let worker = number(1);
                            let mail = Mail::Post((address, request[2].to_vec()));
                            context.send(worker, mail);
                        }
                        b"SLOW" => {
                            session.waiting = true;
                            context.send_to(address, Mail::Resume(address));
                        }
                        _ => quit = true,
                    }
                    consumed
                }
                Err(error) => {
                    RespWriter::new(out, Protocol::Resp2).error(&error.reply());
                    quit = true;
                    break;
                }
            };
            query.consume(consumed);
            again = out.len() > OUTPUT_BATCH;
            if session.waiting || quit || again {
                break;
            }
        }
        if again {
            connection.run_again();
        }
        if quit {
            connection.close_after_output();
        }
    }

    fn on_resume(
        &mut self,
        connection: &mut Connection<Session>,
        context: &mut Context<'_, Self::Mail>,
    ) {
        connection.session.waiting = false;
        connection.out.extend_from_slice(b"+SLOW\r\n");
        self.on_readable(connection, context);
    }

    fn on_mail(
        &mut self,
        connection: &mut Connection<Session>,
        mail: Self::Mail,
        _: &mut Context<'_, Self::Mail>,
    ) {
        RespWriter::new(&mut connection.out, Protocol::Resp2).bulk(&mail.1);
    }

    fn on_post(&mut self, mail: Self::Mail, context: &mut Context<'_, Self::Mail>) {
        let address = mail.0;
        context.send_to(address, Mail::To(address, mail));
    }

    fn on_close(&mut self, closed: &mut Connection<Session>, _: &mut Context<'_, Self::Mail>) {
        self.places.lock().expect("no panic").remove(&closed.id());
    }
}

impl Toy {
    fn move_to(&self, place: Address) {
        self.places
            .lock()
            .expect("no panic")
            .insert(place.id, place);
    }
}

/// Any free port: the system picks it, then it is bound again.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port()
}

struct Running {
    hub: Arc<Hub<(Address, Vec<u8>)>>,
    places: Arc<Mutex<BTreeMap<u64, Address>>>,
    config: Arc<ConfigStore>,
    workers: Option<Workers>,
    address: SocketAddr,
}

impl Running {
    /// Connections of each worker.
    fn counts(&self) -> Vec<usize> {
        (0..self.hub.workers())
            .map(|worker| self.hub.count(worker).load(Ordering::Relaxed))
            .collect()
    }

    fn start(threads: usize, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            bind: Addresses(vec![b"127.0.0.1".to_vec()]),
            ..Config::default()
        };
        config.port = free_port();
        change(&mut config);
        let listeners = Listener::open_tcp(&config, &Log::default()).expect("a free port");
        let address = listeners[0].local().expect("an address");
        let hub = Hub::new(threads).expect("descriptors");
        let config = Arc::new(ConfigStore::new(config, None));
        let log = Arc::new(Log::default());
        log.set_file(Some("/dev/null".into()))
            .expect("a null device");
        let places = Arc::default();
        let toy = {
            let places = Arc::clone(&places);
            move |_| Toy {
                places: Arc::clone(&places),
            }
        };
        let workers = Workers::start(&hub, &config, &log, listeners, toy).expect("threads");
        Running {
            hub,
            places,
            config,
            workers: Some(workers),
            address,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("a timeout");
        stream
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.hub.stop();
        assert!(self.workers.take().expect("running").join());
    }
}

fn talk(stream: &mut TcpStream, input: &[u8], expected: &[u8]) {
    stream.write_all(input).expect("sent");
    expect(stream, expected);
}

fn expect(stream: &mut TcpStream, expected: &[u8]) {
    let mut got = vec![0; expected.len()];
    stream.read_exact(&mut got).expect("a reply");
    assert_eq!(
        String::from_utf8_lossy(&got),
        String::from_utf8_lossy(expected)
    );
}

fn closed(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0; 16]), Ok(0)) || stream.take_error().ok().flatten().is_some()
}

#[test]
fn a_port_is_closed_with_its_listener_whatever_handles_there_are() {
    let config = Config {
        bind: Addresses(vec![b"127.0.0.1".to_vec()]),
        port: free_port(),
        ..Config::default()
    };
    let listeners = Listener::open_tcp(&config, &Log::default()).expect("a free port");
    let handles = TcpHandles::of(&listeners, &config).expect("descriptors");
    let address = listeners[0].local().expect("an address");
    assert!(TcpStream::connect(address).is_ok());
    drop(listeners);
    let refused = TcpStream::connect(address).map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
    drop(handles);
}

#[test]
fn requests_are_answered_in_order_however_they_arrive() {
    let server = Running::start(2, |_| {});
    let mut streams: Vec<TcpStream> = (0..8).map(|_| server.connect()).collect();
    for stream in &mut streams {
        talk(
            stream,
            b"PING\r\n*2\r\n$4\r\nECHO\r\n$3\r\na\r\n\r\n*1\r\n$4\r\nPI",
            b"+PONG\r\n$3\r\na\r\n\r\n",
        );
        talk(stream, b"NG\r\n", b"+PONG\r\n");
        talk(
            stream,
            b"SLOW\r\nPING\r\nSLOW\r\n",
            b"+SLOW\r\n+PONG\r\n+SLOW\r\n",
        );
    }
    assert_eq!(server.counts(), [4, 4]);
    talk(
        &mut streams[0],
        b"*x\r\n",
        b"-ERR Protocol error: invalid multibulk length\r\n",
    );
    assert!(closed(&mut streams[0]));
    talk(&mut streams[1], b"PING\r\nQUIT\r\nPING\r\n", b"+PONG\r\n");
    assert!(closed(&mut streams[1]));
}

#[test]
fn a_half_closed_client_gets_its_replies() {
    let server = Running::start(1, |_| {});
    let mut stream = server.connect();
    stream.write_all(b"PING\r\nBIG 3000000\r\n").expect("sent");
    stream
        .shutdown(std::net::Shutdown::Write)
        .expect("a half-closed socket");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("all replies");
    assert_eq!(all.len(), 7 + 10 + 3_000_000 + 2);
}

#[test]
fn a_half_closed_client_with_a_long_pipeline_gets_all_replies() {
    let server = Running::start(1, |_| {});
    let mut stream = server.connect();
    let mut writer = stream.try_clone().expect("a second handle");
    let thread = std::thread::spawn(move || {
        writer
            .write_all(&b"PING\r\n".repeat(600_000))
            .expect("sent");
        writer
            .shutdown(std::net::Shutdown::Write)
            .expect("a half-closed socket");
    });
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("all replies");
    assert_eq!(all.len(), 600_000 * 7);
    thread.join().expect("sent");
}

#[test]
fn large_arguments_and_replies_pass() {
    let server = Running::start(1, |_| {});
    let mut stream = server.connect();
    let value: Vec<u8> = (0..5_000_000_u32).map(|i| i as u8).collect();
    let request = [
        format!("*2\r\n$4\r\nECHO\r\n${}\r\n", value.len()).as_bytes(),
        &value,
        b"\r\n",
    ]
    .concat();
    let reply = [format!("${}\r\n", value.len()).as_bytes(), &value, b"\r\n"].concat();
    let mut writer = stream.try_clone().expect("a second handle");
    let thread = std::thread::spawn(move || {
        for _ in 0..3 {
            writer.write_all(&request).expect("sent");
        }
    });
    for _ in 0..3 {
        let mut got = vec![0; reply.len()];
        stream.read_exact(&mut got).expect("the reply");
        assert!(got == reply);
    }
    thread.join().expect("sent");
    talk(&mut stream, b"PING\r\n", b"+PONG\r\n");
}

#[test]
fn a_slow_reader_holds_nobody_up_and_ends_at_its_limit() {
    let server = Running::start(1, |config| {
        let directive = crate::config::find(b"client-output-buffer-limit").expect("known");
        let words: [&[u8]; 4] = [b"normal", b"30mb", b"0", b"0"];
        config
            .client_output_buffer_limit
            .assign(&words, directive, Source::Command)
            .expect("good");
    });
    let (mut slow, mut other) = (server.connect(), server.connect());
    slow.write_all(b"BIG 20000000\r\n").expect("sent");
    talk(&mut other, b"PING\r\n", b"+PONG\r\n");
    slow.write_all(&b"BIG 20000000\r\n".repeat(3))
        .expect("sent");
    talk(&mut other, b"PING\r\n", b"+PONG\r\n");
    let mut all = Vec::new();
    let end = slow.read_to_end(&mut all);
    assert!(end.is_err() || all.len() < 80_000_000);
    talk(&mut other, b"PING\r\n", b"+PONG\r\n");
}

#[test]
fn a_long_pipeline_is_answered_in_batches() {
    let server = Running::start(1, |_| {});
    let mut stream = server.connect();
    stream
        .write_all(&b"BIG 100000\r\n".repeat(500))
        .expect("sent");
    let mut got = vec![0; 500 * (9 + 100_000 + 2)];
    stream.read_exact(&mut got).expect("all replies");
    talk(&mut stream, b"PING\r\n", b"+PONG\r\n");
}

#[test]
fn mail_goes_to_other_workers_and_back() {
    let server = Running::start(3, |_| {});
    for worker in 0..3 {
        let mut stream = server.connect();
        talk(
            &mut stream,
            format!("SEND {worker} hello\r\n").as_bytes(),
            b"$5\r\nhello\r\n",
        );
    }
}

#[test]
fn clients_over_the_maximum_are_turned_away() {
    let server = Running::start(2, |config| config.maxclients = 2);
    let (mut first, mut second) = (server.connect(), server.connect());
    talk(&mut first, b"PING\r\n", b"+PONG\r\n");
    talk(&mut second, b"PING\r\n", b"+PONG\r\n");
    let mut third = server.connect();
    expect(&mut third, b"-ERR max number of clients reached\r\n");
    assert!(closed(&mut third));
    drop(first);
    server
        .config
        .set(&[(b"maxclients", b"3")], true, |_, _, _| Ok(()))
        .expect("good");
    talk(&mut second, b"PING\r\n", b"+PONG\r\n");
}

#[test]
fn idle_clients_are_disconnected() {
    let server = Running::start(1, |config| config.timeout = 1);
    let mut stream = server.connect();
    talk(&mut stream, b"PING\r\n", b"+PONG\r\n");
    assert!(closed(&mut stream));
}

#[test]
fn too_much_unfinished_input_ends_a_client() {
    let server = Running::start(1, |config| config.client_query_buffer_limit = 1024 * 1024);
    let mut stream = server.connect();
    let request = [
        b"*2\r\n$4\r\nECHO\r\n$3000000\r\n".to_vec(),
        vec![b'x'; 2_000_000],
    ]
    .concat();
    let sent = stream.write_all(&request);
    assert!(sent.is_err() || stream.read(&mut [0]).map_or(true, |count| count == 0));
}

#[test]
fn unix_sockets_and_new_ports_work() {
    let path = std::env::temp_dir().join(format!("tidelock-net-test-{}.sock", std::process::id()));
    let server = Running::start(1, |_| {});
    let mut config = Config::clone(&server.config.current());
    config.unixsocket = path.display().to_string().into_bytes();
    config.unixsocketperm.0 = 0o700;
    let listener = Listener::open_unix(&config)
        .expect("a socket")
        .expect("one is asked for");
    server.hub.send(0, Mail::Listen(vec![listener]));
    let mut stream = std::os::unix::net::UnixStream::connect(&path).expect("a connection");
    stream.write_all(b"PING\r\n").expect("sent");
    let mut reply = [0; 7];
    stream.read_exact(&mut reply).expect("a reply");
    assert_eq!(&reply, b"+PONG\r\n");
    server.hub.send(0, Mail::Listen(Vec::new()));
    // The reply shows that the mail before it was read.
    stream.write_all(b"SEND 0 x\r\n").expect("sent");
    stream.read_exact(&mut reply).expect("a reply");
    assert!(TcpStream::connect(server.address).is_err());
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    drop(server);
    assert!(!path.exists());
}

#[test]
fn optional_addresses_may_be_missing() {
    let bind = |address: &str| Config {
        bind: Addresses(vec![address.as_bytes().to_vec()]),
        port: 1,
        ..Config::default()
    };
    // 192.0.2.1 is reserved for documentation: no machine has it.
    assert_eq!(
        Listener::open_tcp(&bind("-192.0.2.1"), &Log::default())
            .expect("optional")
            .len(),
        0
    );
    let error = Listener::open_tcp(&bind("192.0.2.1"), &Log::default())
        .expect_err("missing")
        .to_string();
    let start = "Warning: Could not create server TCP listening socket 192.0.2.1:1: bind: ";
    assert!(error.starts_with(start), "{error}");
    assert_eq!(
        Listener::open_tcp(
            &Config {
                port: 0,
                ..Config::default()
            },
            &Log::default()
        )
        .expect("none")
        .len(),
        0
    );
}

/// Sends every connection to and fro while `talk` goes on.
fn while_all_move(server: &Running, talk: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                server.hub.send(turn % 3, Mail::Give(3, (turn + 1) % 3));
                std::thread::yield_now();
            }
        });
        talk();
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn requests_are_answered_in_order_while_connections_move() {
    let server = Running::start(3, |_| {});
    let mut streams: Vec<TcpStream> = (0..6).map(|_| server.connect()).collect();
    while_all_move(&server, || {
        for number in 0..300 {
            let text = format!("{number:04}");
            let (echo, reply) = (
                format!("*2\r\n$4\r\nECHO\r\n$4\r\n{text}\r\nSLOW\r\nPI"),
                format!("$4\r\n{text}\r\n+SLOW\r\n"),
            );
            for stream in &mut streams {
                stream.write_all(echo.as_bytes()).expect("sent");
            }
            for stream in &mut streams {
                expect(stream, reply.as_bytes());
                talk(stream, b"NG\r\n", b"+PONG\r\n");
            }
        }
    });
    assert_eq!(server.hub.connections(), 6);
}

#[test]
fn mail_reaches_a_connection_wherever_it_has_moved() {
    let server = Running::start(3, |_| {});
    let mut streams: Vec<TcpStream> = (0..4).map(|_| server.connect()).collect();
    for stream in &mut streams {
        talk(stream, b"PING\r\n", b"+PONG\r\n");
    }
    // Where they were at first: a sender may know no better.
    let first: Vec<Address> = server
        .places
        .lock()
        .expect("no panic")
        .values()
        .copied()
        .collect();
    while_all_move(&server, || {
        for number in 0..300 {
            for &address in &first {
                let bytes = format!("+{number}\r\n").into_bytes();
                server
                    .hub
                    .send_to(address, Mail::Output(address, bytes.into()));
            }
            for stream in &mut streams {
                expect(stream, format!("+{number}\r\n").as_bytes());
            }
        }
    });
    for &address in &first {
        server.hub.send_to(address, Mail::Close(address, false));
    }
    assert!(streams.iter_mut().all(closed));
}
