"""Everything that can be said about templates without sending them."""

from collections.abc import Iterator, Mapping

from notifier.domain.policy import Shop
from notifier.sms.price import Prices
from notifier.sms.templates import Template
from notifier.texts import aloud, lint, patterns, sizes
from notifier.texts.flaws import Flaw


def review(loaded: Mapping[str, Template], shop: Shop, prices: Prices) -> Iterator[Flaw]:
    """What is wrong with templates that can be read, file by file."""
    for template in loaded.values():
        yield from lint.spelling(template.path, template.source)
        yield from sizes.too_long(template, shop, prices)
        yield from patterns.flaws(template, shop)
        yield from aloud.flaws(template, shop)
