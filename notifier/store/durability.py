"""What is weak about a Redis that somebody else runs: what may lose data, a sentence each."""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from notifier.domain.counted import counted
from notifier.store.cluster import Cluster
from notifier.store.replicas import Replicas
from notifier.store.server import OLDEST, running


async def durability_warnings(client: Redis) -> list[str]:
    """What of the versions and settings may lose data, a sentence each; empty when all is well."""
    if not isinstance(client, Cluster):
        return await _of_one(client)
    found = []
    for node in client.get_primaries():
        found += [f"{node.name}: {sentence}" for sentence in await _of_one(client, target_nodes=node)]
    return found


async def _of_one(client: Any, **where: Any) -> list[str]:
    try:
        info = await client.info(**where)
    except ResponseError as error:
        return [f"Redis does not let us read INFO ({error}): its version and durability could not be checked."]
    found = warnings_in(info)
    # Without the file itself, when it is written makes no difference.
    if info.get("aof_enabled") and (weakness := await _append_fsync_weakness(client, **where)):
        found.append(weakness)
    if weakness := _replicas_weakness(int(info.get("connected_slaves", 0)), getattr(client, "replicas", Replicas())):
        found.append(weakness)
    return found


def warnings_in(info: Mapping[str, Any]) -> list[str]:
    """The weaknesses that INFO tells of, which managed servers allow where they forbid CONFIG."""
    found = []
    version = running(info)
    if version is not None and version.number < OLDEST:
        found.append(f"The server is {version}: the service needs 6.2 or newer, upgrade it.")
    policy = info.get("maxmemory_policy", "unknown")
    if policy != "noeviction":
        found.append(
            f"Redis may throw records away when its memory is full (maxmemory-policy is {policy}): "
            "set maxmemory-policy to noeviction."
        )
    if not info.get("aof_enabled"):
        found.append(
            "Redis keeps no append-only file: what it has acknowledged is lost when it stops. "
            "Set appendonly to yes and appendfsync to always."
        )
    return found


def _replicas_weakness(connected: int, wanted: Replicas) -> str | None:
    if connected < wanted.count:
        return (
            f"Redis has {counted(connected, 'replica')} and [redis] replicas is {wanted.count}: every event is "
            "answered 503. Start the replicas, or set replicas to what there is."
        )
    if connected and not wanted.count:
        return (
            "Redis has replicas, and a shop is answered before they have its event: when the primary dies, the last "
            "moments may be lost. Set [redis] replicas to 1 or more."
        )
    return None


async def _append_fsync_weakness(client: Any, **where: Any) -> str | None:
    try:
        settings = await client.config_get("appendfsync", **where)
    except ResponseError as error:
        return (
            f"Redis does not let us read its settings ({error}): whether appendfsync is always could not be checked. "
            "Allow the command CONFIG GET or ask who runs it."
        )
    value = next((_text(value) for value in settings.values()), "unknown")
    if value == "always":
        return None
    return (
        f"Redis writes to disk after it acknowledges (appendfsync is {value}): a power cut may lose the last seconds. "
        "Set appendfsync to always."
    )


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
