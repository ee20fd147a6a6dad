//! The golden suite: thousands of small snippets must print what Debian's `lua5.1` (and, for the
//! libraries that Redis adds, `redis-server` 7.0.15) printed for them.
//!
//! The expected outputs are in the `.lua-golden` files, so neither program is needed to run this.
//! `GOLDEN=part` runs only the cases whose file and name contain that text. Differences that are
//! meant are listed with their reasons in `golden/deliberate-differences.txt`.

#![forbid(unsafe_code)]

#[path = "golden/case_file.rs"]
mod case_file;
#[path = "golden/differences.rs"]
mod differences;
#[path = "golden/driver.rs"]
mod driver;
#[path = "golden/engine.rs"]
mod engine;
#[path = "golden/program.rs"]
mod program;

use case_file::{Case, CaseFile};
use differences::Deliberate;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

const SHOWN: usize = 40;

struct Item {
    /// `golden/area/file`, without the extension.
    file: String,
    case: Case,
}

#[test]
fn snippets_print_what_lua51_prints() {
    run_suite("golden", 1500);
}

#[test]
fn redis_libraries_print_what_redis_prints() {
    run_suite("golden-redis", 300);
}

#[test]
fn files_keep_their_text_through_the_parser() {
    for (path, text) in files("golden").chain(files("golden-redis")) {
        assert_eq!(CaseFile::parse(&text).render(), text, "{path}");
    }
}

fn tests_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
}

/// The golden files of a suite: path without extension, and text.
fn files(suite: &str) -> impl Iterator<Item = (String, String)> {
    let paths = case_file::find(&tests_folder().join(suite), "lua-golden").expect("the suite");
    paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("golden files are text");
        let name = path
            .strip_prefix(tests_folder())
            .expect("below the tests")
            .with_extension("");
        (name.to_string_lossy().into_owned(), text)
    })
}

fn run_suite(suite: &str, least: usize) {
    let deliberate = Deliberate::read(&tests_folder().join("golden/deliberate-differences.txt"));
    let filter = env::var("GOLDEN").unwrap_or_default();
    let items: Vec<Item> = files(suite)
        .flat_map(|(file, text)| {
            let cases = CaseFile::parse(&text).cases;
            cases.into_iter().map(move |case| Item {
                file: file.clone(),
                case,
            })
        })
        .collect();
    assert!(
        items.len() >= least,
        "only {} cases in {suite}",
        items.len()
    );
    let items: Vec<Item> = items
        .into_iter()
        .filter(|item| format!("{}: {}", item.file, item.case.name).contains(&filter))
        .collect();

    let next = AtomicUsize::new(0);
    let failures = Mutex::new(BTreeMap::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let output = engine::output(&driver::driver(&item.case.source));
                    let mut printed = case_file::printable(&output);
                    case_file::trim_blank_end(&mut printed);
                    let equal = printed == item.case.expected;
                    let problem = match deliberate.reason(&item.file, &item.case.name) {
                        None if !equal => difference(&item.case, &printed),
                        Some(_) if equal => "listed as different, but equal".to_owned(),
                        _ => continue,
                    };
                    let key = (item.file.clone(), item.case.name.clone());
                    failures
                        .lock()
                        .expect("no worker panics")
                        .insert(key, problem);
                }
            });
        }
    });

    let failures = failures.into_inner().expect("no worker panics");
    let mut by_file: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, ((file, name), problem)) in failures.iter().enumerate() {
        *by_file.entry(file).or_default() += 1;
        if number < SHOWN || !filter.is_empty() {
            println!("== {file}: {name}\n{problem}");
        }
    }
    for (file, count) in by_file {
        println!("{count:5} wrong in {file}");
    }
    println!(
        "{} of {} cases of {suite} as expected",
        items.len() - failures.len(),
        items.len()
    );
    assert!(
        failures.is_empty(),
        "{} cases of {suite} differ",
        failures.len()
    );
}

/// The lines that differ, first expected, then printed.
fn difference(case: &Case, printed: &str) -> String {
    let mut text = String::new();
    let (mut expected, mut got) = (case.expected.lines(), printed.lines());
    let mut shown = 0;
    loop {
        let (left, right) = (expected.next(), got.next());
        if left.is_none() && right.is_none() || shown == 6 {
            return text;
        }
        if left != right {
            shown += 1;
            for (mark, line) in [('-', left), ('+', right)] {
                if let Some(line) = line {
                    let cut: String = line.chars().take(300).collect();
                    text.push_str(&format!("  {mark} {cut}\n"));
                }
            }
        }
    }
}
