"""The API's own document, OpenAPI 3.1: put together once at start, from the routes and what is said of each.

A handler says what it is with ``describe`` (see described.py). Those of the layers below, which know nothing of this,
are described in openapi_routes.py, and so are the webhooks that we post.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aiohttp import hdrs, web
from msgspec.json import schema_components
from pydantic.json_schema import models_json_schema

from notifier.version import NEXT
from notifier.web.addresses import AGAIN
from notifier.web.answers import ProblemDetails
from notifier.web.described import Body, Description, DocumentedAnswer, Parameter, description_of, phrase
from notifier.web.openapi_words import INTRODUCTION, PROBLEMS, SECURITY, TAGS

DocumentedPlace = tuple[str, str]
"""A method and a path, as ``("POST", "/webhooks/{source}")``."""

NOT_THE_API = ("/console",)
"""Under these are pages for people."""

_REFERENCE = "#/components/schemas/{model}"
_PATHS = {
    "source": Parameter(name="source", place="path", text="The name of a source in the configuration.", example="shop"),
    "id": Parameter(name="id", place="path", text="The id, as a list or an answer gives it."),
    "token": Parameter(name="token", place="path", text="The secret part of the address."),
    "event": Parameter(name="event", place="path", text="The exchange's name of what happened.", example="Cdr"),
    "carrier": Parameter(name="carrier", place="path", text="The name of a carrier.", example="chapar"),
    "provider": Parameter(name="provider", place="path", text="The name of a provider in the configuration."),
    "kind": Parameter(name="kind", place="path", text="Where the bot is: `bale` or `telegram`.", example="bale"),
    "staff": Parameter(name="staff", place="path", text="The id of a member of staff."),
    "date": Parameter(name="date", place="path", text="A day, as ISO 8601 writes it.", example="2026-12-01"),
}


def document(
    app: web.Application, described: Mapping[DocumentedPlace, Description], posted: Mapping[str, Description]
) -> dict[str, Any]:
    """The document of everything ``app`` answers; ``posted`` are the webhooks that we send."""
    found = {place: described.get(place) or description_of(handler) for place, handler in routes(app)}
    told = {place: one for place, one in sorted(found.items(), key=lambda row: row[0][1]) if one is not None}
    schemas = _Schemas([*told.values(), *posted.values()])
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), description in told.items():
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, description, schemas)
    return {
        "openapi": "3.1.0",
        # Of the release: a commit is no new version of the API.
        "info": {"title": "Order notifier", "version": NEXT, "description": INTRODUCTION},
        "servers": [{"url": "/"}],
        "tags": TAGS,
        "paths": paths,
        "webhooks": {name: {"post": _operation("POST", name, one, schemas)} for name, one in posted.items()},
        "components": {"schemas": schemas.all, "securitySchemes": SECURITY, "responses": _refusals()},
    }


def routes(app: web.Application) -> Iterator[tuple[DocumentedPlace, Any]]:
    """Every route of the API with its handler, those of applications inside too."""
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if route.method == hdrs.METH_HEAD or getattr(route.handler, AGAIN, False):
            continue
        if path and not path.startswith(NOT_THE_API):
            yield (route.method, path), route.handler


class _Schemas:
    """Every model that is spoken of, as a schema."""

    def __init__(self, descriptions: Iterable[Description]) -> None:
        told = list(descriptions)
        structs: list[type] = [
            ProblemDetails,
            *(model for one in told for each in one.answers.values() for model in each.models),
        ]
        models = [model for one in told for body in one.bodies for model in body.models]
        references, answered = schema_components(structs, ref_template=_REFERENCE.format(model="{name}"))
        asked, found = models_json_schema([(model, "validation") for model in models], ref_template=_REFERENCE)
        self._references: dict[type, dict[str, Any]] = dict(zip(structs, references, strict=True))
        self._references |= {model: reference for (model, _), reference in asked.items()}
        definitions = found.get("$defs", {})
        if twice := [name for name in answered.keys() & definitions if "enum" not in answered[name]]:
            raise ValueError(f"{', '.join(twice)}: an answer and a body have this name; give one of them another")
        self.all: dict[str, Any] = answered | definitions

    def any_of(self, models: Sequence[type], further: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """The schema of what is any one of these."""
        found: list[dict[str, Any]] = [self._references[model] for model in models]
        found += [dict(schema) for schema in further]
        return found[0] if len(found) == 1 else {"anyOf": found}


def _operation(method: str, path: str, told: Description, schemas: _Schemas) -> dict[str, Any]:
    names = [part[1:-1] for part in path.replace(".ics", "").split("/") if part.startswith("{")]
    given = {parameter.name: parameter for parameter in told.parameters}
    parameters = [given.pop(name) if name in given else _PATHS[name] for name in names] + list(given.values())
    answers = {str(status): _answer(answer, schemas) for status, answer in told.answers.items()}
    refusals = {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(told.problems)}
    whole: dict[str, Any] = {
        "operationId": _name(method, path),
        "tags": [told.tag],
        "summary": told.summary,
        "responses": answers | refusals,
    }
    if told.text:
        whole["description"] = told.text
    if parameters:
        whole["parameters"] = [parameter.document() for parameter in parameters]
    if told.bodies and method != hdrs.METH_GET:
        content = {body.media: _content(body, schemas) for body in told.bodies}
        whole["requestBody"] = {"required": told.bodies[0].required, "content": content}
    if told.security:
        whole["security"] = [{scheme: []} for scheme in told.security]
    return whole


def _content(body: Body, schemas: _Schemas) -> dict[str, Any]:
    schema = schemas.any_of(body.models, body.alternatives)
    if body.many:
        schema = {"type": "array", "minItems": 1, "maxItems": body.many, "items": schema}
    examples = {name: {"value": value} for name, value in body.examples.items()}
    return {"schema": schema} | ({"examples": examples} if examples else {})


def _answer(answer: DocumentedAnswer, schemas: _Schemas) -> dict[str, Any]:
    schema = schemas.any_of(answer.models) if answer.models else {} if answer.free else {"type": "string"}
    if answer.many:
        schema = {"type": "array", "items": schema}
    content = {"schema": schema} | ({"example": answer.example} if answer.example is not None else {})
    if answer.examples:
        content["examples"] = {name: {"value": value} for name, value in answer.examples.items()}
    headers = {
        name: {"description": text, "schema": {"type": "string"}, "required": False}
        for name, text in answer.headers.items()
    }
    return {"description": answer.text, "content": {answer.media: content}} | ({"headers": headers} if headers else {})


def _refusals() -> dict[str, Any]:
    """The problem documents, each once."""
    reference = {"$ref": _REFERENCE.format(model=ProblemDetails.__name__)}
    return {
        str(status): {
            "description": problem.text,
            "headers": {
                name: {"description": text, "schema": {"type": "string"}} for name, text in problem.headers.items()
            },
            "content": {
                "application/problem+json": {
                    "schema": reference,
                    "example": {"type": "about:blank", "title": problem.title or phrase(status), "status": status}
                    | dict(problem.more),
                }
            },
        }
        for status, problem in PROBLEMS.items()
    }


def _name(method: str, path: str) -> str:
    """``GET /api/orders/{id}`` → ``getApiOrdersId``."""
    words = "".join(letter if letter.isalnum() else " " for letter in path).split()
    return method.lower() + "".join(word[0].upper() + word[1:] for word in words)
