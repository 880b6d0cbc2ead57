"""News of the exchange that is hostile, mistaken or of another call, and people who press at once."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from console_browser import Desk, hire_with_telephones
from shops import ApiUser, Client, StandardShop
from structlog.testing import capture_logs

from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.domain.calls import CallState
from notifier.domain.dialing import DialAttempt, DialFinding
from notifier.service.process import Service
from notifier.simulator import Simulator

TOKEN = "secret-part-of-the-address"
KEY = "key-of-the-exchange"
PHONE = "09121234567"
OTHERS = "09137654321"
ADDRESS = f"/callbacks/dialer/{TOKEN}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def config(make_config: Callable[..., Config], simulator: Simulator, simulator_url: str) -> Config:
    simulator.api_key = KEY
    base = simulator_url.removesuffix("/v1")
    return make_config(
        providers__simulator__api_key=KEY,
        dialer={
            "kind": "http",
            "url": f"{base}/exchange/dial",
            "headers": {"Authorization": "Bearer {key}"},
            "body": {"extension": "{extension}", "number": "{number}", "attempt": "{attempt}"},
            "secrets": {"key": KEY},
            "callback_token": TOKEN,
            "recording_hosts": ["pbx.example"],
            "recording_base": "https://pbx.example/rec",
        },
    )


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire_with_telephones(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


async def dialled(desk: Desk) -> tuple[str, DialAttempt]:
    """A call that was dialled, and the attempt."""
    call_id = await desk.due_call()
    await (await desk.whose(call_id)).post(f"/calls/{call_id}/dial")
    return call_id, (await desk.call(call_id)).dials[-1]


async def tell(client: Client, said: dict[str, Any], *, as_form: bool = False) -> None:
    answer = await (client.post(ADDRESS, data=said) if as_form else client.post(ADDRESS, json=said))
    assert answer.status == 200, await answer.text()


async def kept(desk: Desk) -> list[str]:
    """Why deliveries were kept."""
    book = desk.service.rejections
    await book.write()
    found = [await book.book.get(one) for one in await book.book.every(source="dialer")]
    return [one.reason for one in found if one is not None]


WRONG: list[Any] = [
    None, True, -1, 1.5, 10**30, -(10**300), "", " ", "x" * 9000, [], {}, [[]], {"a": {"b": {"c": {"d": {"e": 1}}}}},
    "\x00", "‮", "💥" * 200, "0", "-0", "1e999", "NaN", "Infinity", "١٢", "'; DROP", "{number}", "%s%n",
    "../../etc", "\r\nX: y",
]  # fmt: skip
FIELDS = ("event", "attempt", "call_id", "extension", "number", "talked", "recording", "time")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
async def test_a_field_that_makes_no_sense(desk: Desk, client: Client, field: str, as_form: bool) -> None:
    call_id, attempt = await dialled(desk)
    for wrong in WRONG:
        said = {"event": "busy", "attempt": "999-1", "number": "", "talked": "", field: wrong}
        body = {name: str(one) for name, one in said.items()} if as_form else said
        await tell(client, body, as_form=as_form)
    call = await desk.call(call_id)
    assert call.dials == (attempt,), "nothing of it is of this attempt"
    assert (call.state, call.tried) == (CallState.CLAIMED, {})


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"event":' + b"[" * 8000 + b"]" * 8000 + b"}", JSON),
        (b"{" + b'"event":"busy",' * 900 + b'"event":"busy"}', JSON),
        (b'{"event":"\\ud800"}', JSON),
        (b'{"event":NaN,"talked":1e999}', JSON),
        (b"\xff\xfe\x00", JSON),
        (b"[" + b"{}," * 4000 + b"{}]", JSON),
        (b"", JSON),
        (b"&".join(b"a%d=b" % number for number in range(1100)), FORM),
        (b"event=%ff%fe&attempt=%00", FORM),
        (b"event=\xff", FORM),
        (b"=&=&&&;;", FORM),
        (b"<xml/>", {"Content-Type": "text/xml"}),
        (b"event=busy", {"Content-Type": "multipart/form-data"}),
        (b"event=busy", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"event=busy", {"Content-Type": ""}),
        (b"\x00" * 1000, {"Content-Type": "application/octet-stream"}),
    ],
)
async def test_a_body_that_is_none(desk: Desk, client: Client, body: bytes, headers: dict[str, str]) -> None:
    call_id, _ = await dialled(desk)
    before = await desk.call(call_id)
    answer = await client.post(ADDRESS, data=body, headers=headers)
    assert answer.status == 200
    assert await desk.call(call_id) == before
    assert await kept(desk), "it is kept and shown"


@pytest.mark.parametrize("headers", [JSON, FORM], ids=["json", "form"])
async def test_a_body_that_is_huge(desk: Desk, client: Client, headers: dict[str, str]) -> None:
    call_id, _ = await dialled(desk)
    before = await desk.call(call_id)
    for size in (70_000, 900_000):
        answer = await client.post(ADDRESS, data=b"event=" + b"x" * size, headers=headers)
        assert (answer.status, answer.content_type) == (413, "application/problem+json")
    assert await desk.call(call_id) == before


@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
async def test_news_of_another_call_is_not_taken_for_this_one(desk: Desk, client: Client, as_form: bool) -> None:
    call_id, attempt = await dialled(desk)
    another = f"{call_id}-{int(attempt.id.rpartition('-')[2]) + 1}"
    for said in (
        {"event": "answered", "attempt": attempt.id, "number": OTHERS, "talked": "60"},
        {"event": "busy", "attempt": another},
        {"event": "busy", "attempt": f"{call_id}-0"},
        {"event": "busy", "attempt": "9" * 20 + "-1"},
        {"event": "busy", "call_id": "orig.call.999"},
        {"event": "busy", "extension": attempt.extension, "number": OTHERS},
        {"event": "busy", "extension": "999", "number": PHONE},
        {"event": "busy", "extension": attempt.extension},
    ):
        await tell(client, said, as_form=as_form)
    assert (await desk.call(call_id)).dials == (attempt,)
    reasons = await kept(desk)
    assert len(reasons) == 8
    assert any("a number that is not the one that was called" in one for one in reasons)
    await tell(client, {"event": "busy", "attempt": attempt.id, "number": "+989121234567"}, as_form=as_form)
    assert (await desk.call(call_id)).dials[0].found is DialFinding.BUSY


@pytest.mark.parametrize(
    "time",
    [
        "1970-01-01T00:00:00Z",
        1,
        0,
        -1,
        "2099-01-01",
        4_102_444_800,
        10**15,
        "9999-12-31T23:59:59Z",
        "0001-01-01",
        "then",
    ],
)
async def test_times_that_cannot_be_are_those_of_the_news(desk: Desk, client: Client, time: Any) -> None:
    call_id, attempt = await dialled(desk)
    desk.clock.turn(timedelta(seconds=20))
    await tell(client, {"event": "answered", "attempt": attempt.id, "time": time})
    desk.clock.turn(timedelta(seconds=40))
    await tell(client, {"event": "ended", "attempt": attempt.id, "time": time})
    (after,) = (await desk.call(call_id)).dials
    assert (after.found, after.seconds) == (DialFinding.CONNECTED, 40)


@pytest.mark.parametrize("talked", [-1, "-75", "-0:01:00", -1e9, 86_400, 999_999, "23:59:59", "long", 1e300, [75]])
async def test_lengths_that_cannot_be_are_not_believed(desk: Desk, client: Client, talked: Any) -> None:
    call_id, attempt = await dialled(desk)
    await tell(client, {"event": "answered", "attempt": attempt.id})
    desk.clock.turn(timedelta(seconds=40))
    await tell(client, {"event": "ended", "attempt": attempt.id, "talked": talked})
    (after,) = (await desk.call(call_id)).dials
    assert (after.found, after.talked, after.seconds) == (DialFinding.CONNECTED, None, 40)


@pytest.mark.parametrize("talked", [61, "61", 61.0, 61.4, "61.4", "00:01:01", "۶۱"])
async def test_lengths_as_exchanges_write_them(desk: Desk, client: Client, talked: Any) -> None:
    call_id, attempt = await dialled(desk)
    desk.clock.turn(timedelta(seconds=70))
    await tell(client, {"event": "answered", "attempt": attempt.id, "talked": talked})
    assert (await desk.call(call_id)).dials[0].seconds == 61


async def test_an_end_that_comes_again_and_later_changes_nothing(desk: Desk, client: Client) -> None:
    call_id, attempt = await dialled(desk)
    desk.clock.turn(timedelta(seconds=10))
    await tell(client, {"event": "answered", "attempt": attempt.id})
    desk.clock.turn(timedelta(seconds=30))
    await tell(client, {"event": "ended", "attempt": attempt.id})
    once = await desk.call(call_id)
    desk.clock.turn(timedelta(hours=1))
    for event in ("ended", "hangup", "ended", "no_answer", "line_fault", "ringing", "agent_missed"):
        await tell(client, {"event": event, "attempt": attempt.id})
    (after,) = (await desk.call(call_id)).dials
    assert (after.found, after.seconds, after.ended) == (DialFinding.CONNECTED, 30, once.dials[0].ended)
    assert (await desk.call(call_id)).tried == {}


@pytest.mark.parametrize(
    "address",
    [
        "http://pbx.example/a.mp3", "ftp://pbx.example/a", "javascript:alert(1)", "data:text/html,x",
        "//evil.example/a",
        "https://evil.example/a.mp3", "https://pbx.example.evil.example/a", "https://evil.example/#@pbx.example",
        "https://me:secret@pbx.example/a", "https://pbx.example@evil.example/a", "https://pbx.example:8443/a",
        "https://pbx.example\\@evil.example/a", "https://[::1", "https:pbx.example/a", "/etc/passwd", "../../a.mp3",
        "a\\..\\b", "https://pbx.example/a\r\nSet-Cookie: x=y", "https://pbx.example/ a",
        "https://pbx.example/" + "a" * 600,
        "https://pbx.example:x/", "https://рbx.example/a", {"url": "https://pbx.example/a"}, ["https://pbx.example/a"],
    ],
)  # fmt: skip
async def test_recordings_of_other_places_are_not_linked(desk: Desk, client: Client, address: Any) -> None:
    call_id, attempt = await dialled(desk)
    await tell(client, {"event": "busy", "attempt": attempt.id, "recording": address})
    (after,) = (await desk.call(call_id)).dials
    assert (after.found, after.recording) == (DialFinding.BUSY, "")
    assert (await desk.boss.get(f"/calls/{call_id}/recordings/{attempt.id}")).status == 404


async def test_two_agents_who_press_at_once_ring_the_customer_once(desk: Desk, simulator: Simulator) -> None:
    call_id = await desk.due_call()
    pages = await asyncio.gather(*(one.post(f"/calls/{call_id}/dial") for one in (desk.sara, desk.reza)))
    assert all(page.status == 200 for page in pages)
    assert len(simulator.exchange.dials) == 1
    call = await desk.call(call_id)
    assert [one.by for one in call.dials] == [call.assignee]
    assert (call.state, call.dialled) == (CallState.CLAIMED, 1)


async def test_who_presses_five_times_rings_the_customer_once(desk: Desk, simulator: Simulator) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    pages = await asyncio.gather(*(agent.post(f"/calls/{call_id}/dial") for _ in range(5)))
    assert all(page.status == 200 for page in pages)
    assert len(simulator.exchange.dials) == len((await desk.call(call_id)).dials) == 1


async def test_news_of_many_at_once_loses_nothing(desk: Desk, client: Client) -> None:
    call_id, attempt = await dialled(desk)
    events = ["agent_ringing", "agent_answered", "ringing", "answered", "ended", "busy", "hangup", "no_answer"]
    await asyncio.gather(*(tell(client, {"event": event, "attempt": attempt.id}) for event in events * 2))
    (after,) = (await desk.call(call_id)).dials
    assert after.found is DialFinding.CONNECTED
    assert all((after.agent_answered, after.rang, after.answered, after.ended))


async def test_no_secret_and_no_number_is_in_the_log(desk: Desk, client: Client) -> None:
    with capture_logs() as lines:
        call_id, attempt = await dialled(desk)
        await tell(client, {"event": f"moved to {PHONE}", "attempt": attempt.id})
        await tell(client, {"event": "busy", "attempt": attempt.id, "number": OTHERS})
        await tell(client, {"event": "inbound", "number": OTHERS})
        await client.post("/callbacks/dialer/wrong-" + TOKEN, json={"event": "busy"})
        await tell(client, {"event": "answered", "attempt": attempt.id, "number": PHONE, "recording": "a.mp3"})
    log = json.dumps(lines, default=str)
    assert call_id in log
    for secret in (TOKEN, KEY, PHONE, PHONE[1:], OTHERS):
        assert secret not in log
    assert not any(PHONE in one or OTHERS in one for one in await kept(desk))


async def test_the_api_shows_attempts_with_their_call(desk: Desk, client: Client) -> None:
    api = ApiUser(client)
    call_id, attempt = await dialled(desk)
    (begun,) = (await api.get(f"/calls/{call_id}")).body["dials"]
    assert begun == {
        "id": attempt.id,
        "by": attempt.by,
        "extension": attempt.extension,
        "started_at": moment(attempt.started),
        **dict.fromkeys(("agent_answered_at", "rang_at", "answered_at", "ended_at", "talked", "found")),
        "fault": "",
        "recorded": False,
    }
    for event in ("agent_answered", "ringing", "answered"):
        desk.clock.turn(timedelta(seconds=5))
        await tell(client, {"event": event, "attempt": attempt.id})
    desk.clock.turn(timedelta(seconds=70))
    await tell(client, {"event": "ended", "attempt": attempt.id, "recording": "a.mp3"})
    (ended,) = (await api.get(f"/calls/{call_id}")).body["dials"]
    assert ended == begun | {
        "agent_answered_at": moment(attempt.started + 5000),
        "rang_at": moment(attempt.started + 10_000),
        "answered_at": moment(attempt.started + 15_000),
        "ended_at": moment(attempt.started + 85_000),
        "talked": 70,
        "found": "connected",
        "recorded": True,
    }
    assert "a.mp3" not in json.dumps(ended), "recordings are opened by supervisors, and that is written down"
    listed = {one["id"]: one for one in await api.items("/calls?state=claimed")}
    assert listed[call_id]["dials"] == [ended]
    order = (await api.get("/orders/10025")).body
    assert [one["dials"] for one in order["calls"] if one["id"] == call_id] == [[ended]]
    assert (await api.get(f"/calls/{call_id}")).body["outcomes"] == {}


async def test_an_attempt_that_was_refused_says_why(desk: Desk, client: Client, simulator: Simulator) -> None:
    simulator.api_key = "another"
    call_id, _ = await dialled(desk)
    (refused,) = (await ApiUser(client).get(f"/calls/{call_id}")).body["dials"]
    assert (refused["found"], refused["fault"]) == ("line_fault", "HTTP 401")


def moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, TEHRAN).isoformat()
