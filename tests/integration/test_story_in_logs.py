"""An event's story in the log, from the webhook to the delivery report, as it is found with grep."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from serve_process import Served, serve
from shops import API_TOKEN, SHOP_SECRET, WOO_SECRET, StandardShop, standard_fixture

from notifier.clock import SystemClock
from notifier.simulator import Simulator, create_app

pytestmark = pytest.mark.process

PAID = "payment.succeeded__tehran_online"
PHONE = "09121234567"
TOKEN = "a-callback-token-of-tests"


@pytest.fixture
async def environment(aiohttp_server: Callable[..., Awaitable[TestServer]], tmp_path: Path) -> dict[str, str]:
    account = Simulator(clock=SystemClock(), credit=1_000_000)
    server = await aiohttp_server(create_app(account, callbacks_every=None))
    return {
        "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
        "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": str(server.make_url("/v1")),
        "NOTIFIER__REDIS__DATA_DIR": str(tmp_path),
        "NOTIFIER__CALLBACKS__TOKEN": TOKEN,
        "NOTIFIER__API__TOKENS": json.dumps([API_TOKEN]),
        "NOTIFIER__QUIET_HOURS__ENABLED": "false",
    }


async def play(served: Served) -> None:
    """One paid order and its delivery report; and a delivery that is refused."""
    await served.read_until("ready")
    async with aiohttp.ClientSession(served.url) as session:
        shop = StandardShop(session, SystemClock())  # type: ignore[arg-type]
        payload = standard_fixture(PAID) | {"timestamp": SystemClock().now().isoformat()}
        payload["data"] |= {"order_id": "S-1"}
        payload["data"]["customer"]["phone"] = PHONE
        assert (await shop.post(payload, event_id="msg_story_1")).status == 202
        await served.read_until("message_settled")
        (settled,) = [line for line in served.log if line["action"] == "message_settled"]
        report = {"messageid": settled["provider_id"], "status": "10"}
        async with session.post(f"/callbacks/kavenegar/{TOKEN}/delivery", data=report) as answer:
            assert answer.status == 200
        await served.read_until("message_reported")
        assert (await shop.post({"type": f"order.{PHONE}"}, event_id="msg_story_2")).status == 422
        await served.read_until("delivery_refused")


def about(served: Served, **ids: str) -> list[dict[str, Any]]:
    """The lines that grep finds."""
    return [line for line in served.log if all(value in json.dumps(line) for value in ids.values())]


async def test_a_story_from_the_webhook_to_the_receipt(environment: dict[str, str]) -> None:
    async with serve(environment | {"NOTIFIER__LOGS__LEVEL": "debug"}, "--port", "0") as served:
        await play(served)
    story = about(served, order='"order": "S-1"')
    assert [line["action"] for line in story] == [
        "event_taken",
        "message_queued",
        "message_sent",
        "message_settled",
        "message_reported",
    ]
    taken, queued, sent, settled, reported = story
    assert {line["source"] for line in story} == {"shop"}
    assert taken["event_id"] == queued["event_id"] == "msg_story_1"
    assert taken["messages"] == [queued["message"]]
    assert {line["message"] for line in story[1:]} == {queued["message"]}
    assert taken["calls"]
    assert [settled["event"], reported["event"]] == ["message accepted", "message delivered"]
    assert settled["provider_id"] == reported["provider_id"]
    assert {line["provider"] for line in (sent, settled, reported)} == {"simulator"}
    assert all(line["timestamp"] and line["level"] in ("debug", "info") for line in story)
    (refused,) = about(served, event="msg_story_2")
    assert (refused["status"], refused["signed"], refused["source"]) == (422, True, "shop")


async def test_what_the_log_never_says(environment: dict[str, str]) -> None:
    async with serve(environment, "--port", "0") as served:
        await play(served)
    assert [line["action"] for line in about(served, order='"order": "S-1"')] == [
        "event_taken",
        "message_settled",
        "message_reported",
    ]
    assert served.plain == []
    text = json.dumps(served.log)
    for secret in (PHONE, SHOP_SECRET, WOO_SECRET, TOKEN, API_TOKEN):
        assert secret not in text
    assert "0912***4567" in text
