"""Every rule for alerts, tried by Prometheus' own tool on a shop of 20 orders a day and on one of 10,000.

A shop has a healthy morning, and then one thing goes wrong: the rule for it fires, and none did before.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.process

RULES_FILE = Path(__file__).parents[2] / "deploy" / "alerts.yml"
RULES: dict[str, Any] = {
    rule["alert"]: rule for group in yaml.safe_load(RULES_FILE.read_text())["groups"] for rule in group["rules"]
}
MORNING = 240  # minutes in which all is well
DAY = 24 * 60
GONE = "_"
"""A sample that is missing."""

Values = list[float | str]
Series = Mapping[str, Values]


@dataclass(frozen=True, slots=True)
class ShopSize:
    """A shop by its orders; an order is five webhooks and seven texts."""

    orders: int

    def counted(self, per_order: float, minutes: int, *, share: float = 1.0) -> Values:
        """A counter of whole things over so many minutes, each counted when it has happened."""
        return [int(self.orders * per_order * share * minute / DAY) for minute in range(minutes)]


SHOPS = {"20 orders a day": ShopSize(20), "10000 orders a day": ShopSize(10_000)}


def level(well: float, wrong: float | str, minutes: int) -> Values:
    """A gauge that is well in the morning, and wrong from then on."""
    return [well] * MORNING + [wrong] * minutes


def turned(shop: ShopSize, per_order: float, minutes: int, *, wrong: float) -> tuple[Values, Values]:
    """Two counters of what goes well and of what goes wrong; after the morning so large a share does."""
    before = shop.counted(per_order, MORNING)
    after = shop.counted(per_order, minutes, share=1 - wrong)
    return (
        [*before, *(before[-1] + one for one in after)],  # type: ignore[operator]
        [*[0] * MORNING, *shop.counted(per_order, minutes, share=wrong)],
    )


def growing(minutes: int, start: float = 0) -> Values:
    """Seconds since the morning ended."""
    return [start] * MORNING + [start + 60 * minute for minute in range(minutes)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What goes wrong: its series, and how many minutes later the rule must have fired at a shop of each size."""

    series: Callable[[ShopSize, int], Series]
    after: tuple[int, int]  # of the small shop, of the large one
    labels: Mapping[str, str] | None = None


def webhooks(wrong: str, share: float) -> Callable[[ShopSize, int], Series]:
    def series(shop: ShopSize, minutes: int) -> Series:
        good, bad = turned(shop, 5, minutes, wrong=share)
        name = 'notifier_webhooks_total{source="shop",status="%s"}'
        return {name % "202": good, name % wrong: bad}

    return series


def texts(metric: str, good: str, bad: str, share: float, per_order: float) -> Callable[[ShopSize, int], Series]:
    def series(shop: ShopSize, minutes: int) -> Series:
        well, wrong = turned(shop, per_order, minutes, wrong=share)
        name = metric + '{provider="kavenegar",state="%s"}'
        return {name % good: well, name % bad: wrong}

    return series


def slow(metric: str, edge: str, per_minute: Callable[[ShopSize], float]) -> Callable[[ShopSize, int], Series]:
    """All take longer than the bucket that the rule looks at."""

    def series(shop: ShopSize, minutes: int) -> Series:
        every: Values = [int(per_minute(shop) * minute) for minute in range(MORNING + minutes)]
        quick: Values = [*every[:MORNING], *[every[MORNING - 1]] * minutes]
        return {f'{metric}{{le="{edge}"}}': quick, f'{metric}{{le="2.5"}}': every, f'{metric}{{le="+Inf"}}': every}

    return series


def gauges(**found: tuple[float, float | str]) -> Callable[[ShopSize, int], Series]:
    return lambda shop, minutes: {name: level(well, wrong, minutes) for name, (well, wrong) in found.items()}


def labelled(name: str, well: float, wrong: float | str) -> Callable[[ShopSize, int], Series]:
    return lambda shop, minutes: {name: level(well, wrong, minutes)}


def silent(shop: ShopSize, minutes: int) -> Series:
    """Nothing comes any more after the morning."""
    count = shop.counted(5, MORNING)
    return {
        'notifier_source_silent_seconds{source="shop"}': growing(minutes),
        'notifier_webhooks_total{source="shop",status="202"}': [*count, *[count[-1]] * minutes],
    }


def late(shop: ShopSize, minutes: int) -> Series:
    due = max(shop.orders // 10, 2)
    return {
        "notifier_calls_late": level(0, max(due // 2, 1), minutes),
        'notifier_calls{state="due"}': level(due, due, minutes),
        'notifier_calls{state="claimed"}': level(0, 0, minutes),
        'notifier_staff_on_shift{role="agent"}': level(1, 1, minutes),
    }


def credit(shop: ShopSize, minutes: int) -> Series:
    return {
        'notifier_line_credit_rial{provider="kavenegar"}': level(9e6, 1e6, minutes),
        'notifier_line_low_credit_rial{provider="kavenegar"}': level(5e6, 5e6, minutes),
    }


def memory(shop: ShopSize, minutes: int) -> Series:
    return {
        'notifier_redis_memory_bytes{node=""}': level(1e8, 9.5e8, minutes),
        'notifier_redis_memory_limit_bytes{node=""}': level(1e9, 1e9, minutes),
    }


def dropped(shop: ShopSize, minutes: int) -> Series:
    """A single one."""
    return {'notifier_endpoint_news_dropped_total{endpoint="backend"}': level(0, 1, minutes)}


def a_single_error(shop: ShopSize, minutes: int) -> Series:
    return {'notifier_webhooks_total{source="shop",status="500"}': level(0, 1, minutes)}


def revoked(shop: ShopSize, minutes: int) -> Series:
    """A bot tells of a call an order in the morning, and of none afterwards."""
    taken, away = turned(shop, 1, minutes, wrong=1)
    name = 'notifier_staff_told_total{channel="bale",outcome="%s"}'
    return {name % "taken": taken, name % "away": away}


TROUBLES: dict[str, Trouble] = {
    "NotifierDown": Trouble(series=gauges(notifier_store_up=(1, GONE)), after=(10, 10)),
    "NotifierStoreAway": Trouble(series=gauges(notifier_store_up=(1, 0)), after=(3, 3)),
    "NotifierNotDurable": Trouble(
        series=labelled('notifier_redis_aof_ok{node="a"}', 1, 0), after=(7, 7), labels={"node": "a"}
    ),
    "NotifierRedisNearlyFull": Trouble(series=memory, after=(12, 12)),
    "NotifierRedisRestarted": Trouble(
        series=labelled('notifier_redis_uptime_seconds{node="a"}', 9e5, 20), after=(1, 1), labels={"node": "a"}
    ),
    "NotifierDiskNearlyFull": Trouble(
        series=gauges(notifier_data_disk_free_bytes=(9e10, 2e9), notifier_data_disk_size_bytes=(1e11, 1e11)),
        after=(12, 12),
    ),
    "NotifierNoBackup": Trouble(series=gauges(notifier_last_backup_timestamp_seconds=(0, 0)), after=(3 * DAY, 3 * DAY)),
    "NotifierTextsWait": Trouble(series=gauges(notifier_outbox_oldest_seconds=(0, 900)), after=(7, 7)),
    "NotifierLinePaused": Trouble(
        series=labelled('notifier_line_open{provider="kavenegar"}', 1, 0),
        after=(12, 12),
        labels={"provider": "kavenegar"},
    ),
    "NotifierCreditLow": Trouble(series=credit, after=(17, 17), labels={"provider": "kavenegar"}),
    "NotifierTextsFail": Trouble(
        series=texts("notifier_messages_reported_total", "delivered", "blocked", 0.9, 7), after=(150, 45)
    ),
    "NotifierTextsRefused": Trouble(
        series=texts("notifier_messages_settled_total", "accepted", "failed", 0.5, 7),
        after=(90, 45),
        labels={"provider": "kavenegar"},
    ),
    "NotifierTextsUnclear": Trouble(series=labelled('notifier_messages{state="held"}', 0, 1), after=(32, 32)),
    "NotifierUnreadable": Trouble(series=labelled('notifier_messages{state="unreadable"}', 0, 1), after=(2, 2)),
    "NotifierShopRefused": Trouble(series=webhooks("401", 1.0), after=(60, 10), labels={"source": "shop"}),
    "NotifierShopToldToComeAgain": Trouble(series=webhooks("503", 1.0), after=(45, 15), labels={"source": "shop"}),
    "NotifierErrors": Trouble(series=a_single_error, after=(15, 15), labels={"source": "shop"}),
    "NotifierShopSilent": Trouble(series=silent, after=(DAY + 5, 180), labels={"source": "shop"}),
    "NotifierShopCannotBeAsked": Trouble(
        series=labelled('notifier_catch_up_failures{source="woo"}', 0, 5), after=(32, 32), labels={"source": "woo"}
    ),
    "NotifierEventsParked": Trouble(series=gauges(notifier_parked_oldest_seconds=(0, 9e4)), after=(2, 2)),
    "NotifierCallsLate": Trouble(series=late, after=(65, 65)),
    "NotifierStaffNotTold": Trouble(series=gauges(notifier_staff_not_told_total=(0, 1)), after=(2, 2)),
    "NotifierBotFails": Trouble(series=revoked, after=(100, 65), labels={"channel": "bale"}),
    "NotifierEndpointOff": Trouble(
        series=labelled('notifier_endpoint_on{endpoint="backend"}', 1, 0), after=(7, 7), labels={"endpoint": "backend"}
    ),
    "NotifierNewsDropped": Trouble(series=dropped, after=(3, 3), labels={"endpoint": "backend"}),
    "NotifierSlow": Trouble(
        series=slow("notifier_event_loop_lag_seconds_bucket", "0.5", lambda _: 120), after=(30, 30)
    ),
    "NotifierCommitsSlow": Trouble(
        series=slow("notifier_commit_seconds_bucket", "1", lambda shop: shop.orders * 5 / DAY), after=(90, 45)
    ),
}


def written(values: Sequence[float | str]) -> str:
    """As the tool takes a series: value by value, those that stay once with how often."""
    parts: list[str] = []
    place = 0
    while place < len(values):
        value, end = values[place], place
        while end + 1 < len(values) and values[end + 1] == value:
            end += 1
        times = end - place
        parts.append(f"_x{times + 1}" if value == GONE else f"{value}+0x{times}")
        place = end + 1
    return " ".join(parts)


def promtool(folder: Path, tests: Sequence[Any], *rules: str) -> str:
    """What the tool says about these cases of some rules, or of all; skipped where it is not.

    It evaluates every rule of its file at every minute of days: the others of a case about one would take most of it.
    """
    if not (found := shutil.which("promtool")):
        pytest.skip("there is no promtool on this machine; Debian has it in the package prometheus")
    groups = [{"name": "rules", "rules": [RULES[rule] for rule in rules or RULES]}]
    (folder / "alerts.yml").write_text(yaml.safe_dump({"groups": groups}, allow_unicode=True))
    (folder / "test.yml").write_text(
        yaml.safe_dump({"rule_files": ["alerts.yml"], "evaluation_interval": "1m", "tests": list(tests)})
    )
    done = subprocess.run([found, "test", "rules", "test.yml"], cwd=folder, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def fired(rule: str, at: int, labels: Mapping[str, str] | None) -> Any:
    """The assertion that a rule has fired for these labels, and for no others."""
    told = {
        name: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: (labels or {})[found[1]], text)
        for name, text in RULES[rule]["annotations"].items()
    }
    alert = {"exp_labels": {**RULES[rule]["labels"], **(labels or {})}, "exp_annotations": told}
    return {"eval_time": f"{at}m", "alertname": rule, "exp_alerts": [alert]}


def quiet(rule: str, at: int) -> Any:
    return {"eval_time": f"{at}m", "alertname": rule, "exp_alerts": []}


def case(rule: str, shop: ShopSize) -> Any:
    trouble = TROUBLES[rule]
    after = trouble.after[shop is SHOPS["10000 orders a day"]]
    series = trouble.series(shop, after + 5)
    before = [] if rule == "NotifierNoBackup" else [quiet(rule, MORNING - 1)]
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": written(values)} for name, values in series.items()],
        "alert_rule_test": [*before, fired(rule, MORNING + after, trouble.labels)],
    }


def test_every_rule_has_a_case() -> None:
    assert set(TROUBLES) == set(RULES)


@pytest.mark.parametrize("size", SHOPS)
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_fires_when_it_should(rule: str, size: str, tmp_path: Path) -> None:
    assert promtool(tmp_path, [case(rule, SHOPS[size])], rule) == ""


def healthy(shop: ShopSize) -> Iterator[tuple[str, Values]]:
    """A day on which all is well: some texts do not arrive, a stranger guesses at a signature, a call is late."""
    minutes = DAY
    flat: dict[str, float] = {
        "notifier_store_up": 1,
        'up{job="notifier"}': 1,
        'notifier_redis_aof_enabled{node="a"}': 1,
        'notifier_redis_aof_ok{node="a"}': 1,
        'notifier_redis_memory_bytes{node="a"}': 1e8,
        'notifier_redis_memory_limit_bytes{node="a"}': 1e9,
        'notifier_redis_uptime_seconds{node="a"}': 9e5,
        "notifier_data_disk_free_bytes": 5e10,
        "notifier_data_disk_size_bytes": 1e11,
        "notifier_outbox_oldest_seconds": 20,
        'notifier_line_open{provider="kavenegar"}': 1,
        'notifier_line_credit_rial{provider="kavenegar"}': 9e8,
        'notifier_line_low_credit_rial{provider="kavenegar"}': 5e6,
        'notifier_messages{state="held"}': 0,
        'notifier_messages{state="unreadable"}': 0,
        'notifier_messages_oldest_seconds{state="unknown"}': 60,
        'notifier_calls{state="unreadable"}': 0,
        'notifier_calls{state="due"}': max(shop.orders // 10, 6),
        'notifier_calls{state="claimed"}': 1,
        "notifier_calls_late": max(shop.orders // 100, 1),
        'notifier_staff_on_shift{role="agent"}': 2,
        'notifier_source_silent_seconds{source="shop"}': 3 * DAY * 60 / (shop.orders * 5),
        'notifier_catch_up_failures{source="shop"}': 0,
        "notifier_parked_oldest_seconds": 600,
        'notifier_endpoint_on{endpoint="backend"}': 1,
        'notifier_endpoint_news_oldest_seconds{endpoint="backend"}': 5,
        'notifier_endpoint_news_dropped_total{endpoint="backend"}': 0,
        'notifier_webhooks_total{source="shop",status="500"}': 0,
        'notifier_webhooks_total{source="shop",status="503"}': 0,
        "notifier_last_backup_timestamp_seconds": 0,
    }
    yield from ((name, [value] * minutes) for name, value in flat.items())
    yield 'notifier_webhooks_total{source="shop",status="202"}', shop.counted(5, minutes)
    yield 'notifier_webhooks_total{source="shop",status="401"}', [0] * 700 + [1] * (minutes - 700)
    yield (
        'notifier_messages_reported_total{provider="kavenegar",state="delivered"}',
        shop.counted(7, minutes, share=0.95),
    )
    yield 'notifier_messages_reported_total{provider="kavenegar",state="blocked"}', shop.counted(7, minutes, share=0.05)
    yield 'notifier_messages_settled_total{provider="kavenegar",state="accepted"}', shop.counted(7, minutes)
    yield 'notifier_messages_settled_total{provider="kavenegar",state="failed"}', shop.counted(7, minutes, share=0.01)
    for name, per_minute in (("event_loop_lag", 120.0), ("commit", shop.orders * 5 / DAY)):
        for edge in ("0.01", "0.5", "1", "+Inf"):
            count: Values = [int(per_minute * minute) for minute in range(minutes)]
            yield f'notifier_{name}_seconds_bucket{{le="{edge}"}}', count


@pytest.mark.parametrize("size", SHOPS)
def test_no_rule_fires_on_a_day_on_which_all_is_well(size: str, tmp_path: Path) -> None:
    day = {
        "interval": "1m",
        "input_series": [{"series": name, "values": written(values)} for name, values in healthy(SHOPS[size])],
        "alert_rule_test": [quiet(rule, at) for rule in RULES for at in (30, 300, 705, 720, 900, DAY - 1)],
    }
    assert promtool(tmp_path, [day]) == ""
