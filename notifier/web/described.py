"""What a route is, said next to its handler: the API's document is put together from these (see openapi.py)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from msgspec import Struct
from pydantic import BaseModel, TypeAdapter

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "__description__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter; ``type`` is anything pydantic knows, an enum for example, or a JSON schema."""

    name: str
    text: str
    type: Any = str
    place: str = "query"
    required: bool = False
    example: Any = None

    def document(self) -> dict[str, Any]:
        schema = self.type if isinstance(self.type, dict) else TypeAdapter(self.type).json_schema()
        said = {"name": self.name, "in": self.place, "description": self.text, "schema": schema}
        needed = {"required": True} if self.required or self.place == "path" else {}
        return said | needed | ({"example": self.example} if self.example is not None else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentedAnswer:
    """One answer: one of the models, or another ``media`` type whose body is text."""

    text: str
    models: tuple[type[Struct], ...] = ()
    many: bool = False  # a JSON array of the model
    media: str = "application/json"
    free: bool = False  # of a form that is said elsewhere
    example: Any = None
    examples: Mapping[str, Any] = field(default_factory=dict)  # of several models one each
    headers: Mapping[str, str] = field(default_factory=dict)  # name → what it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is posted: any one of the models, and of further JSON schemas."""

    models: tuple[type[BaseModel], ...] = ()
    alternatives: tuple[Mapping[str, Any], ...] = ()
    many: int | None = None  # an array of at most so many
    media: str = "application/json"
    examples: Mapping[str, Any] = field(default_factory=dict)
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One operation. ``problems`` are the statuses it refuses with, beside those that any route may."""

    summary: str
    tag: str
    text: str = ""
    parameters: tuple[Parameter, ...] = ()
    bodies: tuple[Body, ...] = ()
    answers: Mapping[int, DocumentedAnswer] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    security: tuple[str, ...] = ()  # any one of these schemes


def describe(summary: str, *, tag: str, **more: Any) -> Callable[[F], F]:
    """Describe the handler that this decorates."""
    description = Description(summary=summary, tag=tag, **more)

    def mark(handler: F) -> F:
        setattr(handler, _ATTRIBUTE, description)
        return handler

    return mark


def description_of(handler: Callable[..., Any]) -> Description | None:
    """What was said of a handler, if anything."""
    return getattr(handler, _ATTRIBUTE, None)


def phrase(status: int) -> str:
    return HTTPStatus(status).phrase
