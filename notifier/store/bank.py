"""Lines of bank accounts as they are kept: each once, whatever way it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.domain.bank import (
    ACROSS,
    BalanceChain,
    BankLine,
    BankMovement,
    Fingerprint,
    KnownLine,
    LineStanding,
    ReadLine,
    chained,
    fingerprints,
    same_minute,
)
from notifier.domain.decide import derived_id
from notifier.errors import StoreAway, StoreError
from notifier.store import keys as names
from notifier.store import work
from notifier.store.audit import AuditEntry
from notifier.store.records import as_text, decode
from notifier.store.roundtrip import checked, many
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

KEPT = timedelta(days=180) // timedelta(milliseconds=1)
_ATTEMPTS = 20
_AT_ONCE = 200  # lines asked for together: more would keep others waiting
LONGEST_TEXT = 500  # characters of a text that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenLine:
    """A line as it came."""

    said: ReadLine
    at: int  # unix ms
    text: str = ""
    by_statement: bool = False
    chain: BalanceChain | None = None  # as its own statement shows it


@dataclass(frozen=True, slots=True)
class TakenLine:
    """A line as it is kept, and whether it is new."""

    line: BankLine
    is_new: bool


class TakesLines(Protocol):
    """What lines of accounts are handed to."""

    async def take(self, source: str, given: Sequence[GivenLine]) -> list[TakenLine]:
        """Keep them. Raises StoreAway."""


@dataclass(frozen=True, slots=True)
class BankBook:
    """The lines of all accounts."""

    redis: Redis

    async def known_of(self, given: Sequence[GivenLine]) -> list[bool]:
        """Whether each came before; nothing is written."""
        told = []
        for start in range(0, len(given), _AT_ONCE):
            lines = given[start : start + _AT_ONCE]
            found = [_fingerprints(one) for one in lines]
            questions = [("GET", names.bank_known(fingerprint.name)) for one in found for fingerprint in one]
            rows = iter(checked(await many(self.redis, questions)))
            for one, line in zip(found, lines, strict=True):
                known = [(each, decode(row, KnownLine)) for each, row in [(each, next(rows)) for each in one] if row]
                told.append(any(_is_same(each, known_as, line) for each, known_as in known))
        return told

    async def take(self, source: str, given: GivenLine) -> TakenLine:
        """Keep a line, unless it came before. Raises StoreAway."""
        for _ in range(_ATTEMPTS):
            said = given.said
            line, known, balance = await self._judged(source, given)
            if known is not None:
                return TakenLine(known, is_new=False)
            unit = UnitOfWork()
            unit.require_absent(names.bank_line(line.id))
            field = _account(source, line.said)
            unit.require_field(names.BANK_BALANCES, field, balance)
            unit.do("SET", names.bank_line(line.id), as_text(line), "PX", KEPT)
            remembered = KnownLine(line.id, line.at, line.said.minute, line.said.balance is None)
            for one in _fingerprints(given):
                unit.do("SET", names.bank_known(one.name), as_text(remembered), "PX", KEPT)
            if line.standing is LineStanding.OPEN:
                unit.do("ZADD", names.BANK_OPEN, line.at, line.id)
                unit.do("SADD", names.bank_open_of(str(said.amount)), line.id)
                unit.do("PEXPIRE", names.bank_open_of(str(said.amount)), KEPT)
            if line.said.balance is not None and _since(balance) <= line.at:
                unit.do("HSET", names.BANK_BALANCES, field, f"{line.said.balance}|{line.at}")
            name, _value = (await work.commit(self.redis, [unit]))[0]
            if name == "done":
                return TakenLine(line, is_new=True)
            if name == "exists" and (there := await self.line(line.id)) is not None:
                return TakenLine(there, is_new=False)
        raise StoreAway("This account's lines keep changing. Try again.")

    async def _judged(self, source: str, given: GivenLine) -> tuple[BankLine, BankLine | None, bytes]:
        """The line as it would be kept, the one it is already, and the balance of the account as it is written."""
        said, found = given.said, _fingerprints(given)
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.hget(names.BANK_BALANCES, _account(source, said))
        for one in found:
            pipeline.get(names.bank_known(one.name))
        raw, *rows = await pipeline.execute()
        twin, before = "", None
        for one, row in zip(found, rows, strict=True):
            known = decode(row, KnownLine) if row else None
            within = ACROSS if known and one.bare and known.bare != (said.balance is None) else one.within
            if known is None or abs(known.at - given.at) > within:
                continue
            if one.bare and not (known.bare or said.balance is None):
                continue
            if _is_same(one, known, given) and (before := await self.line(known.id)) is not None:
                break
            twin = twin or known.id
        balance = raw or b""
        line = BankLine(
            v=1,
            id=_id(given, twin),
            source=source,
            at=given.at,
            said=said,
            text=given.text[:LONGEST_TEXT],
            by_statement=given.by_statement,
            chain=given.chain or chained(said, given.at, _balance(balance)),
            twin=twin,
            standing=LineStanding.OPEN if said.movement is BankMovement.IN else LineStanding.NOTED,
        )
        return line, before, balance

    async def line(self, line_id: str) -> BankLine | None:
        return next(iter(await self.lines([line_id])), None)

    async def lines(self, ids: Sequence[str]) -> list[BankLine]:
        """The lines of these ids, without those that are gone or cannot be read."""
        if not ids:
            return []
        pipeline = self.redis.pipeline(transaction=False)
        for one in ids:
            pipeline.get(names.bank_line(one))
        found = []
        for raw in await pipeline.execute():
            try:
                if raw is not None:
                    found.append(decode(raw, BankLine))
            except StoreError as error:
                log.error("a line of an account is left out", action="bank_line_unreadable", error=str(error))
        return found

    async def open_lines(self, most: int) -> list[BankLine]:
        """What belongs to no order yet, the newest first."""
        return await self.lines(_names(await self.redis.zrevrange(names.BANK_OPEN, 0, most - 1)))

    async def open_lines_of(self, amount: int) -> list[BankLine]:
        """What belongs to no order yet and is of this sum, in rial."""
        return await self.lines(_names(await self.redis.smembers(names.bank_open_of(str(amount)))))

    async def telling(self, most: int) -> list[BankLine]:
        return await self.lines(_names(await self.redis.zrange(names.BANK_TELLING, 0, most - 1)))

    async def matched_lines(self, most: int) -> list[BankLine]:
        """What was given to orders, the newest first."""
        return await self.lines(_names(await self.redis.zrevrange(names.BANK_MATCHED, 0, most - 1)))

    async def change(
        self, line: BankLine, after: BankLine, *, now: int, entry: AuditEntry | None = None, tell: bool = False
    ) -> BankLine | None:
        """Write a line's next version, and who did it; None where it changed in between. ``tell``: its order is to be
        told, which is begun anew by whoever finds that it was not."""
        after = replace(after, v=line.v + 1)
        unit = UnitOfWork()
        unit.require_version(names.bank_line(line.id), line.v)
        unit.do("SET", names.bank_line(line.id), as_text(after), "KEEPTTL")
        is_open = after.standing in (LineStanding.OPEN, LineStanding.WAITS)
        same = names.bank_open_of(str(line.said.amount))
        unit.do("SADD" if is_open and not tell else "SREM", same, line.id)
        unit.do(*(("ZADD", names.BANK_OPEN, after.at) if is_open and not tell else ("ZREM", names.BANK_OPEN)), line.id)
        unit.do(*(("ZADD", names.BANK_TELLING, now) if tell else ("ZREM", names.BANK_TELLING)), line.id)
        if after.standing is LineStanding.MATCHED:
            unit.do("ZADD", names.BANK_MATCHED, now, line.id)
            unit.do("SADD", names.bank_lines_of(after.order), line.id)
            unit.do("PEXPIRE", names.bank_lines_of(after.order), KEPT)
        else:
            unit.do("ZREM", names.BANK_MATCHED, line.id)
        if entry is not None:
            entry.keep(unit)
        return after if (await work.commit(self.redis, [unit]))[0][0] == "done" else None

    async def prune(self, now: int) -> None:
        """Forget the places of lines that have lapsed."""
        for name in (names.BANK_OPEN, names.BANK_MATCHED):
            await self.redis.zremrangebyscore(name, "-inf", now - KEPT)

    async def forget_texts(self, orders: Sequence[str]) -> int:
        """Remove the words of the lines that were given to these orders; what they did to the account stays."""
        count = 0
        for order in orders:
            members: Any = await self.redis.smembers(names.bank_lines_of(order))
            for raw in members:
                line = await self.line(raw.decode())
                if line is not None and line.text:
                    unit, after = UnitOfWork(), replace(line, text="", order="", v=line.v + 1)
                    unit.require_version(names.bank_line(line.id), line.v)
                    unit.do("SET", names.bank_line(line.id), as_text(after), "KEEPTTL")
                    unit.do("ZREM", names.BANK_MATCHED, line.id)
                    count += (await work.commit(self.redis, [unit]))[0][0] == "done"
            await self.redis.delete(names.bank_lines_of(order))
        return count


def _is_same(by: Fingerprint, known: KnownLine, given: GivenLine) -> bool:
    """Whether a line is the known one, and no other that looks like it."""
    if abs(known.at - given.at) > by.within or (by.bare and not (known.bare or given.said.balance is None)):
        return False
    if by.sure:
        return same_minute(known.minute, given.said.minute)
    return known.at == given.at and not by.bare  # one text that the phone sent again


def _names(found: Any) -> list[str]:
    return [one.decode() for one in found]


def _fingerprints(given: GivenLine) -> list[Fingerprint]:
    return fingerprints(given.said, given.text, by_statement=given.by_statement)


def _account(source: str, said: ReadLine) -> str:
    return f"{source}|{said.account or said.bank}"


def _balance(raw: bytes) -> tuple[int, int] | None:
    balance, _, since = raw.decode().partition("|")
    return (int(balance), int(since)) if since else None


def _since(raw: bytes) -> int:
    known = _balance(raw)
    return known[1] if known else 0


def _id(given: GivenLine, twin: str) -> str:
    """What a line is called, also by two processes that take it at once."""
    said = given.said
    sure = said.reference or said.balance is not None
    apart = f"{given.at}" if twin or not sure else f"{given.at // (48 * 3600 * 1000)}"
    return derived_id(
        said.movement, str(said.amount), str(said.balance), said.reference, given.text if not sure else "",
        apart, said.account if not sure else "",
    )  # fmt: skip
