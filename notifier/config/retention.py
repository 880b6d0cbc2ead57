"""``[retention]``: how long what is kept. "0s" keeps for ever where it says so."""

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import model_validator

from notifier.config.section import Section

if TYPE_CHECKING:
    from notifier.retention.orders import Ages


class RetentionConfig(Section):
    tell_within: timedelta = timedelta(days=2)
    event_ids: timedelta = timedelta(days=7)
    refused_deliveries: timedelta = timedelta(days=14)
    pack: timedelta = timedelta(days=7)
    orders: timedelta = timedelta(days=90)
    open_orders: timedelta = timedelta(days=365)
    remembered: timedelta = timedelta(days=365)
    audit: timedelta = timedelta(days=365)
    archive: bool = True
    every: timedelta = timedelta(hours=1)

    @model_validator(mode="after")
    def _in_order(self) -> "RetentionConfig":
        if self.every <= timedelta():
            raise ValueError(
                'every must be longer than 0s; to keep orders for ever write orders and open_orders = "0s"'
            )
        if self.tell_within <= timedelta():
            raise ValueError('tell_within must be longer than 0s, or nobody is told anything; write for example "2d"')
        if self.orders and timedelta() < self.open_orders < self.orders:
            raise ValueError("open_orders is shorter than orders: an open order must not go before a closed one")
        if self.orders and self.remembered < self.event_ids:
            raise ValueError("remembered is shorter than event_ids: a late event would make an archived order anew")
        return self

    def ages(self) -> "Ages":
        """When an order is packed, and when it goes."""
        from notifier.retention.orders import Ages  # comes with the store, which many a command does without

        return Ages(pack=self.pack, orders=self.orders, open_orders=self.open_orders, remembered=self.remembered)
