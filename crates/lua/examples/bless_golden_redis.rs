//! Writes the expected outputs of the golden suite of Redis's Lua libraries from a `redis-server`.
//!
//! `cargo run -p lua --example bless_golden_redis [-- part-of-a-path …]` starts a private server on
//! a free port, without persistence, sends every snippet below `tests/golden-redis` to it as an
//! EVAL, and writes what it prints beneath the snippet. The outputs in the project are those of
//! version 7.0.15.

#![forbid(unsafe_code)]

#[path = "../tests/golden/case_file.rs"]
mod case_file;

use case_file::CaseFile;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

fn main() -> Result<(), Box<dyn Error>> {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden-redis");
    let mut server = Server::start()?;
    let mut total = 0;
    for path in case_file::find(&root, "lua-golden")? {
        let text = path.to_string_lossy();
        if !wanted.is_empty() && !wanted.iter().any(|part| text.contains(part.as_str())) {
            continue;
        }
        let before = fs::read_to_string(&path)?;
        let mut file = CaseFile::parse(&before);
        for case in &mut file.cases {
            server.forget_scripts()?;
            let output = server.eval(&driver(&case.source))?;
            case.expected = case_file::printable(&output);
        }
        total += file.cases.len();
        let after = file.render();
        let changed = if after == before { "" } else { " (changed)" };
        println!("{:5} {}{changed}", file.cases.len(), path.display());
        fs::write(&path, after)?;
    }
    println!("{total:5} cases");
    Ok(())
}

/// The script around a snippet. A script has no output of its own: the snippet's `print` is a local
/// that collects lines, and the script returns them.
fn driver(source: &str) -> String {
    let quoted = case_file::lua_quoted(format!("local print = ... {source}").as_bytes());
    format!(
        "local lines = {{}}
local function print(...)
  local words = {{}}
  for i = 1, select('#', ...) do words[i] = tostring((select(i, ...))) end
  lines[#lines + 1] = table.concat(words, '\\t')
end
local chunk, message = loadstring({quoted}, '=snippet')
if chunk then
  local ok, message = pcall(chunk, print)
  if not ok then print('error: ' .. tostring(message)) end
else
  print('syntax error: ' .. message)
end
return table.concat(lines, '\\n')
"
    )
}

/// A private server and a connection to it; it ends with this value.
struct Server {
    child: Child,
    connection: BufReader<TcpStream>,
}

impl Server {
    fn start() -> io::Result<Server> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = env::temp_dir();
        let mut child = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
            ])
            .args(["--appendonly", "no", "--dir"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        for _ in 0..200 {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                stream.set_read_timeout(Some(Duration::from_secs(30)))?;
                return Ok(Server {
                    child,
                    connection: BufReader::new(stream),
                });
            }
            thread::sleep(Duration::from_millis(20));
        }
        child.kill()?;
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "redis-server did not start",
        ))
    }

    /// Starts a fresh Lua state, so that no case sees the settings of one before it.
    fn forget_scripts(&mut self) -> io::Result<()> {
        self.send(&["SCRIPT", "FLUSH", "SYNC"]).map(drop)
    }

    /// Sends a command; gives the first line of the reply.
    fn send(&mut self, words: &[&str]) -> io::Result<String> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.connection.get_mut().write_all(request.as_bytes())?;
        let mut head = String::new();
        self.connection.read_line(&mut head)?;
        Ok(head)
    }

    /// Runs a script without keys; gives the bytes of its bulk reply, or the line of its error.
    fn eval(&mut self, script: &str) -> io::Result<Vec<u8>> {
        let head = self.send(&["EVAL", script, "0"])?;
        let Some(length) = head
            .strip_prefix('$')
            .and_then(|text| text.trim().parse().ok())
        else {
            return Ok(head.into_bytes());
        };
        let mut body: Vec<u8> = vec![0; length];
        self.connection.read_exact(&mut body)?;
        self.connection.read_exact(&mut [0; 2])?;
        Ok(body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server is ours and holds nothing: if it is gone already there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
