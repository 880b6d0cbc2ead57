"""Versions of templates: which are in use, what they said, and what changed since."""

import difflib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from notifier.sms.templates import Template
from notifier.store import keys as names
from notifier.store.records import as_text, decode, encode
from notifier.store.work import UnitOfWork

_EDITS = 200  # of a text


class TextVersion(Struct, frozen=True, kw_only=True):
    """A template as it was when it came into use. ``name`` is ``shop/name`` for a text of one shop."""

    name: str
    version: str
    source: str
    since: datetime


class TextEdit(Struct, frozen=True, kw_only=True):
    """That somebody wrote a text anew in the console: who, when, and from which version to which."""

    at: int  # unix ms
    by: str
    before: str
    after: str

    def keep(self, unit: UnitOfWork, name: str) -> None:
        """Have a unit of work write it; the newest are kept."""
        unit.do("LPUSH", names.text_edits(name), as_text(self))
        unit.do("LTRIM", names.text_edits(name), 0, _EDITS - 1)


async def edits(redis: Redis, name: str) -> list[TextEdit]:
    """Who changed a text in the console, newest first."""
    kept: Any = await redis.lrange(names.text_edits(name), 0, _EDITS - 1)
    return [decode(one, TextEdit) for one in kept]


async def of_text(redis: Redis, name: str) -> dict[str, TextVersion]:
    """What a text has said, by version, oldest first."""
    fields: Any = await redis.hkeys(names.TEMPLATE_VERSIONS)
    wanted = [field for field in fields if field.rpartition(b" ")[0] == name.encode()]
    if not wanted:
        return {}
    kept: Any = await redis.hmget(names.TEMPLATE_VERSIONS, wanted)
    found = sorted((decode(one, TextVersion) for one in kept if one), key=lambda one: one.since)
    return {one.version: one for one in found}


async def keep(redis: Redis, name: str, template: Template, now: datetime) -> None:
    """Keep what a template says, unless it is known."""
    kept = TextVersion(name=name, version=template.version, source=template.source, since=now)
    await redis.hsetnx(names.TEMPLATE_VERSIONS, f"{name} {template.version}", encode(kept))


async def record(redis: Redis, loaded: Mapping[str, Template], now: datetime) -> None:
    """Keep what the templates now in use say, and forget nothing that messages may still name."""
    known: Any = await redis.hgetall(names.TEMPLATES_IN_USE)
    used: dict[Any, Any] = {name: template.version for name, template in loaded.items()}
    if used == {name.decode(): version.decode() for name, version in known.items()}:
        return
    async with redis.pipeline(transaction=False) as pipe:
        for name, template in loaded.items():
            kept = TextVersion(name=name, version=template.version, source=template.source, since=now)
            pipe.hsetnx(names.TEMPLATE_VERSIONS, f"{name} {template.version}", encode(kept))
        pipe.hset(names.TEMPLATES_IN_USE, mapping=used)
        if gone := known.keys() - {name.encode() for name in used}:
            pipe.hdel(names.TEMPLATES_IN_USE, *gone)
        await pipe.execute()


async def in_use(redis: Redis) -> dict[str, TextVersion]:
    """The templates the service uses, by name."""
    used: Any = await redis.hgetall(names.TEMPLATES_IN_USE)
    found = {}
    for name, version in used.items():
        kept = await get(redis, name.decode(), version.decode())
        if kept is not None:
            found[kept.name] = kept
    return found


async def get(redis: Redis, name: str, version: str) -> TextVersion | None:
    """What a template said in a version that a message names."""
    kept: Any = await redis.hget(names.TEMPLATE_VERSIONS, f"{name} {version}")
    return decode(kept, TextVersion) if kept is not None else None


class TextDifference(Struct, frozen=True):
    """A template whose file says something else than the version in use; None where there is no such side."""

    template: str
    before: str | None
    after: str | None
    diff: list[str]


def changes(used: Mapping[str, TextVersion], loaded: Mapping[str, Template]) -> list[TextDifference]:
    """From the versions in use to the files, each with the lines of a unified diff."""
    found: list[TextDifference] = []
    for name in sorted({*used, *loaded}):
        before, after = used.get(name), loaded.get(name)
        if before and after and before.version == after.version:
            continue
        lines = difflib.unified_diff(
            before.source.splitlines() if before else [],
            after.source.splitlines() if after else [],
            f"{name} {before.version if before else '(none)'}",
            f"{name} {after.version if after else '(none)'}",
            f"in use since {before.since:%Y-%m-%d %H:%M}" if before else "",
            str(after.path) if after else "deleted",
            lineterm="",
        )
        versions = (before.version if before else None, after.version if after else None)
        found.append(TextDifference(name, *versions, list(lines)))
    return found
