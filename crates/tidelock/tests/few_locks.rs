//! A script that meets a key it did not declare, while another script holds it, is undone and runs again: it does not
//! fail, and whatever it did before shows once, when it is over.

mod support;

use std::time::Duration;

use support::{Client, Reply, Server, wait_until};

/// Holds its key until it is killed.
const HOLDS: &str = "redis.call('GET', KEYS[1]) while true do end";

/// Does all sorts of things, then needs a key that somebody holds, and calls it in a way that would catch an error.
const NEEDS_MORE: &str = "\
ARGV[#ARGV + 1] = 'changed' KEYS[#KEYS + 1] = 'changed'
assert(#ARGV == 2 and #KEYS == 2)
redis.setresp(3)
redis.call('SET', KEYS[1], 'written')
redis.call('RPUSH', 'queue', 'job')
redis.call('EXPIRE', 'lasting', 100)
redis.call('PUBLISH', 'news', 'told')
redis.log(redis.LOG_WARNING, 'logged')
redis.call('DEL', 'gone')
redis.pcall('INCR', 'lasting')
local ok, reply = pcall(redis.pcall, 'APPEND', ARGV[1], '+')
for n = 1, 3 do pcall(error, 'again') end
redis.call('SET', 'after', tostring(reply))
return {ok, reply}";

struct Scene {
    server: Server,
    holder: Client,
    client: Client,
    other: Client,
}

impl Scene {
    /// A server where a script holds the key `held`.
    fn new(arguments: &[&str]) -> Scene {
        // However slow the machine is: nobody is told BUSY who does not ask for it.
        let patient = ["--busy-reply-threshold", "0"];
        let server = Server::start(&[&patient, arguments].concat());
        let mut scene = Scene {
            holder: server.connect(),
            client: server.connect(),
            other: server.connect(),
            server,
        };
        for words in [
            ["SET", "held", "free"],
            ["SET", "lasting", "text"],
            ["SET", "gone", "not yet"],
        ] {
            scene.other.call(&words);
        }
        scene.hold();
        scene
    }

    fn hold(&mut self) {
        self.holder.send(&["EVAL", HOLDS, "1", "held"]);
        let not_yet = Reply::Error("NOTBUSY No scripts in execution right now.".to_owned());
        wait_until("the script never got past its slice", || {
            self.other.call(&["SCRIPT", "KILL", "nobody"]) != not_yet
        });
    }

    fn let_go(&mut self) {
        self.other.call(&["SCRIPT", "KILL"]);
        assert!(matches!(self.holder.read(), Reply::Error(_)));
    }
}

/// Long enough for what could go wrong to have gone wrong.
fn wait() {
    std::thread::sleep(Duration::from_millis(100));
}

fn look(client: &mut Client) -> Vec<Reply> {
    [
        "GET own",
        "GET lasting",
        "TTL lasting",
        "GET gone",
        "LLEN queue",
    ]
    .iter()
    .map(|line| client.call(&line.split(' ').collect::<Vec<_>>()))
    .collect()
}

fn shows_once(arguments: &[&str], command: &[&str]) {
    let mut scene = Scene::new(arguments);
    let before = look(&mut scene.other);
    let mut subscriber = scene.server.connect();
    subscriber.call(&["SUBSCRIBE", "news"]);
    let mut blocked = scene.server.connect();
    blocked.send(&["BLPOP", "queue", "0"]);
    let mut monitor = scene.server.connect();
    monitor.call(&["MONITOR"]);
    let mut watching = scene.server.connect();
    watching.call(&["WATCH", "own"]);
    scene.other.call(&["DEBUG", "EFFECTS", "ON"]);

    scene.client.send(command);
    wait();
    assert_eq!(look(&mut scene.other), before, "nothing has happened yet");
    watching.call(&["MULTI"]);
    assert_eq!(watching.call(&["EXEC"]), Reply::Many(Vec::new()));
    scene.let_go();
    let expected = Reply::Many(vec![Reply::Integer(1), Reply::Integer(5)]);
    assert_eq!(scene.client.read(), expected);

    assert_eq!(blocked.read(), Reply::bulks(&["queue", "job"]));
    let after = [
        Reply::bulk("written"),
        Reply::bulk("text"),
        Reply::Integer(100),
        Reply::Null,
        Reply::Integer(0),
    ];
    assert_eq!(look(&mut scene.other), after);
    assert_eq!(scene.other.call(&["GET", "held"]), Reply::bulk("free+"));
    scene.other.call(&["PUBLISH", "news", "end"]);
    for told in ["told", "end"] {
        assert_eq!(subscriber.read(), Reply::bulks(&["message", "news", told]));
    }
    let Reply::Many(effects) = scene.other.call(&["DEBUG", "EFFECTS", "GET"]) else {
        panic!("an array is expected");
    };
    let effects = format!("{effects:?}");
    for word in ["\"written\"", "\"gone\"", "\"+\"", "\"LPOP\""] {
        assert_eq!(effects.matches(word).count(), 1, "{word} in {effects}");
    }
    scene.other.call(&["ECHO", "end"]);
    let mut shown = String::new();
    let mut is_over = false;
    while !is_over {
        let Reply::Status(line) = monitor.read() else {
            panic!("a line is expected");
        };
        is_over = line.contains("\"ECHO\"");
        shown += &line;
        shown += "\n";
    }
    for words in [
        "\"SET\" \"own\"",
        "\"PUBLISH\" \"news\" \"told\"",
        &format!("\"{}\"", command[0]),
    ] {
        assert_eq!(shown.matches(words).count(), 1, "{words} in {shown}");
    }
}

#[test]
fn a_run_that_starts_again_shows_once() {
    for loops in ["1", "2"] {
        let name = format!("tidelock-few-locks-{}-{loops}.log", std::process::id());
        let log = std::env::temp_dir().join(name);
        shows_once(
            &[
                "--io-threads",
                loops,
                "--io-threads-gather",
                "no",
                "--enable-debug-command",
                "yes",
                "--logfile",
                log.to_str().expect("a path of text"),
            ],
            &["EVAL", NEEDS_MORE, "1", "own", "held"],
        );
        let lines = std::fs::read_to_string(&log).expect("a log");
        assert_eq!(lines.matches("logged").count(), 1, "{lines}");
        std::fs::remove_file(&log).expect("the log can be removed");
    }
}

#[test]
fn keymiss_events_show_once() {
    let mut scene = Scene::new(&[
        "--io-threads",
        "2",
        "--io-threads-gather",
        "no",
        "--notify-keyspace-events",
        "KEAm",
    ]);
    let mut subscriber = scene.server.connect();
    subscriber.call(&["SUBSCRIBE", "__keyevent@0__:keymiss"]);
    let script = "redis.call('GET', 'nothing') return redis.call('GET', ARGV[1])";
    scene.client.send(&["EVAL", script, "0", "held"]);
    wait();
    scene.let_go();
    assert_eq!(scene.client.read(), Reply::bulk("free"));
    scene.other.call(&["GET", "end"]);
    for key in ["nothing", "end"] {
        let message = ["message", "__keyevent@0__:keymiss", key];
        assert_eq!(subscriber.read(), Reply::bulks(&message));
    }
}

#[test]
fn functions_start_again_as_well() {
    let mut scene = Scene::new(&["--io-threads", "2", "--io-threads-gather", "no"]);
    let library = "#!lua name=few
        redis.register_function('append', function(KEYS, ARGV)
            redis.call('INCR', 'count') return redis.call('APPEND', ARGV[1], '+') end)";
    scene.let_go();
    scene.other.call(&["FUNCTION", "LOAD", library]);
    scene.hold();
    scene.client.send(&["FCALL", "append", "0", "held"]);
    wait();
    scene.let_go();
    assert_eq!(scene.client.read(), Reply::Integer(5));
    assert_eq!(scene.other.call(&["GET", "count"]), Reply::bulk("1"));
}

#[test]
fn what_cannot_be_undone_waits_for_all_locks() {
    let mut scene = Scene::new(&[
        "--io-threads",
        "2",
        "--io-threads-gather",
        "no",
        "--slowlog-log-slower-than",
        "0",
    ]);
    scene.client.send(&[
        "EVAL",
        "redis.call('INCR', KEYS[1]) redis.call('SLOWLOG', 'RESET') return redis.call('GET', ARGV[1])",
        "1",
        "own",
        "held",
    ]);
    wait();
    assert_ne!(scene.other.call(&["SLOWLOG", "LEN"]), Reply::Integer(0));
    assert_eq!(scene.other.call(&["GET", "own"]), Reply::Null);
    scene.let_go();
    assert_eq!(scene.client.read(), Reply::bulk("free"));
    assert_eq!(scene.other.call(&["GET", "own"]), Reply::bulk("1"));
}

#[test]
fn who_needs_the_key_of_an_overdue_script_is_told_so() {
    let mut scene = Scene::new(&[
        "--io-threads",
        "2",
        "--io-threads-gather",
        "no",
        "--busy-reply-threshold",
        "50",
    ]);
    let script = "redis.call('SET', KEYS[1], 1) return redis.call('GET', ARGV[1])";
    scene.client.send(&["EVAL", script, "1", "own", "held"]);
    assert!(matches!(scene.client.read(), Reply::Error(text) if text.starts_with("BUSY ")));
    assert_eq!(scene.other.call(&["GET", "own"]), Reply::Null);
    // Who does not need it is not, though other runs of the same script did.
    let reply = scene.client.call(&["EVAL", script, "1", "own", "other"]);
    assert_eq!(reply, Reply::Null);
    scene.let_go();
}

#[test]
fn a_script_loaded_in_a_transaction_may_touch_any_key() {
    let server = Server::start(&["--io-threads", "2", "--io-threads-gather", "no"]);
    let mut client = server.connect();
    let script = "return redis.call('APPEND', ARGV[1], '+')";
    let Reply::Bulk(sha) = client.call(&["SCRIPT", "LOAD", script]) else {
        panic!("the script is loaded");
    };
    client.call(&["SCRIPT", "FLUSH"]);
    client.call(&["MULTI"]);
    client.call(&["SCRIPT", "LOAD", script]);
    client.call(&["EVALSHA", &sha, "0", "key"]);
    let replies = Reply::Many(vec![Reply::bulk(&sha), Reply::Integer(1)]);
    assert_eq!(client.call(&["EXEC"]), replies);
}

#[test]
fn a_client_that_leaves_takes_its_lost_run_to_the_end() {
    let mut scene = Scene::new(&["--io-threads", "2", "--io-threads-gather", "no"]);
    let script = "redis.call('SET', KEYS[1], 1) return redis.call('GET', ARGV[1])";
    scene.client.send(&["EVAL", script, "1", "own", "held"]);
    wait();
    scene.client = scene.server.connect();
    wait();
    scene.let_go();
    wait_until("the script never ran", || {
        scene.other.call(&["GET", "own"]) != Reply::Null
    });
}
