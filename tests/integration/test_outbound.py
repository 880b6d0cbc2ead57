"""What the shop is told: each fact once, by the unit of work that makes it true, with a signature that is good."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from console_browser import Desk as CallDesk
from console_browser import hire
from outbox_driver import Desk
from redis.asyncio import Redis
from shops import Client, StandardShop, standard_fixture
from standins.shop import SECRET, ShopServer, shop_server

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.domain.messages import Audience
from notifier.outbound.events import PAYLOADS, Topic
from notifier.service.process import Service
from notifier.simulator import Fault, Ripening, Simulator
from notifier.store.keys import Keys
from notifier.store.records import decode

MINUTE = timedelta(minutes=1)
PAID = "payment.succeeded__tehran_online"


@pytest.fixture
async def backend(clock: StillClock) -> AsyncIterator[ShopServer]:
    async with shop_server(clock) as shop:
        yield shop


@pytest.fixture
def wanted() -> dict[str, Any]:
    """Further keys of the section; to be parametrised by a test that wants less."""
    return {"events": list(Topic)}


@pytest.fixture
def config(make_config: Any, backend: ShopServer, wanted: dict[str, Any]) -> Config:
    section = {"url": backend.url, "secret": SECRET} | wanted
    return make_config(webhooks__backend=section)  # type: ignore[no-any-return]


@pytest.fixture
def simulator(clock: StillClock) -> Simulator:
    return Simulator(clock=clock, credit=1_000_000_000, ripen_after=Ripening(settled=timedelta(days=30)))


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


@pytest.fixture
async def calls(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> CallDesk:
    await hire(service)
    found = CallDesk(client, shop, service, clock)
    await found.open()
    return found


def reads(document: Any) -> None:
    """Raise unless it is a payload as its model says."""
    decode(json.dumps(document).encode(), PAYLOADS[Topic(document["type"])])
    assert datetime.fromisoformat(document["timestamp"]).tzinfo is not None


@pytest.mark.parametrize("partitions", [1, 5])
async def test_what_became_of_texts(desk: Desk, simulator: Simulator, backend: ShopServer) -> None:
    for status in (10, 11, 14, 13):  # delivered, undelivered, blocked, cancelled by the provider
        await desk.queue(order_id=str(status), source="shop")
        await desk.send()
        simulator.settle(simulator.messages[-1].messageid, status)
    await desk.queue(audience=Audience.STAFF)
    await desk.send()
    simulator.settle(simulator.messages[-1].messageid, 10)
    await desk.queue(order_id="on its way", source="shop")
    await desk.send()
    assert await desk.service.news.send_ready() == 0, "nothing of it is known yet"
    await desk.pass_by(6 * MINUTE)
    assert await desk.service.news.send_ready() == 4
    for document in backend.documents:
        reads(document)
    told = {document["data"]["order_id"]: document for document in backend.documents}
    assert {order: (one["type"], one["data"]["state"]) for order, one in told.items()} == {
        "10": ("message.delivered", "delivered"),
        "11": ("message.undelivered", "undelivered"),
        "14": ("message.undelivered", "blocked"),
        "13": ("message.undelivered", "failed"),
    }
    first = desk.queued[0]
    assert (told["10"]["data"]["message_id"], told["10"]["data"]["phone"]) == (first.id, first.to)
    await desk.service.sending.receipts.report("simulator", {})
    assert await desk.service.news.send_ready() == 0


async def test_a_text_refused_at_once_is_told_when_it_is_refused(
    desk: Desk, simulator: Simulator, backend: ShopServer
) -> None:
    simulator.faults.add(Fault(kind="code", code=411, times=1))
    await desk.queue(order_id="1", source="shop")
    await desk.send()
    await desk.service.news.send_ready()
    assert [(one["type"], one["data"]["state"]) for one in backend.documents] == [("message.undelivered", "failed")]


async def test_reported_by_several_at_once_it_is_told_once(
    desk: Desk, client: Client, simulator: Simulator, backend: ShopServer
) -> None:
    await desk.queue(order_id="1", source="shop")
    await desk.send()
    path = "/callbacks/kavenegar/test-callback-token/delivery"
    fields = {"messageid": simulator.messages[-1].messageid, "status": 10}

    async def report() -> int:
        async with client.get(path, params=fields) as answer:
            return answer.status

    assert set(await asyncio.gather(*(report() for _ in range(8)))) == {200}
    await desk.service.news.send_ready()
    assert backend.topics == ["message.delivered"]


async def test_an_order_that_becomes_one_with_priority(
    service: Service, shop: StandardShop, backend: ShopServer
) -> None:
    payload = standard_fixture(PAID)
    for event_id in ("a", "a", "b"):
        await shop.post(payload, event_id=event_id)
    await shop.post({"type": "order.packed", "timestamp": payload["timestamp"], "data": {"order_id": "10025"}})
    await service.news.send_ready()
    (document,) = backend.documents
    reads(document)
    assert document["type"] == "order.priority"
    data = document["data"]
    assert (data["source"], data["order_id"], data["delivery_priority"]) == ("shop", "10025", "high")
    assert (data["amount"], data["currency"]) == (payload["data"]["payment"]["amount"], "IRR")


@pytest.mark.parametrize(("found", "topic"), [("confirmed", "deposit.verified"), ("rejected", "deposit.rejected")])
@pytest.mark.parametrize("with_call", [True, False])
async def test_a_deposit_that_a_person_looked_up(
    calls: CallDesk, backend: ShopServer, found: str, topic: str, with_call: bool
) -> None:
    await calls.deposit()
    if not with_call:  # one more reason, so that the call goes on and the console tells the order itself
        await calls.sara.get("/orders/shop/10025")
        await calls.sara.post("/orders/shop/10025/call", purpose="callback", when="hour", once="1")
    await calls.sara.get("/deposits")
    await calls.sara.post("/deposits/shop/10025", deposit=found, seen="18500000")
    await calls.service.news.send_ready()
    told = [document for document in backend.documents if document["type"].startswith("deposit.")]
    assert [document["type"] for document in told] == [topic]
    reads(told[0])
    data = told[0]["data"]
    assert (data["order_id"], data["by"], data["reference"]) == ("10025", "sara", "778899")
    assert "call.completed" not in backend.topics  # nobody was phoned


async def test_a_deposit_that_the_shop_itself_reports_is_no_news_to_it(
    service: Service, shop: StandardShop, backend: ShopServer
) -> None:
    await shop.post(standard_fixture("order.registered__elsewhere_bank_transfer"))
    answer = await shop.post(standard_fixture("payment.deposit_confirmed__with_reference"))
    assert answer.status == 202
    await service.news.send_ready()
    assert not [topic for topic in backend.topics if topic.startswith("deposit")]


async def test_how_a_call_ended(calls: CallDesk, backend: ShopServer) -> None:
    call_id = await calls.due_call()
    agent = await calls.whose(call_id)
    for attempt in range(3):
        await calls.service.news.send_ready()
        assert "call.completed" not in backend.topics, attempt
        await agent.get(f"/calls/{call_id}")
        await agent.post(f"/calls/{call_id}/outcome", outcome="no_answer", note="زنگ خورد")
        await calls.tick(hours=4)
    await calls.service.news.send_ready()
    told = {one["type"]: one for one in backend.documents if one["type"] in ("call.completed", "customer.unreachable")}
    assert set(told) == {"call.completed", "customer.unreachable"}
    data = told["customer.unreachable"]["data"]
    assert (data["state"], data["outcome"], data["attempts"], data["note"]) == ("exhausted", "no_answer", 3, "زنگ خورد")
    assert data["customer"]["phone"] == "09121234567"
    assert [(one["source"], one["order_id"]) for one in data["orders"]] == [("shop", "10025")]
    assert len({one.id for one in backend.taken}) == len(backend.taken), "each has an id of its own"


async def test_staff_are_reminded_of_calls(calls: CallDesk, backend: ShopServer) -> None:
    call_id = await calls.due_call()
    await calls.service.news.send_ready()
    reminders = [one for one in backend.documents if one["type"] == "call.reminder"]
    assert reminders
    for one in reminders:
        reads(one)
    assert call_id in {call["id"] for one in reminders for call in one["data"]["calls"]}


async def test_what_a_customer_texts(service: Service, shop: StandardShop, backend: ShopServer) -> None:
    await shop.post(standard_fixture(PAID))
    await asyncio.gather(*(service.sending.inbox.receive("m1", "09121234567", "کی می‌رسد؟" * 900) for _ in range(4)))
    await service.news.send_ready()
    (document,) = [one for one in backend.documents if one["type"] == "customer.replied"]
    reads(document)
    assert document["data"]["order_id"] == "10025"
    assert document["data"]["text"].startswith("کی می‌رسد؟")
    assert len(json.dumps(document, ensure_ascii=False).encode()) < 20_000


@pytest.mark.parametrize("wanted", [{"events": ["customer.replied"]}])
async def test_nobody_hears_what_they_did_not_ask_for(
    service: Service, shop: StandardShop, backend: ShopServer, redis: Redis
) -> None:
    await shop.post(standard_fixture(PAID))
    assert not await redis.exists(Keys(0).news("backend"))
    await service.news.send_ready()
    assert backend.taken == []


@pytest.mark.parametrize("wanted", [{"events": list(Topic), "sources": ["woo"]}])
async def test_nobody_hears_of_another_shop(
    calls: CallDesk, shop: StandardShop, backend: ShopServer, redis: Redis
) -> None:
    await calls.due_call()
    await calls.service.sending.inbox.receive("m1", "09121234567", "سلام")
    assert not await redis.exists(Keys(0).news("backend"))


async def test_no_phone_and_no_secret_is_logged(
    service: Service, shop: StandardShop, backend: ShopServer, capfd: pytest.CaptureFixture[str]
) -> None:
    backend.answers = [500]
    await shop.post(standard_fixture(PAID))
    await service.news.send_ready()
    said = "".join(capfd.readouterr())
    assert "news_posted" in said
    assert "09121234567" not in said
    assert SECRET not in said + repr(service.news) + repr(service.config)


def test_the_kinds_of_events_are_not_ours_to_change() -> None:
    assert not {str(topic) for topic in Topic} & {str(kind) for kind in EventType}
