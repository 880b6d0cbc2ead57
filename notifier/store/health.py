"""How a Redis is doing, from what it says in INFO: memory, its append-only file, refusals."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from notifier.store.cluster import Cluster
from notifier.store.server import running


class ServerHealth(Struct, frozen=True, kw_only=True):
    """One server. Sizes in bytes; ``limit`` is 0 where there is none."""

    node: str
    version: str  # with its name: Valkey 9.1.2
    uptime: int  # seconds
    memory: int
    limit: int
    buffers: int = 0  # of its memory, what does not count against the limit
    appends: bool  # it keeps an append-only file
    written: bool  # the last write to it, and its last rewriting, went well
    errors: int  # commands it refused since it started
    replicas: int
    clients: int

    @property
    def is_nearly_full(self) -> bool:
        return bool(self.limit) and self.memory > 0.9 * self.limit

    @property
    def is_full(self) -> bool:
        """Whether it refuses to write."""
        return bool(self.limit) and self.memory - self.buffers >= self.limit


async def health(redis: Redis) -> list[ServerHealth]:
    """Of every server that holds a part of the data. Raises RedisError when one does not answer."""
    if not isinstance(redis, Cluster):
        return [_health("", await redis.info())]
    nodes = redis.get_primaries()
    return [_health(node.name, await redis.info(target_nodes=node)) for node in nodes]


def _health(node: str, info: Mapping[str, Any]) -> ServerHealth:
    return ServerHealth(
        node=node,
        version=str(running(info) or "unknown"),
        uptime=int(info.get("uptime_in_seconds", 0)),
        memory=int(info.get("used_memory", 0)),
        limit=int(info.get("maxmemory", 0)),
        buffers=int(info.get("mem_not_counted_for_evict", 0)),
        appends=bool(info.get("aof_enabled")),
        written=info.get("aof_last_write_status", "ok") == "ok" and info.get("aof_last_bgrewrite_status", "ok") == "ok",
        errors=int(info.get("total_error_replies", 0)),
        replicas=int(info.get("connected_slaves", 0)),
        clients=int(info.get("connected_clients", 0)),
    )
