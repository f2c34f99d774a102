"""Drives a server, whose port is the argument, with redis-py: its ordinary operations. Fails at the first wrong one."""
import sys

import redis

port = int(sys.argv[1])
r = redis.Redis(port=port, decode_responses=True)
r.flushall()


def equal(given, wanted):
    if given != wanted:
        raise AssertionError(f"{given!r} instead of {wanted!r}")


# The pipeline that one gets without asking for anything is a transaction.
with r.pipeline() as pipe:
    for _ in range(1000):
        pipe.incr("counter")
    pipe.set("text", "\u20ac\r\n").get("text").hset("hash", mapping={"a": 1, "b": 2}).hgetall("hash")
    results = pipe.execute()
equal(results[999], 1000)
equal(results[1000:], [True, "\u20ac\r\n", 2, {"a": "1", "b": "2"}])
with r.pipeline() as pipe:
    equal(pipe.lpush("text", "x").get("counter").execute(raise_on_error=False)[1], "1000")
equal(r.pipeline(transaction=False).get("counter").exists("hash").execute(), ["1000", 1])

# Optimistic locking: the first try meets a change by somebody else.
tries = []


def add_one(pipe):
    tries.append(1)
    value = int(pipe.get("counter"))
    if len(tries) == 1:
        r.set("counter", 5)
    pipe.multi()
    pipe.set("counter", value + 1)


equal(r.transaction(add_one, "counter"), [True])
equal((len(tries), r.get("counter")), (2, "6"))
with r.pipeline() as pipe:
    pipe.watch("counter")
    r.incr("counter")
    pipe.multi()
    pipe.set("counter", 0)
    try:
        pipe.execute()
        raise AssertionError("no WatchError")
    except redis.WatchError:
        pass
    equal(r.get("counter"), "7")

# Channels.
listener = r.pubsub()
listener.subscribe("news")
listener.psubscribe("n*")
equal([listener.get_message(timeout=5)["type"] for _ in range(2)], ["subscribe", "psubscribe"])
equal(r.publish("news", "hello"), 2)
equal([listener.get_message(timeout=5)["type"] for _ in range(2)], ["message", "pmessage"])
equal(r.pubsub_numsub("news"), [("news", 1)])
equal((r.pubsub_channels("n*"), r.pubsub_numpat()), (["news"], 1))
listener.ping()
equal(listener.get_message(timeout=5)["type"], "pong")
listener.unsubscribe()
listener.punsubscribe()
equal([listener.get_message(timeout=5)["type"] for _ in range(2)], ["unsubscribe", "punsubscribe"])
listener.close()

# Iterators, waiting, and what tools ask.
r.mset({f"key:{i}": i for i in range(500)})
equal(len(set(r.scan_iter("key:*", count=50))), 500)
r.sadd("set", *range(700))
r.zadd("sorted", {f"m{i}": i / 2 for i in range(700)})
r.hset("large", mapping={f"f{i}": i for i in range(700)})
equal(len(set(r.sscan_iter("set"))), 700)
equal(dict(r.zscan_iter("sorted"))["m699"], 349.5)
equal(dict(r.hscan_iter("large"))["f699"], "699")
r.rpush("list", "a", "b")
equal((r.blpop(["none", "list"], timeout=1), r.brpop("list", timeout=1)), (("list", "a"), ("list", "b")))
equal(r.blpop("list", timeout=0.01), None)
equal(r.wait(0, 100), 0)
r.client_setname("mine")
equal(r.client_getname(), "mine")
equal([client["name"] for client in r.client_list(_type="normal") if client["id"] == str(r.client_id())], ["mine"])
equal(r.info("clients")["blocked_clients"], 0)
equal(r.set("temporary", "x", px=100000, get=True), None)
if not 0 < r.pttl("temporary") <= 100000:
    raise AssertionError("no time to live")
try:
    r.execute_command("NOCOMMAND")
    raise AssertionError("no error")
except redis.ResponseError as error:
    equal(str(error).split(",")[0], "unknown command 'NOCOMMAND'")
