#!/usr/bin/env python3
"""Times the rows of this folder on several Lua engines, interleaved, and prints what they need.

    cargo build --release -p lua --bin tidelua --example host_call
    bench/lua/run.py [--rounds 5] [--engines tidelua,lua5.1,luajit,redis] [part-of-a-row ...]

Each row times its own inner loop with os.clock and prints nanoseconds per operation. Redis has no
clock inside a script, so its column is the time of the whole EVAL, seen from here, by the number of
operations that the row returns. The rows in redis/ need cjson, cmsgpack, struct and bit: only
tidelua and redis run them. The row host_call is no script but a host: an example of the crate, and
host_call.c built against the engines in C (with cc and pkg-config). Shown are medians over the rounds; ratios above 1 mean that tidelua is
faster. Memory and other loads on the machine matter: compare numbers of one run only.
"""

import argparse
import math
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
LIMIT = 120


class Program:
    def __init__(self, name, command, library=None):
        self.name, self.command, self.library = name, command, library
        self.folder = None

    def available(self):
        return shutil.which(self.command[0]) is not None

    def host(self, source):
        """The program of the row host_call."""
        if self.library is None:
            return pathlib.Path(self.command[0]).parent / "examples" / "host_call"
        if self.folder is None:
            self.folder = tempfile.TemporaryDirectory()
            flags = subprocess.run(["pkg-config", "--cflags", "--libs", self.library], capture_output=True, text=True).stdout
            subprocess.run(["cc", "-O2", str(source), "-o", f"{self.folder.name}/host_call", *flags.split()], capture_output=True)
        return pathlib.Path(self.folder.name, "host_call")

    def measure(self, row):
        command = [*self.command, str(row)]
        if row.suffix == ".c":
            command = [str(self.host(row))]
            if not pathlib.Path(command[0]).exists():
                print(f"SKIPPED: {self.name}: {row.name} is not built", file=sys.stderr)
                return None
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
            return float(done.stdout.split()[-1])
        except (subprocess.TimeoutExpired, ValueError, IndexError) as problem:
            text = done.stderr.strip() if isinstance(problem, (ValueError, IndexError)) else "too slow"
            print(f"{self.name}: {row.name}: {text[:200]}", file=sys.stderr)
            return None

    def close(self):
        if self.folder is not None:
            self.folder.cleanup()


class Redis:
    """A private redis-server on a free port, without persistence."""

    name = "redis"

    def __init__(self):
        self.process = self.socket = None

    def available(self):
        return shutil.which("redis-server") is not None

    def start(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", tempfile.gettempdir()], stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
                self.replies = self.socket.makefile("rb")
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit("redis-server did not start")

    def measure(self, row):
        if self.socket is None:
            self.start()
        # There is no clock in a script, and no new global may be set.
        head = "local os, print, counter = {clock = function() return 0 end}, function() end\n"
        source = (head + row.read_text()).encode()
        request = b"*3\r\n$4\r\nEVAL\r\n$%d\r\n%b\r\n$1\r\n0\r\n" % (len(source), source)
        started = time.perf_counter()
        self.socket.sendall(request)
        reply = self.replies.readline()
        seconds = time.perf_counter() - started
        if not reply.startswith(b":") or reply.strip() == b":0":
            print(f"redis: {row.name}: {reply[:200]}", file=sys.stderr)
            return None
        return seconds / int(reply[1:]) * 1e9

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def find_tidelua():
    if "TIDELUA" in os.environ:
        return os.environ["TIDELUA"]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", FOLDER.parent.parent / "target"))
    return str(target / "release" / "tidelua")


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", default="tidelua,lua5.1,luajit,redis")
    parser.add_argument("rows", nargs="*", help="only rows whose name contains one of these")
    options = parser.parse_args()
    known = {
        "tidelua": Program("tidelua", [find_tidelua()]),
        "lua5.1": Program("lua5.1", ["lua5.1"], "lua5.1"),
        "luajit": Program("luajit -joff", ["luajit", "-joff"], "luajit"),
        "redis": Redis(),
    }
    engines = []
    for name in options.engines.split(","):
        if known[name].available():
            engines.append(known[name])
        else:
            print(f"SKIPPED: {name} is not there", file=sys.stderr)
    rows = sorted([*FOLDER.glob("*.lua"), *FOLDER.glob("*.c")]) + sorted(FOLDER.glob("redis/*.lua"))
    rows = [row for row in rows if not options.rows or any(part in row.stem for part in options.rows)]
    times = {}
    for number in range(options.rounds):
        for row in rows:
            for engine in engines:
                if row.parent.name == "redis" and engine.name not in ("tidelua", "redis"):
                    continue
                if row.suffix == ".c" and engine.name == "redis":
                    continue
                taken = engine.measure(row)
                if taken:
                    times.setdefault((row, engine.name), []).append(taken)
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    for engine in engines:
        engine.close()

    names = [engine.name for engine in engines]
    others = [name for name in names if name != "tidelua"]
    print(f"{'ns per operation':24}" + "".join(f"{name:>14}" for name in names)
          + "".join(f"{'x ' + name:>16}" for name in others if "tidelua" in names))
    ratios = {name: [] for name in others}
    for row in rows:
        medians = {name: statistics.median(times[row, name]) for name in names if (row, name) in times}
        line = f"{row.stem:24}" + "".join(f"{medians[name]:14.1f}" if name in medians else f"{'-':>14}" for name in names)
        for name in others:
            if "tidelua" in medians and name in medians:
                ratio = medians[name] / medians["tidelua"]
                ratios[name].append(ratio)
                line += f"{ratio:16.2f}" if ratio >= 1 else f"{ratio:15.2f}*"
            elif "tidelua" in names:
                line += f"{'-':>16}"
        print(line)
    for name in others:
        if ratios[name]:
            slower = sum(ratio < 1 for ratio in ratios[name])
            print(f"tidelua is {geometric_mean(ratios[name]):.2f} times as fast as {name} (geometric mean of "
                  f"{len(ratios[name])} rows, {slower} slower, worst {min(ratios[name]):.2f})")


main()
