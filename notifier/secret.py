"""Secrets: they live in the environment, and never show."""

import os
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class MissingSecretError(ValueError):
    """The environment variable that should hold a secret is not set."""


class Secret:
    """``"env:NAME"`` is read from the environment when asked for; anything else is the secret itself."""

    __slots__ = ("_source",)

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self) -> str:
        """The secret in the clear, for the one place that needs it."""
        if not self._source.startswith("env:"):
            return self._source
        variable = self._source.removeprefix("env:")
        if not (value := os.environ.get(variable)):
            raise MissingSecretError(f"the environment variable {variable} is not set; it must hold this secret")
        return value

    @property
    def is_set(self) -> bool:
        """Whether there is a value to be had."""
        return not self._source.startswith("env:") or bool(os.environ.get(self._source.removeprefix("env:")))

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


def secrets_of(part: Any) -> set[str]:
    """Every secret that is set anywhere in a configuration, in the clear."""
    match part:
        case Secret():
            return {part.value()} if part.is_set else set()
        case BaseModel():
            return secrets_of([value for _, value in part])
        case dict():
            return secrets_of(list(part.values()))
        case list() | tuple():
            return {secret for one in part for secret in secrets_of(one)}
    return set()
