"""What each process counts as it works, for Prometheus. What lies in the store is in gauges.py.

What is looked at for every event is counted by web/tally.py and comes here now and then; groups are measured, not each
delivery.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from notifier.channels.told import TellingOutcome
from notifier.channels.web_push.answer import PushAnswer
from notifier.domain.channels import StaffChannel
from notifier.domain.ladder import Descent
from notifier.domain.messages import MessageState
from notifier.domain.replies import Reply
from notifier.outbound.endpoint import Endpoint, EndpointAnswer
from notifier.sms.outbox import Settled
from notifier.sms.receipts import Reported
from notifier.store.records import ms, ms_again

TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which the processes of ``--workers`` count together; the library looks when it is imported."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second line for each: when the process began
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

WEBHOOKS = Counter(
    "notifier_webhooks",
    "Deliveries of shops, by the status they were answered with",
    ("source", "status"),
    registry=REGISTRY,
)
CAUGHT_UP = Counter(
    "notifier_orders_caught_up",
    "Orders with news that no webhook brought and that the shop had to be asked for",
    ("source",),
    registry=REGISTRY,
)
CARRIER_ANSWERS = Counter(
    "notifier_carrier_answers",
    "What carriers said of parcels: taken, unknown (a word that nobody has explained), odd (no answer at all), failed, "
    "and stalled for a parcel that did not move",
    ("carrier", "outcome"),
    registry=REGISTRY,
)
GROUP_SIZE = Histogram(
    "notifier_commit_group_deliveries",
    "Deliveries that were committed together",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
    registry=REGISTRY,
)
COMMIT_SECONDS = Histogram(
    "notifier_commit_seconds",
    "How long it took to read, decide and commit a group: what a shop waits for beside its turn",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
SETTLED = Counter(
    "notifier_messages_settled",
    "Messages that came to a state when they were to be sent, by template and provider",
    ("state", "template", "provider"),
    registry=REGISTRY,
)
REPORTED = Counter(
    "notifier_messages_reported",
    "Messages that a provider reported the end of: delivered, or not",
    ("state", "provider"),
    registry=REGISTRY,
)
ATTEMPTS = Counter(
    "notifier_attempts",
    "Tries to send a message, by what came of them",
    ("provider", "outcome", "code"),
    registry=REGISTRY,
)
WAITED = Histogram(
    "notifier_message_wait_seconds",
    "From when a message might leave until the provider took it",
    buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600),
    registry=REGISTRY,
)
DESCENDED = Counter(
    "notifier_messages_descended",
    "Messages that went down their ladder from a line, by why it did not reach",
    ("provider", "why"),
    registry=REGISTRY,
)
COST = Counter(
    "notifier_messages_cost_rial",
    "What providers charged for the messages they took",
    ("provider",),
    registry=REGISTRY,
)
REPLIES = Counter(
    "notifier_replies",
    "Customers' texts, by what they meant: stop, start, deposit, confirm, another_time, rate, or for a person",
    ("meaning",),
    registry=REGISTRY,
)
MARKS = Counter(
    "notifier_marks",
    "Marks that customers gave by text",
    ("mark",),
    registry=REGISTRY,
)
POSTED = Counter(
    "notifier_endpoint_posts",
    "News posted to the shop's endpoints, by the status it was answered with",
    ("endpoint", "status"),
    registry=REGISTRY,
)
PUSHED = Counter(
    "notifier_pushes",
    "Pushes to browsers of the staff, by what their push service answered",
    ("answer",),
    registry=REGISTRY,
)
STAFF_TOLD = Counter(
    "notifier_staff_told",
    "Steps of the ladders of the staff, by the channel and what came of it: taken, queued (a text), later (it asked "
    "for patience), unknown, and by which the next step is tried: closed, refused, limited, away, undelivered",
    ("channel", "outcome"),
    registry=REGISTRY,
)
STAFF_NOT_TOLD = Counter(
    "notifier_staff_not_told",
    "Reminders that none of somebody's channels brought them",
    registry=REGISTRY,
)
DROPPED = Counter(
    "notifier_endpoint_news_dropped",
    "News that an endpoint was never told: it waited too long, or there was too much of it",
    ("endpoint",),
    registry=REGISTRY,
)
LAG = Histogram(
    "notifier_event_loop_lag_seconds",
    "How much later than it wanted a task that only sleeps was woken, twice a second",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)


def text() -> bytes:
    """All of these in Prometheus' text format: of this process, or of all that count together."""
    if TOGETHER not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def answered(deliveries: Mapping[tuple[str, int], int]) -> None:
    """Count deliveries by source and the status they were answered with."""
    for (source, status), count in deliveries.items():
        WEBHOOKS.labels(source, status).inc(count)


def caught_up(source: str, orders: int) -> None:
    """Count orders whose webhooks were lost."""
    CAUGHT_UP.labels(source).inc(orders)


def carrier_answered(carrier: str, outcome: str) -> None:
    """Count what a carrier said of a parcel."""
    CARRIER_ANSWERS.labels(carrier, outcome).inc()


def committed(deliveries: int, seconds: float) -> None:
    """Note how many deliveries were committed together and how long it took."""
    GROUP_SIZE.observe(deliveries)
    COMMIT_SECONDS.observe(seconds)


_End = tuple[MessageState, str, str, tuple[str, int | None] | None, int | None]
"""What most texts of a batch have in common: state, template, provider, outcome and code of the attempt, cost."""


def settled(batch: Sequence[Settled]) -> None:
    """Count what became of messages."""
    alike: dict[_End, int] = {}
    accepted, observe = MessageState.ACCEPTED, WAITED.observe
    for outcome in batch:
        state, attempt, message = outcome.state, outcome.attempt, outcome.claimed.message
        tried = (attempt.outcome, attempt.code) if attempt is not None else None
        kind = (state, message.template, outcome.claimed.provider, tried, outcome.cost)
        alike[kind] = alike.get(kind, 0) + 1
        if state is accepted:
            since = outcome.claimed.created if message.not_before is None else ms(message.not_before)
            observe(max(ms_again(outcome.now) - since, 0) / 1000)
    for (state, template, provider, tried, cost), count in alike.items():
        SETTLED.labels(state, template, provider).inc(count)
        if tried is not None:
            ATTEMPTS.labels(provider, tried[0], str(tried[1] or "")).inc(count)
        if cost:
            COST.labels(provider).inc(cost * count)


def descended(descent: Descent) -> None:
    """Count a rung that a message left behind."""
    DESCENDED.labels(descent.provider, descent.why).inc()


def reported(report: Reported) -> None:
    """Count what a provider reported."""
    REPORTED.labels(report.state, report.provider).inc()


def replied(said: Reply) -> None:
    """Count what a customer's text meant."""
    REPLIES.labels(said.wish).inc()
    if said.mark:
        MARKS.labels(said.mark).inc()


def posted(endpoint: Endpoint, answer: EndpointAnswer) -> None:
    """Count an attempt to tell an endpoint something."""
    POSTED.labels(endpoint.name, answer.status or answer.error).inc()


def pushed(answer: PushAnswer) -> None:
    """Count an attempt to push to a browser."""
    PUSHED.labels(answer.status or answer.error).inc()


def staff_told(channel: StaffChannel, outcome: TellingOutcome) -> None:
    """Count a step of somebody's ladder."""
    STAFF_TOLD.labels(channel, outcome).inc()


def dropped(endpoint: Endpoint, count: int) -> None:
    """Count news that will not be told any more."""
    DROPPED.labels(endpoint.name).inc(count)


async def watch_lag(*, every: float = 0.5) -> None:
    """Measure how late the event loop is, every so many seconds, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        wanted = loop.time() + every
        await asyncio.sleep(every)
        LAG.observe(max(loop.time() - wanted, 0.0))
