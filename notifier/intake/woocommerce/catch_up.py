"""Catching up: the orders of a WooCommerce shop whose webhooks were lost, for it repeats none.

The shop is asked every few minutes which orders changed, and each is taken as if its webhook had just come, so that
what is known stays as it is. The bin is asked for by itself, since the shop shows it only then; of what was deleted for
good only its webhook can tell.

One process at a time asks: whoever moves ``due`` on has the turn, and a turn that nobody goes on with lapses.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.domain.back_off import back_off, doubling
from notifier.errors import Problem, StoreAway
from notifier.intake.committer import Committer
from notifier.intake.delivery import Recorded
from notifier.intake.submitting import Known, muted
from notifier.intake.woocommerce.delivery import delivery
from notifier.intake.woocommerce.rest import RestTrouble, WooCommerceRest
from notifier.intake.woocommerce.rules import WooRules
from notifier.intake.woocommerce.snapshot import Snapshot, parse
from notifier.store import keys as names
from notifier.store import work
from notifier.store.publishing import Alert
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

TOPIC = "order.asked_for"
"""What stands on the timeline in the place of a webhook's topic."""

_GRACE = timedelta(minutes=2)  # WooCommerce posts its webhooks in the background, about once a minute
_OVERLAP = timedelta(minutes=5)  # an order is dated before it is saved, and may be seen late
_LEASE = timedelta(minutes=2)  # for a turn that nobody goes on with
_WAITS = doubling(timedelta(minutes=1), timedelta(hours=1))  # while the shop does not answer
_SECOND = timedelta(seconds=1)
_NAMED = 20  # orders in a log line


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """How far a shop has been read. ``due`` is as it is stored, empty before the first time."""

    due: bytes
    cursor: datetime | None
    failures: int


@dataclass(slots=True)
class _Turn:
    """The right to ask, as long as ``due`` is what it was set to."""

    due: bytes
    cursor: datetime | None
    filled: list[str]


class _TurnLost(Exception):
    """The turn to ask this shop went to a process that took over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """Asks one shop. ``on_filled`` counts the orders that no webhook had told of."""

    redis: Redis
    clock: Clock
    committer: Committer
    source: str
    rest: WooCommerceRest
    rules: WooRules
    every: timedelta
    look_back: timedelta
    tell: Alert
    on_filled: Callable[[str, int], None]
    known: Known

    async def tick(self) -> int:
        """Ask if it is time to; returns how many orders were filled in."""
        try:
            state = await self._read()
            if state.due and int(state.due) > ms(self.clock.now()):
                return 0
            turn = _Turn(state.due, state.cursor, [])
            await self._move(turn, _LEASE)
        except _TurnLost:
            return 0
        except (RedisError, OSError) as error:
            log.warning("store unreachable", action="catch_up_failed", source=self.source, error=type(error).__name__)
            return 0
        return await self._take_turn(state, turn)

    async def _take_turn(self, state: _State, turn: _Turn) -> int:
        """Ask and settle what came of it. A turn that breaks off goes on where it stood when it lapses."""
        try:
            await self._ask(turn)
            await self._move(turn, self.every, failures=0)
            if state.failures:
                log.info("the shop tells its orders again", action="catch_up_works", source=self.source)
        except RestTrouble as trouble:
            await self._put_off(state, turn, trouble)
        except _TurnLost:
            log.warning("another process goes on", action="catch_up_taken_over", source=self.source)
        except (StoreAway, RedisError, OSError) as error:
            log.warning("store unreachable", action="catch_up_failed", source=self.source, error=type(error).__name__)
        if turn.filled:
            self.on_filled(self.source, len(turn.filled))
            log.warning(
                "orders whose webhook did not come were filled in: look whether the shop's webhooks are active",
                action="caught_up",
                source=self.source,
                count=len(turn.filled),
                orders=turn.filled[:_NAMED],
            )
        return len(turn.filled)

    async def _ask(self, turn: _Turn) -> None:
        """The bin before the rest: how far we are is what the rest has been read to."""
        now = self.clock.now()
        after, before = (turn.cursor or now - self.look_back) - _OVERLAP, now - _GRACE
        await self._pages(turn, after, before, binned=True)
        await self._pages(turn, after, before, binned=False)

    async def _pages(self, turn: _Turn, after: datetime, before: datetime, *, binned: bool) -> None:
        """Page after page. The pages behind one that was read move when an order changes, so the next question begins
        where the last page ended, and only orders that changed within one second are paged through."""
        page = 1
        while True:
            answer = await self.rest.orders(after=after, before=before, page=page, binned=binned)
            read = self._snapshots(answer.orders, after)
            await self._fill_in(turn, read)
            changed = [snapshot.modified for snapshot, _ in read if snapshot.modified]
            if not binned:
                turn.cursor = max([*changed, *([turn.cursor] if turn.cursor else [])], default=None)
            await self._move(turn, _LEASE)
            if answer.is_last:
                return
            further = max(changed, default=after) - _SECOND
            after, page = (further, 1) if further > after else (after, page + 1)

    def _snapshots(self, orders: Sequence[Any], after: datetime) -> list[tuple[Snapshot, bytes]]:
        """The orders of a page with their bodies. Raises RestTrouble where the shop shows what was not asked for."""
        read = []
        for order in orders:
            body = json.dumps(order, separators=(",", ":")).encode()
            try:
                snapshot = parse(body, rules=self.rules)
            except Problem as problem:
                log.warning("an order is left out", action="catch_up_odd", source=self.source, error=problem.detail)
                continue
            if snapshot.modified is not None and snapshot.modified <= after:
                raise RestTrouble(
                    f"{self.source}: the shop shows order {snapshot.order_id}, which did not change after "
                    f"{after.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}, so it pays no heed to modified_after, and nothing of "
                    "its answer was taken; look for a plugin or a cache that changes requests to its REST API.",
                    lasting=True,
                )
            if snapshot.modified is not None:  # without it, it could be of any age
                read.append((snapshot, body))
        return read

    async def _fill_in(self, turn: _Turn, read: Sequence[tuple[Snapshot, bytes]]) -> None:
        """Whole orders first: their parts are silent once they are known."""
        wholes = [one for one in read if one[0].parent_id is None]
        for part in (wholes, [one for one in read if one[0].parent_id is not None]):
            await self._submit(turn, part)

    async def _submit(self, turn: _Turn, read: Sequence[tuple[Snapshot, bytes]]) -> None:
        now = self.clock.now()
        deliveries = [
            await muted(
                delivery(snapshot, body, source=self.source, topic=TOPIC, rules=self.rules, received_at=now), self.known
            )
            for snapshot, body in read
        ]
        outcomes = await asyncio.gather(*map(self.committer.submit, deliveries), return_exceptions=True)
        for one, outcome in zip(deliveries, outcomes, strict=True):
            if isinstance(outcome, Recorded):
                turn.filled.append(one.order_id)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _put_off(self, state: _State, turn: _Turn, trouble: RestTrouble) -> None:
        wait = back_off(state.failures, _WAITS, least=trouble.wait)
        log.warning(
            "the shop's orders cannot be read",
            action="catch_up_failed",
            source=self.source,
            error=str(trouble),
            again_in=int(wait.total_seconds()),
        )
        try:
            if trouble.lasting and not state.failures:
                text = (
                    f"سفارش‌های جاماندهٔ فروشگاه «{self.source}» خوانده نمی‌شود: کلیدهای REST یا نشانی آن پذیرفته نشد. "
                    "دلیل در گزارش سرویس است (catch_up_failed)."
                )
                await self.tell(f"catch_up:{self.source}", text)
            await self._move(turn, wait, failures=state.failures + 1)
        except _TurnLost:
            pass
        except (RedisError, OSError) as error:
            log.warning("store unreachable", action="catch_up_failed", source=self.source, error=type(error).__name__)

    async def _read(self) -> _State:
        due, cursor, failures = await self._fields("due", "cursor", "failures")
        return _State(
            due=due or b"",
            cursor=datetime.fromtimestamp(int(cursor) / 1000, UTC) if cursor else None,
            failures=int(failures or 0),
        )

    async def _fields(self, *fields: str) -> Sequence[bytes | None]:
        found: Any = await self.redis.hmget(names.catch_up(self.source), list(fields))
        return list(found)

    async def _move(self, turn: _Turn, wait: timedelta, *, failures: int | None = None) -> None:
        """Write how far we are, and when it goes on. Raises _TurnLost when another process did."""
        key, due = names.catch_up(self.source), str(ms(self.clock.now() + wait))
        unit = UnitOfWork()
        unit.require_field(key, "due", turn.due)
        unit.do("HSET", key, "due", due)
        if turn.cursor is not None:
            unit.do("HSET", key, "cursor", ms(turn.cursor))
        if failures is not None:
            unit.do("HSET", key, "failures", failures)
        if (await work.commit(self.redis, [unit]))[0][0] != "done":
            raise _TurnLost
        turn.due = due.encode()
