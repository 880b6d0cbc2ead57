"""Noting down refused deliveries beside the requests: in memory at once, in the store a moment later.

A shop's answer never waits for it and never turns into an error by it. What does not fit into the memory for one moment
is counted and not kept: whoever posts garbage by the thousand gets that much room and no more.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import structlog
from msgspec import Struct
from redis.exceptions import RedisError

from notifier import tasks
from notifier.clock import Clock
from notifier.domain.decide import derived_id
from notifier.errors import Problem, StoreError
from notifier.intake.dead_letters import DeadLetter, DeadLetters, quota

log = structlog.get_logger()

_EVERY = 1  # seconds between writes
_ROOM = {True: 600, False: 50}  # deliveries of one source that wait to be written, by whether they are signed
_REFUSED = frozenset({400, 401, 409, 413, 415, 422})
_HEADERS = (
    "webhook-id",
    "webhook-timestamp",
    "x-wc-webhook-topic",
    "x-wc-webhook-delivery-id",
    "x-wc-webhook-source",
    "content-type",
    "user-agent",
)
_LONGEST_HEADER, _LONGEST_REASON = 300, 500
_LONGEST_MISTAKE = 2000  # characters: one may name every type of event there is


class Rejection(Struct, frozen=True, kw_only=True):
    """What was not taken, or not understood: a delivery, or a part of one that was taken as a whole."""

    status: int
    reason: str
    errors: list[dict[str, Any]] = []
    event_id: str = ""
    body: bytes


def rejection(problem: Problem, *, event_id: str, body: bytes) -> Rejection:
    """A part of a delivery that was refused, or all of one that is answered 200 nevertheless."""
    return Rejection(status=problem.status, reason=problem.detail, errors=problem.errors, event_id=event_id, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """A delivery that has been answered: how it came, and what it was answered.

    ``body`` is None where it was not read to its end, and ``size`` what its head says of it. It cannot be read without
    ``kept_headers``, which are in small letters. ``refusal`` is the answer to what was refused as a whole;
    ``rejections`` are of what was taken.
    """

    source: str
    path: str
    remote: str | None
    headers: Mapping[str, str]
    kept_headers: Sequence[str] = ()
    size: int | None
    body: bytes | None
    signed: bool
    status: int
    refusal: Mapping[str, Any] | None = None
    rejections: Sequence[Rejection] = ()


@dataclass(slots=True)
class RejectionRecorder:
    """Keeps what the webhooks of one process refuse."""

    book: DeadLetters
    clock: Clock
    _waiting: dict[tuple[str, bool], dict[str, DeadLetter]] = field(default_factory=dict)
    _left_out: int = 0
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def record(self, handled: Handled) -> None:
        """Note down what was not taken of a delivery."""
        try:
            if handled.source in self.book.sources:
                self._record(handled)
        except Exception:  # the shop is to get its answer
            log.exception("a refused delivery is not kept", action="keep_failed")

    def _record(self, handled: Handled) -> None:
        if handled.status in _REFUSED and handled.refusal is not None:
            whole = Rejection(
                status=handled.status,
                reason=handled.refusal["detail"],
                errors=handled.refusal.get("errors", []),
                event_id=handled.headers.get("webhook-id", ""),
                body=handled.body or b"",
            )
            self._note(self._kept(handled, whole, complete=handled.body is not None))
        for part in handled.rejections:
            self._note(self._kept(handled, part, complete=True, part=True))

    def keeping(self) -> AbstractAsyncContextManager[None]:
        """Write during the block, and once more at its end."""
        return tasks.writing(self.write, every=_EVERY, name="keeper")

    async def write(self) -> None:
        """Write what waits; where the store does not take it, it waits on. What is being written is waited for."""
        async with self._writing:
            await self._write()

    async def _write(self) -> None:
        waiting, self._waiting = self._waiting, {}
        left_out, self._left_out = self._left_out, 0
        if left_out:
            log.warning("refused deliveries came too fast to be kept", action="not_kept", deliveries=left_out)
        if not waiting:
            return
        try:
            every = [one for part in waiting.values() for one in part.values()]
            await self.book.add(every)
            for one in every:
                log.info(
                    "delivery refused" if one.status >= 400 else "delivery taken with a question",
                    action="delivery_refused",
                    source=one.source,
                    event_id=one.event_id or None,
                    status=one.status,
                    signed=one.signed,
                    delivery=one.id,
                    reason=one.reason,
                )
        except (RedisError, OSError, StoreError) as error:
            log.warning("refused deliveries not kept yet", action="keep_failed", error=type(error).__name__)
            for part in waiting.values():
                for one in part.values():
                    self._note(one)
        except Exception:  # what cannot be written must not end the keeping of others
            log.exception("refused deliveries are not kept", action="keep_failed")

    def _kept(self, handled: Handled, found: Rejection, *, complete: bool, part: bool = False) -> DeadLetter:
        signed = handled.signed
        event_id = _plain(found.event_id)
        size = len(found.body) if complete else handled.size
        try:
            text = found.body.decode()
        except UnicodeDecodeError:
            text, complete = found.body.decode(errors="replace"), False
        fits = len(found.body) <= quota(signed=signed).body
        return DeadLetter(
            id=derived_id(handled.source, str(found.status), event_id, handled.path, text),
            at=self.clock.now(),
            source=handled.source,
            status=found.status,
            reason=found.reason[:_LONGEST_REASON],
            errors=[error for error in found.errors[:20] if len(str(error)) < _LONGEST_MISTAKE],
            signed=signed,
            event_id=event_id,
            headers={
                name: _plain(value)
                for name in (*_HEADERS, *handled.kept_headers)
                if (value := handled.headers.get(name))
            },
            body=text if fits else text[: quota(signed=signed).body // 4],
            whole=complete and fits,
            size=size,
            batch=not part and handled.path.endswith("/batch"),
            remote=handled.remote,
        )

    def _note(self, kept: DeadLetter) -> None:
        part = self._waiting.setdefault((kept.source, kept.signed), {})
        if kept.id in part or len(part) < _ROOM[kept.signed]:
            part[kept.id] = kept
        else:
            self._left_out += 1


def _plain(header: str) -> str:
    """A header's value fit for a record: bytes that are no text are shown as question marks."""
    return header[:_LONGEST_HEADER].encode(errors="replace").decode()
