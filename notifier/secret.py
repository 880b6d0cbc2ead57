"""Secrets: they live in the environment, and never show."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from notifier.errors import NotifierError

_AROUND = " \t\r\n\v\f\u00a0\u200b\u200e\u200f\u2028\u2029\ufeff"
_QUOTES = {'"': '"', "'": "'", "«": "»", "“": "”", "`": "`"}
_UNLIKELY = re.compile("[\\s\\x00-\\x1f\\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_STANDARD = re.compile("whsec_[A-Za-z0-9+/]+={0,2}")


def _alone(text: str) -> str:
    """A secret without what comes along when it is pasted: blanks, quotes, the `v1,` of a signature."""
    text = text.strip(_AROUND)
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip(_AROUND)
    return text.removeprefix("v1,").strip(_AROUND) if text.startswith("v1,whsec_") else text


class MissingSecretError(NotifierError, ValueError):
    """The environment variable that should hold a secret is not set."""


class Secret:
    """``"env:NAME"`` is read from the environment when asked for; anything else is the secret itself."""

    __slots__ = ("_source",)

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self) -> str:
        """The secret in the clear, for the one place that needs it, without what was pasted around it."""
        if not (value := self._value()):
            variable = self._source.removeprefix("env:")
            raise MissingSecretError(f"the environment variable {variable} is not set; it must hold this secret")
        return value

    @property
    def is_set(self) -> bool:
        """Whether there is a value to be had."""
        return bool(self._value())

    @property
    def flaw(self) -> str | None:
        """Why this cannot be what was meant, in a sentence that names where it is read and does not show it."""
        value = self._value()
        variable = self._source.removeprefix("env:") if self._source.startswith("env:") else ""
        where = f"the environment variable {variable}" if variable else "this secret"
        if _UNLIKELY.search(value):
            return f"{where} holds white space or signs that cannot be seen; copy it once more, alone and whole"
        if value.startswith(("whsec_", "v1,", "v1a,")) and not _STANDARD.fullmatch(value):
            return f"{where} is no base64 behind whsec_; copy it once more from whsec_ to its end"
        return None

    def _value(self) -> str:
        named = self._source.startswith("env:")
        return _alone(os.environ.get(self._source.removeprefix("env:"), "") if named else self._source)

    def __repr__(self) -> str:
        return f"Secret({self._source if self._source.startswith('env:') else '***'})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._source == self._source

    def __hash__(self) -> int:
        return hash(self._source)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(min_length=1))


def secrets_in(part: Any, *, key: str = "") -> Iterator[tuple[str, Secret]]:
    """Every secret in a configuration with the key it stands at."""
    if isinstance(part, Secret):
        yield key, part
    elif isinstance(part, list | tuple):
        for place, value in enumerate(part):
            yield from secrets_in(value, key=f"{key}[{place}]")
    else:
        for name, value in _named(part):
            yield from secrets_in(value, key=f"{key}.{name}".lstrip("."))


def secrets_of(part: Any) -> set[str]:
    """Every secret that is set anywhere in a configuration, in the clear."""
    return {secret.value() for _, secret in secrets_in(part) if secret.is_set}


def _named(part: Any) -> Iterable[tuple[str, Any]]:
    match part:
        case BaseModel():
            return part
        case dict():
            return part.items()
        case _ if is_dataclass(part):
            return ((field.name, getattr(part, field.name)) for field in fields(part))
    return ()
