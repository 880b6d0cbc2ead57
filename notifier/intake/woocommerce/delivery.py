"""A snapshot of a WooCommerce order as a delivery to be committed, however it came."""

from datetime import datetime
from hashlib import blake2b

from notifier.domain.events import Event
from notifier.domain.orders import Order
from notifier.intake.delivery import Delivery
from notifier.intake.woocommerce import events as woocommerce
from notifier.intake.woocommerce.rules import WooRules
from notifier.intake.woocommerce.snapshot import Snapshot


def delivery(
    snapshot: Snapshot,
    body: bytes,
    *,
    source: str,
    topic: str,
    rules: WooRules,
    received_at: datetime,
    occasion: str = "",
    replayed: bool = False,
) -> Delivery:
    """A delivery, known by its topic and body.

    ``occasion`` is WooCommerce's own id, which two within a second share: it only tells apart what may happen again in
    the same words, as an order may be deleted and restored more than once. A marketplace splits an order into one for
    each vendor, and posts them beside the whole, to the same customer.
    """
    told_by = f"{topic}\n{occasion}" if topic in (woocommerce.DELETED, woocommerce.RESTORED) else topic
    digest = blake2b(told_by.encode() + b"\n" + body, digest_size=16).hexdigest()

    def events(order: Order | None) -> list[Event]:
        return woocommerce.events(
            snapshot, order, rules, source=source, delivery=digest, topic=topic, received_at=received_at
        )

    return Delivery(
        source=source,
        event_id=digest,
        digest=digest,
        order_id=snapshot.order_id,
        phone=snapshot.details.phone or None,
        events=events,
        replayed=replayed,
        part_of=None if rules.tell_sub_orders else snapshot.parent_id,
    )
