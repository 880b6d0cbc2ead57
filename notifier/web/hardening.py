"""The headers of every answer, whoever gives it."""

from aiohttp import hdrs, web


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Say what a body is, keep it from caches unless its handler says otherwise, and name no version of ours."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    headers.popall(hdrs.SERVER, None)
    if request.path.startswith("/api/"):  # opened in a browser it is a file, and nothing that could be a page
        headers.setdefault(hdrs.CONTENT_DISPOSITION, 'attachment; filename="api.json"')
