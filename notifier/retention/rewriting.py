"""The append-only file, written anew: until then it holds every command that ever was, also about what is erased."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.store.cluster import Cluster

log = structlog.get_logger()

_LOOK = 0.05  # seconds between looks
_PATIENCE = 20 * 60  # seconds


async def rewritten(redis: Redis) -> bool:
    """Have it rewritten, and wait for it; whether it is done. Where there is none, that is at once."""
    nodes: list[dict[str, Any]] = [{}]
    if isinstance(redis, Cluster):
        nodes = [{"target_nodes": node} for node in redis.get_primaries()]
    try:
        async with asyncio.timeout(_PATIENCE):
            return all([await _rewritten(redis, node) for node in nodes])
    except (RedisError, TimeoutError) as error:
        log.warning("the append-only file is not rewritten", action="compaction_failed", error=type(error).__name__)
        return False


async def _rewritten(redis: Redis, node: dict[str, Any]) -> bool:
    state = await _idle(redis, node)  # one that runs already began before what is to be gone was gone
    if not int(state.get("aof_enabled", 0)):
        return True
    await redis.bgrewriteaof(**node)
    state = await _idle(redis, node)
    return bool(state.get("aof_last_bgrewrite_status") == "ok")


async def _idle(redis: Redis, node: dict[str, Any]) -> Mapping[str, Any]:
    """What the server says of its files once it rewrites none."""
    while True:
        state: Any = await redis.info("persistence", **node)
        if not int(state["aof_rewrite_in_progress"]) and not int(state.get("aof_rewrite_scheduled", 0)):
            return state  # type: ignore[no-any-return]
        await asyncio.sleep(_LOOK)
