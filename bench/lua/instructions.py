#!/usr/bin/env python3
"""Counts the machine instructions of some rows of this folder under callgrind and records them.

    cargo build --release -p lua --bin tidelua
    bench/lua/instructions.py [--check PERCENT] [part-of-a-row ...]

Each row is run twice, with few and with more operations; the difference by the number of operations
is what one operation takes, start-up and set-up left out. Such counts do not depend on the machine's
load, and hardly on the machine. Without arguments instructions.md is written anew: commit it with
the change that moved a number. With --check nothing is written; the exit status tells whether a row
has become worse than recorded by more than so many percent.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
RECORD = FOLDER / "instructions.md"
# How a row is cut short: what to replace, with what in the short and in the longer run, and the operations between the two.
LOOP = (r"local ops = \d+", "local ops = 1000", "local ops = 11000", 10000)
ROWS = {
    "fib": (r"fib\(27\)", "fib(8)", "fib(18)", 8361 - 67),
    "method_calls": LOOP,
    "calls_with_arguments": LOOP,
    "upvalues": LOOP,
    "varargs": LOOP,
    "closures": LOOP,
    "math_functions": LOOP,
    "pcall_success": LOOP,
    "index_function": LOOP,
    "metamethods": LOOP,
    "coroutine_switches": LOOP,
    "sort_comparator": (r"for i = 1, 40 do table", "for i = 1, 1 do table", "for i = 1, 6 do table", 5000),
    "gsub_function": (LOOP[0], "local ops = 100", "local ops = 1100", 1000),
    "array_fill_and_sum": (r"local n = \d+", "local n = 1000", "local n = 11000", 10000),
    "sieve": (r"local limit = \d+", "local limit = 1000", "local limit = 11000", 10000),
    "n_body": LOOP,
    "token_bucket": LOOP,
    "string_keys": LOOP,
}


def find_tidelua():
    if "TIDELUA" in os.environ:
        return os.environ["TIDELUA"]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", FOLDER.parent.parent / "target"))
    return str(target / "release" / "tidelua")


def instructions(command, text):
    """The instructions a program takes for a script."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "row.lua")
        script.write_text(text)
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *command, str(script)],
            capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise SystemExit(f"{command[0]}: {done.stderr[-500:]}")
    return int(found[1])


def per_operation(command, row):
    pattern, short, longer, operations = ROWS[row]
    text = (FOLDER / f"{row}.lua").read_text()
    counts = []
    for replacement in (short, longer):
        cut, replaced = re.subn(pattern, replacement, text, count=1)
        if not replaced:
            raise SystemExit(f"{row}.lua has nothing like {pattern}")
        counts.append(instructions(command, cut))
    return (counts[1] - counts[0]) / operations


def recorded():
    """The counts in the record, by row and column."""
    counts = {}
    if RECORD.exists():
        for line in RECORD.read_text().splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if cells[0] in ROWS:
                counts[cells[0]] = [float(cell) for cell in cells[1:3]]
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", type=float, metavar="PERCENT")
    parser.add_argument("rows", nargs="*", help="only rows whose name contains one of these; they are shown, not recorded")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not there")
    before = recorded()
    lines, worse = [], []
    for row in ROWS:
        if options.rows and not any(part in row for part in options.rows):
            continue
        ours = per_operation([find_tidelua()], row)
        old = before.get(row)
        if old and options.check is not None and ours > old[0] * (1 + options.check / 100):
            worse.append(f"{row}: {ours:.0f}, recorded {old[0]:.0f}")
        # lua5.1 does not change: its count is taken once.
        theirs = old[1] if old else per_operation(["lua5.1"], row)
        lines.append(f"| {row} | {ours:.0f} | {theirs:.0f} | {theirs / ours:.2f} |")
        was = f"  (recorded: {old[0]:.0f})" if old else ""
        print(f"{row:22}{ours:8.0f}{theirs:8.0f}{theirs / ours:8.2f}{was}", flush=True)
    if options.check is None and not options.rows:
        RECORD.write_text("# Machine instructions per operation\n\n"
                          "Written by `bench/lua/instructions.py` (callgrind, x86-64, release build); a ratio above 1 is fewer than `lua5.1`.\n\n"
                          "| row | tidelua | lua5.1 | ratio |\n|---|---:|---:|---:|\n" + "\n".join(lines) + "\n")
    if worse:
        print("worse than recorded:", *worse, sep="\n", file=sys.stderr)
        sys.exit(1)


main()
