"""A practice delivery of any shop: body and headers, signed as a shop of its kind signs them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from notifier.config import Config
from notifier.config.bank import BankSource
from notifier.config.mapping import MappingSource
from notifier.config.sources import StandardSource, WooCommerceSource
from notifier.domain.events import EventType
from notifier.errors import ConfigError
from notifier.intake.woocommerce.rules import UNSAYABLE
from notifier.practice import standard, woocommerce
from notifier.practice.changes import Changes, put

Post = tuple[bytes, dict[str, str]]


def _standard(
    config: Config, name: str, shop: StandardSource, event: EventType, changes: Changes, now: datetime
) -> Post:
    payload = standard.event(event, at=now)
    data = payload["data"]
    put(data, ((path.removeprefix("data."), value) for path, value in changes))
    data["order_id"] = standard.PRACTICE + str(data["order_id"]).removeprefix(standard.PRACTICE)
    data["practice"] = True
    return standard.signed(shop.secret.value(), payload, at=now)


def _woocommerce(
    config: Config, name: str, shop: WooCommerceSource, event: EventType, changes: Changes, now: datetime
) -> Post:
    """The whole order, in the status that says so."""
    statuses = shop.rules().statuses
    if event in UNSAYABLE:
        raise ConfigError(
            f"sources.{name}: WooCommerce cannot say {event}: its orders hold no time of delivery and no mark;"
            " try it with --source and a shop of kind standard"
        )
    status = woocommerce.status_of(event, statuses)
    if status is None:
        raise ConfigError(
            f"sources.{name}.statuses: no status of this shop means {event}; WooCommerce has none of its own for it"
        )
    order = woocommerce.order(event, status, statuses[status], at=now)
    put(order, changes)
    topic = "order.created" if event is EventType.REGISTERED else "order.updated"
    order = woocommerce.practised(order)
    return woocommerce.signed(shop.secret.value(), order, topic=topic, delivery=now.isoformat())


def _mapping(config: Config, name: str, shop: MappingSource, event: EventType, changes: Changes, now: datetime) -> Post:
    """The first recorded delivery that tells of such an event, best as its newest."""
    # Imported only here: it reads the phone numbers of a delivery, and their library takes long to import.
    from notifier.practice import mapping

    recorded = list(mapping.of(config, name, shop))
    newest = [sample for sample in recorded if sample.events[-1:] == [event]]
    fitting = newest or [sample for sample in recorded if event in sample.events]
    if not fitting:
        known = ", ".join(dict.fromkeys(kind for sample in recorded for kind in sample.events)) or "nothing"
        raise ConfigError(
            f"sources.{name}.samples: none of its {len(recorded)} files becomes {event} (they become {known}); record"
            " such a delivery of the shop, name its file there, and see `notifier check`"
        )
    sample = fitting[0]
    body, kind = mapping.changed(sample.body, changes), mapping.content_type(sample.body)
    return body, sample.headers | {"content-type": kind} | shop.scheme().sign(body, at=now)


def _bank(config: Config, name: str, shop: BankSource, event: EventType, changes: Changes, now: datetime) -> Post:
    raise ConfigError(f"sources.{name} tells of an account: it has no events of orders; trigger one of a shop")


KINDS: Mapping[str, Callable[[Config, str, Any, EventType, Changes, datetime], Post]] = {
    "standard": _standard,
    "woocommerce": _woocommerce,
    "mapping": _mapping,
    "bank": _bank,
}
"""What posts an event as a shop of each kind. A new kind of shop has its row here."""


def post(config: Config, name: str, event: EventType, *, changes: Changes = (), now: datetime) -> Post:
    """Raises ConfigError where the shop has no words for such an event, and MisplacedChange."""
    shop = config.sources[name]
    return KINDS[shop.kind](config, name, shop, event, changes, now)
