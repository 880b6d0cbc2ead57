"""The dashboard, the rules for alerts and the page on metrics know the metrics that the code has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from notifier.observability import counters, gauges
from tools.reference.metrics import names, page

ROOT = Path(__file__).parents[2]
DASHBOARD: Any = json.loads((ROOT / "deploy" / "grafana.json").read_text())
RULES: Any = [
    rule for group in yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
OURS = re.compile(r"\bnotifier_\w+")
COUNTED = [one for one in vars(counters).values() if isinstance(one, counters.Counter | counters.Histogram)]
LABELS = {one.name: set(one.labels) for one in gauges.every()}


def queries() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (rule["expr"] for rule in RULES)


def test_every_metric_asked_for_exists() -> None:
    asked = {name for query in queries() for name in OURS.findall(query)}
    assert len(asked) > 30
    assert asked - names() == set()


def labels_of(name: str) -> set[str]:
    """The labels of a metric as a query names it."""
    base = re.sub(r"_total$", "", name)
    if base in LABELS:
        return LABELS[base]
    base = re.sub(r"_(bucket|sum|count)$", "", base)
    [counted] = [one for one in COUNTED if one._name == base]
    return set(counted._labelnames) | ({"le"} if name.endswith("_bucket") else set())


def test_every_label_asked_for_exists() -> None:
    for query in queries():
        everywhere = {"instance", "job", *(label for name in OURS.findall(query) for label in labels_of(name))}
        for name, matchers in re.findall(r"\b(notifier_\w+)\{([^}]*)\}", query):
            asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
            assert asked <= labels_of(name) | {"instance", "job"}, query
        for group in re.findall(r"\bby \(([^)]*)\)", query):
            assert set(re.findall(r"\w+", group)) <= everywhere, query


def test_almost_every_metric_is_shown() -> None:
    shown = {name for query in queries() for name in OURS.findall(query)}
    every = {one.name for one in gauges.every()}
    hidden = {"notifier_data_disk_size_bytes", "notifier_redis_replicas", "notifier_processes"}
    hidden |= {"notifier_feedback_waiting", "notifier_redis_errors"}
    assert every - shown - hidden == set()


def test_the_names_follow_the_conventions() -> None:
    for name in names():
        assert re.fullmatch(r"notifier_[a-z_]+", name)
    for one in gauges.every():
        assert not one.name.endswith("_total")
        assert not re.search(r"_(ms|minutes|hours|kb|mb|toman)$", one.name)
        assert one.text


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: Any) -> None:
    assert re.fullmatch(r"Notifier[A-Z]\w+", rule["alert"])
    assert set(rule["annotations"]) == {"summary", "action"}
    assert all(text.endswith(".") and len(text) > 20 for text in rule["annotations"].values())
    assert rule["labels"]["severity"] in {"page", "ticket", "notice"}
    for label in re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())):
        assert re.search(rf"by \([^)]*\b{label}\b", rule["expr"]), "the label is gone from what it looks at"
    for pair in ("()", "{}", "[]"):
        assert rule["expr"].count(pair[0]) == rule["expr"].count(pair[1])


def test_alerts_have_names_of_their_own() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES) > 15


def test_the_dashboard_asks_the_questions_in_order() -> None:
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == [
        "Is the shop talking?",
        "Are texts arriving?",
        "How late?",
        "What does it cost, and is credit left?",
        "Are calls made?",
        "Is anything stuck?",
        "Are Redis and the machine well?",
    ]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in DASHBOARD["panels"]):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken
        taken |= cells


def test_the_page_has_a_row_for_each() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", page(), re.MULTILINE)
    counted = [one for one in vars(counters).values() if isinstance(one, counters.Counter | counters.Histogram)]
    assert len(rows) == len(set(rows)) == len(LABELS) + len(counted)
