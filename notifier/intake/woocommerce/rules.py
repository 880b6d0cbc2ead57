"""What a WooCommerce shop means by its statuses, payment methods and meta data: the part an operator may change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from notifier.domain.events import EventType, PaymentMethod


class Word(StrEnum):
    """Meanings of a status that depend on more than the status; every other meaning is an event type."""

    PAID = "paid"
    """The money is there: paid online, or the deposit confirmed; nothing for cash and phone orders, since WooCommerce
    calls those paid too (https://github.com/woocommerce/woocommerce/issues/14775)."""

    PREPARING = "preparing"
    """Being prepared, if paid in advance. WooCommerce puts a cash order into ``processing`` at the checkout itself,
    when nobody has touched it; telling "in preparation" then would overtake the text about agreeing on a time."""

    FULFILLED = "fulfilled"
    """Nothing is left to do: delivered. But a parcel whose tracking code comes with this very status has only now been
    handed to its carrier: shipped."""


UNSAYABLE = frozenset({EventType.DELIVERY_AGREED, EventType.DELIVERY_CHANGED, EventType.RATED})
"""What no order of WooCommerce can say, whatever its status: it holds neither a time of delivery nor a mark."""

MEANINGS = frozenset({*EventType, *Word}) - UNSAYABLE

_REGISTERED = (EventType.REGISTERED,)
_PAID = (*_REGISTERED, Word.PAID)
_PREPARING = (*_PAID, EventType.PREPARING)
_PACKED = (*_PAID, EventType.PACKED)
_SHIPPED = (*_PAID, EventType.SHIPPED)
_NOT_DELIVERED = (*_PAID, EventType.DELIVERY_FAILED)
_RETURN_ACCEPTED = (*_PAID, EventType.RETURN_REQUESTED, EventType.RETURN_ACCEPTED)
_RETURN_REFUSED = (*_PAID, EventType.RETURN_REQUESTED, EventType.RETURN_REFUSED)

STATUSES: dict[str, tuple[str, ...]] = {
    # WooCommerce's own (src/Enums/OrderStatus.php). Every one but a draft tells that the order exists.
    "pending": _REGISTERED,
    "on-hold": _REGISTERED,
    "processing": (*_PAID, Word.PREPARING),
    # WooCommerce says "fulfilled, requires no further action", and shops in Tehran complete an order when the customer
    # has it. Shops that post parcels often complete it on the way to the post office instead; there the code gives it
    # away (Word.FULFILLED). A shop that completes at sending without a code should map this to order.shipped: to say
    # "shipped" late does less harm than to say "delivered" of a parcel on the road.
    "completed": (*_PAID, Word.FULFILLED),
    "cancelled": (*_REGISTERED, EventType.CANCELLED),
    "failed": (*_REGISTERED, EventType.PAYMENT_FAILED),
    "refunded": (*_REGISTERED, EventType.REFUNDED),
    "ready-for-pickup": _PACKED,
    "checkout-draft": (),
    "auto-draft": (),
    "draft": (),
    "trash": (),
    # Persian WooCommerce Shipping with and without Tapin (includes/class-status.php).
    "pws-in-stock": _PREPARING,
    "pws-packaged": _PACKED,
    "pws-ready-to-ship": _PACKED,
    "pws-courier": _SHIPPED,
    "pws-post": _SHIPPED,
    "pws-tipax": _SHIPPED,
    "pws-shipping": _SHIPPED,
    "pws-returned": (*_PAID, EventType.RETURNED),
    "pws-need-review": _PAID,
    "pws-deleted": _REGISTERED,  # the parcel's record at Tapin is gone, not the order
    # Names that shops and other plugins choose.
    "preparing": _PREPARING,
    "packing": _PREPARING,
    "packed": _PACKED,
    "packaged": _PACKED,
    "ready-to-ship": _PACKED,
    "shipped": _SHIPPED,
    "shipping": _SHIPPED,
    "sent": _SHIPPED,
    "in-transit": _SHIPPED,
    "partial-shipped": _SHIPPED,
    "out-for-delivery": (*_PAID, EventType.OUT_FOR_DELIVERY),
    "delivered": (*_PAID, EventType.DELIVERED),
    "return-requested": (*_PAID, EventType.RETURN_REQUESTED),
    "returned": (*_PAID, EventType.RETURNED),
    "return-accepted": _RETURN_ACCEPTED,
    "return-approved": _RETURN_ACCEPTED,
    "return-refused": _RETURN_REFUSED,
    "return-rejected": _RETURN_REFUSED,
    "delivery-failed": _NOT_DELIVERED,
    "failed-delivery": _NOT_DELIVERED,
    "delayed": (*_PAID, EventType.DELAYED),
}

UNPAID = frozenset({"pending", "on-hold", "failed"})

METHODS: dict[str, PaymentMethod] = {
    "cod": PaymentMethod.CASH,
    "cash": PaymentMethod.CASH,
    "bacs": PaymentMethod.BANK_TRANSFER,
    "cheque": PaymentMethod.BANK_TRANSFER,
    "card-to-card": PaymentMethod.BANK_TRANSFER,
    "card_to_card": PaymentMethod.BANK_TRANSFER,
    "cardtocard": PaymentMethod.BANK_TRANSFER,
    "phone": PaymentMethod.PHONE,
    "phone-order": PaymentMethod.PHONE,
}

TRACKING_CODE_KEYS: tuple[str, ...] = (
    "post_barcode",  # Persian WooCommerce Shipping, Tapin
    "_wc_shipment_tracking_items",  # Shipment Tracking, Advanced Shipment Tracking: a list of parcels, newest last
    "ywot_tracking_code",  # YITH Order Tracking
    "_tracking_number",
    "tracking_number",
    "_tracking_code",
    "tracking_code",
    "_order_tracking_number",
)
CARRIER_KEYS: tuple[str, ...] = (
    "ywot_carrier_name",
    "_tracking_provider",
    "tracking_provider",
    "_tracking_carrier",
    "carrier",
)

_UNDER_WAY: frozenset[str] = frozenset(
    {
        *Word,
        EventType.PAID,
        EventType.DEPOSIT_CONFIRMED,
        EventType.SHIPPED,
        EventType.OUT_FOR_DELIVERY,
        EventType.DELIVERY_FAILED,
        EventType.DELIVERED,
    }
)
_STILL_HERE: frozenset[str] = frozenset({EventType.PREPARING, EventType.PACKED})

UNSETTLED = frozenset({"pending", "failed", "checkout-draft", "auto-draft", "draft"})
"""Statuses of orders that WooCommerce clears away by itself when nobody pays: their customers were promised nothing."""

BIN = "trash"

NO_METHOD = frozenset({"other", "n/a", "na", "none", "null", "-"})
"""Names that stand in the place of a payment method: WooCommerce's own for what staff enter by hand is ``other``."""


def status_name(status: str) -> str:
    """A status or a payment method by one name, however it is written: without ``wc-``, in small letters."""
    return status.strip().lower().removeprefix("wc-")


@dataclass(frozen=True, slots=True, kw_only=True)
class WooRules:
    """How to read one shop.

    ``statuses``: status without ``wc-`` → event types and words. ``unpaid``: statuses in which the money is not there
    whatever ``date_paid`` says. ``methods``: payment_method → how that pays; every other one is a gateway. The keys
    name meta data, the first that holds something counts. Raises ValueError for a meaning that is none.
    """

    statuses: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: STATUSES)
    unpaid: frozenset[str] = UNPAID
    methods: Mapping[str, PaymentMethod] = field(default_factory=lambda: METHODS)
    tracking_code_keys: tuple[str, ...] = TRACKING_CODE_KEYS
    carrier_keys: tuple[str, ...] = CARRIER_KEYS
    tell_sub_orders: bool = False  # the parts that a marketplace splits an order into, beside the order itself

    def __post_init__(self) -> None:
        for name in ("statuses", "methods"):
            table = {
                (status_name(key) if name == "statuses" else key.strip().lower()): value
                for key, value in getattr(self, name).items()
            }
            object.__setattr__(self, name, table)
        for status, meanings in self.statuses.items():
            for meaning in meanings:
                if meaning not in MEANINGS:
                    known = ", ".join(sorted(MEANINGS))
                    raise ValueError(
                        f"The status {status!r} means {meaning!r}, which is nothing known. Use of: {known}."
                    )

    def meanings(self, status: str | None) -> tuple[str, ...]:
        """What a status says; one we do not know says that the order exists, and no more."""
        return _REGISTERED if status is None else self.statuses.get(status, _REGISTERED)

    def under_way(self, status: str | None) -> bool:
        """Whether a tracking code in this status is that of a parcel on its way, and not a left-over.

        Tapin gives a parcel its code when it is packed; it leaves with a status of its own, as do all of Tapin's.
        """
        meanings = self.meanings(status)
        if status is not None and status.startswith("pws-") and EventType.SHIPPED not in meanings:
            return False
        return not _UNDER_WAY.isdisjoint(meanings) and _STILL_HERE.isdisjoint(meanings)

    def method(self, payment_method: str | None) -> PaymentMethod | None:
        """None for an order without one, such as staff enter by hand."""
        name = (payment_method or "").strip().lower()
        if name in self.methods:
            return self.methods[name]
        return None if not name or name in NO_METHOD else PaymentMethod.ONLINE


DEFAULT = WooRules()
