"""Locks and rate limiters that several workers contend for: redis-py, limits and walrus, each with scripts of its own."""

import sys
import threading

import redis
from limits import parse, storage, strategies
from walrus import Database

PORT = int(sys.argv[1])


def at_once(work, count=6):
    """Runs `work` on several threads; what one of them raises is raised here."""
    errors = []

    def run():
        try:
            work()
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def locks(protocol):
    """A lock keeps an increment in two steps whole while it is extended and reacquired."""
    client = redis.Redis(port=PORT, protocol=protocol)
    client.delete("counter", "lock")

    def work():
        own = redis.Redis(port=PORT, protocol=protocol)
        for _ in range(20):
            with own.lock("lock", timeout=30, blocking_timeout=30, sleep=0.001) as lock:
                value = int(own.get("counter") or 0)
                lock.extend(1)
                lock.reacquire()
                assert lock.owned()
                own.set("counter", value + 1)

    at_once(work)
    assert client.get("counter") == b"120", client.get("counter")

    lock = client.lock("lock", timeout=1)
    assert lock.acquire()
    assert not client.lock("lock").acquire(blocking=False)
    lock.extend(100, replace_ttl=True)
    assert client.pttl("lock") > 90_000
    client.delete("lock")
    for lost in (lambda: lock.extend(1), lock.reacquire, lock.release):
        try:
            lost()
        except redis.exceptions.LockError:
            continue
        raise AssertionError("a lock that is gone is not owned")
    print(f"redis-py, RESP{protocol}: locks work")


def limiters():
    """However many workers hit a limit, just as many hits pass as it allows."""
    store = storage.storage_from_string(f"redis://127.0.0.1:{PORT}")
    for strategy in (
        strategies.FixedWindowRateLimiter,
        strategies.MovingWindowRateLimiter,
        strategies.SlidingWindowCounterRateLimiter,
    ):
        limiter, limit, passed = strategy(store), parse("50/hour"), []
        name = ("user", strategy.__name__)

        def work():
            for _ in range(25):
                if limiter.hit(limit, *name):
                    passed.append(1)

        at_once(work)
        assert len(passed) == 50, (name, len(passed))
        assert limiter.get_window_stats(limit, *name).remaining == 0
        assert not limiter.test(limit, *name)
        limiter.clear(limit, *name)
        assert limiter.test(limit, *name)
        print(f"limits: {strategy.__name__} works")


def objects():
    """Structures that walrus builds out of scripts."""
    database = Database(port=PORT)
    limiter = database.rate_limit_lua("walrus", limit=3, per=3600)
    assert [limiter.limit("user") for _ in range(5)] == [False] * 3 + [True] * 2
    lock = database.lock("walrus-lock", ttl=30_000)
    assert lock.acquire()
    assert not database.lock("walrus-lock", ttl=100).acquire(block=False)
    assert lock.release()
    array = database.Array("walrus-array")
    array.extend(["a", "b", "c", "d"])
    assert array.pop(1) == b"b"
    assert list(array) == [b"a", b"c", b"d"]
    print("walrus: rate limit, lock and array work")


redis.Redis(port=PORT).flushall()
locks(2)
locks(3)
limiters()
objects()
