"""A known customer calls the shop: whoever is on shift is shown the way to them."""

from typing import Any
from urllib.parse import quote

from msgspec import Struct

from notifier.console import scope as scopes
from notifier.console.customer import orders_of, phone_keys
from notifier.console.dependencies import Dependencies
from notifier.domain import persian, phones
from notifier.domain.decide import derived_id
from notifier.store import ringing
from notifier.store.ringing import InboundCall
from notifier.store.staff import Staff


class InboundNotice(Struct, frozen=True, kw_only=True):
    """What an open page shows. The number is masked: whoever takes the call sees it."""

    id: str
    name: str
    phone: str
    href: str


async def notices(deps: Dependencies, me: Staff, since: int) -> tuple[list[InboundNotice], int]:
    """What is to be shown to somebody of the calls that came in after a time, and the time to go on from."""
    if deps.dialling is None or not deps.config.dialer.show_inbound:
        return [], since
    calls = await ringing.since(deps.redis, since)
    if not calls:
        return [], since
    staff = await deps.calling.staff.get(me.id)
    found = []
    if staff is not None and deps.calling.shifts.on(staff, deps.now()):
        found = [notice for call in calls if (notice := await _notice(deps, staff, call)) is not None]
    return found, max(call.at for call in calls)


async def _notice(deps: Dependencies, me: Staff, call: InboundCall) -> InboundNotice | None:
    """None for a number that nobody knows, and for customers of shops that are others'."""
    open_call: Any = await deps.redis.hget(phone_keys(deps, call.phone).open_calls, call.phone)
    stored = await deps.reader.call(open_call.decode()) if open_call else None
    scope = scopes.of(me)
    orders = [order for order in await orders_of(deps, call.phone) if scope.shows(order.source)]
    name = next((order.details.name for order in orders if order.details.name), "")
    if stored is not None and me.may_make(stored.call):
        href, name = f"/console/calls/{stored.call.id}", stored.call.name or name
    elif orders:
        href = f"/console/orders/{quote(orders[0].source, safe='')}/{quote(orders[0].id, safe='')}"
    else:
        return None
    return InboundNotice(
        id=derived_id(call.phone, str(call.at)),
        name=persian.tidy(name or "") or "مشتری بی‌نام",
        phone=persian.digits(phones.mask(call.phone)),
        href=href,
    )
