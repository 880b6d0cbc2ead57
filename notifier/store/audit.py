"""The audit trail: who did what that somebody may have to answer for, written with the thing itself."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import time_ns

import structlog
from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.errors import StoreError
from notifier.store import keys as names
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Place, Reader
from notifier.store.records import as_text, decode
from notifier.store.work import Script, UnitOfWork

log = structlog.get_logger()

COMMAND = "cli:"
"""Before the name of whoever gave a command, who is no member of the staff."""

SERVICE, STRANGER = ":service", ""
"""The service itself, and somebody who is not signed in. No id of staff has a colon."""

_AT_ONCE = 500
_HOUR, _PER_HOUR = 3600, 500
"""How much of what anybody can bring about again and again is written in an hour, of each who does."""

_COUNT = Script("attempt")


class Act(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_LIMITED = "sign_in_limited"
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    STAFF_ADDED = "staff_added"
    STAFF_OFF = "staff_off"
    STAFF_ON = "staff_on"
    ROLE_CHANGED = "role_changed"
    PASSWORD_CHANGED = "password_changed"
    PASSWORD_GUESSED = "password_guessed"  # a wrong old one was given by who is signed in
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    SECOND_FACTOR_RESET = "second_factor_reset"
    RECOVERY_USED = "recovery_used"
    RECOVERY_RENEWED = "recovery_renewed"
    PUSH_ON = "push_on"
    PUSH_OFF = "push_off"
    BOT_CODE = "bot_code"  # asked for a code that binds a chat
    BOT_BOUND = "bot_bound"
    BOT_UNBOUND = "bot_unbound"
    CHANNELS_ORDERED = "channels_ordered"
    ALERT_SEEN = "alert_seen"
    SHIFTS_CHANGED = "shifts_changed"
    SHOPS_CHANGED = "shops_changed"
    ABSENCE_CHANGED = "absence_changed"
    DEPOSIT_ENTERED = "deposit_entered"
    DEPOSIT_CONFIRMED = "deposit_confirmed"
    DEPOSIT_REJECTED = "deposit_rejected"
    DEPOSIT_GIVEN_BACK = "deposit_given_back"
    DEPOSIT_MATCHED = "deposit_matched"
    DEPOSIT_UNMATCHED = "deposit_unmatched"
    BANK_LINE_LEFT = "bank_line_left"
    BANK_LINE_REOPENED = "bank_line_reopened"
    STATEMENT_TAKEN = "statement_taken"
    DIALLED = "dialled"  # through the exchange
    RECORDING_OPENED = "recording_opened"
    EXTENSION_CHANGED = "extension_changed"
    CALLS_HANDED = "calls_handed"
    CALLS_PUT_OFF = "calls_put_off"
    FEED_RENEWED = "feed_renewed"
    FEED_ENDED = "feed_ended"
    REFUSED = "refused"  # what they may not
    EXPORTED = "exported"
    ERASED = "erased"
    OUTCOME_UNDONE = "outcome_undone"
    CALLS_STOPPED = "calls_stopped"
    CALLS_RESUMED = "calls_resumed"
    TIME_AGREED = "time_agreed"
    TIME_RELEASED = "time_released"
    TEXTS_STOPPED = "texts_stopped"
    TEXTS_RESUMED = "texts_resumed"
    TEXT_WRITTEN = "text_written"
    TEXT_SENT_AGAIN = "text_sent_again"
    TEXT_EDITED = "text_edited"
    PROMISES_CHANGED = "promises_changed"
    CODES_TAKEN = "codes_taken"
    PAGE_RENEWED = "page_renewed"  # the customer's page of an order has another address
    DELIVERY_TICKED = "delivery_ticked"
    TEXT_ARRIVED = "text_arrived"  # a person says that it did after all
    TEXT_GIVEN_UP = "text_given_up"
    TEXT_BY_PHONE = "text_by_phone"
    REPLY_SEEN_TO = "reply_seen_to"
    REPLY_ASSIGNED = "reply_assigned"
    DELIVERY_REPLAYED = "delivery_replayed"
    SETTINGS_RELOADED = "settings_reloaded"
    SETTINGS_REFUSED = "settings_refused"
    MORE = "more"  # of the same, which is not written any more this hour


class AuditEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line. ``by`` is an id of staff, or one of the above; ``about`` whom or what it was done to."""

    nonce: str = ""  # two that are alike are two, and those of one millisecond stand as they were written
    at: int  # unix ms
    act: Act
    by: str
    about: str = ""
    more: str = ""

    def keep(self, unit: UnitOfWork, key: str = names.AUDIT) -> None:
        """Have a unit of work write it, beside the data of the same slot."""
        unit.do("ZADD", key, self.at, as_text(replace(self, nonce=f"{time_ns():016x}{secrets.token_hex(2)}")))


async def write(redis: Redis, entry: AuditEntry) -> None:
    """Write what stands for itself."""
    unit = UnitOfWork()
    entry.keep(unit)
    await work.commit(redis, [unit])


async def write_some(redis: Redis, entry: AuditEntry) -> None:
    """Write what can be brought about without end: so much of it in an hour, and then that there was more."""
    (count, _) = await _COUNT.run(redis, [names.attempts(f"audit:{entry.by}")], _HOUR)
    if count <= _PER_HOUR:
        await write(redis, entry)
    elif count == _PER_HOUR + 1:
        await write(redis, AuditEntry(at=entry.at, act=Act.MORE, by=entry.by))


async def forget(redis: Redis, reader: Reader, before: int) -> int:
    """Remove what was written before (unix ms); returns how much."""
    keys = [names.AUDIT, *(keys.audit for keys in reader.everywhere)]
    return sum([int(await redis.zremrangebyscore(key, "-inf", f"({before}")) for key in keys])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines: of whom, and from when until before when (unix ms)."""

    by: str | None = None
    since: int = 0
    until: int | None = None


async def read(
    reader: Reader, wanted: Wanted, *, after: Place | None = None
) -> AsyncIterator[tuple[Place, AuditEntry]]:
    """The lines, newest first, each with its place."""
    sets = [(Keys(0), names.AUDIT), *((keys, keys.audit) for keys in reader.everywhere)]
    if wanted.until is not None and (after is None or after[0] >= wanted.until):
        after = (wanted.until, "")
    while True:
        page = await reader.page(sets, after=after, size=_AT_ONCE)
        for place, entry in _entries([member for _, member in page.members]):
            if entry.at < wanted.since:
                return
            if wanted.by in (None, entry.by):
                yield place, entry
        if page.end is None:
            return
        after = page.end


def _entries(members: Sequence[str]) -> list[tuple[Place, AuditEntry]]:
    found = []
    for member in members:
        try:
            entry = decode(member.encode(), AuditEntry)
        except StoreError as error:
            log.error("a line of the audit trail is left", action="audit_unreadable", error=str(error))
            continue
        found.append(((entry.at, member), entry))
    return found
