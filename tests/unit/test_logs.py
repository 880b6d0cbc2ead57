"""What leaves in a log line, whatever it was given."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from notifier.domain.messages import MessageState
from notifier.observability import logs

SECRET = "whsec_bm90IGZvciBhbnlib2R5"
KEY = "4B6F7A-3132333435363738"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    kept, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    yield
    structlog.configure(**kept)
    logging.getLogger().handlers[:] = handlers


Written = Callable[[], str]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Written:
    return lambda: capsys.readouterr().err


def configure(**more: Any) -> Any:
    logs.configure(**more)
    structlog.configure(cache_logger_on_first_use=False)
    return structlog.get_logger()


def test_a_line_is_json_with_its_time_and_level_first(written: Written) -> None:
    configure().info("message delivered", action="message_reported", order="10025", state=MessageState.DELIVERED)
    line = json.loads(written())
    assert list(line)[:2] == ["timestamp", "level"]
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {
        "level": "info",
        "event": "message delivered",
        "action": "message_reported",
        "order": "10025",
        "state": "delivered",
    }


ODD: list[Any] = [
    "09121234567",
    "to 09121234567 and +98 912 123 4567",
    "۰۹۱۲۱۲۳۴۵۶۷",
    "order-09121234567",
    ["x", {"deep": ("0912 123 4567",)}],
    {"09121234567": 1},
    989121234567,
    ValueError("no 09121234567"),
    b"09121234567",
]


@pytest.mark.parametrize("value", ODD, ids=str)
@pytest.mark.parametrize("form", ["json", "readable"])
def test_no_phone_leaves_whole(written: Written, value: Any, form: logs.Format) -> None:
    configure(form=form).info(f"about {value}", order=value, whatever=value)
    text = written()
    assert text.count("\n") == 1
    assert "0912***4567" in text or "9891***4567" in text
    assert "1234567" not in text
    assert "123 4567" not in text
    assert "۱۲۳۴۵۶۷" not in text


def test_ids_are_left_as_they_are(written: Written) -> None:
    ids = {
        "message": "7393922339393939393",
        "provider_id": "9123456789",
        "order": "10025",
        "event_id": "msg_9",
        "n": 912,
    }
    configure().info("x", **ids, at=1_795_415_400_000, calls=["6546804375756859863"])
    line = json.loads(written())
    assert {name: line[name] for name in ids} == ids
    assert line["at"] == 1_795_415_400_000


def test_no_secret_leaves(written: Written) -> None:
    log = configure(secrets=[SECRET, KEY, "short"])
    log.warning(f"asked https://api.example/v1/{KEY}/x", headers={"Authorization": "Bearer abcdefghijkl"}, key=[KEY])
    log.info("another", signing=SECRET, unknown="whsec_c29tZWJvZHkgZWxzZSdz", size="short")
    text = written()
    assert KEY not in text
    assert "whsec_" not in text
    assert "abcdefghijkl" not in text
    assert json.loads(text.splitlines()[1])["size"] == "short"


@pytest.mark.parametrize("form", ["json", "readable"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\x85", "\u2028", "\x1b[2J", "\u202e"])
def test_nobody_can_write_a_line_of_their_own(written: Written, form: logs.Format, end: str) -> None:
    evil = f'x{end}{{"level":"error","action":"alert"}}'
    configure(form=form).info(f"order {evil}", order=evil)
    try:
        raise ValueError(evil)
    except ValueError:
        configure(form=form).exception("failed", action="request_failed")
    text = written()
    assert end == "\n" or end not in text
    ours = [line for line in text.splitlines() if line and not line.startswith("    ")]
    assert len(ours) == 2
    assert ours[1].count("failed")


def test_the_levels(written: Written) -> None:
    log = configure(level="warning")
    log.info("not this")
    log.warning("this")
    assert [json.loads(line)["event"] for line in written().splitlines()] == ["this"]
    assert not logs.shows(logging.INFO)
    assert logs.shows(logging.ERROR)


def test_many_lines_in_one_write(written: Written) -> None:
    configure()
    assert logs.shows(logging.INFO)
    logs.at_once([{"event": "a", "order": "09121234567"}, {"event": "b\n", "n": 1}])
    first, second = (json.loads(line) for line in written().splitlines())
    assert (first["order"], second["event"]) == ("0912***4567", "b\\n")
    assert first["timestamp"] == second["timestamp"]
    assert abs(datetime.fromisoformat(first["timestamp"]) - datetime.now(UTC)).days == 0


def test_what_libraries_log_goes_the_same_way(written: Written) -> None:
    configure(secrets=[KEY])
    record = logging.LogRecord("apscheduler", logging.ERROR, "", 0, f"job %s of {KEY} failed", ("09121234567",), None)
    logs.Forwarding().emit(record)
    logs.Forwarding().emit(logging.LogRecord("x", 35, "", 0, "100% of %d", ("many",), None))
    first, second = (json.loads(line) for line in written().splitlines())
    assert (first["event"], first["logger"], first["level"]) == (
        "job 0912***4567 of *** failed",
        "apscheduler",
        "error",
    )
    assert (second["event"], second["level"]) == ("100% of %d", "warning")


def test_a_reader_that_is_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    log = configure()
    monkeypatch.setattr(sys, "stderr", closed)
    log.info("nobody reads this")
