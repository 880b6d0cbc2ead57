"""All that is known of one customer: handed out, or erased wherever it lies."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from msgspec import Raw, Struct
from pydantic_core import from_json
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain.calls import CallState
from notifier.domain.messages import MessageState
from notifier.domain.orders import Order
from notifier.errors import NotifierError, StoreAway, StoreError
from notifier.retention import archive as archives
from notifier.retention import removal, staff_notices
from notifier.retention.archive import Archive, Archived
from notifier.retention.backup import last_backup
from notifier.retention.claim import claimed
from notifier.retention.orders import archived
from notifier.retention.personal_data import Orders, forms_of, mentions, names_order, says_order, without
from notifier.retention.rewriting import rewritten
from notifier.store import keys as names
from notifier.store import order_bundle, private_files, ringing, search_index, work
from notifier.store.bank import BankBook
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.receipts import ReceiptPictures
from notifier.store.records import decode, encode
from notifier.store.slot_places import HeldPlace, SlotPlaces
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_PAGE, _ATTEMPTS = 200, 20
_PASSES = 5
"""A service that runs may be at something about the customer: it is looked again until nothing is found."""


class SweepUnderWay(NotifierError):
    """Old data is being removed by another process."""


class Erased(Struct, frozen=True):
    """How many things of each kind were erased."""

    counts: dict[str, int]
    backed_up: datetime | None = None  # the newest backup, which still has it
    rewritten: bool = True  # whether the append-only file was, too

    def lines(self) -> list[str]:
        """What to print."""
        if not self.counts:
            return ["Nothing is known of this customer any more."]
        lines = [f"{kind}: {count} erased" for kind, count in sorted(self.counts.items())]
        if not self.rewritten:
            lines.append("Redis did not rewrite its append-only file, which still holds it: run BGREWRITEAOF there.")
        if self.backed_up:
            lines.append(
                f"Backups up to that of {self.backed_up:%Y-%m-%d %H:%M} still hold it until you delete them; after "
                "restoring one, erase again."
            )
        return lines


@dataclass(frozen=True, slots=True)
class Customers:
    """Looks through everything: indexes are quicker, but a number that changed is in none of them."""

    redis: Redis
    reader: Reader
    clock: Clock
    archive: Archive
    remembered: timedelta
    receipts: ReceiptPictures | None = None

    async def export(self, phone: str) -> AsyncIterator[Archived]:
        """Every record about a customer: orders from the store and the archive, and what belongs to no order."""
        now = self.clock.now()
        shown: set[str] = set()
        for keys in self.reader.everywhere:
            for order in await self._orders(keys, phone):
                (one,) = await order_bundle.dossiers(self.redis, [(keys, order)])
                shown |= {*one.live, *one.calls}
                yield archived(one, now)
            inbound: Any = await self.redis.lrange(keys.inbound(phone), 0, -1)
            if inbound:
                yield Archived(
                    kind="message", id=f"from {phone}", archived_at=now, events=[Raw(raw) for raw in inbound]
                )
            for message_id, fields in await self._messages(keys, phone):
                if message_id not in shown:
                    kept = order_bundle.kept_message(message_id, fields)
                    yield Archived(kind="message", id=message_id, archived_at=now, messages=[kept])
            for call_id, raw in await self._calls(keys, phone):
                if call_id not in shown:
                    yield Archived(kind="call", id=call_id, archived_at=now, calls=[Raw(raw)])
        forms = forms_of(phone)
        for path in self.archive.files():
            for line in await asyncio.to_thread(_mentioning, path, forms):
                yield line

    async def erase(self, phone: str) -> Erased:
        """Erase a customer. Safe to repeat, and beside a running service. Raises SweepUnderWay."""
        total: Counter[str] = Counter()
        async with claimed(self.redis) as hold:
            if hold is None:
                raise SweepUnderWay("Old data is just being removed by another process: try again in some minutes.")
            forms = forms_of(phone)
            orders = Orders(await asyncio.to_thread(_archived_orders, self.archive.files(), forms))
            for _ in range(_PASSES):
                orders |= await self._orders_of(phone)
                found = await self._pass(phone, orders)
                total += found
                if not found:
                    break
                await hold()
            lines = await asyncio.to_thread(self.archive.rewrite, lambda record: without(record, forms, orders))
            total["lines of the archive"] += lines
            total["pictures of receipts"] += await self._erase_receipts(orders)
            lines = await BankBook(self.redis).forget_texts([f"{source}:{name}" for source, name in orders])
            total["texts of banks"] += lines
            total["lines of imports"] += await self._erase_import_leftovers(forms)
            total = +total
            done = not total or await rewritten(self.redis)
            made = await last_backup(self.redis)
        return Erased(dict(total), backed_up=made, rewritten=done)

    async def _erase_receipts(self, orders: Orders) -> int:
        """The pictures lie on the machine where they were sent to."""
        if self.receipts is None:
            return 0
        return sum([await asyncio.to_thread(self.receipts.forget, source, order_id) for source, order_id in orders])

    async def _orders_of(self, phone: str) -> Orders:
        """The orders of a number as others may speak of them: by id, and by the number the shop shows."""
        found: set[tuple[str, str]] = set()
        for keys in self.reader.everywhere:
            for order in await self._orders(keys, phone):
                found |= {(order.source, name) for name in (order.id, order.details.number) if name}
        return frozenset(found)

    async def _pass(self, phone: str, orders: Orders) -> Counter[str]:
        total: Counter[str] = Counter()
        for keys in self.reader.everywhere:
            for order in await self._orders(keys, phone):
                total += await self._erase_order(keys, order)
            calls = [call_id for call_id, _ in await self._calls(keys, phone)]
            total["calls"] += await self._erase_calls(keys, calls)
            total["messages"] += await self._erase_messages(keys, await self._messages(keys, phone, orders))
            total["parked events"] += await self._erase_parked(keys, phone, orders)
            total["words to the staff"] += await staff_notices.forget(self.reader, keys, forms_of(phone), orders)
            total["customer entries"] += await self._erase_entries(keys, phone)
            total["news"] += await self._erase_fields(f"n:{{{keys.partition}}}:news:*", phone, orders)
        total["kept deliveries"] += await self._erase_kept(phone, orders)
        total["alerts"] += await self._erase_alerts(phone)
        total["calls that come in"] += await ringing.forget(self.redis, phone)
        return +total

    async def _orders(self, keys: Keys, phone: str) -> list[Order]:
        """The orders of a number, also those that no index of it names."""
        listed = {member async for member in self._members(keys.customer_orders(phone))}
        found = []
        async for page in self._pages(keys.orders):
            pipeline = self.redis.pipeline(transaction=False)
            for member in page:
                pipeline.get(keys.order(*member.split(":", 1)))
            for member, raw in zip(page, await pipeline.execute(), strict=True):
                order = _readable(member, raw)
                if order and (member in listed or order.details.phone == phone):
                    found.append(order)
        return found

    async def _messages(
        self, keys: Keys, phone: str, orders: Orders = frozenset()
    ) -> list[tuple[str, dict[bytes, bytes]]]:
        """The texts to a number, and those that tell somebody else of it."""
        forms, found = forms_of(phone), []
        for state in (*MessageState, "unreadable"):
            async for page in self._pages(keys.messages(state)):
                pipeline = self.redis.pipeline(transaction=False)
                for one in page:
                    pipeline.hgetall(keys.message(one))
                rows = await pipeline.execute()
                found += [
                    (one, fields)
                    for one, fields in zip(page, rows, strict=True)
                    if mentions(fields.values(), forms)
                    or (b"staff" in fields and says_order(fields.get(b"message", b""), orders))
                ]
        return found

    async def _calls(self, keys: Keys, phone: str) -> list[tuple[str, bytes]]:
        forms, found = forms_of(phone), []
        for state in (*CallState, "unreadable"):
            async for page in self._pages(keys.calls(state)):
                raws: Any = await self.redis.mget([keys.call(one) for one in page])
                found += [(one, raw) for one, raw in zip(page, raws, strict=True) if raw and mentions([raw], forms)]
        return found

    async def _erase_order(self, keys: Keys, order: Order) -> Counter[str]:
        life = max(self.remembered, timedelta(days=1)) // timedelta(milliseconds=1)
        for _ in range(_ATTEMPTS):
            (one,) = await order_bundle.dossiers(self.redis, [(keys, order)])
            unit = UnitOfWork()
            removal.require_unchanged(unit, one)
            removal.drop_story(unit, one, calls=one.calls.keys())
            removal.drop_order(unit, one, remember=life)
            places, now = SlotPlaces(self.redis), self.clock.now()
            if order.delivery is not None:
                await places.look_at([(order.source, order.id)], now)
            if await self._done(unit):
                if order.delivery is not None:
                    gone = HeldPlace(order.source, order.id, one.order.v + 1, None)
                    await places.settle([gone], now, patience=timedelta())
                return Counter({"orders": 1, "messages": len(one.story.messages), "calls": len(one.story.calls)})
            raw: Any = await self.redis.get(keys.order(order.source, order.id))
            if raw is None:
                return Counter()
            order = decode(raw, Order)
        raise StoreAway(f"Order {order.id} keeps changing. Try again.")

    async def _erase_calls(self, keys: Keys, calls: Sequence[str]) -> int:
        count = 0
        for call_id in calls:
            for _ in range(_ATTEMPTS):
                stored = await self.reader.calls([(keys, call_id)])
                if not stored:
                    break
                unit, call = UnitOfWork(), stored[0].call
                unit.require_version(keys.call(call_id), call.v)
                removal.drop_call(unit, keys, call)
                if await self._done(unit):
                    count += 1
                    break
        return count

    async def _erase_messages(self, keys: Keys, found: Sequence[tuple[str, Mapping[bytes, bytes]]]) -> int:
        units = []
        for one, fields in found:
            unit = UnitOfWork()
            unit.require_field(keys.message(one), "state", fields.get(b"state", b""))
            removal.drop_message(unit, keys, one, fields)
            units.append(unit)
        return sum([name == "done" for name, _ in await work.commit(self.redis, units)]) if units else 0

    async def _erase_parked(self, keys: Keys, phone: str, orders: Orders) -> int:
        forms, count = forms_of(phone), 0
        async for page in self._pages(keys.parked_orders):
            for member in page:
                key = keys.parked(*member.split(":", 1))
                events: Any = await self.redis.lrange(key, 0, -1)
                theirs = tuple(member.split(":", 1)) in orders
                ours = [event for event in events if theirs or mentions([event], forms)]
                if ours:
                    unit, empty = UnitOfWork(), UnitOfWork()
                    for event in ours:
                        unit.do("LREM", key, 0, work.binary(event))
                    empty.do("ZREM", keys.parked_orders, member)
                    unit.unless_exists(key, empty)
                    await work.commit(self.redis, [unit])
                    count += len(ours)
        return count

    async def _erase_entries(self, keys: Keys, phone: str) -> int:
        pipeline = self.redis.pipeline(transaction=False)
        for key in (keys.customer_orders(phone), keys.inbound(phone), keys.texts(phone), keys.last_text(phone)):
            pipeline.delete(key)
        pipeline.delete(keys.told(phone), keys.absent(phone), keys.by_hand(phone))
        pipeline.zrem(keys.inbox, phone)
        counted = [key async for key in self.redis.scan_iter(keys.counted("*"), count=1000)]
        for key in (keys.callers, keys.do_not_call, keys.open_calls, keys.inbox_holders, *counted):
            pipeline.hdel(key, phone)
        pipeline.srem(keys.opted_out, phone)
        pipeline.srem(*search_index.phone_entry(keys, phone))
        return sum(await pipeline.execute())

    async def _erase_fields(self, pattern: str, phone: str, orders: Orders) -> int:
        """Fields of hashes, with their places in the sorted sets beside them."""
        forms, count = forms_of(phone), 0
        async for key in self.redis.scan_iter(pattern, count=1000, _type="HASH"):
            async for name, value in self.redis.hscan_iter(key):
                if mentions([value], forms) or says_order(value, orders):
                    for index in (b":due", b":since"):
                        await self.redis.zrem(key + index, name)
                    count += await self.redis.hdel(key, name)
        return count

    async def _erase_kept(self, phone: str, orders: Orders) -> int:
        forms, count = forms_of(phone), 0
        async for key in self.redis.scan_iter(names.kept_delivery("*"), count=1000):
            raw: Any = await self.redis.get(key)
            if raw is not None and (mentions([raw], forms) or _kept_about(raw, orders)):
                count += await self.redis.delete(key)  # its place in the list goes when the list is shown or cut
        return count

    async def _erase_alerts(self, phone: str) -> int:
        alerts: Any = await self.redis.lrange(names.ALERTS, 0, -1)
        ours = [one for one in alerts if mentions([one], forms_of(phone))]
        opened: Any = await self.redis.hgetall(names.ALERTS_OPEN)
        for kind, raw in opened.items():
            if mentions([raw], forms_of(phone)):
                await self.redis.hdel(names.ALERTS_OPEN, kind)
        return sum([await self.redis.lrem(names.ALERTS, 0, one) for one in ours])

    async def _erase_import_leftovers(self, forms: Collection[bytes]) -> int:
        """Lines that imports refused lie beside the files they came from, on the machine where that was."""
        count, known = 0, await self._leftovers()
        for path in known:
            if path.is_file() and not path.is_symlink():
                count += await asyncio.to_thread(_without_lines, path, forms)
            else:
                await self.redis.srem(names.LEFTOVERS, os.fsencode(path))
        return count

    async def _leftovers(self) -> list[Path]:
        found: Any = await self.redis.smembers(names.LEFTOVERS)
        return sorted(Path(os.fsdecode(raw)) for raw in found)

    async def _done(self, unit: UnitOfWork) -> bool:
        return (await work.commit(self.redis, [unit]))[0][0] == "done"

    async def _members(self, index: str) -> AsyncIterator[str]:
        async for page in self._pages(index):
            for member in page:
                yield member

    async def _pages(self, index: str) -> AsyncIterator[list[str]]:
        """The members of a sorted set, a page at a time; those that stay the whole time come at least once."""
        page: list[str] = []
        async for member, _ in self.redis.zscan_iter(index, count=_PAGE):
            page.append(member.decode())
            if len(page) >= _PAGE:
                yield page
                page = []
        if page:
            yield page


def _readable(member: str, raw: bytes | None) -> Order | None:
    try:
        return decode(raw, Order) if raw is not None else None
    except StoreError as error:
        log.error("an order is left", action="order_unreadable", order=member, error=str(error))
        return None


def _kept_about(raw: bytes, orders: Orders) -> bool:
    """Whether a refused delivery is about one of these orders."""
    try:
        kept = from_json(raw)
        return names_order(kept["body"].encode(), kept["source"], orders)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _archived_orders(paths: Sequence[Path], forms: Collection[bytes]) -> set[tuple[str, str]]:
    return {
        (line.source, line.id)
        for path in paths
        for line in _mentioning(path, forms)
        if line.kind == "order" and mentions([bytes(line.order)], forms)
    }


def _without_lines(path: Path, forms: Collection[bytes]) -> int:
    """Take the lines that name the number out of a file; returns how many they were."""
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not mentions([line], forms)]
    if len(kept) < len(lines):
        beside = path.with_name(f"{path.name}.part")
        with private_files.written(beside) as file:
            file.writelines(kept)
        beside.replace(path)
    return len(lines) - len(kept)


def _mentioning(path: Path, forms: Collection[bytes]) -> list[Archived]:
    return [line for line in archives.lines(path) if mentions([encode(line)], forms)]
