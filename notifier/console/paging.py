"""Lists page by page."""

from aiohttp import web

from notifier.console.refusals import PageRefusal
from notifier.store import reading
from notifier.store.reading import Place

SIZE = 30


def after(request: web.Request) -> Place | None:
    """Where the page before ended. Raises PageRefusal."""
    text = request.query.get("after")
    if text is None:
        return None
    try:
        return reading.place_of(text)
    except ValueError:
        raise PageRefusal("نشانی این صفحه درست نیست؛ از آغاز فهرست بیایید.") from None
