"""Noting down refused deliveries beside the requests: in memory at once, in the store a moment later.

A shop's answer never waits for it and never turns into an error by it. What does not fit into the memory for one moment
is counted and not kept: whoever posts garbage by the thousand gets that much room and no more.
"""

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web
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

BODY = web.RequestKey("body", bytes)
SIGNED = web.RequestKey("signed", bool)


class Rejection(Struct, frozen=True, kw_only=True):
    """A part of a delivery that was not taken, or not understood, though the delivery as a whole was."""

    status: int
    reason: str
    errors: list[dict[str, Any]] = []
    event_id: str = ""
    body: bytes


def rejection(problem: Problem, *, event_id: str, body: bytes) -> Rejection:
    """A part of a delivery that was refused, or all of one that is answered 200 nevertheless."""
    return Rejection(status=problem.status, reason=problem.detail, errors=problem.errors, event_id=event_id, body=body)


REJECTIONS = web.RequestKey("oddities", list[Rejection])
KEPT_HEADERS = web.RequestKey("kept_headers", tuple[str, ...])
"""Further headers, in small letters, that a delivery cannot be read without."""


async def body_of(request: web.Request, *, at_most: int | None = None) -> bytes:
    """The body of a delivery, noted for the case that it is refused; ``at_most`` bytes instead of what is usual."""
    reading = request if at_most is None else request.clone(client_max_size=at_most)
    request[BODY] = body = await reading.read()
    return body


@dataclass(slots=True)
class RejectionRecorder:
    """Keeps what the webhooks of one process refuse."""

    book: DeadLetters
    clock: Clock
    _waiting: dict[tuple[str, bool], dict[str, DeadLetter]] = field(default_factory=dict)
    _left_out: int = 0

    def look_at(self, request: web.Request, response: web.StreamResponse) -> None:
        """Note down what was not taken of a delivery that has been answered."""
        if response.status not in _REFUSED and REJECTIONS not in request:
            return
        try:
            self._look_at(request, response)
        except Exception:  # the shop is to get its answer
            log.exception("a refused delivery is not kept", action="keep_failed")

    def keeping(self) -> AbstractAsyncContextManager[None]:
        """Write during the block, and once more at its end."""
        return tasks.writing(self.write, every=_EVERY, name="keeper")

    async def write(self) -> None:
        """Write what waits; where the store does not take it, it waits on."""
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

    def _look_at(self, request: web.Request, response: web.StreamResponse) -> None:
        source = request.match_info.get("source")
        if source is None or source not in self.book.sources:
            return
        if response.status in _REFUSED and isinstance(response, web.Response):
            problem = json.loads(response.body) if isinstance(response.body, bytes) else {}
            whole = Rejection(
                status=response.status,
                reason=problem.get("detail", ""),
                errors=problem.get("errors", []),
                event_id=request.headers.get("webhook-id", ""),
                body=request.get(BODY, b""),
            )
            self._note(self._kept(request, source, whole, complete=BODY in request))
        for oddity in request.get(REJECTIONS, ()):
            self._note(self._kept(request, source, oddity, complete=True, part=True))

    def _kept(
        self, request: web.Request, source: str, found: Rejection, *, complete: bool, part: bool = False
    ) -> DeadLetter:
        signed = request.get(SIGNED, False)
        event_id = _plain(found.event_id)
        size = len(found.body) if complete else request.content_length
        try:
            text = found.body.decode()
        except UnicodeDecodeError:
            text, complete = found.body.decode(errors="replace"), False
        fits = len(found.body) <= quota(signed=signed).body
        return DeadLetter(
            id=derived_id(source, str(found.status), event_id, request.path, text),
            at=self.clock.now(),
            source=source,
            status=found.status,
            reason=found.reason[:_LONGEST_REASON],
            errors=[error for error in found.errors[:20] if len(str(error)) < _LONGEST_REASON],
            signed=signed,
            event_id=event_id,
            headers={
                name: _plain(value)
                for name in (*_HEADERS, *request.get(KEPT_HEADERS, ()))
                if (value := request.headers.get(name))
            },
            body=text if fits else text[: quota(signed=signed).body // 4],
            whole=complete and fits,
            size=size,
            batch=not part and request.path.endswith("/batch"),
            remote=request.remote,
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
