"""What a monitor wants to know, for Prometheus: what lies in the store is counted when asked for, the rest at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily

from notifier.clock import Clock
from notifier.domain.calls import CallState
from notifier.domain.messages import MessageState
from notifier.sms.lines import Lines, Standing
from notifier.sms.outbox import Settled
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import ms

REGISTRY = CollectorRegistry()

SETTLED = Counter(
    "notifier_messages_settled",
    "Messages that came to a state, by template and provider",
    ("state", "template", "provider"),
    registry=REGISTRY,
)
ATTEMPTS = Counter(
    "notifier_attempts",
    "Tries to send a message, by what came of them",
    ("provider", "outcome", "code"),
    registry=REGISTRY,
)
WEBHOOKS = Counter(
    "notifier_webhooks",
    "Deliveries of shops, by the status they were answered with",
    ("source", "status"),
    registry=REGISTRY,
)


def settled(outcome: Settled) -> None:
    """Count what became of a message."""
    claimed, attempt = outcome.claimed, outcome.attempt
    SETTLED.labels(outcome.state, claimed.message.template, claimed.provider).inc()
    if attempt is not None:
        ATTEMPTS.labels(claimed.provider, attempt.outcome, attempt.code or "").inc()


@dataclass(frozen=True, slots=True)
class Scrape:
    """Everything at one moment."""

    reader: Reader
    lines: Lines
    clock: Clock

    async def text(self) -> bytes:
        """In Prometheus' text format. Raises RedisError when the store is away."""
        families = [*await self._lists(), *await self._outbox(), *self._lines(await self.lines.standings())]
        registry = CollectorRegistry()
        registry.register(_Collected(families))
        return generate_latest(REGISTRY) + generate_latest(registry)

    async def _lists(self) -> list[GaugeMetricFamily]:
        messages = GaugeMetricFamily("notifier_messages", "Messages in each state", labels=["state"])
        calls = GaugeMetricFamily("notifier_calls", "Calls in each state", labels=["state"])
        for family, states, name in (
            (messages, [*MessageState, "unreadable"], Keys.messages),
            (calls, [*CallState, "unreadable"], Keys.calls),
        ):
            for state in states:
                family.add_metric([state], await self._sum([name(keys, state) for keys in self.reader.everywhere]))
        return [messages, calls]

    async def _outbox(self) -> list[GaugeMetricFamily]:
        """What is ready and has not left, how much of it, and since when the first of it has been waiting."""
        now, ready, oldest = ms(self.clock.now()), 0, None
        for keys in self.reader.everywhere:
            for box in (keys.outbox, *(keys.bound(line.name) for line in self.lines.lines)):
                ready += await self.reader.redis.zcount(box, "-inf", now)
                first: Any = await self.reader.redis.zrange(box, 0, 0, withscores=True)
                if first and first[0][1] <= now:
                    oldest = min(oldest or now, int(first[0][1]))
        return [
            GaugeMetricFamily("notifier_outbox_ready", "Messages that could leave now", value=ready),
            GaugeMetricFamily(
                "notifier_outbox_oldest_seconds",
                "How long the first of them has waited",
                value=(now - (oldest or now)) / 1000,
            ),
        ]

    def _lines(self, standings: Sequence[Standing]) -> list[GaugeMetricFamily]:
        is_open = GaugeMetricFamily("notifier_line_open", "1 for a line that texts leave by", labels=["provider"])
        credit = GaugeMetricFamily("notifier_line_credit_rial", "What is left in the account", labels=["provider"])
        for line, standing in zip(self.lines.lines, standings, strict=True):
            is_open.add_metric([line.name], not (standing.on_trial or standing.exhausted))
            if standing.credit is not None:
                credit.add_metric([line.name], standing.credit)
        return [is_open, credit]

    async def _sum(self, names: Sequence[str]) -> int:
        return sum([await self.reader.redis.zcard(name) for name in names])


@dataclass(frozen=True, slots=True, eq=False)
class _Collected:
    families: Sequence[GaugeMetricFamily]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        return iter(self.families)
