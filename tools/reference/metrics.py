"""docs/reference/metrics.md: every metric, with its type and labels."""

from collections.abc import Iterator

from prometheus_client import Counter, Histogram

from notifier.observability import counters, gauges
from notifier.observability.gauges import Sum
from tools.reference.page import MADE, table

_INTRODUCTION = f"""\
# Metrics

{MADE.format(command="python -m tools.reference")}

`GET /metrics`, in Prometheus' text format. It is open to whoever reaches the port: let the proxy in front keep it
inside. [A dashboard](../../deploy/grafana.json) shows these; [rules for alerts](../../deploy/alerts.yml) watch them and
say what to do.

Figures of the store are the same from every process: take `max` of them, not `sum`. Figures of a process are its own
and begin at zero with it: take `sum(rate(…))`. While the store does not answer, `notifier_store_up` is 0 and the
figures of the store are missing. The processes of `--workers` count together: whichever of them is asked answers for
all, without `process_*`.
"""


def page() -> str:
    """The whole page."""
    heads = ("metric", "type", "labels", "what it says")
    lines = [_INTRODUCTION, "## Of the store", "", *table(heads, _of_store()), ""]
    lines += ["## Of a process", "", *table(heads, _of_process()), ""]
    lines.append("`process_*` are those of Prometheus' own client: processor time, memory, open files.")
    return "\n".join([*lines, ""])


def names() -> set[str]:
    """Every name that can stand in a query."""
    found = {f"{one.name}_total" if isinstance(one, Sum) else one.name for one in gauges.every()}
    for one in _counted():
        name = one._name
        found |= (
            {f"{name}_total"} if isinstance(one, Counter) else {f"{name}_{part}" for part in ("bucket", "sum", "count")}
        )
    return found


def _of_store() -> Iterator[tuple[str, str, str, str]]:
    for one in gauges.every():
        name, kind = (f"{one.name}_total", "counter") if isinstance(one, Sum) else (one.name, "gauge")
        yield f"`{name}`", kind, _labels(one.labels), one.text


def _of_process() -> Iterator[tuple[str, str, str, str]]:
    for one in _counted():
        name, kind = (f"{one._name}_total", "counter") if isinstance(one, Counter) else (one._name, "histogram")
        yield f"`{name}`", kind, _labels(one._labelnames), one._documentation


def _counted() -> Iterator[Counter | Histogram]:
    return (one for one in vars(counters).values() if isinstance(one, Counter | Histogram))


def _labels(labels: tuple[str, ...]) -> str:
    return ", ".join(f"`{label}`" for label in labels)
