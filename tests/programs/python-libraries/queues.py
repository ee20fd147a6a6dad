"""Huey's task queues: tasks on several workers, priorities, retries, a schedule, results that are taken or expire."""

import logging
import sys

from huey import PriorityRedisHuey, RedisExpireHuey, RedisHuey

PORT = int(sys.argv[1])
TASKS = 60

# A failing task is part of the play.
logging.getLogger("huey").setLevel(logging.CRITICAL)

for kind in (RedisHuey, PriorityRedisHuey, RedisExpireHuey):
    queue = kind(kind.__name__, port=PORT)
    tries = []

    @queue.task()
    def add(left, right):
        return left + right

    @queue.task(retries=2)
    def fails_twice(value):
        tries.append(value)
        if len(tries) < 3:
            raise ValueError("not yet")
        return value

    results = [add(number, 1) for number in range(TASKS)]
    failing = fails_twice(9)
    later = add.schedule((100, 1), delay=0.3)
    consumer = queue.create_consumer(
        workers=3, periodic=False, scheduler_interval=0.2, initial_delay=0.01, max_delay=0.05
    )
    consumer.start()
    assert [result.get(blocking=True, timeout=20) for result in results] == list(range(1, TASKS + 1))
    assert later.get(blocking=True, timeout=20) == 101
    with queue.lock_task("alone"):
        pass
    consumer.stop(graceful=True)
    assert len(tries) == 3, tries
    assert queue.pending_count() == 0 and queue.scheduled_count() == 0
    print(f"huey: {kind.__name__} works")
