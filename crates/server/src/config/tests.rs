use super::load::CommandLine;
use super::rewrite::rewritten;
use super::settings::Setting;
use super::*;

fn arguments(words: &[&str]) -> CommandLine {
    let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
    CommandLine::parse(&words)
}

fn options(words: &[&str]) -> Result<Config, String> {
    Startup::read(&arguments(words))
        .map(|startup| startup.config)
        .map_err(|error| error.to_string())
}

fn fatal(number: usize, text: &str, reason: &str) -> String {
    format!(
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line {number}\n>>> \
         '{text}'\n{reason}"
    )
}

fn store() -> ConfigStore {
    ConfigStore::new(Config::default(), None)
}

fn set(store: &ConfigStore, pairs: &[(&str, &str)]) -> Result<(), String> {
    let pairs: Vec<(&[u8], &[u8])> = pairs
        .iter()
        .map(|(n, v)| (n.as_bytes(), v.as_bytes()))
        .collect();
    let reply = store.set(&pairs, true, |_, _, _| Ok(()));
    reply.map_err(|error| String::from_utf8(error.reply()).expect("ASCII"))
}

fn get(store: &ConfigStore, name: &str) -> String {
    let found = access::get(&store.current(), &[name.as_bytes()]);
    assert_eq!(found.len(), 1, "{name}");
    String::from_utf8(found[0].1.clone()).expect("ASCII")
}

/// `CONFIG GET *` of a redis-server 7.0.15 without any configuration, in the order of the names.
const DEFAULTS: &str = include_str!("defaults.txt");

/// Directives of our own, with their defaults.
const OWN: &[&str] = &[
    "busy-reply-scope|keys",
    "io-threads-gather|yes",
    "multi-atomic|no",
    "script-atomic|no",
    "script-kill-undo|no",
    "script-memory-limit|0",
    "script-time-limit|0",
];

#[test]
fn names_and_defaults_are_those_of_redis_server() {
    let mut ours: Vec<String> = access::get(&Config::default(), &[b"*"])
        .into_iter()
        .map(|(name, value)| {
            format!(
                "{}|{}",
                String::from_utf8_lossy(&name),
                String::from_utf8_lossy(&value)
            )
        })
        .collect();
    ours.sort();
    let differs_by_design =
        |line: &&str| !line.starts_with("dir|") && !line.starts_with("io-threads|");
    let theirs: Vec<&str> = DEFAULTS.lines().filter(differs_by_design).collect();
    let ours: Vec<&str> = ours
        .iter()
        .map(String::as_str)
        .filter(differs_by_design)
        .filter(|line| !OWN.contains(line))
        .collect();
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn options_are_lines_after_the_file() {
    let config = options(&[
        "--port",
        "7000",
        "--replicaof",
        "10.0.0.1 6380",
        "--save",
        "60",
        "5",
    ])
    .expect("good");
    assert_eq!(config.port, 7000);
    assert_eq!(config.replicaof.0, Some((b"10.0.0.1".to_vec(), 6380)));
    assert_eq!(config.save.0.len(), 1);
    assert!(
        options(&["--save", "--port", "1"])
            .expect("good")
            .save
            .0
            .is_empty()
    );
    assert!(
        options(&["--port", "1", "--save"])
            .expect("good")
            .save
            .0
            .is_empty()
    );
    assert!(options(&["--save", ""]).expect("good").save.0.is_empty());
    assert_eq!(
        options(&["--requirepass", "--foo", "--port", "5"])
            .expect("good")
            .requirepass,
        b"--foo"
    );
    assert_eq!(
        options(&["--SHUTDOWN-on-sigint", "now force"])
            .expect("good")
            .shutdown_on_sigint
            .format(),
        b"now force"
    );
    assert_eq!(
        options(&["--hz", "10000", "--repl-backlog-size", "1"])
            .map(|c| (c.hz, c.repl_backlog_size)),
        Ok((500, 16384))
    );
    let line = arguments(&["/etc/tidelock.conf", "--loglevel", "verbose", "-"]);
    assert_eq!(line.file, Some("/etc/tidelock.conf".into()));
    assert!(line.stdin);
    assert_eq!(line.options, b"loglevel \"verbose\"");
}

#[test]
fn a_bad_option_stops_the_server() {
    let cases: &[(&[&str], usize, &str, &str)] = &[
        (&["--port"], 2, "port", "wrong number of arguments"),
        (
            &["--port", "0", "--zzz"],
            3,
            "zzz",
            "Bad directive or wrong number of arguments",
        ),
        (
            &["--port", "0", "zzz"],
            2,
            "port \"0\" \"zzz\"",
            "wrong number of arguments",
        ),
        (
            &["--port 99999"],
            2,
            "port 99999",
            "argument must be between 0 and 65535 inclusive",
        ),
        (
            &["-x"],
            2,
            "\"-x\"",
            "Bad directive or wrong number of arguments",
        ),
        (
            &["--shutdown-on-sigint", "now foo"],
            2,
            "shutdown-on-sigint \"now foo\"",
            "argument(s) must be one of the following: default, save, nosave, now, force",
        ),
        (
            &["--replicaof", "a b"],
            2,
            "replicaof \"a b\"",
            "Invalid master port",
        ),
        (
            &["--unixsocketperm", "-1"],
            2,
            "unixsocketperm \"-1\"",
            "argument must be between 0 and 777 inclusive",
        ),
        (
            &["--maxmemory", "1\n2"],
            2,
            "maxmemory \"1\\n2\"",
            "argument must be a memory value",
        ),
        (
            &["--activedefrag", "maybe"],
            2,
            "activedefrag \"maybe\"",
            "argument must be 'yes' or 'no'",
        ),
        (
            &["--appendfilename", "a/b"],
            2,
            "appendfilename \"a/b\"",
            "appendfilename can't be a path, just a filename",
        ),
        (
            &["--dir", "/nonexistent"],
            2,
            "dir \"/nonexistent\"",
            "No such file or directory",
        ),
        (
            &["--client-output-buffer-limit", "normal 1 2"],
            2,
            "client-output-buffer-limit \"normal 1 2\"",
            "Wrong number of arguments in buffer limit configuration.",
        ),
    ];
    for (words, number, text, reason) in cases {
        assert_eq!(
            options(words).err(),
            Some(fatal(*number, text, reason)),
            "{words:?}"
        );
    }
    assert_eq!(
        options(&["--cluster-enabled", "yes", "--replicaof", "a 1"])
            .err()
            .as_deref(),
        Some(
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nreplicaof directive not allowed in cluster mode"
        )
    );
    assert_eq!(
        options(&["/nonexistent.conf"]).err().as_deref(),
        Some("Fatal error, can't open config file '/nonexistent.conf': No such file or directory")
    );
}

#[test]
fn files_include_files_and_keep_statements() {
    let dir = std::env::temp_dir().join(format!("tidelock-config-test-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a writable directory");
    let path = |name: &str| dir.join(name).display().to_string();
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).expect("writable");
    write("a.conf", "maxmemory 1mb\nsave 1 1\n");
    write(
        "b.conf",
        "maxmemory 2mb\nsave 2 2\nrename-command CONFIG \"\"\n",
    );
    write(
        "main.conf",
        &format!(
            "# c\n  PORT 1 \ninclude {}\nuser alice on\n",
            path("[ab].conf")
        ),
    );
    let startup = Startup::read(&arguments(&[&path("main.conf"), "--hz", "20"])).expect("good");
    assert_eq!(
        (
            startup.config.port,
            startup.config.maxmemory,
            startup.config.hz
        ),
        (1, 2 << 20, 20)
    );
    assert_eq!(startup.config.save.format(), b"1 1 2 2");
    let names: Vec<&[u8]> = startup
        .statements
        .iter()
        .map(|s| s.words[0].as_slice())
        .collect();
    assert_eq!(names, [b"rename-command".as_slice(), b"user"]);
    assert_eq!(
        startup.statements[1].fatal("bad").to_string(),
        fatal(4, "user alice on", "bad")
    );
    write("a.conf", "ok\n");
    let error = Startup::read(&arguments(&[&path("main.conf")]))
        .expect_err("an unknown directive")
        .to_string();
    assert_eq!(
        error,
        fatal(1, "ok", "Bad directive or wrong number of arguments")
    );
    write("a.conf", &format!("include {}\n", path("a.conf")));
    assert!(Startup::read(&arguments(&[&path("a.conf")])).is_err());
    write("a.conf", "save \"abc\n");
    let error = Startup::read(&arguments(&[&path("a.conf")]))
        .expect_err("bad quotes")
        .to_string();
    assert_eq!(
        error,
        fatal(1, "save \"abc", "Unbalanced quotes in configuration line")
    );
    std::fs::remove_dir_all(&dir).expect("removable");
}

#[test]
fn set_is_all_or_nothing() {
    let store = store();
    let failed = |name: &str, reason: &str| {
        Err(format!(
            "ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"
        ))
    };
    let unknown = |name: &str| {
        Err(format!(
            "ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
        ))
    };
    assert_eq!(
        set(&store, &[("maxmemory", "10mb"), ("foo", "1")]),
        unknown("foo")
    );
    assert_eq!(
        set(&store, &[("maxmemory", "abc"), ("foo", "1")]),
        unknown("foo")
    );
    assert_eq!(
        set(
            &store,
            &[("maxmemory", "10mb"), ("maxmemory-samples", "abc")]
        ),
        failed(
            "maxmemory-samples",
            "argument couldn't be parsed into an integer"
        )
    );
    assert_eq!(
        set(&store, &[("databases", "3"), ("foo", "1")]),
        failed("databases", "can't set immutable config")
    );
    assert_eq!(
        set(&store, &[("dir", "/")]),
        failed("dir", "can't set protected config")
    );
    assert_eq!(
        set(&store, &[("port", "1"), ("port", "2")]),
        failed("port", "duplicate parameter")
    );
    assert_eq!(
        set(&store, &[("MAXMEMORY", "abc")]),
        failed("maxmemory", "argument must be a memory value")
    );
    assert_eq!(get(&store, "maxmemory"), "0");
    assert_eq!(store.generation(), 0);
    let refused = store.set(&[(b"port", b"1")], true, |old, new, changed| {
        assert_eq!((old.port, new.port, changed.len()), (6379, 1, 1));
        Err(("port", "Unable to listen on this port".to_owned()))
    });
    assert!(refused.is_err());
    assert_eq!(get(&store, "port"), "6379");
    let mut view = ConfigView::new(Arc::new(store));
    assert_eq!(
        set(
            view.store(),
            &[("maxmemory", "1KB"), ("slave-priority", "3")]
        ),
        Ok(())
    );
    assert_eq!(view.maxmemory, 0);
    assert!(view.refresh());
    assert!(!view.refresh());
    assert_eq!((view.maxmemory, view.replica_priority), (1024, 3));
}

#[test]
fn values_are_shown_as_redis_server_shows_them() {
    let store = store();
    let cases = [
        ("save", "3600 1 300 10", "3600 1 300 10"),
        ("save", "", ""),
        (
            "client-output-buffer-limit",
            "normal 1mb 2 3 replica 5 6 7",
            "normal 1048576 2 3 slave 5 6 7 pubsub 33554432 8388608 60",
        ),
        ("notify-keyspace-events", "KEA", "AKE"),
        ("notify-keyspace-events", "KE$lshzxetdmn", "$lshzxetdnKEm"),
        ("notify-keyspace-events", "Elg", "glE"),
        ("notify-keyspace-events", "An", "A"),
        ("hz", "0", "1"),
        ("maxmemory-clients", "5%", "5%"),
        ("maxmemory", "1k", "1000"),
        (
            "latency-tracking-info-percentiles",
            "50.0 99.95 100",
            "50 99.95 100",
        ),
        (
            "shutdown-on-sigterm",
            "now force nosave",
            "nosave now force",
        ),
        ("appendfsync", "NO", "no"),
        ("bind", "127.0.0.1 -::1", "127.0.0.1 -::1"),
        ("oom-score-adj-values", "1 -2 3", "1 -2 3"),
    ];
    for (name, value, shown) in cases {
        assert_eq!(set(&store, &[(name, value)]), Ok(()), "{name}");
        assert_eq!(get(&store, name), shown, "{name}");
    }
}

#[test]
fn get_takes_globs_and_exact_names() {
    let config = Config::default();
    let names = |patterns: &[&[u8]]| -> Vec<String> {
        let found = access::get(&config, patterns);
        found
            .into_iter()
            .map(|(name, _)| String::from_utf8(name).expect("ASCII"))
            .collect()
    };
    assert_eq!(
        names(&[b"PORT", b"port", b"slave-p*"]),
        ["PORT", "slave-priority"]
    );
    assert_eq!(names(&[b"*-load-delay"]), Vec::<String>::new());
    assert_eq!(names(&[b"key-load-delay"]), ["key-load-delay"]);
    assert_eq!(names(&[b"nosuch"]), Vec::<String>::new());
}

#[test]
fn rewriting_keeps_order_and_comments() {
    let old = "# My comment\nport 17321\n  # indented\nsave 3600 1\nsave 300 100\n\nmaxmemory 100mb\nhz 10\n\
               slave-priority 50\nrename-command A B\nclient-output-buffer-limit normal 0 0 0\nmaxmemory 200mb\nbind \
               127.0.0.1 -::1\nrequirepass \"\"\nuser alice on\ndir /\n";
    let mut config = Config::default();
    for line in [
        "port 17321",
        "save \"\"",
        "save 100 1",
        "maxmemory 300mb",
        "slave-priority 50",
        "timeout 77",
        "dir /",
        "bind 127.0.0.1 -::1",
        "masterauth \"a \\\" b\"",
        "notify-keyspace-events KEA",
        "proto-max-bulk-len 1048577",
    ] {
        let words = access::split_value(line.as_bytes());
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let directive = find(words[0]).expect("known");
        (directive.assign)(&mut config, &words[1..], directive, settings::Source::File)
            .expect("good");
    }
    let new = String::from_utf8(rewritten(old.as_bytes(), &config)).expect("ASCII");
    let expected = "# My comment\nport 17321\n# indented\nsave 100 1\n\nmaxmemory 300mb\nhz 10\nreplica-priority \
                    50\nrename-command A B\nclient-output-buffer-limit normal 0 0 0\n\nbind 127.0.0.1 -::1\n\nuser alice \
                    on\ndir \"/\"\n\n# Generated by CONFIG REWRITE\ntimeout 77\nproto-max-bulk-len \
                    1048577\nnotify-keyspace-events \"AKE\"\nmasterauth \"a \\\" b\"\n";
    assert_eq!(new, expected);
    assert_eq!(
        String::from_utf8(rewritten(new.as_bytes(), &config)).expect("ASCII"),
        expected
    );
    assert_eq!(
        store().rewrite().map_err(|e| e.reply()),
        Err(b"ERR The server is running without a config file".to_vec())
    );
}

proptest::proptest! {
    #[test]
    fn noise_never_panics(text: Vec<u8>, words in proptest::collection::vec("[ -~]{0,12}", 0..5), pick: proptest::sample::Index) {
        let directive = &TABLE[pick.index(TABLE.len())];
        let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        let mut config = Config::default();
        let _ = (directive.assign)(&mut config, &words, directive, settings::Source::Command);
        let _ = directive.set_text(&mut config, &text, settings::Source::Command);
        let _ = directive.value(&config);
        let _ = rewritten(&text, &config);
        let _ = CommandLine::parse(&[text]);
    }
}
