"""Connections to Redis: to the embedded one's socket, an outside server, the primary of a Sentinel or a cluster."""

import dataclasses
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis, UnixDomainSocketConnection
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from notifier.store import unavailable, urls
from notifier.store.cluster import Cluster
from notifier.store.connections import AtHand
from notifier.store.replicas import Replicas, ReplicatedRedis
from notifier.store.sentinel import SentinelPool
from notifier.store.server import WAITAOF, running
from notifier.store.unavailable import CannotConnect as CannotConnect

HEALTH_CHECK_INTERVAL = 15  # seconds a connection may idle before it must answer a PING
_AT_HAND = 4  # connections that are kept for round trips
_NODE_CONNECTIONS = 512  # to one node of a cluster: beyond it redis-py refuses commands instead of letting them wait


async def connect(
    url: str,
    *,
    socket_path: str | None = None,
    timeout: float = 5.0,  # noqa: ASYNC109
    connect_timeout: float = 5.0,
    max_connections: int = 64,
    replicas: Replicas | None = None,
) -> Redis:
    """A client that has answered once; `socket_path`, where given, wins over `url`. Times are seconds.

    Nothing is retried: whether a command may be sent twice is the caller's decision. When all connections are busy a
    command waits up to `timeout` for one; a blocking command (XREADGROUP … BLOCK) must block for less than `timeout`.
    `replicas` says how many must have what `work.commit` writes. Raises CannotConnect, or StoreRefuses where waiting is
    no use.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": connect_timeout,
        "health_check_interval": HEALTH_CHECK_INTERVAL,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": False,
        # RESP3 would turn on maintenance notifications, and with these the pool hands out connections closed by a
        # restarted server instead of opening new ones.
        "protocol": 2,
    }
    limits: dict[str, Any] = {"max_connections": max_connections, "timeout": timeout}
    client: Any
    if socket_path is not None:
        where = socket_path
        pool = BlockingConnectionPool(
            connection_class=UnixDomainSocketConnection, path=socket_path, **limits, **options
        )
        client = ReplicatedRedis.from_pool(pool)
    else:
        where = urls.without_password(url)
        match urls.scheme_of(url):
            case "redis+cluster" | "rediss+cluster":
                client = _cluster(urls.several(url), options)
            case "redis+sentinel" | "rediss+sentinel":
                client = ReplicatedRedis.from_pool(SentinelPool(urls.several(url), options=options, limits=limits))
            case _:
                urls.check(url)
                client = ReplicatedRedis.from_pool(BlockingConnectionPool.from_url(url, **limits, **options))
    client.replicas = replicas or Replicas()
    if not isinstance(client, Cluster):
        # Of those to a primary none is kept: whoever takes over is found when a connection is made.
        kept = 0 if isinstance(client.connection_pool, SentinelPool) else min(_AT_HAND, max_connections // 4)
        client.at_hand = AtHand(client, most=kept)
    try:
        await client.ping()
        if client.replicas.count:
            client.replicas = dataclasses.replace(client.replicas, on_disk=await _knows_waitaof(client))
    except (RedisError, OSError) as error:
        await client.aclose()
        raise (unavailable.of(error, where=str(where)) or error) from error
    except BaseException:
        await client.aclose()
        raise
    return cast(Redis, client)  # a cluster answers the same commands


async def _knows_waitaof(client: Any) -> bool:
    where = {"target_nodes": client.get_primaries()[0]} if isinstance(client, Cluster) else {}
    try:
        version = running(await client.info("server", **where))
    except ResponseError:  # INFO may be forbidden; what every server knows is WAIT
        return False
    return version is not None and version.number >= WAITAOF


def _cluster(named: urls.Nodes, options: dict[str, Any]) -> Cluster:
    nodes = [ClusterNode(host, port) for host, port in named.nodes]
    return Cluster(startup_nodes=nodes, max_connections=_NODE_CONNECTIONS, **(options | named.login | named.tls))
