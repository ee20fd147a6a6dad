"""redis-py's commands for scripts and function libraries, one by one and in pipelines."""

import sys

import redis

LIBRARY = """#!lua name=counters
local function add(keys, args)
  return redis.call('INCRBY', keys[1], args[1] or 1)
end
local function total(keys)
  local sum = 0
  for _, key in ipairs(keys) do sum = sum + (tonumber(redis.call('GET', key)) or 0) end
  return sum
end
redis.register_function('add', add)
redis.register_function{function_name = 'total', callback = total, flags = {'no-writes'}, description = 'Sums counters.'}
"""


def refuses(call, text):
    try:
        call()
    except redis.ResponseError as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"must fail with {text}")


def as_dict(reply):
    """A map, which in RESP2 comes as a list of names and values."""
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))


def functions(client):
    client.flushall()
    client.function_flush()
    assert client.function_load(LIBRARY) == "counters"
    refuses(lambda: client.function_load(LIBRARY), "Library 'counters' already exists")
    assert client.function_load(LIBRARY, replace=True) == "counters"

    assert client.fcall("add", 1, "a", 5) == 5
    assert client.fcall("add", 1, "b") == 1
    assert client.fcall("total", 2, "a", "b") == 6
    assert client.fcall_ro("total", 2, "a", "b") == 6
    refuses(lambda: client.fcall_ro("add", 1, "a"), "Can not execute a script with write flag using *_ro command.")
    refuses(lambda: client.fcall("nothing", 0), "Function not found")

    (library,) = client.function_list(withcode=True)
    library = as_dict(library)
    assert library["library_name"] == "counters" and library["engine"] == "LUA"
    assert library["library_code"] == LIBRARY
    names = {as_dict(function)["name"]: as_dict(function) for function in library["functions"]}
    assert names["total"]["description"] == "Sums counters." and set(names["total"]["flags"]) == {"no-writes"}
    assert client.function_list(library="nothing*") == []
    engines = as_dict(as_dict(client.function_stats())["engines"])
    assert as_dict(engines["LUA"]) == {"libraries_count": 1, "functions_count": 2}

    # Libraries survive as a payload of bytes.
    raw = redis.Redis(connection_pool=redis.ConnectionPool(**{
        **client.connection_pool.connection_kwargs, "decode_responses": False,
    }))
    payload = raw.function_dump()
    assert client.function_delete("counters")
    refuses(lambda: client.fcall("add", 1, "a"), "Function not found")
    assert raw.function_restore(payload)
    assert client.fcall("add", 1, "a") == 6
    refuses(lambda: raw.function_restore(payload, policy="APPEND"), "already exists")
    assert raw.function_restore(payload, policy="REPLACE")
    refuses(lambda: raw.function_restore(payload[:-1]), "DUMP payload version or checksum are wrong")
    raw.close()

    # In a pipeline and in a transaction, beside other commands.
    for transaction in (False, True):
        pipeline = client.pipeline(transaction=transaction)
        pipeline.set("c", 1)
        pipeline.fcall("add", 1, "c", 41)
        pipeline.fcall_ro("total", 1, "c")
        pipeline.get("c")
        assert pipeline.execute() == [True, 42, 42, "42"]
    refuses(client.function_kill, "NOTBUSY")
    assert client.function_flush("ASYNC")
    assert client.function_list() == []


def scripts(client):
    client.flushall()
    client.script_flush("SYNC")
    sha = client.script_load("return {KEYS[1], ARGV[1], #ARGV}")
    assert client.script_exists(sha, "0" * 40) == [True, False]
    assert client.evalsha(sha, 1, "key", "a", "b") == ["key", "a", 2]
    assert client.eval("return ARGV[1]", 0, 3.5) == "3.5"
    assert client.eval_ro("return redis.call('GET', KEYS[1])", 1, "none") is None
    assert client.evalsha_ro(sha, 1, "key", "a") == ["key", "a", 1]
    refuses(lambda: client.eval_ro("return redis.call('SET', KEYS[1], 1)", 1, "k"), "Write commands are not allowed")
    try:
        client.evalsha("f" * 40, 0)
    except redis.exceptions.NoScriptError:
        pass
    else:
        raise AssertionError("an unknown script must be told")
    refuses(client.script_kill, "No scripts in execution right now")

    # Two scripts in one pipeline, both forgotten by the server: they are loaded before the pipeline is sent.
    first = client.register_script("return redis.call('INCR', KEYS[1])")
    second = client.register_script("return redis.call('APPEND', KEYS[1], ARGV[1])")
    for transaction in (False, True):
        client.delete("n", "s")
        client.script_flush("ASYNC")
        pipeline = client.pipeline(transaction=transaction)
        first(keys=["n"], client=pipeline)
        second(keys=["s"], args=["abc"], client=pipeline)
        first(keys=["n"], client=pipeline)
        assert pipeline.execute() == [1, 3, 2]
    # One that fails does not take the others along.
    pipeline = client.pipeline(transaction=False)
    first(keys=["s"], client=pipeline)
    first(keys=["n"], client=pipeline)
    failed, fine = pipeline.execute(raise_on_error=False)
    assert isinstance(failed, redis.ResponseError) and fine == 3, (failed, fine)
    # WATCH guards a transaction with a script in it.
    with client.pipeline() as pipeline:
        pipeline.watch("n")
        client.incr("n")
        pipeline.multi()
        first(keys=["n"], client=pipeline)
        try:
            pipeline.execute()
        except redis.WatchError:
            pass
        else:
            raise AssertionError("the watched key has changed")
    # Arguments and replies of bytes.
    assert client.eval("return #ARGV[1]", 0, bytes(range(256))) == 256


def main():
    port = int(sys.argv[1])
    for protocol in (2, 3):
        client = redis.Redis(host="127.0.0.1", port=port, protocol=protocol, decode_responses=True)
        scripts(client)
        functions(client)
        client.close()
        print(f"redis-py {redis.__version__}, RESP{protocol}: scripts in pipelines, functions and libraries work")


main()
