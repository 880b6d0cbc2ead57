"""What is written for each thing that can come to be, as operations of a unit of work."""

from collections.abc import Iterable

from notifier.domain.calls import OPEN, Call, CallState
from notifier.domain.messages import Message, MessageState
from notifier.domain.orders import Order, Priority
from notifier.domain.timeline import Line
from notifier.store.keys import Keys
from notifier.store.records import encode, ms
from notifier.store.work import UnitOfWork


def put_order(unit: UnitOfWork, keys: Keys, order: Order) -> None:
    """Write an order and its place in the lists; the version before it must have been required."""
    member = f"{order.source}:{order.id}"
    unit.do("SET", keys.order(order.source, order.id), encode(order))
    unit.do("ZADD", keys.orders, order.updated_at, member)
    if order.priority is Priority.HIGH:
        unit.do("ZADD", keys.priority_orders, order.updated_at, member)
    else:
        unit.do("ZREM", keys.priority_orders, member)


def add_lines(unit: UnitOfWork, keys: Keys, order: Order, lines: Iterable[Line]) -> None:
    """Add to an order's timeline."""
    if encoded := [encode(line) for line in lines]:
        unit.do("RPUSH", keys.timeline(order.source, order.id), *encoded)


def queue_message(unit: UnitOfWork, keys: Keys, message: Message) -> None:
    """Put a message into the outbox; one that was there before, in whatever state, stays as it is."""
    queued = UnitOfWork()
    created = ms(message.created_at)
    fields = ("state", MessageState.QUEUED, "to", message.to, "message", encode(message))
    queued.do("HSET", keys.message(message.id), *fields)
    queued.do("ZADD", keys.messages(MessageState.QUEUED), created, message.id)
    queued.do("ZADD", keys.outbox, ms(message.not_before) if message.not_before else created, message.id)
    unit.unless_exists(keys.message(message.id), queued)


def cancel_message(unit: UnitOfWork, keys: Keys, message_id: str) -> None:
    """Take a message back, if nobody has begun to send it."""
    cancelled = UnitOfWork()
    cancelled.do("HSET", keys.message(message_id), "state", MessageState.CANCELLED)
    cancelled.do("ZREM", keys.outbox, message_id)
    cancelled.move(message_id, source=keys.messages(MessageState.QUEUED), target=keys.messages(MessageState.CANCELLED))
    unit.when(keys.message(message_id), "state", MessageState.QUEUED, cancelled)


def plan_call(unit: UnitOfWork, keys: Keys, call: Call) -> None:
    """Put a call into the call book; one that was there before stays as it is."""
    planned = UnitOfWork()
    planned.do("HSET", keys.call(call.id), "state", CallState.SCHEDULED, "call", encode(call))
    planned.do("ZADD", keys.calls(CallState.SCHEDULED), ms(call.due_at), call.id)
    unit.unless_exists(keys.call(call.id), planned)


def cancel_call(unit: UnitOfWork, keys: Keys, call_id: str) -> None:
    """Drop a call that is still open."""
    for state in sorted(OPEN):
        cancelled = UnitOfWork()
        cancelled.do("HSET", keys.call(call_id), "state", CallState.CANCELLED)
        cancelled.move(call_id, source=keys.calls(state), target=keys.calls(CallState.CANCELLED))
        unit.when(keys.call(call_id), "state", state, cancelled)
