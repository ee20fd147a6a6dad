"""Debugger sessions on two servers, compared byte by byte.

    compare.py PORT [SESSION ...]      the server at PORT beside a redis-server started here
    compare.py --show PORT SESSION     one session's transcript on the server at PORT

A session is a file of sessions/: a line of settings, the script, the commands, and what is asked of the data afterwards.

    mode=yes keys=2 args=key1,key2,argument        mode: yes or sync; via=cli: through redis-cli in a terminal
    --- setup                                      optional: commands run before
    --- script
    --- commands                                   one a line, as a user types it; `raw TEXT` sends bytes
    --- after                                      optional: commands run afterwards
"""

import ast
import os
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 15.0


class Connection:
    """A client that keeps the bytes of each reply."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(PATIENCE)
        self.buffer = b""

    def send(self, words):
        parts = [b"*%d\r\n" % len(words)]
        parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
        self.send_raw(b"".join(parts))

    def send_raw(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def fill(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise EOFError
        self.buffer += data

    def line(self):
        while b"\r\n" not in self.buffer:
            self.fill()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line + b"\r\n"

    def reply(self):
        """The bytes of the next reply."""
        line = self.line()
        kind, rest = line[:1], line[1:-2]
        if kind in b"*~%>":
            values = max(int(rest), 0) * (2 if kind == b"%" else 1)
            return line + b"".join(self.reply() for _ in range(values))
        if kind in b"$=" and int(rest) >= 0:
            length = int(rest) + 2
            while len(self.buffer) < length:
                self.fill()
            body, self.buffer = self.buffer[:length], self.buffer[length:]
            return line + body
        return line

    def rest(self):
        """Everything up to the end of the connection."""
        try:
            while True:
                self.fill()
        except EOFError:
            rest, self.buffer = self.buffer, b""
            return rest + b"<closed>\n"
        except TimeoutError:
            return self.buffer + b"<still open>\n"


def sections(text):
    """The parts of a session's file."""
    first, _, text = text.partition("\n")
    settings = dict(word.split("=", 1) for word in first.split())
    parts = {"setup": "", "script": "", "commands": "", "after": ""}
    name = None
    for line in text.splitlines(keepends=True):
        if line.startswith("--- "):
            name = line[4:].strip()
        else:
            parts[name] += line
    if settings.get("newline") == "no":
        parts["script"] = parts["script"].removesuffix("\n")
    return settings, parts


def words_of(line):
    """A command as redis-cli splits it."""
    name = line.split(" ", 1)[0].lower()
    if name in ("e", "eval") and " " in line:
        return [word.encode() for word in line.split(" ", 1)]
    return [word.encode() for word in shlex.split(line)]


def ask(port, text):
    """The replies to ordinary commands."""
    transcript = b""
    connection = Connection(port)
    for line in text.splitlines():
        connection.send([word.encode() for word in shlex.split(line)])
        transcript += b"> " + line.encode() + b"\n" + connection.reply()
    connection.socket.close()
    return transcript


def play_raw(port, settings, parts):
    """A session on a socket."""
    arguments = [word for word in settings.get("args", "").split(",") if word]
    connection = Connection(port)
    transcript = b""
    if settings.get("protocol") == "3":
        connection.send([b"HELLO", b"3"])
        connection.reply()
    command = settings.get("command", "EVAL").encode()
    requests = [
        [b"SCRIPT", b"DEBUG", settings["mode"].encode()],
        [command, parts["script"].encode(), settings.get("keys", "0").encode()]
        + [word.encode() for word in arguments],
    ]
    lines = [None, None] + parts["commands"].splitlines()
    for request, line in zip(requests + [None] * len(lines), lines):
        if line is not None:
            transcript += b"> " + line.encode() + b"\n"
            if line == "hang up":
                connection.socket.close()
                return transcript
            if line.startswith("raw "):
                connection.send_raw(ast.literal_eval("b'" + line[4:] + "'"))
            else:
                connection.send(words_of(line))
        else:
            connection.send(request)
        try:
            reply = connection.reply()
        except EOFError:
            return transcript + b"<closed>\n"
        except TimeoutError:
            return transcript + b"<no reply>\n"
        transcript += reply
        if reply.endswith(b"+<endsession>\r\n"):
            return transcript + connection.rest()
    connection.socket.close()
    return transcript


def play_cli(port, settings, parts):
    """A session in redis-cli, in a terminal that can do nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(parts["script"])
        script.flush()
        option = "--ldb" if settings["mode"] == "yes" else "--ldb-sync-mode"
        arguments = settings.get("args", "").replace(";", " ").split()
        program = ["redis-cli", "-p", str(port), option, "--eval", script.name] + arguments
        child, terminal = pty.fork()
        if child == 0:
            os.environ["TERM"] = "dumb"
            os.environ["HOME"] = "/nonexistent"
            os.execvp(program[0], program)
        transcript = b""

        def read(until, patience=PATIENCE):
            nonlocal transcript
            start = len(transcript)
            deadline = time.monotonic() + patience
            while until is None or not re.search(until, transcript[start:]):
                ready, _, _ = select.select([terminal], [], [], max(deadline - time.monotonic(), 0))
                if not ready:
                    transcript += b"<silence>" if until else b""
                    return
                try:
                    data = os.read(terminal, 65536)
                except OSError:
                    data = b""
                if not data:
                    return
                transcript += data

        prompt = rb"(lua debugger> |\d> )$"
        read(prompt)
        for line in parts["commands"].splitlines():
            os.write(terminal, line.encode() + b"\n")
            read(prompt)
        os.close(terminal)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        transcript = transcript.replace(script.name.encode(), b"SCRIPT.lua")
        return transcript.replace(b"127.0.0.1:%d" % port, b"127.0.0.1:PORT")


def play(port, text):
    """A session's transcript; addresses of objects, which no two servers share, are made alike."""
    settings, parts = sections(text)
    ask(port, "FLUSHALL\nSCRIPT FLUSH\nCONFIG SET busy-reply-threshold 300\n" + parts["setup"])
    via = play_cli if settings.get("via") == "cli" else play_raw
    transcript = via(port, settings, parts)
    if "after" in settings.get("wait", "") or "hang up" in parts["commands"]:
        time.sleep(0.3)
    transcript += ask(port, parts["after"])
    return re.sub(rb"@0x[0-9a-f]+", b"@0x...", transcript)


def start_redis(directory):
    """A redis-server on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--save", "", "--dir", directory, "--appendonly", "no"]
    process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except OSError:
            time.sleep(0.05)
    process.kill()
    sys.exit("redis-server does not start")


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--show":
        with open(arguments[2]) as file:
            sys.stdout.buffer.write(play(int(arguments[1]), file.read()))
        return
    port = int(arguments[0])
    directory = os.path.join(HERE, "sessions")
    names = arguments[1:] or sorted(name for name in os.listdir(directory) if name.endswith(".ldb"))
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        process, reference = start_redis(scratch)
        try:
            for name in names:
                with open(os.path.join(directory, name)) as file:
                    text = file.read()
                expected, actual = play(reference, text), play(port, text)
                if expected == actual:
                    continue
                failed += 1
                print(f"{name}: differs")
                ours, theirs = actual.split(b"\n"), expected.split(b"\n")
                for index, (line, other) in enumerate(zip(ours + [b""], theirs + [b""])):
                    if line != other:
                        before = theirs[max(index - 6, 0) : index]
                        for shown in before:
                            print("   ", shown.decode(errors="backslashreplace"))
                        print("  redis:", other.decode(errors="backslashreplace"))
                        print("   ours:", line.decode(errors="backslashreplace"))
                        break
        finally:
            process.kill()
            process.wait()
    print(f"{len(names) - failed} sessions alike, {failed} differ")
    sys.exit(1 if failed else 0)


main()
