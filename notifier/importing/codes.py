"""Tracking codes looked at before they are taken: what each row would do to the order that it names."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from notifier.domain.orders import Order, Stage
from notifier.importing.entries import ImportRow, RowFault
from notifier.importing.resolving import resolved
from notifier.store.reading import Reader

_AT_ONCE = 32
_CODE = re.compile(r"(?=.*\d)[0-9A-Za-z][0-9A-Za-z\-_/]*")


class CodeStanding(StrEnum):
    """What a row means for its order."""

    NEW = "new"
    KNOWN = "known"
    ANOTHER = "another"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCode:
    """A row about the order that it means. ``about`` names what stands against it: a code, or another order."""

    entry: ImportRow
    standing: CodeStanding
    order: Order | None = None
    fault: RowFault | None = None
    about: str = ""


async def judged(rows: Sequence[ImportRow], reader: Reader, *, may_link: bool) -> list[JudgedCode]:
    """Every row in its turn. ``may_link`` says whether rows may bring addresses of their own to be texted."""
    found: list[tuple[ImportRow, Order | None]] = []
    for start in range(0, len(rows), _AT_ONCE):
        found += await asyncio.gather(*(_with_order(row, reader) for row in rows[start : start + _AT_ONCE]))
    owners = await _owners([code for row, _ in found if (code := _code(row))], reader)
    owners = {code: order for code, order in owners.items() if _is_parcel(order, code)}
    given: dict[tuple[str, str], set[str]] = {}
    return [_judged(row, order, owners, given, may_link=may_link) for row, order in found]


async def _with_order(row: ImportRow, reader: Reader) -> tuple[ImportRow, Order | None]:
    row = await resolved(row, reader)
    if row.event is None:
        return row, None
    order = await reader.order(row.event.source, row.event.order_id)
    if order is None:
        missing = replace(row, event=None, reason="no such order", fault=RowFault.UNKNOWN_ORDER)
        return missing, None
    return replace(row, by_number=False), order


async def _owners(codes: Sequence[str], reader: Reader) -> dict[str, Order]:
    """The orders that these codes were last given for."""
    if not codes:
        return {}
    wanted = sorted(set(codes))
    pipe = reader.redis.pipeline(transaction=False)
    for keys in reader.everywhere:
        for code in wanted:
            pipe.hget(keys.codes(code), code)
    members = await pipe.execute()
    places = [(keys, code) for keys in reader.everywhere for code in wanted]
    known = [(keys, code, member.decode()) for (keys, code), member in zip(places, members, strict=True) if member]
    orders = await reader.orders([(keys, member) for keys, _, member in known])
    by_name = {f"{order.source}:{order.id}": order for order in orders}
    return {code: by_name[member] for _, code, member in known if member in by_name}


def _judged(
    row: ImportRow,
    order: Order | None,
    owners: dict[str, Order],
    given: dict[tuple[str, str], set[str]],
    *,
    may_link: bool,
) -> JudgedCode:
    event = row.event
    if event is None or order is None:
        return JudgedCode(entry=row, standing=CodeStanding.REFUSED, fault=row.fault)
    code, key = _code(row), (order.source, order.id)
    before = given.setdefault(key, set(order.parcels))

    def refused(fault: RowFault, about: str = "") -> JudgedCode:
        return JudgedCode(entry=row, standing=CodeStanding.REFUSED, order=order, fault=fault, about=about)

    if not _CODE.fullmatch(code):
        return refused(RowFault.ODD_CODE, code)
    if event.details.tracking_url and not may_link:
        return refused(RowFault.LINK)
    if code in before:
        return JudgedCode(entry=row, standing=CodeStanding.KNOWN, order=order)
    if order.cancelled:
        return refused(RowFault.CANCELLED)
    if order.stage >= Stage.DELIVERED:
        return refused(RowFault.DELIVERED)
    owner = owners.get(code)
    if owner is not None and owner.details.phone != order.details.phone:
        return refused(RowFault.OTHERS_CODE, owner.number)
    owners[code] = order
    standing = CodeStanding.ANOTHER if before else CodeStanding.NEW
    about = ", ".join(sorted(before))
    before.add(code)
    return JudgedCode(entry=row, standing=standing, order=order, about=about)


def _is_parcel(order: Order, code: str) -> bool:
    """Whether it is the code of one of its parcels: a receipt may have the same digits."""
    return code in order.parcels or code == order.details.tracking_code


def _code(row: ImportRow) -> str:
    return (row.event.details.tracking_code or "") if row.event else ""
