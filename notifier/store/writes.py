"""What is written for each thing that can come to be, as operations of a unit of work."""

from collections.abc import Iterable

from notifier.domain import parcels
from notifier.domain.events import EventType
from notifier.domain.messages import Audience, Message, MessageState
from notifier.domain.orders import Order, Priority, Stage
from notifier.domain.timeline import TimelineEntry
from notifier.store import delivery_index, page_tokens, search_index
from notifier.store.keys import Keys
from notifier.store.records import as_text, as_value, ms
from notifier.store.work import UnitOfWork, Value

_WITHDRAWN = "withdrawn"
"""The field of a message that was taken back by news, while no provider could have it."""

_POINTLESS = "pointless"
"""The field of a message that news would have taken back, had nobody begun to send it: it is tried no further."""

_REMEMBERED = 8 * 24 * 3600 * 1000  # ms: the longest that texts of a customer are kept in order


def put_order(unit: UnitOfWork, keys: Keys, order: Order, *, before: Order | None = None) -> None:
    """Write an order and its place in the lists, instead of ``before``, whose version must have been required."""
    member = f"{order.source}:{order.id}"
    unit.do("SET", keys.order(order.source, order.id), as_value(order))
    unit.index(keys.orders, order.updated_at, member)
    details = order.details
    former, phone = before.details.phone if before else None, details.phone
    if former != phone:
        if former is not None:
            unit.do("ZREM", keys.customer_orders(former), member)
        if phone is not None:
            unit.do("ZADD", keys.customer_orders(phone), order.created_at, member)
    if order.priority is Priority.HIGH:
        unit.index(keys.priority_orders, order.updated_at, member)
    elif order.v > 1:
        unit.do("ZREM", keys.priority_orders, member)
    if EventType.DEPOSIT_REPORTED in order.news:
        if (reported := order.deposit_waiting) is not None:
            unit.do("ZADD", keys.deposits, reported, member)
        else:
            unit.do("ZREM", keys.deposits, member)
    owed, due = before.transfer_due if before else 0, order.transfer_due
    if owed and owed != due:
        unit.do("SREM", keys.transfers(str(owed)), member)
    if due and owed != due:
        unit.do("SADD", keys.transfers(str(due)), member)
    if details.reference and details.reference in order.news.get(EventType.DEPOSIT_REPORTED, {}):
        unit.do("SADD", keys.reported(details.reference), member)
    for code in (details.tracking_code, details.reference, details.number):
        if code:
            unit.do("HSET", keys.codes(code), code, member)
    if parcels.codes_of(order):
        if order.stage >= Stage.DELIVERED or order.cancelled:
            unit.do("ZREM", keys.under_way, member)
        else:  # the next look comes early: there may be a parcel that nobody knew of
            unit.do("ZADD", keys.under_way, "NX", order.updated_at, member)
    if details.number:
        unit.do("SADD", keys.numbered(order.source, details.number), member)
    search_index.put(unit, keys, order, before=before)
    page_tokens.put(unit, keys, order, before=before)
    delivery_index.put(unit, keys, order, before=before)


def add_lines(unit: UnitOfWork, keys: Keys, order: Order, lines: Iterable[TimelineEntry]) -> None:
    """Add to an order's timeline."""
    if encoded := [as_text(line) for line in lines]:
        unit.do("RPUSH", keys.timeline(order.source, order.id), *encoded)


def box(keys: Keys, route: str) -> str:
    """The outbox of the source by whose lines a message leaves, or that of all."""
    return keys.routed(route) if route else keys.outbox


def queue_message(
    unit: UnitOfWork,
    keys: Keys,
    message: Message,
    *,
    place: int = 0,
    first_of_order: bool = False,
    after_all: bool = False,
) -> None:
    """Put a message into the outbox; one that was there before, in whatever state, stays as it is.

    ``place`` is its place among messages of one time, which leave in that order. The first of its order, and alone, has
    none before it that it could overtake. ``after_all``: news took it back before, so that it is put there once more if
    no line may have it by then. The rungs that it has left behind stay behind.
    """
    queued, key = UnitOfWork(), keys.message(message.id)
    created, to = ms(message.created_at), message.to
    due = (ms(message.not_before) if message.not_before else created) + place
    fields: list[Value] = ["state", MessageState.QUEUED, "to", to, "due", due, "message", as_value(message)]
    if message.expires_at:
        fields += ("expires", ms(message.expires_at))
    if message.essential:
        fields += ("essential", 1)
    if message.audience is Audience.STAFF:
        fields += ("staff", 1)
    if message.route:
        fields += ("route", message.route)
    if message.overtakable:
        fields += ("overtakable", f"{message.source}:{message.order_id}")
    queued.do("HSET", key, *fields)
    queued.index(keys.messages(MessageState.QUEUED), created, message.id)
    queued.index(box(keys, message.route), due, message.id)
    queued.do("ZADD", keys.texts(to), created + place, message.id)
    if message.overtakes and not first_of_order:
        queued.do("HSET", keys.told(to), f"{message.source}:{message.order_id}", message.id)
        queued.do("PEXPIRE", keys.told(to), _REMEMBERED)
    unit.unless_exists(key, queued, unlikely=True)
    if after_all:
        valid = UnitOfWork()
        valid.do("HDEL", key, _POINTLESS)
        unit.when(key, _POINTLESS, "1", valid)
        again = UnitOfWork()
        again.do("HDEL", key, _WITHDRAWN, "reason", "expires", "first", "called", "retrying", "route")
        again.do("ZREM", keys.messages(MessageState.CANCELLED), message.id)
        again.then(queued)
        unit.when(key, _WITHDRAWN, "1", again)


def rewrite_message(unit: UnitOfWork, keys: Keys, message: Message, *, former: Message) -> None:
    """Have a message that waits say something else, or go to somebody else; when it is due stays."""
    key, to = keys.message(message.id), message.to
    fields: list[str | int] = ["to", to, "message", as_text(message)]
    if message.expires_at != former.expires_at and message.expires_at:
        fields += ("expires", ms(message.expires_at))
    unit.do("HSET", key, *fields)
    if message.route != former.route:
        unit.do("HSET" if message.route else "HDEL", key, "route", *((message.route,) if message.route else ()))
        unit.move(message.id, source=box(keys, former.route), target=box(keys, message.route))
    if to == former.to:
        return
    unit.do("ZREM", keys.texts(former.to), message.id)
    unit.do("ZADD", keys.texts(to), ms(message.created_at), message.id)
    if message.overtakes:
        unit.do("HSET", keys.told(to), f"{message.source}:{message.order_id}", message.id)
        unit.do("PEXPIRE", keys.told(to), _REMEMBERED)


def cancel_message(
    unit: UnitOfWork, keys: Keys, message_id: str, *, route: str = "", reason: str = "", by_news: bool = False
) -> None:
    """Take a message back, if nobody has begun to send it. Where it does not wait in the outbox of this ``route``, the
    sender finds that it is cancelled and takes it out. What was taken back ``by_news`` other news may bring back, but
    for what a provider may have from an earlier try. What somebody has begun to send, news makes pointless: where it
    comes back from its line, it goes no further."""
    if by_news:
        begun = UnitOfWork()
        begun.do("HSET", keys.message(message_id), _POINTLESS, 1)
        for state in (MessageState.SENDING, MessageState.ACCEPTED, MessageState.UNKNOWN):
            unit.when(keys.message(message_id), "state", state, begun)
    cancelled = UnitOfWork()
    if by_news:
        noted = UnitOfWork()
        noted.do("HSET", keys.message(message_id), _WITHDRAWN, 1)
        cancelled.when(keys.message(message_id), "bound", "", noted)
    cancelled.do("HSET", keys.message(message_id), "state", MessageState.CANCELLED)
    if reason:
        cancelled.do("HSET", keys.message(message_id), "reason", reason)
    cancelled.do("ZREM", box(keys, route), message_id)
    cancelled.move(message_id, source=keys.messages(MessageState.QUEUED), target=keys.messages(MessageState.CANCELLED))
    unit.when(keys.message(message_id), "state", MessageState.QUEUED, cancelled)
