"""``/openapi.json`` and ``/docs``: the document for programs, and the same for people. Made when first asked for."""

import asyncio
import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from notifier.web import openapi
from notifier.web.described import DocumentedAnswer, describe
from notifier.web.openapi_routes import DESCRIBED, POSTED

_PAGES = Environment(
    loader=PackageLoader("notifier.web", "pages"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = _PAGES.get_template("docs.css").render()
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
_CSP = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Docs:
    """Serves the document of one application."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._making = asyncio.Lock()
        self._made: tuple[bytes, str] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/openapi.json", self.json), web.get("/docs", self.page)]

    async def _pages(self) -> tuple[bytes, str]:
        """The document and its page, made in a thread: it takes a third of a second, and shops are served meanwhile."""
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made

    def _make(self) -> tuple[bytes, str]:
        document = openapi.document(self._app, DESCRIBED, POSTED)
        return json.dumps(document, ensure_ascii=False).encode(), page(document)

    @describe(
        "This document",
        tag="operation",
        answers={200: DocumentedAnswer(text="OpenAPI 3.1", media="application/json", free=True)},
    )
    async def json(self, request: web.Request) -> web.Response:
        body, _ = await self._pages()
        return web.Response(
            body=body, content_type="application/json", headers={"Cache-Control": "public, max-age=300"}
        )

    @describe(
        "This document as a page", tag="operation", answers={200: DocumentedAnswer(text="A page", media="text/html")}
    )
    async def page(self, request: web.Request) -> web.Response:
        _, text = await self._pages()
        return web.Response(
            text=text,
            content_type="text/html",
            headers={
                "Cache-Control": "public, max-age=300",
                "Content-Security-Policy": _CSP,
                "X-Frame-Options": "DENY",
                "Referrer-Policy": "no-referrer",
            },
        )


def page(document: Mapping[str, Any]) -> str:
    """The document as a page that loads nothing and runs nothing."""
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    operations += [("SENT", name, methods["post"]) for name, methods in document["webhooks"].items()]
    groups = [(tag, [row for row in operations if tag["name"] in row[2]["tags"]]) for tag in document["tags"]]
    return _PAGES.get_template("docs.html").render(
        document=document,
        style=Markup(_STYLE),  # ours, and named in the policy by its hash
        groups=[(tag, rows) for tag, rows in groups if rows],
        responses=document["components"]["responses"],
        shape=_shape,
        prose=_prose,
        pretty=lambda value: json.dumps(value, ensure_ascii=False, indent=2),
    )


def _shape(schema: Mapping[str, Any]) -> Markup:
    """A schema in a few words, with links to the models it names."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#model-{0}">{0}</a>').format(name)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return Markup(" or ").join(_shape(one) for one in schema[word])
    if "enum" in schema:
        values = (value if isinstance(value, str) else json.dumps(value) for value in schema["enum"])
        return Markup(" | ").join(Markup("<code>{}</code>").format(value) for value in values)
    if "const" in schema:
        return Markup("<code>{}</code>").format(json.dumps(schema["const"]))
    if schema.get("type") == "array":
        return Markup("list of ") + _shape(schema.get("items", {}))
    bounds = ", ".join(
        f"{text} {schema[key]}"
        for key, text in (
            ("format", "as"), ("minimum", "from"), ("maximum", "to"), ("maxLength", "up to"), ("default", "usually")
        )
        if schema.get(key) not in (None, "")
    )  # fmt: skip
    kind = schema.get("title") if schema.get("type") == "object" else schema.get("type", "anything")
    return escape(f"{kind or 'object'}{f' ({bounds})' if bounds else ''}")


def _prose(text: str) -> Markup:
    """Paragraphs, **stress** and `code`."""
    parts = []
    for paragraph in text.strip().split("\n\n"):
        escaped = str(escape(paragraph))
        for mark, tag in (("**", "strong"), ("`", "code")):
            pieces = escaped.split(mark)
            escaped = "".join(f"<{tag}>{piece}</{tag}>" if place % 2 else piece for place, piece in enumerate(pieces))
        parts.append(f"<p>{escaped}</p>")
    return Markup("".join(parts))  # escaped above
