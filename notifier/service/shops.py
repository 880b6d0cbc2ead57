"""Each shop of the configuration as the adapter of its kind."""

from collections.abc import Callable, Mapping
from typing import Any

from notifier.config import Config
from notifier.config.mapping import MappingSource
from notifier.config.sources import StandardSource, WooCommerceSource
from notifier.intake.adapter import ShopAdapter
from notifier.intake.mapping.shop import MappingShop
from notifier.intake.standard import signature as signatures
from notifier.intake.standard.shop import StandardShop
from notifier.intake.woocommerce.shop import WooCommerceShop


def _standard(name: str, source: StandardSource, config: Config) -> ShopAdapter:
    return StandardShop(name, [signatures.key(one) for one in source.secrets()], source.tolerance)


def _woocommerce(name: str, source: WooCommerceSource, config: Config) -> ShopAdapter:
    return WooCommerceShop(name, source.secrets(), source.rules(), config.server.max_body)


def _mapping(name: str, source: MappingSource, config: Config) -> ShopAdapter:
    return MappingShop(name, source.scheme(), source.rules(config.shop.zone))


KINDS: Mapping[str, Callable[[str, Any, Config], ShopAdapter]] = {
    "standard": _standard,
    "woocommerce": _woocommerce,
    "mapping": _mapping,
}
"""How the adapter of each kind is made from its section. A new kind of shop has its row here."""


def adapters(config: Config) -> dict[str, ShopAdapter]:
    """Every shop by its name. Raises MissingSecretError."""
    return {name: KINDS[source.kind](name, source, config) for name, source in config.sources.items()}
