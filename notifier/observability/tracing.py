"""Traces for OpenTelemetry: one for each order, from the webhook to the delivery report.

Imported only where ``[tracing]`` names a collector. The trace's id is derived from the order, so that every process
knows it and nothing need be stored. What a span says is cleaned as a log line is: no phone and no secret leaves here.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Thread
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags, set_span_in_context

from notifier.domain.messages import Message, MessageState
from notifier.intake.delivery import TakenEvent
from notifier.observability import logs
from notifier.sms.outbox import Settled
from notifier.sms.receipts import Reported

_FLUSH = 2  # seconds that the last spans have to leave
_MILLISECOND, _SECOND = 1_000_000, 1_000_000_000  # in ns


class Traces:
    """Makes spans of what it is told, and hands them to a thread that posts them. For one task at a time."""

    def __init__(self, endpoint: str) -> None:
        # A collector that is away costs a line for each batch that is lost, and none for each try.
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)
        self._ids = _Ids()
        self._exporter: SpanExporter = OTLPSpanExporter(f"{endpoint}/v1/traces")
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: "notifier"}), id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("notifier")

    async def close(self) -> None:
        """Post what is left, or give it up where nobody takes it."""
        ending = Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, _FLUSH)
        if ending.is_alive():  # it tries no more, and a try under way holds up nobody
            self._exporter.shutdown()

    def taken(self, group: Sequence[TakenEvent]) -> None:
        """Deliveries, from when each was handed in until all that follows from it was on disk."""
        ended, now = time.time_ns(), time.monotonic()
        for one in group:
            delivery, decision = one.delivery, one.decision
            about = {"source": delivery.source, "order": delivery.order_id, "event_id": delivery.event_id}
            began = ended - int((now - one.since) * _SECOND)
            if decision is None:
                self._tell("take", about | {"parked": True}, began, ended, kind=SpanKind.SERVER)
                continue
            more = {"stage": decision.order.stage.name.lower(), "messages": [each.id for each in decision.messages]}
            first = one.first
            self._tell("take", about | more, began, ended, kind=SpanKind.SERVER, first=first)
            for call in decision.calls:
                planned = {"call": call.id, "purpose": call.purpose.value, "due_at": call.due_at.isoformat()}
                self._tell("call", about | planned, ended, ended)

    def settled(self, outcome: Settled) -> None:
        """One attempt to send a message, from when the provider was given it until it had answered."""
        attempt = outcome.attempt
        if outcome.began is None or attempt is None:
            return
        about = _about(outcome.claimed.message, attempt.provider, outcome.state)
        about |= {"outcome": str(attempt.outcome), "code": attempt.code}
        failed = attempt.outcome != "accepted"
        self._tell("send", about, _ns(outcome.began), _ns(outcome.now), kind=SpanKind.CLIENT, failed=failed)

    def reported(self, report: Reported) -> None:
        """A message, from when the provider took it until its end was reported."""
        about = _about(report.stored.message, report.provider, report.state)
        ended, accepted = _ns(report.now), report.stored.accepted
        began = accepted * _MILLISECOND if accepted else ended
        self._tell("receipt", about, began, ended, failed=report.state is not MessageState.DELIVERED)

    def _tell(
        self,
        name: str,
        about: Mapping[str, Any],
        began: int,
        ended: int,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        first: bool = False,
        failed: bool = False,
    ) -> None:
        """One span, from and until unix ns. All others of an order hang from its ``first``."""
        if about["order"] is None:  # a text to staff
            return
        trace, parent = ids(about["source"], about["order"])
        context = Context()
        if first:
            self._ids.next = trace, parent
        else:
            remote = SpanContext(trace, parent, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
            context = set_span_in_context(NonRecordingSpan(remote), context)
        known = logs.cleaned({key: value for key, value in about.items() if value is not None})
        span = self._tracer.start_span(name, context, kind, known, start_time=began)
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(ended)


def ids(source: str | None, order: str) -> tuple[int, int]:
    """The ids of an order's trace and of its first span."""
    digest = hashlib.blake2b(f"{source}\0{order}".encode(), digest_size=24).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:])


def _about(message: Message, provider: str, state: MessageState) -> dict[str, Any]:
    return {
        "source": message.source,
        "order": message.order_id,
        "message": message.id,
        "template": message.template,
        "provider": provider,
        "state": state.value,
    }


def _ns(at: datetime) -> int:
    return int(at.timestamp() * _SECOND)


class _Ids(RandomIdGenerator):
    """At random, unless the ids of the next span are given."""

    next: tuple[int, int] | None = None

    def generate_trace_id(self) -> int:
        return self.next[0] if self.next else super().generate_trace_id()

    def generate_span_id(self) -> int:
        given, self.next = self.next, None
        return given[1] if given else super().generate_span_id()
