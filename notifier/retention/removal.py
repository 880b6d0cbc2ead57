"""What is removed with an order, as operations of a unit of work that holds only while nothing of it has changed."""

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from notifier.domain import parcels
from notifier.domain.calls import Call
from notifier.domain.events import Details, EventType
from notifier.domain.ladder import Descent
from notifier.domain.orders import Order
from notifier.store import delivery_index, packing, page_tokens, provider_ids, search_index, work, writes
from notifier.store.keys import Keys
from notifier.store.order_bundle import Dossier
from notifier.store.records import decode, encode, ms
from notifier.store.work import UnitOfWork

_KNOWN = ("city", "province", "method", "amount", "refund_amount")
"""Details that decisions need and that are about no person: they stay in what is remembered of an order."""


def remembered(order: Order) -> Order:
    """What is left of an order for events that come too late: all its news, so that none of it is told again."""
    kept = {name: getattr(order.details, name) for name in _KNOWN}
    return replace(
        order,
        v=order.v + 1,
        details=Details(**kept),
        stamps={name: at for name, at in order.stamps.items() if kept.get(name) is not None},
        withheld=None,
        aside={},
        open_texts={},
        withdrawn={},
        open_calls={},
        withdrawn_calls={},
        made_calls={},
        page_token=None,
    )


def require_unchanged(unit: UnitOfWork, one: Dossier) -> None:
    """The unit holds only for the order as it was read."""
    keys, order = one.keys, one.order
    unit.require_version(keys.order(order.source, order.id), order.v)
    unit.require_length(keys.timeline(order.source, order.id), one.lines)
    for message_id, fields in one.live.items():
        unit.require_field(keys.message(message_id), "state", fields[b"state"])
    for call in one.calls.values():
        unit.require_version(keys.call(call.id), call.v)


def drop_story(unit: UnitOfWork, one: Dossier, *, calls: Collection[str]) -> None:
    """Remove the keys of timeline and messages, and those of these calls."""
    keys, order = one.keys, one.order
    unit.do("DEL", keys.timeline(order.source, order.id))
    for message_id, fields in one.live.items():
        drop_message(unit, keys, message_id, fields)
    for call in one.calls.values():
        if call.id in calls:
            drop_call(unit, keys, call)


def drop_order(unit: UnitOfWork, one: Dossier, *, remember: int) -> None:
    """Remove an order and its places; for ``remember`` ms late events find what they would otherwise tell again."""
    keys, order, member = one.keys, one.order, one.member
    unit.do("DEL", keys.closed(order.source, order.id))
    key, left = keys.order(order.source, order.id), remembered(order)
    if remember:
        unit.do("SET", key, work.binary(packing.packed_version(left.v, encode(left))), "PX", remember)
    else:
        unit.do("DEL", key)
    for index in (keys.orders, keys.priority_orders, keys.deposits):
        unit.do("ZREM", index, member)
    for code in {order.details.tracking_code, order.details.reference, order.details.number, *parcels.codes_of(order)}:
        if code:
            drop = UnitOfWork()
            drop.do("HDEL", keys.codes(code), code)
            unit.when(keys.codes(code), code, member, drop)
    for reference in order.news.get(EventType.DEPOSIT_REPORTED, {}):
        unit.do("SREM", keys.reported(reference), member)
    unit.do("HDEL", keys.findings, member)
    unit.do("ZREM", keys.under_way, member)
    unit.do("DEL", keys.trails(order.source, order.id))
    if due := order.transfer_due:
        unit.do("SREM", keys.transfers(str(due)), member)
    if order.details.number:
        unit.do("SREM", keys.numbered(order.source, order.details.number), member)
    search_index.drop(unit, keys, order)
    page_tokens.drop(unit, keys, order)
    delivery_index.drop(unit, keys, order)
    for phone in phones_of(one):
        unit.do("ZREM", keys.customer_orders(phone), member)
        search_index.drop_phone(unit, keys, phone)
        unit.do("HDEL", keys.told(phone), member)
        last = UnitOfWork()
        last.do("DEL", keys.inbound(phone))
        last.do("DEL", keys.by_hand(phone))
        last.do("ZREM", keys.inbox, phone)
        last.do("HDEL", keys.inbox_holders, phone)
        last.do("HDEL", keys.callers, phone)
        unit.unless_exists(keys.customer_orders(phone), last)
    unit.do("HDEL", keys.callers, member)


def drop_message(unit: UnitOfWork, keys: Keys, message_id: str, fields: Mapping[bytes, bytes]) -> None:
    """Remove a message from wherever it may wait or be listed."""
    wanted = ("state", "to", "provider", "provider_id", "accepted", "bound", "route")
    text = {name: fields.get(name.encode(), b"").decode() for name in wanted}
    unit.do("DEL", keys.message(message_id))
    unit.do("ZREM", keys.messages(text["state"]), message_id)
    unit.do("ZREM", keys.seen_to(text["state"]), message_id)
    for outbox in {keys.outbox, writes.box(keys, text["route"])}:
        unit.do("ZREM", outbox, message_id)
    unit.do("ZREM", keys.reconciling, message_id)
    unit.do("ZREM", keys.rung_waits, message_id)
    unit.do("ZREM", keys.texts(text["to"]), message_id)
    for provider in {text["provider"], text["bound"]} - {""}:
        for index in (keys.bound(provider), keys.sending(provider), keys.reports(provider)):
            unit.do("ZREM", index, message_id)
    left: list[tuple[str, str, int]] = [(text["provider"], text["provider_id"], int(text["accepted"] or 0))]
    for one in decode(fields.get(b"descents", b"[]"), list[Descent]):
        left.append((one.provider, one.provider_id or "", ms(one.taken) if one.taken else 0))
        unit.do("ZREM", keys.reports(one.provider), message_id)
    for provider, provider_id, at in left:
        if provider and provider_id and at:
            provider_ids.forget(unit, keys, provider, provider_id, at=at)


def drop_call(unit: UnitOfWork, keys: Keys, call: Call) -> None:
    """Remove a call, open or over."""
    unit.do("DEL", keys.call(call.id))
    unit.do("ZREM", keys.calls(call.state), call.id)
    unit.do("ZREM", keys.pool, call.id)
    unit.do("ZREM", keys.promised, call.id)
    if call.assignee:
        unit.do("ZREM", keys.ready(call.assignee), call.id)
        unit.do("ZREM", keys.assigned(call.assignee), call.id)
        unit.do("HDEL", keys.owed, f"{call.assignee}|{call.id}")
    ours = UnitOfWork()
    ours.do("HDEL", keys.open_calls, call.customer)
    unit.when(keys.open_calls, call.customer, call.id, ours)


def phones_of(one: Dossier) -> set[str]:
    """Every number the order was known under."""
    texts = {fields[b"to"].decode() for fields in one.live.values() if b"to" in fields}
    calls = {call.phone for call in one.calls.values() if call.phone}
    return texts | calls | ({one.order.details.phone} if one.order.details.phone else set())
