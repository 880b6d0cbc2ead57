"""Sections that are of one of several kinds, each with keys of its own."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, get_args, get_origin

from notifier.config import Config
from notifier.config.section import keys

_OFF = "off"
"""The kind of a section that is switched off, which may hold the keys of all."""


def kinds_with(path: Sequence[str]) -> list[str]:
    """The kinds of its section that have the key at the end of a path; none where the section has no kinds."""
    depth = 3 if path and _has_names(path[0]) else 2
    if len(path) != depth:
        return []
    return [kind for kind, names in _kinds(path[0]) if path[-1] in names and kind != _OFF]


def is_kind(section: str, word: str) -> bool:
    """Whether this is a kind of such sections: no key, though pydantic puts it in the place of a mistake."""
    return any(kind == word for kind, _ in _kinds(section))


def _has_names(section: str) -> bool:
    field = Config.model_fields.get(section)
    return field is not None and get_origin(field.annotation) is dict


@cache
def _kinds(section: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """The kinds of a section, each with its keys."""
    field = Config.model_fields.get(section)
    models = _models(field.annotation) if field is not None else ()
    return tuple((kind, frozenset(keys(one))) for one in models for kind in get_args(keys(one)["kind"].annotation))


def _models(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and "kind" in getattr(annotation, "__annotations__", {}):
        yield annotation
        return
    for part in get_args(annotation):
        yield from _models(part)
