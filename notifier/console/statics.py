"""The files a browser loads: all of them ours, under addresses that change with their content."""

import mimetypes

from aiohttp import web

from notifier.console.refusals import Missing
from notifier.console.render import STATIC

_WORKER = "sw.js"
"""What may look after every page of the console, though it lies among the files."""

_TYPES = {".woff2": "font/woff2", ".js": "text/javascript", ".css": "text/css"}


def routes() -> list[web.RouteDef]:
    known = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}

    async def file(request: web.Request) -> web.StreamResponse:
        path = known.get(request.match_info["name"])
        if path is None:
            raise Missing("چنین فایلی نیست.")
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        # The font is named by the style sheet, without its version; it all but never changes.
        unnamed = "public, max-age=604800" if path.suffix == ".woff2" else "no-cache"
        lasting = "public, max-age=31536000, immutable" if "v" in request.query else unnamed
        headers = {"Content-Type": kind, "Cache-Control": lasting}
        if path.name == _WORKER:
            headers |= {"Service-Worker-Allowed": "/console/", "Cache-Control": "no-cache"}
        return web.FileResponse(path, headers=headers)

    return [web.get("/static/{name:.+}", file)]
