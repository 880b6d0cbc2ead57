"""Each shop of the configuration as the adapter of its kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from notifier.config import Config
from notifier.config.bank import BankSource
from notifier.config.mapping import MappingSource
from notifier.config.rest import RestConfig
from notifier.config.sources import StandardSource, WooCommerceSource
from notifier.intake.adapter import ShopAdapter
from notifier.intake.bank.shop import BankFeed
from notifier.intake.mapping.shop import MappingShop
from notifier.intake.standard import signature as signatures
from notifier.intake.standard.shop import StandardShop
from notifier.intake.woocommerce.rules import WooRules
from notifier.intake.woocommerce.shop import WooCommerceShop


def _standard(name: str, source: StandardSource, config: Config) -> ShopAdapter:
    return StandardShop(name, [signatures.key(one) for one in source.secrets()], source.tolerance)


def _woocommerce(name: str, source: WooCommerceSource, config: Config) -> ShopAdapter:
    return WooCommerceShop(name, source.secrets(), source.rules(), config.server.max_body)


def _mapping(name: str, source: MappingSource, config: Config) -> ShopAdapter:
    return MappingShop(name, source.scheme(), source.rules(config.shop_of(name).zone))


def _bank(name: str, source: BankSource, config: Config) -> ShopAdapter:
    return BankFeed(name, source.scheme(), source.rules(config.shop_of(name).zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A shop that can be asked for its orders over REST, and how what it answers is understood."""

    rest: RestConfig
    rules: WooRules


def _asked(source: WooCommerceSource) -> Asked | None:
    return Asked(rest=source.rest, rules=source.rules()) if source.rest else None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfShop:
    """What a section of one kind is made into: its adapter (from name, section and configuration) and, where its shops
    can be asked for orders, how. ``when_silent`` is what supervisors are told to look at when one says nothing."""

    adapter: Callable[[str, Any, Config], ShopAdapter]
    asked: Callable[[Any], Asked | None] = lambda source: None
    when_silent: str = "وب‌هوک‌های فروشگاه و نشانی آن‌ها را ببینید."


KINDS: Mapping[str, KindOfShop] = {
    "standard": KindOfShop(adapter=_standard),
    "woocommerce": KindOfShop(
        adapter=_woocommerce,
        asked=_asked,
        when_silent="ووکامرس وب‌هوک را پس از پنج خطای پی‌درپی غیرفعال می‌کند: در پیشخوان فروشگاه، ووکامرس، پیکربندی، "
        "پیشرفته، وب‌هوک‌ها، وضعیت آن را دوباره «فعال» کنید.",
    ),
    "mapping": KindOfShop(adapter=_mapping),
    "bank": KindOfShop(adapter=_bank, when_silent="گوشی یا برنامه‌ای را ببینید که پیامک‌های بانک را می‌فرستد."),
}
"""By ``kind`` of a section. A new kind of shop has its row here."""


def adapters(config: Config) -> dict[str, ShopAdapter]:
    """Every shop by its name. Raises MissingSecretError."""
    return {name: KINDS[source.kind].adapter(name, source, config) for name, source in config.sources.items()}
