"""Everything that can be said about templates without sending them."""

from collections.abc import Iterator, Mapping
from itertools import chain

from notifier.domain.policy import Shop, Shops
from notifier.sms.price import Prices
from notifier.sms.templates import Template
from notifier.texts import aloud, lint, patterns, sizes
from notifier.texts.flaws import Flaw


def review(loaded: Mapping[str, Template], shops: Shops, prices: Prices) -> Iterator[Flaw]:
    """What is wrong with templates that can be read, file by file."""
    for template in loaded.values():
        yield from lint.spelling(template.path, template.source)
        yield from patterns.flaws(template, shops.of(template.shop))
        yield from aloud.flaws(template, shops.of(template.shop))
        sent = (sizes.too_long(template, shop, prices) for shop in speakers(template, loaded, shops))
        yield from dict.fromkeys(chain.from_iterable(sent))


def speakers(template: Template, loaded: Mapping[str, Template], shops: Shops) -> list[Shop]:
    """The shops that say a text: the one whose own it is, or all that have none of their own."""
    if template.shop:
        return [shops.of(template.shop)]
    others = [shop for source, shop in shops.own.items() if f"{source}/{template.name}" not in loaded]
    return [shops.main, *(shop for shop in others if shop != shops.main)]
