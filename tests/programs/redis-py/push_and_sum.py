"""redis-py's register_script: a script that pushes a number to a list and increments the list's sum."""

import sys

import redis

PUSH_AND_SUM = """
local length = redis.call('RPUSH', KEYS[1], ARGV[1])
local sum = redis.call('INCRBY', KEYS[2], ARGV[1])
return {length, sum}
"""


def push_and_sum(client):
    client.flushall()
    script = client.register_script(PUSH_AND_SUM)
    for number in range(1, 101):
        length, total = script(keys=["numbers", "sum"], args=[number])
        assert length == number, (length, number)
        assert total == number * (number + 1) // 2, (total, number)
    assert client.lrange("numbers", 0, 2) == ["1", "2", "3"]
    assert client.get("sum") == "5050"

    # The client loads the script anew when the server has forgotten it.
    client.script_flush()
    assert client.script_exists(script.sha) == [False]
    assert script(keys=["numbers", "sum"], args=[0]) == [101, 5050]
    assert client.script_exists(script.sha) == [True]

    # In a pipeline the script is loaded before the commands are sent.
    client.script_flush()
    pipeline = client.pipeline(transaction=True)
    for number in (1, 2):
        script(keys=["numbers", "sum"], args=[number], client=pipeline)
    pipeline.get("sum")
    assert pipeline.execute() == [[102, 5051], [103, 5053], "5053"]

    # An error in the script comes with its line.
    client.set("numbers", "not a list")
    try:
        script(keys=["numbers", "sum"], args=[1])
    except redis.ResponseError as error:
        text = str(error)
        assert "WRONGTYPE" in text and "on @user_script:2." in text, text
    else:
        raise AssertionError("pushing to a string must fail")


def lock(client):
    """redis-py's Lock is three more scripts."""
    with client.lock("resource", timeout=10) as held:
        assert not client.lock("resource", timeout=10, blocking=False).acquire()
        held.extend(5)
    assert client.get("resource") is None


def main():
    port = int(sys.argv[1])
    for protocol in (2, 3):
        client = redis.Redis(host="127.0.0.1", port=port, protocol=protocol, decode_responses=True)
        push_and_sum(client)
        lock(client)
        client.close()
        print(f"redis-py {redis.__version__}, RESP{protocol}: register_script and Lock work")


main()
