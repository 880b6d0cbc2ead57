"""The demo, run as people run it: the whole day as JSON, and a live one that is told to stop."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notifier.demo.stage import STAFF
from notifier.domain import persian

pytestmark = pytest.mark.process
_OF_ONE_DAY = pytest.mark.xdist_group("the demo's day")  # which is played once

Line = dict[str, Any]
DAY = "2026-11-23"  # a Monday, the next day is worked, too


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "notifier", "demo", *arguments]


def _day(folder: Path, *arguments: str) -> list[Line]:
    done = subprocess.run(
        _command("--once", "--json", "--date", DAY, *arguments), cwd=folder, env={}, capture_output=True, timeout=180
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    """Everything a day in a bare environment prints."""
    return _day(tmp_path_factory.mktemp("anywhere"))


def _of(day: list[Line], kind: str, order_id: str, **more: str) -> list[Line]:
    wanted = {"kind": kind, "order_id": order_id, **more}
    return [line for line in day if wanted.items() <= line.items()]


def _templates(day: list[Line], order_id: str) -> list[str]:
    return [line["template"] for line in _of(day, "sms", order_id, audience="customer")]


def _calls(day: list[Line], order_id: str, state: str) -> list[str]:
    return [line["purpose"] for line in _of(day, "call", order_id, state=state)]


def _minute(moment: str) -> str:
    """Texts to one person leave one after another, some milliseconds apart."""
    return moment[:16]


@_OF_ONE_DAY
def test_every_event_is_answered_well(day: list[Line]) -> None:
    events = [line for line in day if line["kind"] == "event"]
    assert events
    assert {line["status"] for line in events if line["source"] == "shop"} == {200, 202}
    assert {line["status"] for line in events if line["source"] == "woo"} == {200}


@_OF_ONE_DAY
@pytest.mark.parametrize(
    ("order_id", "templates", "due"),
    [
        pytest.param(
            "10025",
            [
                "payment_succeeded_tehran",
                "order_preparing",
                "order_packed",
                "order_shipped_tehran",
                "order_out_for_delivery",
                "order_delivered_guarantee",
            ],
            ["reassurance", "shipping_update", "satisfaction"],
            id="tehran-online",
        ),
        pytest.param(
            "10026",
            [
                "order_registered_cash",
                "delivery_agreed",
                "order_preparing",
                "order_out_for_delivery_cash",
                "order_delivered",
            ],
            ["coordination"],
            id="tehran-cash",
        ),
        pytest.param("10027", ["order_registered_phone", "order_packed"], ["arrange_payment"], id="tehran-phone"),
        pytest.param(
            "10028",
            [
                "payment_succeeded_elsewhere",
                "order_preparing",
                "order_packed",
                "order_shipped_elsewhere",
                "order_out_for_delivery",
                "order_delivered_elsewhere",
            ],
            ["shipping_update", "shipping_update"],
            id="elsewhere-online",
        ),
        pytest.param("10029", ["payment_failed", "payment_succeeded_elsewhere"], [], id="failed-then-paid"),
        pytest.param("10030", ["payment_open"], ["payment_help"], id="left-open"),
        pytest.param(
            "10031",
            [
                "order_registered_transfer",
                "deposit_reported",
                "deposit_confirmed",
                "order_preparing",
                "order_packed",
                "order_shipped_elsewhere",
                "order_out_for_delivery",
                "order_delivered_elsewhere",
            ],
            ["verify_deposit", "shipping_update", "shipping_update"],
            id="transfer-confirmed",
        ),
        pytest.param(
            "10032",
            ["order_registered_transfer", "deposit_reported", "deposit_rejected"],
            ["verify_deposit", "deposit_not_found"],
            id="transfer-rejected",
        ),
        pytest.param(
            "10033", ["order_registered_transfer", "deposit_reminder"], ["deposit_reminder"], id="transfer-silence"
        ),
        pytest.param("10034", ["order_registered_review"], ["arrange_payment"] * 2, id="cash-not-on-offer"),
        pytest.param(
            "10035",
            ["payment_succeeded_elsewhere", "order_shipped_elsewhere", "order_delivered_elsewhere"],
            ["shipping_update"],
            id="late-news",
        ),
        pytest.param(
            "10036",
            ["payment_succeeded_tehran", "order_cancelled_prepaid", "payment_refunded"],
            ["why_cancelled"],
            id="cancelled",
        ),
        pytest.param("10037", ["payment_succeeded_elsewhere"], [], id="early-news"),
        pytest.param(
            "10038",
            [
                "payment_succeeded_elsewhere",
                "order_shipped_elsewhere",
                "order_out_for_delivery",
                "order_delivered_elsewhere",
            ],
            ["shipping_update", "shipping_update"],
            id="told-by-its-carrier",
        ),
        pytest.param(
            "10039",
            ["payment_succeeded_elsewhere", "order_shipped_elsewhere"],
            ["shipping_update", "stalled_parcel"],
            id="stands-still",
        ),
        pytest.param(
            "10040",
            ["order_registered_transfer", "deposit_confirmed", "order_preparing"],
            [],
            id="confirmed-by-the-bank",
        ),
        pytest.param("5012", ["order_registered_cash", "order_delivered"], ["coordination"], id="woo-cod"),
        pytest.param(
            "5013",
            ["payment_succeeded_elsewhere", "order_preparing", "order_shipped_elsewhere"],
            ["shipping_update"],
            id="woo-online",
        ),
    ],
)
def test_customer_hears_what_was_promised(day: list[Line], order_id: str, templates: list[str], due: list[str]) -> None:
    assert _templates(day, order_id) == templates
    assert _calls(day, order_id, "due") == due


@_OF_ONE_DAY
def test_texts_go_to_the_customer_and_reminders_to_staff(day: list[Line]) -> None:
    assert {line["to"] for line in _of(day, "sms", "10025", audience="customer")} == {"09121234567"}
    reminders = [line for line in day if line["kind"] == "sms" and line["audience"] == "staff"]
    assert {line["to"] for line in reminders} <= {staff.phone for staff in STAFF}
    # One who is reminded often gets several calls in one text, and none of those made meanwhile.
    told = "\n".join(line["text"] for line in reminders)
    assert all(persian.digits(phone) in told for phone in ("09121234567", "09166667788"))


@_OF_ONE_DAY
def test_the_agent_makes_the_calls(day: list[Line]) -> None:
    assert _calls(day, "10025", "done") == ["reassurance", "shipping_update"]


@_OF_ONE_DAY
def test_a_customer_agrees_upon_a_time_confirms_it_and_gives_a_mark(day: list[Line]) -> None:
    said = [line for line in _of(day, "event", "10026") if "by" in line]
    assert [(line["by"], line["type"], line["text"]) for line in said] == [
        ("desk", "delivery.agreed", None),
        ("customer", "order.confirmed", "۱"),
        ("customer", "order.rated", "۵"),
    ]
    assert said[0]["delivery"] == f"{DAY} 14:00-17:00"
    assert said[0]["messages"] == ["delivery_agreed"]
    assert said[2]["mark"] == 5
    texts = {line["template"]: line["text"] for line in _of(day, "sms", "10026", audience="customer")}
    assert all("۱: تأیید، ۲: زمان دیگر" in texts[name] for name in ("order_registered_cash", "delivery_agreed"))
    assert "ساعت ۱۴ تا ۱۷" in texts["delivery_agreed"]
    assert "از ۱ تا ۵" in texts["order_delivered"]


@_OF_ONE_DAY
def test_the_carrier_and_the_bank_speak_for_themselves(day: list[Line]) -> None:
    parcel = [line for line in day if line["kind"] == "parcel"]
    assert [(line["order_id"], line["text"]) for line in parcel] == [
        ("10038", "ورود به هاب مبدأ"),
        ("10039", "ورود به هاب مبدأ"),
        ("10038", "کد ۷۷ ثبت شد"),
        ("10038", "تحویل سفیر"),
        ("10038", "تحویل گیرنده شد"),
    ]
    told = {line["template"]: _minute(line["at"]) for line in _of(day, "sms", "10038", audience="customer")}
    assert told["order_out_for_delivery"] == f"{DAY}T12:10"
    assert told["order_delivered_elsewhere"] == f"{DAY}T14:50"
    bank = [line for line in day if line["kind"] == "bank"]
    assert [(line["standing"], line["order_id"]) for line in bank] == [("matched", "10040"), ("open", None)]
    assert _minute(_of(day, "sms", "10040", template="deposit_confirmed")[0]["at"]) == f"{DAY}T10:52"


@_OF_ONE_DAY
def test_the_exchange_dials_and_tells_what_became_of_it(day: list[Line]) -> None:
    dials = [line for line in day if line["kind"] == "dial"]
    assert [(_minute(line["at"])[-5:], line["order_id"], line["found"], line["talked"]) for line in dials] == [
        ("09:21", "10025", "connected", 75),
        ("10:05", "10034", "busy", None),
        ("10:20", "10034", "connected", 75),
    ]
    assert {(line["extension"], line["source"]) for line in dials} == {("201", "shop")}
    assert [line["phone"] for line in dials] == ["09121234567", "09132223344", "09132223344"]
    assert _calls(day, "10034", "done") == ["arrange_payment"]


@_OF_ONE_DAY
def test_prepaid_in_tehran_comes_first(day: list[Line]) -> None:
    paid = _of(day, "event", "10025", type="payment.succeeded")[0]
    assert (paid["prepaid"], paid["priority"]) == (True, "high")
    elsewhere = _of(day, "event", "10028", type="payment.succeeded")[0]
    assert (elsewhere["prepaid"], elsewhere["priority"]) == (True, "normal")


@_OF_ONE_DAY
def test_nothing_says_paid_before_the_deposit_is_confirmed(day: list[Line]) -> None:
    told = _of(day, "event", "10031")
    assert [line["prepaid"] for line in told[:4]] == [False, False, False, True]
    assert told[2]["suppressed"] == [{"template": "order_preparing", "reason": "not_paid"}]


@_OF_ONE_DAY
def test_repeated_late_and_early_news(day: list[Line]) -> None:
    first, again, under_another_id = _of(day, "event", "10025", type="payment.succeeded")
    assert (first["status"], first["duplicate"]) == (202, False)
    assert (again["status"], again["duplicate"]) == (200, True)
    assert (under_another_id["status"], under_another_id["messages"]) == (202, [])
    late = _of(day, "event", "10035", type="order.packed")[0]
    assert late["suppressed"] == [{"template": "order_packed", "reason": "superseded"}]
    early, registered = _of(day, "event", "10037")
    assert (early["parked"], registered["parked"]) == (True, False)
    unchanged = _of(day, "event", "5013", type="order.updated")[1]
    assert (unchanged["messages"], unchanged["calls"], unchanged["suppressed"]) == ([], [], [])


@_OF_ONE_DAY
def test_what_waits_comes_at_its_time(day: list[Line]) -> None:
    assert _minute(_of(day, "sms", "10030")[0]["at"]) == f"{DAY}T10:14"
    reminder = _of(day, "sms", "10033", template="deposit_reminder")[0]
    assert _minute(reminder["at"]) == "2026-11-24T08:45"
    due = [line for line in day if line["kind"] == "call" and line["state"] == "due"]
    later = [line for line in due if _minute(line["at"]) != _minute(line["due_at"])]
    assert [(line["order_id"], _minute(line["at"])) for line in later] == [("10034", f"{DAY}T10:20")], "it was busy"


@_OF_ONE_DAY
def test_the_summary_adds_up(day: list[Line]) -> None:
    total = day[-1]
    assert total["kind"] == "summary"
    assert (total["lost"], total["doubled"], total["waiting"], total["refused"]) == (0, 0, 0, 0)
    texts = [line for line in day if line["kind"] == "sms"]
    assert total["acknowledged"] == total["sent"] + total["withdrawn"] + total["expired"]
    assert total["sent"] == sum(line["audience"] == "customer" for line in texts)
    assert total["reminders"] == sum(line["audience"] == "staff" for line in texts)
    assert len({line["id"] for line in texts}) == len({(line["to"], line["text"]) for line in texts}) == len(texts)
    assert total["parts"] == sum(line["parts"] for line in texts)
    assert total["cost"] == 1_200 * total["parts"]
    assert (total["duplicates"], total["parked"]) == (1, 1)
    assert total["calls"] == total["calls_due"] + total["calls_cancelled"]


@_OF_ONE_DAY
def test_the_same_date_gives_the_same_day(day: list[Line], tmp_path: Path) -> None:
    """Line by line; of what is sent to several people in one moment, which comes first is not promised."""
    assert _by_moment(_day(tmp_path)) == _by_moment(day)


def _by_moment(day: list[Line]) -> list[Line]:
    """In order, without what is not to be guessed: the address of a customer's page, and the port that was free."""
    for line in day:
        if line.get("text"):
            line["text"] = re.sub(r"http://127\.0\.0\.1:\d+/o/\w+", "…", line["text"])
    return sorted(day, key=lambda line: (str(line.get("at", "")), json.dumps(line, sort_keys=True)))


def test_a_day_before_a_day_off(tmp_path: Path) -> None:
    total = _day(tmp_path, "--date", "2026-11-26")[-1]  # a Thursday: what comes after 13:00 waits until Saturday
    assert (total["lost"], total["doubled"], total["waiting"]) == (0, 0, 0)


def test_for_people(tmp_path: Path) -> None:
    done = subprocess.run(
        _command("--once", "--date", DAY), cwd=tmp_path, env={}, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 90  # joiners and marks have no width
    for told in ("سارا محمدی", "201785643310", "payment.deposit_confirmed", "parked", "overtaken", "0 lost, 0 doubled",
                 "rings extension 201", "busy", "75 s talked"):  # fmt: skip
        assert told in done.stdout


@pytest.fixture
def live(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A live demo whose temporary files lie in ``tmp_path``."""
    with subprocess.Popen(
        _command("--port", "0", "--pace", "0.05", "--date", DAY),
        cwd=tmp_path,
        env={"TMPDIR": str(tmp_path), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def _servers(folder: Path) -> list[str]:
    """Command lines and working directories of processes that have to do with a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            about = (process / "cmdline").read_bytes().decode() + os.readlink(process / "cwd")
        except OSError:
            continue
        if "valkey-server" in about and str(folder) in about:
            found.append(about)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("until", ["order.registered", "until Ctrl-C"], ids=["at play", "afterwards"])
def test_a_live_day_ends_when_told(
    live: "subprocess.Popen[str]", tmp_path: Path, until: str, number: signal.Signals
) -> None:
    assert live.stdout is not None
    next(line for line in live.stdout if until in line)
    assert _servers(tmp_path), "the test does not see the server"
    live.send_signal(number)
    _, errors = live.communicate(timeout=5)
    assert live.returncode == 0, errors
    assert errors == ""
    assert _servers(tmp_path) == []
    assert not list(tmp_path.glob("notifier-demo-*"))


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            _command("--port", port), cwd=tmp_path, env={}, capture_output=True, text=True, timeout=30
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
