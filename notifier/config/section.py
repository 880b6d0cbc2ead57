"""What every section of the configuration is made of: a model of its own, or the dataclass that the code works with.

A length of time is written ``15m``, ``24h``, ``7d``, a time of day ``22:00``, wherever one stands in a section.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from typing import Any, Self, get_type_hints

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from notifier import durations


class Section(BaseModel):
    """A part of the configuration. Keys we do not know are refused: they are misspelt.

    A validator is built when it is first needed, and that is the whole configuration's alone: to build one for each
    section would take longer than to read the file, at the start of every command.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def usual(cls) -> Self:
        """The section when nothing is said in the file, made without a validator of its own."""
        return super().model_construct()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _read_as_written(schema, handler)
        return schema


def keys(section: type) -> Mapping[str, FieldInfo]:
    """The fields of a section."""
    if issubclass(section, BaseModel):
        return section.model_fields
    hints = get_type_hints(section, include_extras=True)
    found: tuple[Field[Any], ...] = fields(section)  # type: ignore[arg-type]  # it is a dataclass
    return {one.name: FieldInfo.from_annotated_attribute(hints[one.name], one) for one in found}


def _time_of_day(text: Any) -> Any:
    if not (isinstance(text, str) and re.fullmatch(r"\d\d:\d\d", text)):
        raise ValueError(f'{text!r} is not a time of day; write for example "22:00"')
    return text


_WRITTEN: Mapping[str, Callable[[Any], Any]] = {"timedelta": durations.parse, "time": _time_of_day}
"""What is written otherwise than pydantic reads it, by the kind of its schema."""


def _read_as_written(part: Any, handler: GetCoreSchemaHandler) -> None:
    """Have what is written otherwise parsed first, in the dataclasses of a schema as well, which know nothing of it."""
    match part:
        case {"type": "definition-ref"}:
            inner = handler.resolve_ref_schema(part)
            if inner["type"] != "model":  # a section, which has seen to its own
                _read_as_written(inner, handler)
        case {"type": "function-before", "function": {"function": function}} if function in _WRITTEN.values():
            pass
        case dict():
            for key, value in part.items():
                if isinstance(value, dict) and value.get("type") in _WRITTEN:
                    part[key] = core_schema.no_info_before_validator_function(_WRITTEN[value["type"]], value)
                elif key not in ("default", "metadata", "serialization"):
                    _read_as_written(value, handler)
        case list():
            for value in part:
                _read_as_written(value, handler)
