"""The gauges: what is read when a monitor asks, and so the same from every process. Filled in by collector.py."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric before it has values."""

    name: str
    text: str
    labels: tuple[str, ...] = ()

    def family(self, *values: tuple[Sequence[str], float]) -> Metric:
        """With these values, each with those of its labels."""
        family = GaugeMetricFamily(self.name, self.text, labels=self.labels)
        for labels, value in values:
            family.add_metric(labels, value)
        return family


@dataclass(frozen=True, slots=True)
class Sum(Gauge):
    """A metric of what only grows since something started; its name gets ``_total``."""

    def family(self, *values: tuple[Sequence[str], float]) -> Metric:
        family = CounterMetricFamily(self.name, self.text, labels=self.labels)
        for labels, value in values:
            family.add_metric(labels, value)
        return family


STORE_UP = Gauge("notifier_store_up", "1 when the store answered this question; without it most of the rest is missing")

SILENT = Gauge("notifier_source_silent_seconds", "How long ago a shop's last event came", ("source",))
PARKED = Gauge("notifier_parked_orders", "Orders that nobody has heard of and that events wait for")
PARKED_OLDEST = Gauge("notifier_parked_oldest_seconds", "How long the first of these events has waited")
KEPT = Gauge("notifier_deliveries_kept", "Refused deliveries that can be looked at and replayed", ("source",))
CATCH_UP_FAILURES = Gauge(
    "notifier_catch_up_failures", "How often in a row a shop could not be asked for its orders", ("source",)
)

MESSAGES = Gauge("notifier_messages", "Messages in each state", ("state",))
MESSAGES_OLDEST = Gauge(
    "notifier_messages_oldest_seconds", "Age of the oldest message in a state that it should leave", ("state",)
)
READY = Gauge("notifier_outbox_ready", "Messages that could leave now")
READY_OLDEST = Gauge("notifier_outbox_oldest_seconds", "How long the first of them has waited")

LINE_OPEN = Gauge("notifier_line_open", "1 for an account that texts leave by", ("provider",))
LINE_CREDIT = Gauge("notifier_line_credit_rial", "What is left in the account", ("provider",))
LINE_SENT = Gauge("notifier_line_sent_today", "Messages to customers that an account took today", ("provider",))
LINE_REACHED = Gauge("notifier_line_reached_today", "Those of them that it said to have arrived", ("provider",))
LINE_COST = Gauge("notifier_line_cost_today_rial", "What it cost today", ("provider",))
LINE_SAVED = Gauge(
    "notifier_line_saved_today_rial", "How much less that was than the same messages as texts would cost", ("provider",)
)
LINE_UNKNOWN = Gauge(
    "notifier_line_unknown_cost_today", "Messages that it may have taken, so that their cost is unknown", ("provider",)
)
LINE_LOW = Gauge("notifier_line_low_credit_rial", "Below this supervisors are told", ("provider",))

CALLS = Gauge("notifier_calls", "Calls in each state", ("state",))
CALLS_LATE = Gauge("notifier_calls_late", "Calls that nobody has made in the time their purpose allows")
ON_SHIFT = Gauge("notifier_staff_on_shift", "Staff who work now, by role", ("role",))

NEWS = Gauge("notifier_endpoint_news_waiting", "News not told yet", ("endpoint",))
NEWS_OLDEST = Gauge("notifier_endpoint_news_oldest_seconds", "How long the first of it has waited", ("endpoint",))
ENDPOINT_ON = Gauge("notifier_endpoint_on", "0 for one that was switched off", ("endpoint",))
FEEDBACK = Gauge("notifier_feedback_waiting", "Things that calls found out and their orders were not told yet")

PROCESSES = Gauge("notifier_processes", "Processes of the service that use the store")
REDIS_MEMORY = Gauge("notifier_redis_memory_bytes", "What Redis uses", ("node",))
REDIS_LIMIT = Gauge("notifier_redis_memory_limit_bytes", "What it may use; 0 for no limit", ("node",))
REDIS_AOF = Gauge("notifier_redis_aof_enabled", "1 when it keeps an append-only file", ("node",))
REDIS_AOF_OK = Gauge(
    "notifier_redis_aof_ok", "1 when the last write to that file and its last rewriting went well", ("node",)
)
REDIS_UPTIME = Gauge("notifier_redis_uptime_seconds", "How long it has been running", ("node",))
REDIS_ERRORS = Sum("notifier_redis_errors", "Commands it refused since it started", ("node",))
REDIS_REPLICAS = Gauge("notifier_redis_replicas", "Replicas connected to it", ("node",))
BACKED_UP = Gauge(
    "notifier_last_backup_timestamp_seconds", "When the store was last backed up, in unix time; 0 for never"
)
DISK_FREE = Gauge("notifier_data_disk_free_bytes", "Room left on the disk of the data directory")
DISK_SIZE = Gauge("notifier_data_disk_size_bytes", "Size of that disk")


def every() -> Iterator[Gauge]:
    """All of them, in the order of this file."""
    return (one for one in globals().values() if isinstance(one, Gauge))
