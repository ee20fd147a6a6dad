"""nginx with Nchan: publishes and subscribes over HTTP, with messages in its Redis store."""

import http.client
import os
import pathlib
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_nginx(directory, redis_port, http_port):
    user = "user root;" if os.geteuid() == 0 else ""
    filled = (HERE / "nginx.conf").read_text()
    values = {"directory": directory, "redis": redis_port, "http": http_port, "user": user}
    for name, value in values.items():
        filled = filled.replace(f"@{name}@", str(value))
    conf = pathlib.Path(directory) / "nginx.conf"
    conf.write_text(filled)
    return subprocess.Popen(["nginx", "-e", f"{directory}/error.log", "-p", directory, "-c", str(conf)])


def request(port, method, path, body=None, headers=None, timeout=15):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), dict(response.getheaders())
    finally:
        connection.close()


def publish(port, channel, body):
    return request(port, "POST", f"/publish?channel={channel}", body, {"Content-Type": "text/plain"})


def wait_until_ready(port):
    """The store is ready once a message can be published; nginx connects to it in the background."""
    deadline = time.time() + 20
    while True:
        try:
            status = publish(port, "ready", "ping")[0]
            if status in (201, 202):
                return
        except OSError:
            status = "no connection"
        if time.time() > deadline:
            raise AssertionError(f"the store is not ready: {status}")
        time.sleep(0.1)


def buffered_messages(port):
    """Messages published before anyone subscribes are kept and read in order."""
    for number in range(20):
        status, _, _ = publish(port, "kept", f"message {number}")
        assert status in (201, 202), status
    headers, seen = {}, []
    for _ in range(20):
        status, body, reply = request(port, "GET", "/poll?channel=kept", headers=headers)
        assert status == 200, status
        seen.append(body.decode())
        headers = {"If-Modified-Since": reply["Last-Modified"], "If-None-Match": reply["Etag"]}
    assert seen == [f"message {number}" for number in range(20)], seen


def waiting_subscriber(port):
    """A long poll that waits gets the message published meanwhile."""
    answers = queue.Queue()
    poll = lambda: answers.put(request(port, "GET", "/poll?channel=waiting"))
    waiter = threading.Thread(target=poll)
    waiter.start()
    time.sleep(0.5)
    publish(port, "waiting", "you waited")
    status, body, _ = answers.get(timeout=10)
    waiter.join()
    assert (status, body) == (200, b"you waited"), (status, body)


def event_stream(port, subscribers=5, messages=30):
    """Several event streams see every message in order."""
    seen = [[] for _ in range(subscribers)]

    def listen(place):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        connection.request("GET", "/stream?channel=events", headers={"Accept": "text/event-stream"})
        response = connection.getresponse()
        while len(seen[place]) < messages:
            line = response.readline()
            if line.startswith(b"data: "):
                seen[place].append(line[6:].strip().decode())
        connection.close()

    listeners = [threading.Thread(target=listen, args=(place,)) for place in range(subscribers)]
    for listener in listeners:
        listener.start()
    time.sleep(0.5)
    for number in range(messages):
        publish(port, "events", f"event {number}")
    for listener in listeners:
        listener.join(timeout=20)
    expected = [f"event {number}" for number in range(messages)]
    assert all(events == expected for events in seen), seen


def channel_information(port):
    """The publisher tells about a channel and deletes it."""
    publish(port, "info", "one")
    status, body, _ = request(port, "GET", "/publish?channel=info", headers={"Accept": "text/json"})
    assert status == 200 and b'"messages": 1' in body, (status, body)
    status, _, _ = request(port, "DELETE", "/publish?channel=info")
    assert status == 200, status
    status, _, _ = request(port, "GET", "/publish?channel=info")
    assert status == 404, status


def main():
    http_port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        nginx = start_nginx(directory, int(sys.argv[1]), http_port)
        try:
            wait_until_ready(http_port)
            for part in (buffered_messages, waiting_subscriber, event_stream, channel_information):
                part(http_port)
                print(f"nchan: {part.__name__.replace('_', ' ')} works")
        except Exception:
            print((pathlib.Path(directory) / "error.log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            nginx.terminate()
            nginx.wait(timeout=10)


main()
