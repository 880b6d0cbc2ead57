"""``notifier export``: orders with all that is known about them."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from shops import ApiUser, StandardShop, send_all, standard_fixture

from notifier.clock import StillClock
from notifier.retention import exporting
from notifier.retention.exporting import NotADay
from notifier.service.process import Service

PAID = "payment.succeeded__tehran_online"


def order(number: int) -> Any:
    payload = standard_fixture(PAID)
    customer = payload["data"]["customer"] | {"phone": f"0912000{number:04}"}
    return payload | {"data": payload["data"] | {"order_id": f"E{number}", "customer": customer}}


@pytest.mark.parametrize("partitions", [1, 4])
async def test_every_order_is_there_with_its_story(
    shop: StandardShop, service: Service, clock: StillClock, api: ApiUser
) -> None:
    for start in range(0, 120, 40):
        await shop.post([order(number) for number in range(start, start + 40)], path="/batch")
    await send_all(service, clock)
    clock.turn(timedelta(days=2))
    await shop.post(order(500))
    everything = [row async for row in exporting.orders(service.reader, (None, None), now=clock.now())]
    assert sorted(row.id for row in everything) == sorted(f"E{number}" for number in (*range(120), 500))
    one = next(row for row in everything if row.id == "E7")
    told = (await api.get("/orders/E7")).body
    assert [json.loads(bytes(line))["what"] for line in one.timeline] == [line["what"] for line in told["timeline"]]
    assert [json.loads(bytes(kept.message))["text"] for kept in one.messages] == [
        kept["text"] for kept in told["messages"]
    ]
    for first, last in (("1405-09-04", "1405/09/04"), ("2026-11-25", "2026-11-25"), ("۱۴۰۵-۰۹-۰۳", None)):
        span = exporting.span(first, last)
        assert [row.id async for row in exporting.orders(service.reader, span, now=clock.now())] == ["E500"]
        assert await exporting.count(service.reader, span) == 1


@pytest.mark.parametrize(
    ("first", "last"), [("1405-13-01", None), ("tomorrow", None), (None, "2026-02-30"), ("2026-11-24", "2026-11-23")]
)
def test_a_day_that_is_none_is_refused(first: str | None, last: str | None) -> None:
    with pytest.raises(NotADay, match=r"swap|1405-09-02"):
        exporting.span(first, last)


@pytest.fixture
async def one_order(shop: StandardShop) -> None:
    await shop.post(order(1))


@pytest.mark.process
@pytest.mark.usefixtures("one_order")
def test_the_command_writes_json_lines(redis_url: str, tmp_path: Path) -> None:
    out = tmp_path / "orders.jsonl"
    for arguments in (["--out", str(out)], []):
        ended = subprocess.run(
            [sys.executable, "-m", "notifier", "export", *arguments],
            env={"NOTIFIER__REDIS__URL": redis_url},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        written = out.read_text() if arguments else ended.stdout
        assert [json.loads(line)["id"] for line in written.splitlines()] == ["E1"]
        assert "1 order" in ended.stderr
