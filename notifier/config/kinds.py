"""Sections that are of one of several kinds, each with keys of its own."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from notifier.config import Config
from notifier.config.section import keys


def kinds_with(path: Sequence[str]) -> list[str]:
    """The kinds of its section that have the key at the end of a path; none where the section has no kinds."""
    field = Config.model_fields.get(path[0]) if path else None
    if field is None:
        return []
    depth = 3 if get_origin(field.annotation) is dict else 2
    if len(path) != depth:
        return []
    return [kind for model in _models(field.annotation) for kind in _kinds(model) if path[-1] in keys(model)]


def _models(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and "kind" in getattr(annotation, "__annotations__", {}):
        yield annotation
        return
    for part in get_args(annotation):
        yield from _models(part)


def _kinds(model: type) -> tuple[str, ...]:
    """The kind that a section is of; none for one that is switched off, which may hold the keys of all."""
    named = get_args(keys(model)["kind"].annotation)
    return tuple(one for one in named if one != "off")
