"""The API of a bot over real HTTP, against the simulator with its faults; the token shows nowhere."""

import json
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from notifier.channels.bots.answer import BotAnswer, read
from notifier.channels.bots.api import BotApi
from notifier.clock import StillClock
from notifier.domain.channels import StaffChannel
from notifier.simulator import Fault, SimulatedBot, Simulator, create_app

TOKEN = "77001:AAsecretOfNobody"
CHAT = 55


@pytest.fixture
def simulator(clock: StillClock) -> Simulator:
    return Simulator(clock=clock)


@pytest.fixture
def bot(simulator: Simulator) -> SimulatedBot:
    return simulator.bots.add(TOKEN)


@pytest.fixture
async def base(simulator: Simulator, aiohttp_server: Any) -> str:
    return str((await aiohttp_server(create_app(simulator, callbacks_every=None))).make_url("/"))


@pytest.fixture
async def api(base: str) -> AsyncIterator[BotApi]:
    found = BotApi(StaffChannel.BALE, TOKEN, url=f"{base}tapi")
    yield found
    await found.close()


async def test_a_message_with_buttons_is_pressed_and_answered(api: BotApi, bot: SimulatedBot) -> None:
    bot.says(CHAT, "سلام")
    sent = await api.send(CHAT, "وقت تماس است", [[("برداشتم", "c:1:0"), ("نیم ساعت دیگر", "s:1:0")]])
    assert sent.taken
    [message] = [one for one in bot.messages if one.by_bot]
    assert message.buttons == [[("برداشتم", "c:1:0"), ("نیم ساعت دیگر", "s:1:0")]]
    bot.presses_button(CHAT, message.message_id, "c:1:0")
    found = await api.updates(0, wait=0)
    assert [next(iter(set(one) - {"update_id"})) for one in found.result] == ["message", "callback_query"]
    press = found.result[1]["callback_query"]
    assert (await api.answer_press(press["id"], "برداشتید")).taken
    assert bot.presses[0].answer == "برداشتید"
    assert (await api.edit(CHAT, message.message_id, "برداشته شد")).taken
    assert bot.messages[-1].text == "برداشته شد"
    assert bot.messages[-1].buttons == []
    assert (await api.updates(found.result[-1]["update_id"] + 1, wait=0)).result == []
    assert (await api.me()).result["username"] == "bot77001_bot"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("نام *پررنگ* است", "نام \u2060*\u2060پررنگ\u2060*\u2060 است"),
        ("[اینجا](https://evil.example)", "[اینجا]\u2060(https://evil.example)"),
        ("https://shop.example/a_b_c", "https://shop.example/a_b_c"),
        ("\ud800", "?"),
    ],
)
async def test_bale_shows_a_text_as_it_is(api: BotApi, bot: SimulatedBot, text: str, shown: str) -> None:
    bot.says(CHAT, "سلام")
    assert (await api.send(CHAT, text)).taken
    assert bot.messages[-1].text == shown


async def test_a_text_that_is_too_long_is_cut(api: BotApi, bot: SimulatedBot) -> None:
    bot.says(CHAT, "سلام")
    assert (await api.send(CHAT, "م" * 5000)).taken
    assert len(bot.messages[-1].text) == 4096


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (Fault(kind="code", code=401, method="bot/*"), {"token_refused": True, "unknown": False}),
        (Fault(kind="code", code=403, method="bot/*"), {"chat_closed": True, "unknown": False}),
        (Fault(kind="code", code=429, seconds=7, method="bot/*"), {"limited": True, "unknown": False}),
        (Fault(kind="code", code=500, method="bot/*"), {"unknown": True}),
        (Fault(kind="http_error", method="bot/*"), {"unknown": True}),
        (Fault(kind="drop", method="bot/*"), {"unknown": True}),
        (Fault(kind="drop", accepted=True, method="bot/*"), {"unknown": True}),
        (Fault(kind="broken_json", accepted=True, method="bot/*"), {"unknown": True}),
    ],
)
async def test_faults(
    api: BotApi, bot: SimulatedBot, simulator: Simulator, fault: Fault, wanted: dict[str, bool]
) -> None:
    bot.says(CHAT, "سلام")
    simulator.faults.add(fault)
    answer = await api.send(CHAT, "سلام")
    assert not answer.taken
    assert {name: getattr(answer, name) for name in wanted} == wanted
    assert answer.retry_after == (timedelta(seconds=7) if fault.seconds else None)
    assert "secretOfNobody" not in f"{answer} {answer!r} {api!r}"


async def test_who_never_wrote_and_who_blocked_are_closed(api: BotApi, bot: SimulatedBot) -> None:
    assert (await api.send(CHAT, "سلام")).chat_closed
    bot.says(CHAT, "سلام")
    bot.blocked.add(CHAT)
    assert (await api.send(CHAT, "سلام")).chat_closed


async def test_nobody_there_is_known_not_to_have_been_asked() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        api = BotApi(StaffChannel.TELEGRAM, TOKEN, url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        answer = await api.send(CHAT, "سلام")
        await api.close()
    assert (answer.taken, answer.unknown) == (False, False)
    assert "secretOfNobody" not in f"{answer} {answer!r}"


@pytest.mark.parametrize("token", ["", "کلید", "1:a/../b", "123 456:abc", "a?b=c#d:eeee"])
def test_a_token_that_no_address_takes_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r"staff\.channels\.bale") as refused:
        BotApi(StaffChannel.BALE, token, url="https://tapi.bale.ai")
    assert not token or token not in str(refused.value)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 429, 500, 502])
@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "ok",
        {},
        {"ok": 1},
        {"ok": False},
        {"ok": False, "error_code": "x", "description": 5, "parameters": {"retry_after": "1"}},
        {"ok": False, "error_code": True, "parameters": []},
        {"ok": False, "error_code": 429, "parameters": {"retry_after": 10**30}},
        {"ok": False, "error_code": 429, "parameters": {"retry_after": float("nan")}},
    ],
)
def test_any_answer_is_read(status: int, document: Any) -> None:
    answer = read(status, document)
    assert isinstance(answer, BotAnswer)
    assert not answer.taken
    assert answer.retry_after is None or answer.retry_after <= timedelta(hours=1)


async def test_the_chat_of_the_stand_in_is_a_page_where_buttons_are_pressed(
    base: str, api: BotApi, bot: SimulatedBot
) -> None:
    where = {"chat": str(CHAT), "token": TOKEN}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{base}_sim/chat", data={**where, "text": "12345678"}) as answer:
            assert "12345678" in await answer.text()
        await api.send(CHAT, "وقت <تماس> است", [[("برداشتم", "c:1:0")]])
        message = bot.messages[-1]
        pressed = {**where, "message_id": str(message.message_id), "data": "c:1:0"}
        async with session.get(f"{base}_sim/chat", params=where) as answer:
            assert "وقت &lt;تماس&gt; است" in await answer.text()
        async with session.post(f"{base}_sim/chat", data=pressed) as answer:
            assert answer.status == 200
        async with session.post(f"{base}_sim/chat", data={**pressed, "data": "x"}) as answer:
            assert answer.status == 422
        order = {"chat": CHAT, "token": TOKEN, "message_id": message.message_id, "press": "برداشتم"}
        async with session.post(f"{base}_sim/bots/words", json=order) as answer:
            assert (await answer.json())["update"]["callback_query"]["data"] == "c:1:0"
        async with session.post(f"{base}_sim/bots", json={"token": TOKEN, "revoked": True}) as answer:
            assert (await answer.json())["revoked"]
    assert (await api.me()).token_refused
    assert len(bot.presses) == 2
    assert json.loads(json.dumps(bot.updates))
