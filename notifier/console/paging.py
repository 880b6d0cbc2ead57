"""Lists page by page."""

from aiohttp import web

from notifier.console.refusals import PageRefusal
from notifier.store.reading import Place

SIZE = 30


def after(request: web.Request) -> Place | None:
    """Where the page before ended. Raises PageRefusal."""
    text = request.query.get("after")
    if text is None:
        return None
    score, colon, member = text.partition(":")
    if not (colon and score.isascii() and score.isdigit() and len(score) < 20):
        raise PageRefusal("نشانی این صفحه درست نیست؛ از آغاز فهرست بیایید.")
    return int(score), member
