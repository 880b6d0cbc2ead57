"""The page as HTML: one answer with all that it needs in it, under a policy that lets in nothing else."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from notifier.domain import persian
from notifier.domain.policy import Shop

_PAGES = files("notifier.customer_page").joinpath("pages")


def _read(name: str) -> str:
    return _PAGES.joinpath(name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_STYLE, _SCRIPT = _read("page.css"), _read("page.js")

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Content-Language": "fa",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


class PageRenderer:
    """Renders in the name of a shop."""

    def __init__(self) -> None:
        self._jinja = Environment(
            loader=PackageLoader("notifier.customer_page", "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals.update(style=Markup(_STYLE), script=Markup(_SCRIPT))  # files of ours
        self._jinja.filters.update(digits=persian.digits)

    def page(self, name: str, shop: Shop, *, status: int = 200, wait: int = 0, **values: Any) -> web.Response:
        """A page; ``wait`` is after how many seconds to come again."""
        text = self._jinja.get_template(name).render(
            shop_name=shop.name, support=shop.support_phone, support_link=_dialled(shop.support_phone), **values
        )
        headers = {"Retry-After": str(wait)} if wait else None
        return web.Response(text=text, status=status, headers=headers, content_type="text/html", charset="utf-8")


def _dialled(phone: str) -> str:
    """A phone as the address of a call."""
    return "".join(sign for sign in persian.ascii_digits(phone) if sign in "+0123456789")
