"""All texts on one page, in bubbles as a phone shows them."""

import base64
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from notifier.domain.messages import Audience
from notifier.domain.money import toman
from notifier.domain.persian import number
from notifier.domain.policy import Shops
from notifier.sms.price import Prices
from notifier.sms.templates import Template
from notifier.texts.sizes import Size, sizes

_HERE = Path(__file__).parent
FONT = _HERE.parent / "web" / "static" / "vendor" / "vazirmatn" / "vazirmatn.woff2"
_TITLES = {Audience.CUSTOMER: "برای مشتری", Audience.STAFF: "برای همکاران"}
_ENVIRONMENT = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_ENVIRONMENT.filters.update(number=number, toman=toman)


def page(loaded: Mapping[str, Template], shops: Shops, prices: Prices, *, names: Mapping[str, str]) -> str:
    """One HTML file that needs nothing else: the font is in it. ``names`` are what people call the texts."""
    groups: dict[str, list[tuple[Template, list[Size]]]] = {title: [] for title in _TITLES.values()}
    for template in loaded.values():
        groups[_TITLES[template.audience]].append((template, sizes(template, shops.of(template.shop), prices)))
    return _ENVIRONMENT.get_template("page.html").render(shop=shops.main, groups=groups, names=names, font=font())


def font() -> str:
    """The Persian font as a data address."""
    return f"data:font/woff2;base64,{base64.b64encode(FONT.read_bytes()).decode()}"
