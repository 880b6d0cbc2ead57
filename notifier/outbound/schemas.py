"""The payloads as JSON schemas, each whole in itself: for documents that have no place for our definitions."""

from collections.abc import Mapping
from typing import Any

import msgspec

from notifier.outbound.events import PAYLOADS, Topic


def schemas() -> Mapping[Topic, dict[str, Any]]:
    """The JSON Schema (2020-12) of each payload, without references."""
    return {topic: _whole(model) for topic, model in PAYLOADS.items()}


def _whole(model: type) -> dict[str, Any]:
    found = msgspec.json.schema(model)
    return dict(_inlined(found, found["$defs"]))


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    match part:
        case {"$ref": str(reference)}:
            return _inlined(definitions[reference.removeprefix("#/$defs/")], definitions)
        case dict():
            return {key: _inlined(value, definitions) for key, value in part.items()}
        case list():
            return [_inlined(value, definitions) for value in part]
        case _:
            return part
