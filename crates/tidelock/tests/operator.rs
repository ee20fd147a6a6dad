//! What an operator does to a server besides using it: ports, signals, log, limits, what INFO and MONITOR tell.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use support::{Client, Reply, Server, wait_until};

fn tidelock(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidelock"));
    command.args(arguments);
    command
}

/// Runs the program with arguments with which it does not start.
fn refused(arguments: &[&str]) -> Output {
    let output = tidelock(arguments).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A field of INFO.
fn info(client: &mut Client, section: &str, field: &str) -> String {
    let Reply::Bulk(text) = client.call(&["INFO", section]) else {
        panic!("INFO is a text");
    };
    let start = format!("{field}:");
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("INFO {section} has {field}"))
        .to_owned()
}

#[test]
fn a_bad_option_is_told_of_in_the_words_of_redis() {
    let error = text(&refused(&["--port", "70000"]).stderr);
    assert_eq!(
        error,
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 2\n>>> 'port \
         \"70000\"'\nargument must be between 0 and 65535 inclusive\n"
    );
    let error = text(&refused(&["--logfile", "/nonexistent/log"]).stderr);
    assert_eq!(
        error,
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nCan't open the log file: No such file or directory\n"
    );
}

#[test]
fn a_server_that_would_listen_nowhere_does_not_start() {
    // 192.0.2.1 is reserved for documentation: no machine has it.
    for arguments in [
        &["--port", "0"][..],
        &["--port", "1", "--bind", "-192.0.2.1"],
        &["--bind", ""],
    ] {
        let log = text(&refused(arguments).stdout);
        assert!(
            log.ends_with("# Configured to not listen anywhere, exiting.\n"),
            "{log}"
        );
    }
    let log = text(&refused(&["--port", "0", "--unixsocket", "/nonexistent/s"]).stdout);
    assert!(
        log.ends_with("# Failed opening Unix socket: bind: No such file or directory\n"),
        "{log}"
    );
}

#[test]
fn what_is_asked_for_in_vain_is_told_of() {
    let log = text(&refused(&["--port", "0", "--daemonize", "yes", "--appendonly", "yes"]).stdout);
    for name in ["daemonize", "appendonly"] {
        let warning = format!("# WARNING: '{name}' is set, but this server does not do");
        assert!(log.contains(&warning), "{log}");
    }
}

#[test]
fn clients_are_as_many_as_descriptors_allow() {
    let script = "ulimit -n 100 && exec \"$0\" \"$@\"";
    let server = Server::start_in_shell(script, &[]);
    let mut client = server.connect();
    assert_eq!(
        client.call(&["CONFIG", "GET", "maxclients"]),
        Reply::bulks(&["maxclients", "68"])
    );
    assert_eq!(
        client.call(&["CONFIG", "SET", "maxclients", "69"]),
        Reply::Error(
            "ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able to \
             handle the specified number of clients, try with 68"
                .to_owned()
        )
    );
    assert_eq!(
        client.call(&["CONFIG", "SET", "maxclients", "1"]),
        Reply::Status("OK".to_owned())
    );
    let mut turned_away = String::new();
    let mut stream = server.stream();
    stream
        .read_to_string(&mut turned_away)
        .expect("a reason and an end");
    assert_eq!(turned_away, "-ERR max number of clients reached\r\n");
    assert_eq!(info(&mut client, "stats", "rejected_connections"), "1");
}

#[test]
fn a_port_can_be_changed_to_and_fro() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let old = server.port().to_string();
    let ok = Reply::Status("OK".to_owned());
    assert_eq!(client.call(&["CONFIG", "SET", "port", "0"]), ok);
    wait_until("the port is closed", || {
        TcpStream::connect(("127.0.0.1", server.port())).is_err()
    });
    assert_eq!(client.call(&["CONFIG", "SET", "port", &old]), ok);
    assert_eq!(
        server.connect().call(&["PING"]),
        Reply::Status("PONG".to_owned())
    );
    // A port that is another's changes nothing.
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = other.local_addr().expect("an address").port().to_string();
    let refused = client.call(&["CONFIG", "SET", "port", &taken]);
    assert!(matches!(refused, Reply::Error(_)), "{refused:?}");
    assert_eq!(
        client.call(&["CONFIG", "GET", "port"]),
        Reply::bulks(&["port", &old])
    );
    assert_eq!(
        server.connect().call(&["PING"]),
        Reply::Status("PONG".to_owned())
    );
}

#[test]
fn hanging_up_does_not_end_a_server_and_terminating_does_in_good_order() {
    let directory = std::env::temp_dir().join(format!("tidelock-operator-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let path = |name: &str| -> PathBuf { directory.join(name) };
    let (pidfile, socket) = (path("pid"), path("socket"));
    let child = tidelock(&["--port", "0", "--save", ""])
        .args([
            "--unixsocket",
            socket.to_str().expect("a plain path"),
            "--pidfile",
            pidfile.to_str().expect("a plain path"),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    wait_until("the server listens", || {
        std::os::unix::net::UnixStream::connect(&socket).is_ok()
    });
    let signal = |name: &str| {
        let id = child.id().to_string();
        let status = Command::new("kill").args([name, &id]).status();
        assert!(status.expect("kill").success());
    };
    signal("-HUP");
    let mut stream = std::os::unix::net::UnixStream::connect(&socket).expect("it still listens");
    stream.write_all(b"PING\r\n").expect("a request");
    let mut reply = [0; 7];
    stream.read_exact(&mut reply).expect("a reply");
    assert_eq!(&reply, b"+PONG\r\n");
    signal("-TERM");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    let log = text(&output.stdout);
    assert!(
        log.ends_with("# Redis is now ready to exit, bye bye...\n"),
        "{log}"
    );
    assert!(
        log.contains("* Running mode=standalone, port=0.\n"),
        "{log}"
    );
    assert!(!pidfile.exists() && !socket.exists());
    std::fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn info_counts_what_is_read_and_written() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let value = "x".repeat(10_000);
    client.call(&["CONFIG", "RESETSTAT"]);
    client.call(&["SET", "key", &value]);
    client.call(&["GET", "key"]);
    let mut number = |field| -> u64 {
        let text = info(&mut client, "stats", field);
        text.parse().expect("a number")
    };
    assert!((10_000..12_000).contains(&number("total_net_input_bytes")));
    assert!(number("total_net_output_bytes") >= 10_000);
    assert!(number("total_reads_processed") >= 3);
    assert!(number("total_writes_processed") >= 3);
}

#[test]
fn a_blocking_command_counts_when_it_blocks() {
    let server = Server::start(&[]);
    let (mut client, mut blocked) = (server.connect(), server.connect());
    let id = blocked.call(&["CLIENT", "ID"]).integer().to_string();
    client.call(&["CONFIG", "RESETSTAT"]);
    let counts = |client: &mut Client, calls: u64, failed: u64| {
        let line = info(client, "commandstats", "cmdstat_blpop");
        let (start, end) = (
            format!("calls={calls},"),
            format!(",rejected_calls=0,failed_calls={failed}"),
        );
        assert!(line.starts_with(&start) && line.ends_with(&end), "{line}");
    };
    let is_blocked = |client: &mut Client| {
        wait_until("the client blocks", || {
            info(client, "clients", "blocked_clients") == "1"
        });
    };
    blocked.send(&["BLPOP", "list", "0"]);
    is_blocked(&mut client);
    counts(&mut client, 1, 0);
    client.call(&["RPUSH", "list", "element"]);
    assert_eq!(blocked.read(), Reply::bulks(&["list", "element"]));
    counts(&mut client, 1, 0);
    assert_eq!(blocked.call(&["BLPOP", "list", "0.01"]), Reply::Null);
    counts(&mut client, 2, 0);
    blocked.send(&["BLPOP", "list", "0"]);
    is_blocked(&mut client);
    client.call(&["CLIENT", "UNBLOCK", &id, "ERROR"]);
    assert!(matches!(blocked.read(), Reply::Error(_)));
    counts(&mut client, 3, 1);
}

#[test]
fn client_info_shows_what_is_queued_and_nothing_that_is_sent() {
    let server = Server::start(&[]);
    let (mut client, mut other) = (server.connect(), server.connect());
    client.call(&["MULTI"]);
    client.call(&["SET", "key", "value"]);
    client.call(&["GET", "key"]);
    let Reply::Bulk(list) = other.call(&["CLIENT", "LIST"]) else {
        panic!("CLIENT LIST is a text");
    };
    let of_transaction = |line: &&str| line.contains(" multi=2 ");
    let line = list.lines().find(of_transaction).expect("its line");
    for shown in [" flags=x ", " multi-mem=17 ", " obl=0 ", " cmd=get "] {
        assert!(line.contains(shown), "{shown} in {line}");
    }
}

#[test]
fn monitor_shows_the_database_that_a_command_has_left() {
    let server = Server::start(&[]);
    let (mut client, mut monitor) = (server.connect(), server.connect());
    monitor.call(&["MONITOR"]);
    for command in [
        &["SELECT", "3"][..],
        &["MULTI"],
        &["SELECT", "5"],
        &["EXEC"],
    ] {
        client.call(command);
    }
    for end in [
        "[3 ] \"SELECT\" \"3\"",
        "[3 ] \"MULTI\"",
        "[5 ] \"SELECT\" \"5\"",
        "[5 ] \"EXEC\"",
    ] {
        let Reply::Status(line) = monitor.read() else {
            panic!("MONITOR sends lines");
        };
        let (time_and_database, rest) = line.split_once(" 127.0.0.1:").expect("an address");
        let (_, database) = time_and_database.split_once(' ').expect("a time");
        let (_, command) = rest.split_once(']').expect("an end of the address");
        assert_eq!(format!("{database} ]{command}"), end);
    }
}
