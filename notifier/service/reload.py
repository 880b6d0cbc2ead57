"""A changed configuration, taken up by a service that runs: what can be, at once; what cannot, by name."""

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass, replace
from typing import Any

from msgspec import Struct
from pydantic import BaseModel

from notifier.config import Config, Source, section
from notifier.config.loading import key_of

SAFE = (
    *("policy", "regions", "quiet_hours", "shop", "calendar", "calls", "delivery"),
    *("sms.gap", "sms.limits", "retention.tell_within", "sources.*.shop"),
)
"""The keys, and all below them, that decisions are taken by: the next decision is taken by the new ones."""

AT_START = ("shop.name", "shop.timezone", "calls.tick", "sources.*.shop.timezone")
"""The keys of decisions that are read when a process starts, and not again."""

_OUR_GROUPING = frozenset({"rules", "regions"})
"""Levels of the models of [policy] that are not levels of the file."""


class Changes(Struct, frozen=True, kw_only=True):
    """The keys whose values changed: those in force now, and those that wait for the next start."""

    taken_up: list[str]
    restart: list[str]


def effective(before: Config, after: Config) -> Config:
    """What goes on: the running configuration with what may change at once from the new one."""
    return before.model_copy(
        update={
            "policy": after.policy,
            "regions": after.regions,
            "quiet_hours": after.quiet_hours,
            "shop": replace(after.shop, name=before.shop.name, timezone=before.shop.timezone),
            "sources": {name: _with_shop(source, after.sources.get(name)) for name, source in before.sources.items()},
            "calendar": after.calendar,
            "delivery": after.delivery,
            "calls": replace(after.calls, tick=before.calls.tick),
            "retention": before.retention.model_copy(update={"tell_within": after.retention.tell_within}),
            "sms": before.sms.model_copy(update={"gap": after.sms.gap, "limits": after.sms.limits}),
        }
    )


def _with_shop(before: Source, after: Source | None) -> Source:
    """The running source under what is said of its shop now."""
    if after is None:
        return before
    shop = after.shop.model_copy(update={"timezone": before.shop.timezone})
    return before.model_copy(update={"shop": shop})


def changes(before: Config, after: Config) -> Changes:
    """What a new configuration says otherwise than the running one; secrets are named and never shown."""
    keys = sorted(key_of(path) for path in _different(before, after, ()))
    safe = [key for key in keys if _within(key, SAFE) and not _within(key, AT_START)]
    return Changes(taken_up=safe, restart=[key for key in keys if key not in safe])


def _within(key: str, names: tuple[str, ...]) -> bool:
    return any(_is_below(key.split("."), name.split(".")) for name in names)


def _is_below(key: list[str], name: list[str]) -> bool:
    return len(key) >= len(name) and all(wanted in ("*", part) for part, wanted in zip(key, name, strict=False))


def _different(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    left, right = _parts(before), _parts(after)
    if left is not None and right is not None:
        for name in left.keys() | right.keys():
            grouping = path[:1] == ("policy",) and name in _OUR_GROUPING
            yield from _different(left.get(name), right.get(name), path if grouping else (*path, str(name)))
    elif before != after:
        yield path


def _parts(value: Any) -> Mapping[str, Any] | None:
    """The keys below this one, as they stand in the file."""
    if isinstance(value, BaseModel) or is_dataclass(value):
        return {field.alias or name: getattr(value, name) for name, field in section.keys(type(value)).items()}
    return value if isinstance(value, Mapping) else None
