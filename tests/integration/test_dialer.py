"""Calls through the shop's exchange: pressed on the card, told by the exchange, reported by a person."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from console_browser import Desk, hire_with_telephones
from inbound_notices import first_inbound
from msgspec.structs import replace
from shops import Client, StandardShop

from notifier import tasks
from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.calls import CallState
from notifier.domain.dialing import DialFinding, DialWord
from notifier.intake.replaying import ReplayOutcome
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.simulator.exchange import DialledOutcome
from notifier.simulator.faults import Fault, FaultKind
from notifier.simulator.manager import ManagerInterface
from notifier.store import audit, ringing
from notifier.store.audit import Act, Wanted

TOKEN = "secret-part-of-the-address"
PHONE = "09121234567"
NO_CREDIT = "No <b>credit</b> for 09351112233"
FAULTS = {"http": "exchange/dial", "simotel": "exchange/originate", "ami": "exchange/ami"}


@pytest.fixture
def kind() -> str:
    return "http"


@pytest.fixture
async def manager(simulator: Simulator) -> AsyncIterator[ManagerInterface]:
    interface = ManagerInterface(simulator.exchange, simulator.api_key, simulator.faults)
    await interface.start()
    yield interface
    await interface.close()


@pytest.fixture
def config(
    make_config: Callable[..., Config], simulator: Simulator, simulator_url: str, manager: ManagerInterface, kind: str
) -> Config:
    url, key = simulator_url.removesuffix("/v1"), simulator.api_key
    settings: dict[str, Any] = {
        "http": {
            "url": f"{url}/exchange/dial",
            "headers": {"Authorization": "Bearer {key}"},
            "body": {"extension": "{extension}", "number": "{number}", "attempt": "{attempt}"},
            "secrets": {"key": key},
            "accepted_when": "ok",
            "reference": "data.request_id",
        },
        "simotel": {"url": f"{url}/exchange/api/v4", "user": "notifier", "secret": key, "api_key": key},
        "ami": {"address": f"127.0.0.1:{manager.port}", "user": "notifier", "secret": key},
    }[kind]
    more = {"callback_token": TOKEN, "timeout": "1s", "recording_base": "https://pbx.example/rec"}
    words = dict.fromkeys(("trunk_down", NO_CREDIT), "line_fault")
    return make_config(dialer={"kind": kind, "words": words, **settings, **more})


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire_with_telephones(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


async def tell(client: Client, event: dict[str, Any], *, token: str = TOKEN, path: str = "") -> int:
    answer = await client.post(f"/callbacks/dialer/{token}{path}", json=event)
    return answer.status


async def deliver(client: Client, simulator: Simulator) -> None:
    """What the exchange has to tell, posted as it would."""
    simulator.exchange.callback_url = str(client.make_url(f"/callbacks/dialer/{TOKEN}"))
    await simulator.exchange.deliver()


@pytest.mark.parametrize("kind", ["http", "simotel"])
@pytest.mark.parametrize(
    ("outcome", "proposal"),
    [
        (DialledOutcome.ANSWERED, "reached"),
        (DialledOutcome.BUSY, "busy"),
        (DialledOutcome.NO_ANSWER, "no_answer"),
        (DialledOutcome.LINE_FAULT, ""),
    ],
)
async def test_a_call_through_the_exchange(
    desk: Desk, client: Client, simulator: Simulator, outcome: DialledOutcome, proposal: str
) -> None:
    simulator.exchange.outcomes[PHONE] = outcome
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    card = await agent.get(f"/calls/{call_id}")
    assert f'action="/console/calls/{call_id}/dial"' in card.text
    assert 'href="tel:09121234567"' in card.text
    page = await agent.post(f"/calls/{call_id}/dial")
    assert "زنگ می‌خورد؛ بردارید" in page.words
    (dial,) = simulator.exchange.dials
    assert (dial.number, dial.extension in ("201", "202")) == (PHONE, True)
    assert (await desk.call(call_id)).state is CallState.CLAIMED
    await deliver(client, simulator)
    call = await desk.call(call_id)
    assert call.tried == {}, "nothing is reported without a person"
    assert call.state is CallState.CLAIMED
    page = await agent.get(f"/calls/{call_id}")
    offered = f'name="outcome" value="{proposal}">ثبت' in page.text
    assert offered is bool(proposal)
    if outcome is DialledOutcome.LINE_FAULT:
        assert "تلاش به حساب نمی‌آید" in page.words
    if outcome is DialledOutcome.ANSWERED:
        assert "۱ دقیقه و ۱۵ ثانیه گفتگو" in page.words
    if proposal:
        await agent.post(f"/calls/{call_id}/outcome", outcome=proposal)
        assert (await desk.call(call_id)).tried == {proposal: 1}
        again = await agent.get(f"/calls/{call_id}")
        assert ">ثبت «" not in again.text


async def test_it_is_in_the_story_and_in_the_trail(desk: Desk, client: Client, simulator: Simulator) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/dial")
    await deliver(client, simulator)
    call = await desk.call(call_id)
    story = (await agent.get(f"/orders/{call.source}/{call.order_id}")).words
    assert "تماس با مرکز تلفن" in story
    assert "مشتری پاسخ داد" in story
    trail = [entry async for _, entry in audit.read(desk.service.reader, Wanted())]
    (entry,) = [one for one in trail if one.act is Act.DIALLED]
    assert (entry.about, entry.by) == (call_id, call.dials[0].by)


@pytest.mark.parametrize("kind", ["http", "simotel", "ami"])
@pytest.mark.parametrize(
    ("fault", "accepted", "said", "found", "dialled"),
    [
        ("drop", False, "پاسخ مرکز تلفن نرسید", None, 0),
        ("drop", True, "پاسخ مرکز تلفن نرسید", None, 1),
    ],
)
async def test_an_answer_that_is_lost_is_a_doubt_and_nothing_is_dialled_twice(
    desk: Desk,
    simulator: Simulator,
    kind: str,
    fault: FaultKind,
    accepted: bool,
    said: str,
    found: DialFinding | None,
    dialled: int,
) -> None:
    simulator.faults.add(Fault(kind=fault, method=FAULTS[kind], times=1, accepted=accepted))
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    assert said in (await agent.post(f"/calls/{call_id}/dial")).words
    assert len(simulator.exchange.dials) == dialled
    (attempt,) = (await desk.call(call_id)).dials
    assert attempt.found is found
    page = await agent.post(f"/calls/{call_id}/dial")
    assert "هنوز خبری نرسیده است" in page.words
    assert len(simulator.exchange.dials) == dialled
    desk.clock.turn(timedelta(minutes=2))
    await desk.service.exchange.dialling.tick()  # type: ignore[union-attr]
    assert (await desk.call(call_id)).dials[0].found is DialFinding.UNKNOWN
    assert len(simulator.exchange.dials) == dialled
    page = await agent.get(f"/calls/{call_id}")
    assert "نتیجه را خودتان بنویسید" in page.words
    await agent.post(f"/calls/{call_id}/dial")
    assert len(simulator.exchange.dials) == dialled + 1


async def test_a_refusal_is_said_and_the_own_phone_is_there(desk: Desk, simulator: Simulator) -> None:
    simulator.api_key = "another"
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    page = await agent.post(f"/calls/{call_id}/dial")
    assert "مرکز تلفن نپذیرفت" in page.words
    assert 'href="tel:09121234567"' in page.text
    call = await desk.call(call_id)
    assert (call.dials[0].found, call.tried) == (DialFinding.LINE_FAULT, {})
    assert "تلاش به حساب نمی‌آید. مرکز تلفن کلید ما را نپذیرفت." in page.words


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"event": "trunk_down"}, "مرکز تلفن می‌گوید: trunk_down"),
        ({"event": "congestion"}, "خط آزادی به بیرون نبود."),
        ({"event": NO_CREDIT}, "مرکز تلفن می‌گوید: No <b>credit</b> for 0935***2233"),
        ({"event": "agent_missed"}, ""),
    ],
)
async def test_why_an_attempt_came_to_nothing_is_on_the_card(
    desk: Desk, client: Client, event: dict[str, str], why: str
) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/dial")
    attempt = (await desk.call(call_id)).dials[0]
    assert await tell(client, {**event, "attempt": attempt.id}) == 200
    page = await agent.get(f"/calls/{call_id}")
    assert "تلاش به حساب نمی‌آید" in page.words
    assert page.text.count('class="why"') == (2 if why else 0), "in what is proposed, and among the attempts"
    assert why in page.words


async def test_who_has_no_extension_dials_on_their_own_phone(desk: Desk, simulator: Simulator) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    for one in ("sara", "reza"):
        await desk.service.staff.change(one, lambda staff, _: replace(staff, extension=""))
    page = await agent.get(f"/calls/{call_id}")
    assert "/dial" not in page.text
    assert "داخلی شما در مرکز تلفن ثبت نشده است" in page.words
    assert "داخلی شما ثبت نشده است" in (await agent.post(f"/calls/{call_id}/dial")).words
    assert simulator.exchange.dials == []


async def test_nobody_dials_a_call_that_another_has(desk: Desk, simulator: Simulator) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/claim")
    other = desk.reza if agent is desk.sara else desk.sara
    page = await other.post(f"/calls/{call_id}/dial")
    assert "همکار دیگری برداشته" in page.words
    assert simulator.exchange.dials == []


@pytest.mark.parametrize("kind", ["http", "simotel"])
async def test_news_twice_and_backwards_ends_the_same(desk: Desk, client: Client, simulator: Simulator) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/dial")
    events = [event for _, event in simulator.exchange.told]
    simulator.exchange.told.clear()
    for event in [*reversed(events), *events, *events]:
        assert await tell(client, dict(event)) == 200
    call = await desk.call(call_id)
    assert [(one.found, one.seconds) for one in call.dials] == [(DialFinding.CONNECTED, 75)]
    before = call.v
    for event in events:
        await tell(client, dict(event))
    assert (await desk.call(call_id)).v == before


BAD: list[Any] = [
    {}, [], "x", 5, None, {"event": {}}, {"event": "answered"}, {"event": "answered", "attempt": "999-1"},
    {"event": "answered", "attempt": ["1-1"]}, {"event": "answered", "attempt": "1" * 500 + "-1"},
    {"event": "answered", "extension": "201", "number": "09120000000"}, {"event": "‮\x00"},
    {"event": "busy", "attempt": "../../1", "time": "9" * 300}, {"event": "x" * 5000},
]  # fmt: skip


async def test_what_makes_no_sense_is_kept_and_changes_nothing(desk: Desk, client: Client) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/dial")
    before = await desk.call(call_id)
    for event in BAD:
        assert await tell(client, event) == 200, event
    raw = await client.post(f"/callbacks/dialer/{TOKEN}", data=b"\xff{", headers={"Content-Type": "application/json"})
    assert raw.status == 200
    large = await client.post(f"/callbacks/dialer/{TOKEN}", json={"event": "x", "more": "y" * 30_000})
    assert large.status == 413
    assert await desk.call(call_id) == before
    await desk.service.rejections.write()
    kept = await desk.service.rejections.book.every(source="dialer")
    assert len(kept) == len(BAD)  # what came without a body is as {}


@pytest.mark.parametrize("token", ["wrong", "", "a" * 300, "%00", TOKEN + "x"])
async def test_another_token_is_not_found(client: Client, token: str) -> None:
    answer = await client.post(f"/callbacks/dialer/{token}", json={"event": "answered"})
    assert answer.status == 404


async def test_an_event_whose_name_is_in_the_address(desk: Desk, client: Client, simulator: Simulator) -> None:
    call_id = await desk.due_call()
    await (await desk.whose(call_id)).post(f"/calls/{call_id}/dial")
    attempt = (await desk.call(call_id)).dials[0]
    assert await tell(client, {"attempt": attempt.id}, path="/busy") == 200
    assert (await desk.call(call_id)).dials[0].found is DialFinding.BUSY


async def test_a_form_does_as_well(desk: Desk, client: Client) -> None:
    call_id = await desk.due_call()
    await (await desk.whose(call_id)).post(f"/calls/{call_id}/dial")
    attempt = (await desk.call(call_id)).dials[0]
    form = {"Event": "NO ANSWER", "Attempt": attempt.id}
    assert (await client.post(f"/callbacks/dialer/{TOKEN}", data=form)).status == 200
    assert (await desk.call(call_id)).dials[0].found is DialFinding.NO_ANSWER


async def test_what_came_before_its_word_was_known_is_replayed(desk: Desk, client: Client) -> None:
    call_id = await desk.due_call()
    await (await desk.whose(call_id)).post(f"/calls/{call_id}/dial")
    attempt = (await desk.call(call_id)).dials[0]
    await tell(client, {"event": "besetzt", "attempt": attempt.id})
    await desk.service.rejections.write()
    (kept_id,) = await desk.service.rejections.book.every(source="dialer")
    kept = await desk.service.rejections.book.get(kept_id)
    assert kept is not None
    assert "besetzt" in desk.service.replayer.refusal(kept)
    assert (await desk.service.replayer.replay(kept)).became is ReplayOutcome.REFUSED
    exchange = desk.service.exchange
    assert exchange is not None
    exchange.news.reader.words["besetzt"] = DialWord.BUSY  # type: ignore[index]  # as [dialer.words] would
    assert (await desk.service.replayer.replay(kept)).became is ReplayOutcome.TAKEN
    assert (await desk.call(call_id)).dials[0].found is DialFinding.BUSY


async def test_a_call_that_is_over_still_gets_its_recording(desk: Desk, client: Client) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/dial")
    attempt = (await desk.call(call_id)).dials[0].id
    await agent.post(f"/calls/{call_id}/outcome", outcome="reached")
    await tell(client, {"event": "answered", "attempt": attempt, "talked": 61, "recording": "a.mp3"})
    call = await desk.call(call_id)
    assert (call.state, call.dials[0].seconds) == (CallState.DONE, 61)
    assert call.dials[0].recording == "https://pbx.example/rec/a.mp3"


async def test_it_is_erased_with_the_customer(desk: Desk, client: Client) -> None:
    call_id = await desk.due_call()
    await (await desk.whose(call_id)).post(f"/calls/{call_id}/dial")
    attempt = (await desk.call(call_id)).dials[0].id
    await tell(client, {"event": "inbound", "number": PHONE})
    await tell(client, {"event": "flying", "number": "+989121234567"})
    await desk.service.rejections.write()
    service, redis = desk.service, desk.service.redis
    archive = Archive(service.config.redis.data_dir / "archive")
    await Customers(redis, service.reader, desk.clock, archive, timedelta(days=30)).erase(PHONE)
    left = [await redis.dump(key) async for key in redis.scan_iter("n:*")]
    assert not [raw for raw in left if raw and b"9121234567" in raw]
    assert await ringing.since(redis, 0) == []
    assert await tell(client, {"event": "busy", "attempt": attempt}) == 200
    assert await service.reader.call(call_id) is None


@pytest.mark.parametrize("kind", ["ami"])
async def test_the_manager_interface_tells(desk: Desk, simulator: Simulator, manager: ManagerInterface) -> None:
    simulator.exchange.outcomes[PHONE] = DialledOutcome.BUSY
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/dial")
    exchange, heard = desk.service.exchange, asyncio.Event()
    assert exchange is not None
    assert exchange.listener is not None
    take = exchange.listener.take

    async def taken(message: Mapping[str, str]) -> None:
        await take(message)
        if message["event"] == "Hangup":
            heard.set()

    exchange.listener.take = taken
    listening = asyncio.create_task(exchange.listener.run())
    async with asyncio.timeout(60):
        await manager.heard_by_somebody.wait()
        await manager.tell()
        await heard.wait()
    await tasks.end(listening)
    call = await desk.call(call_id)
    assert call.dials[0].found is DialFinding.BUSY
    assert call.tried == {}
    sent = [one for one in manager.actions if one.get("action") == "Originate"]
    assert [(one["exten"], one["channelid"]) for one in sent] == [(PHONE, call.dials[0].id)]
    assert all(simulator.api_key not in one.values() for one in manager.actions), "the secret itself is never sent"


@pytest.mark.parametrize("kind", ["ami"])
async def test_the_manager_interface_refuses_us(desk: Desk, manager: ManagerInterface) -> None:
    manager.secret = "another"
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    assert "مرکز تلفن نپذیرفت" in (await agent.post(f"/calls/{call_id}/dial")).words
    assert (await desk.call(call_id)).dials[0].found is DialFinding.LINE_FAULT


async def test_supervisors_say_who_has_which_extension(desk: Desk) -> None:
    page = await desk.boss.post("/staff/sara", do="extension", extension="۳۱۵")
    assert "داخلی ۳۱۵" in page.words
    assert (await desk.service.staff.get("sara")).extension == "315"  # type: ignore[union-attr]
    for bad in ("201\r\nAction: Logoff", "PJSIP/9", "1" * 16, "12a"):
        assert (await desk.boss.post("/staff/sara", do="extension", extension=bad)).status == 422
    assert (await desk.service.staff.get("sara")).extension == "315"  # type: ignore[union-attr]
    assert (await desk.sara.post("/staff/sara", do="extension", extension="1")).status == 403


async def test_a_recording_is_for_supervisors(desk: Desk, client: Client) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/dial")
    attempt = (await desk.call(call_id)).dials[0].id
    for address in ("https://evil.example/a.mp3", "http://pbx.example/a.mp3", "javascript:alert(1)"):
        await tell(client, {"event": "ended", "attempt": attempt, "recording": address})
        assert (await desk.call(call_id)).dials[0].recording == ""
    await tell(client, {"event": "ended", "attempt": attempt, "recording": "2026/11/a.mp3"})
    assert (await desk.call(call_id)).dials[0].recording == "https://pbx.example/rec/2026/11/a.mp3"
    path = f"/calls/{call_id}/recordings/{attempt}"
    assert path not in (await agent.get(f"/calls/{call_id}")).text
    assert (await agent.get(path)).status == 403
    assert path in (await desk.boss.get(f"/calls/{call_id}")).text


async def test_a_known_customer_calls(desk: Desk, client: Client) -> None:
    call_id = await desk.due_call()
    await tell(client, {"event": "inbound", "number": "989121234567"})
    notice = await first_inbound(client, desk.sara)
    assert notice["href"] == f"/console/calls/{call_id}"
    assert notice["name"] == "سارا محمدی"
    assert PHONE not in json.dumps(notice)
    assert notice["phone"] == "۰۹۱۲***۴۵۶۷"


async def test_an_unknown_number_is_shown_to_nobody(desk: Desk, client: Client) -> None:
    await tell(client, {"event": "inbound", "number": "09350000000"})
    await tell(client, {"event": "inbound", "number": "201"})
    (call,) = await ringing.since(desk.service.redis, 0)
    assert call.phone == "09350000000"
