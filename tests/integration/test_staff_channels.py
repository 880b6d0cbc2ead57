"""Staff are told where they are: bots bound by a code, reminders down a ladder, buttons that act, over real HTTP."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from console_browser import BOSS, REZA, SARA, Browser, Desk, hire
from msgspec.structs import replace
from shops import Client, StandardShop
from structlog.testing import capture_logs

from notifier.channels import reminders
from notifier.channels.bots.bindings import BotBindings
from notifier.channels.bots.polling import BotPoller
from notifier.channels.reminders import StaffNotice
from notifier.channels.teller import IN_DOUBT
from notifier.channels.web_push import notices as push_notices
from notifier.channels.web_push.notices import PushNotice
from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.calls import CallState
from notifier.domain.channels import StaffChannel
from notifier.domain.events import EventType
from notifier.domain.messages import Audience, Message, MessageState
from notifier.domain.persian import digits
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers
from notifier.retention.personal_data import forms_of, mentions
from notifier.service.process import Service
from notifier.simulator import Fault, SimulatedBot, SimulatedBotMessage, Simulator
from notifier.store import audit, work
from notifier.store.audit import Act, Wanted
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

MakeConfig = Callable[..., Config]

BALE, TELEGRAM = "77001:AAsecretOfBale", "77002:AAsecretOfTelegram"
SARAS, BOSSES, REZAS = 5501, 5502, 5503
CODE = re.compile(r'class="code">(\d{8})<')


@pytest.fixture
def updates() -> str:
    return "polling"


@pytest.fixture
def config(make_config: MakeConfig, simulator: Simulator, simulator_url: str, updates: str) -> Config:
    base = simulator_url.removesuffix("/v1")
    more = {"updates": updates} | ({"callback_token": "callback-of-bots"} if updates == "webhook" else {})
    bots = {
        "bale": {"token": BALE, "url": f"{base}/tapi", "username": "shop_bot", **more},
        "telegram": {"token": TELEGRAM, "url": f"{base}/tapi", **more},
    }
    for token in (BALE, TELEGRAM):
        simulator.bots.add(token)
    return make_config(staff__channels=bots, server__public_url="https://notifier.example")


@pytest.fixture
def bale(simulator: Simulator) -> SimulatedBot:
    return simulator.bots.add(BALE)


@pytest.fixture
def telegram(simulator: Simulator) -> SimulatedBot:
    return simulator.bots.add(TELEGRAM)


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


@pytest.fixture(autouse=True)
def no_token_in_logs() -> Iterator[None]:
    with capture_logs() as lines:
        yield
    assert "secretOf" not in str(lines)


def pollers(service: Service) -> Mapping[StaffChannel, BotPoller]:
    assert service.channels
    found = service.channels.pollers(service.bot_desk)
    for one in found:
        one.wait = 0
    return {one.api.kind: one for one in found}


async def asked(service: Service) -> None:
    """Every bot was asked what it was told."""
    for one in pollers(service).values():
        await one.tick()


async def tell(service: Service) -> None:
    assert service.channels
    await service.channels.teller.tick()


async def counted(client: Client) -> dict[tuple[str, str], float]:
    """What the metrics say of each channel."""
    page = await (await client.get("/metrics")).text()
    found = re.findall(r'^notifier_staff_told_total\{channel="(\w+)",outcome="(\w+)"\} (\S+)$', page, re.MULTILINE)
    [nobody] = re.findall(r"^notifier_staff_not_told_total (\S+)$", page, re.MULTILINE)
    return {(channel, outcome): float(count) for channel, outcome, count in found} | {("", "nobody"): float(nobody)}


async def code_of(browser: Browser, kind: str = "bale") -> str:
    page = await browser.post(f"/me/channels/{kind}/code")
    assert page.status == 200, page.text
    return CODE.findall(page.text)[0]


async def bound(desk: Desk, browser: Browser, bot: SimulatedBot, chat: int, kind: str = "bale") -> None:
    bot.says(chat, f"/start {await code_of(browser, kind)}")
    await asked(desk.service)


def written(bot: SimulatedBot, chat: int = SARAS) -> list[SimulatedBotMessage]:
    return [one for one in bot.messages if one.chat == chat and one.by_bot]


def reminders_in(bot: SimulatedBot, chat: int = SARAS) -> list[SimulatedBotMessage]:
    return [one for one in written(bot, chat) if "تماس ساعت" in one.text and "به‌زودی" not in one.text]


async def texts_of(service: Service, phone: str) -> int:
    """How many SMS are on their way to somebody."""
    return int(await service.redis.zcard(Keys(0).texts(phone)))


async def due_call(desk: Desk) -> str:
    """A call that is due, of which nobody was told yet but that it comes up."""
    planned = await desk.event(EventType.PAID)
    await desk.tick()
    await tell(desk.service)
    for one in (SARA, REZA):
        await desk.service.redis.delete(Keys(0).texts(one.phone))
    await desk.tick(minutes=15)
    return str(planned["calls"][0]["id"])


async def only_sara(desk: Desk) -> None:
    """Sara is alone with her supervisor, so that calls are hers."""
    reza = await desk.service.staff.get("reza")
    assert reza
    await desk.service.staff.put(replace(reza, active=False).signed_out())


async def acts(service: Service) -> list[tuple[Act, str, str]]:
    return [(entry.act, entry.by, entry.about) async for _, entry in audit.read(service.reader, Wanted())]


async def test_a_reminder_is_answered_in_the_messenger(
    desk: Desk, bale: SimulatedBot, clock: StillClock, service: Service
) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    assert "وصل شد، سارا" in written(bale)[0].text
    call_id = await due_call(desk)
    await tell(service)
    [reminder] = reminders_in(bale)
    assert [text for text, _ in reminder.buttons[0]] == ["برداشتم", "نیم ساعت دیگر"]
    assert await texts_of(service, SARA.phone) == 0, "the bot was enough"
    bale.presses_button(SARAS, reminder.message_id, reminder.buttons[0][0][1])
    await asked(service)
    call = await desk.call(call_id)
    assert (call.state, call.assignee) == (CallState.CLAIMED, "sara")
    assert call.history[-1].by == "sara"
    assert "برداشتید" in (bale.presses[-1].answer or "")
    [edited] = reminders_in(bale)
    assert "برداشتید" in edited.text
    assert [text for text, _ in edited.buttons[0]] == ["نیم ساعت دیگر"]
    bale.presses_button(SARAS, edited.message_id, edited.buttons[0][0][1])
    await asked(service)
    call = await desk.call(call_id)
    assert (call.state, call.assignee) == (CallState.SCHEDULED, "sara")
    assert call.due_at == clock.now() + timedelta(minutes=30)
    assert "رفت" in (bale.presses[-1].answer or "")
    assert reminders_in(bale)[0].buttons == []


async def test_a_press_that_comes_twice_acts_once(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    call_id = await due_call(desk)
    await tell(service)
    [reminder] = reminders_in(bale)
    assert service.channels
    conversation = service.channels.conversation(StaffChannel.BALE, service.bot_desk)
    for which, what in ((0, "claimed"), (1, "snoozed")):
        update = bale.presses_button(SARAS, reminder.message_id, reminder.buttons[0][which][1])
        before = await desk.call(call_id)
        for _ in range(3):
            await conversation.handle(update)
        after = await desk.call(call_id)
        assert [entry.what for entry in after.history[len(before.history) :]] == [what]
        bale.messages[reminder.message_id - 1] = reminder  # the message as it was, with both buttons
        desk.clock.turn(timedelta(minutes=1))


async def test_a_stale_button_says_who_has_it(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    await bound(desk, desk.sara, bale, SARAS)
    await bound(desk, desk.reza, bale, REZAS)
    call_id = await due_call(desk)
    await tell(service)
    chat = SARAS if (await desk.call(call_id)).assignee == "sara" else REZAS
    [reminder] = reminders_in(bale, chat)
    await service.calling.book.claim(call_id, "boss")
    before = await desk.call(call_id)
    for _, data in reminder.buttons[0]:
        bale.messages[reminder.message_id - 1] = reminder
        bale.presses_button(chat, reminder.message_id, data)
        await asked(service)
        assert "این تماس را برداشت" in (bale.presses[-1].answer or "")
        assert BOSS.name in (bale.presses[-1].answer or "")
    assert await desk.call(call_id) == before


@pytest.mark.parametrize(
    "data", ["", "x", "c:1", "c:1:0:1", "c:99999999999999999999:0:1", "s:۱:۰:۱", "c:1:0:1;", "c" * 64]
)
async def test_made_up_presses_change_nothing(desk: Desk, bale: SimulatedBot, service: Service, data: str) -> None:
    await bound(desk, desk.sara, bale, SARAS)
    call_id = await due_call(desk)
    await tell(service)
    before = await desk.call(call_id)
    update = bale.says(SARAS, "")
    update["callback_query"] = {
        "id": "9",
        "from": {"id": SARAS},
        "data": data,
        "message": {"message_id": 1, "chat": {"id": SARAS, "type": "private"}},
    }
    del update["message"]
    await asked(service)
    assert await desk.call(call_id) == before


async def test_nobody_presses_for_others(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    call_id = await due_call(desk)
    await tell(service)
    [reminder] = reminders_in(bale)
    before = await desk.call(call_id)
    bale.presses_button(SARAS, reminder.message_id, reminder.buttons[0][0][1], sender=666)  # in her chat, not by her
    stranger = bale.presses_button(SARAS, reminder.message_id, reminder.buttons[0][0][1])
    stranger["callback_query"]["from"]["id"] = stranger["callback_query"]["message"]["chat"]["id"] = 667
    await asked(service)
    assert await desk.call(call_id) == before
    sara = await service.staff.get("sara")
    assert sara
    await service.staff.put(replace(sara, active=False).signed_out())
    bale.presses_button(SARAS, reminder.message_id, reminder.buttons[0][0][1])
    await asked(service)
    assert await desk.call(call_id) == before
    assert "وصل نیست" in (bale.presses[-1].answer or "")


async def test_shops_and_roles_hold_in_the_messenger(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    await bound(desk, desk.sara, bale, SARAS)
    await bound(desk, desk.reza, bale, REZAS)
    call_id = await due_call(desk)
    await tell(service)
    holder = (await desk.call(call_id)).assignee
    chat, other = (SARAS, "reza") if holder == "sara" else (REZAS, "sara")
    [reminder] = reminders_in(bale, chat)
    away = await service.staff.get(other)
    assert away
    await service.staff.put(replace(away, sources=("woo",)))
    update = bale.presses_button(chat, reminder.message_id, reminder.buttons[0][0][1])
    theirs = REZAS if other == "reza" else SARAS
    update["callback_query"]["from"]["id"] = update["callback_query"]["message"]["chat"]["id"] = theirs
    await asked(service)
    assert (await desk.call(call_id)).state is CallState.DUE
    assert (Act.REFUSED, other) in [(act, by) for act, by, _ in await acts(service)]


async def test_a_code_binds_once_whom_it_was_made_for(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    code = await code_of(desk.sara)
    bale.says(SARAS, digits(f"{code[:4]} {code[4:]}"))
    bale.says(9999, code)
    await asked(service)
    assert "وصل شد" in written(bale)[0].text
    assert "درست نیست" in written(bale, 9999)[0].text
    sara = await service.staff.get("sara")
    assert sara
    assert await BotBindings(service.redis).of(sara) == {StaffChannel.BALE: SARAS}
    found = await acts(service)
    assert (Act.BOT_CODE, "sara", "sara") in found
    assert (Act.BOT_BOUND, "sara", "sara") in found
    page = await desk.sara.get("/me")
    assert "قطع اتصال" in page.text
    await desk.sara.post("/me/channels/bale/unbind")
    assert await BotBindings(service.redis).of(sara) == {}
    assert (Act.BOT_UNBOUND, "sara", "sara") in await acts(service)


async def test_a_code_told_twice_by_the_messenger_stays_bound(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    update = bale.says(SARAS, await code_of(desk.sara))
    assert service.channels
    conversation = service.channels.conversation(StaffChannel.BALE, service.bot_desk)
    await conversation.handle(update)
    await conversation.handle(update)
    assert [("وصل شد" in one.text, "وصل است" in one.text) for one in written(bale)] == [(True, False), (False, True)]


@pytest.mark.parametrize("how", ["late", "other bot", "newer", "group", "left", "password"])
async def test_what_binds_nobody(
    desk: Desk, bale: SimulatedBot, telegram: SimulatedBot, service: Service, clock: StillClock, how: str
) -> None:
    code, sara = await code_of(desk.sara), await service.staff.get("sara")
    assert sara
    match how:
        case "late":
            clock.turn(timedelta(minutes=10))
        case "newer":
            await code_of(desk.sara)
        case "left":
            await service.staff.put(replace(sara, active=False))
        case "password":
            await service.staff.put(sara.signed_out())
    (telegram if how == "other bot" else bale).says(SARAS, code, group=how == "group", sender=SARAS)
    await asked(service)
    assert await BotBindings(service.redis).all() == {}
    if how == "group":
        assert written(bale) == []


async def test_wrong_codes_are_bounded_for_a_chat(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    code = await code_of(desk.sara)
    for number in range(5):
        bale.says(666, f"1000000{number}")
    bale.says(666, code)
    await asked(service)
    assert "دوباره امتحان کنید" in written(bale, 666)[-1].text
    assert await BotBindings(service.redis).all() == {}
    bale.says(SARAS, code)  # another chat is not kept out by that
    await asked(service)
    assert len(await BotBindings(service.redis).all()) == 1


async def test_codes_cannot_be_asked_for_without_end(desk: Desk) -> None:
    answers = [(await desk.sara.post("/me/channels/bale/code")).status for _ in range(10)]
    assert answers[0] == 200
    assert answers[-1] == 429


async def test_strangers_are_answered_little(bale: SimulatedBot, desk: Desk, service: Service) -> None:
    for _ in range(40):
        bale.says(666, "سلام")
    await asked(service)
    assert 0 < len(written(bale, 666)) <= 20


async def test_a_chat_goes_over_to_who_binds_it(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    await bound(desk, desk.sara, bale, SARAS)
    await bound(desk, desk.reza, bale, SARAS)
    assert [(chat, one.staff) for (_, chat), one in (await BotBindings(service.redis).all()).items()] == [
        (SARAS, "reza")
    ]
    assert (Act.BOT_UNBOUND, "reza", "sara") in await acts(service)


async def test_who_has_no_bot_gets_the_sms_as_ever(desk: Desk, service: Service) -> None:
    await only_sara(desk)
    await due_call(desk)
    assert await texts_of(service, SARA.phone) == 0
    await tell(service)
    assert await texts_of(service, SARA.phone) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="code", code=401, method="bot/sendMessage"),
        Fault(kind="code", code=403, method="bot/sendMessage"),
        Fault(kind="code", code=400, method="bot/sendMessage"),
        Fault(kind="code", code=429, seconds=900, method="bot/sendMessage"),
    ],
)
async def test_a_channel_that_is_known_to_fail_is_followed_by_the_next(
    desk: Desk, bale: SimulatedBot, telegram: SimulatedBot, simulator: Simulator, service: Service, fault: Fault
) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    await due_call(desk)
    simulator.faults.add(fault)
    await tell(service)
    assert reminders_in(bale) == []
    assert await texts_of(service, SARA.phone) == 1
    page = await desk.sara.get("/me")
    assert ("قطع اتصال" in page.text) is (fault.code != 403)


@pytest.mark.parametrize(
    ("fault", "outcome", "last"),
    [
        (None, "taken", None),
        (Fault(kind="code", code=401, method="bot/sendMessage"), "refused", "queued"),
        (Fault(kind="code", code=403, method="bot/sendMessage"), "closed", "queued"),
        (Fault(kind="code", code=429, seconds=900, method="bot/sendMessage"), "limited", "queued"),
        (Fault(kind="code", code=429, seconds=7, method="bot/sendMessage"), "later", None),
        (Fault(kind="code", code=500, method="bot/sendMessage"), "unknown", None),
        (Fault(kind="drop", accepted=True, method="bot/sendMessage"), "unknown", None),
    ],
)
async def test_what_came_of_each_channel_is_counted(
    desk: Desk,
    bale: SimulatedBot,
    simulator: Simulator,
    service: Service,
    client: Client,
    fault: Fault | None,
    outcome: str,
    last: str | None,
) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    await due_call(desk)
    if fault:
        simulator.faults.add(fault)
    before = await counted(client)
    await tell(service)
    after = await counted(client)
    grown = {place: int(count - before[place]) for place, count in after.items() if count != before[place]}
    assert grown == {("bale", outcome): 1} | ({("sms", last): 1} if last else {})


async def test_who_is_told_by_no_channel_is_counted(
    desk: Desk, bale: SimulatedBot, simulator: Simulator, service: Service, client: Client, clock: StillClock
) -> None:
    await only_sara(desk)
    simulator.undeliverable.add(SARA.phone)
    await due_call(desk)
    await tell(service)
    before = await counted(client)
    while not any(one.receptor == SARA.phone for one in simulator.messages):
        await service.sender.send_ready()
    clock.turn(timedelta(minutes=5))
    await service.sending.receipts.poll()
    await tell(service)
    after = await counted(client)
    assert after["sms", "undelivered"] - before["sms", "undelivered"] == 1
    assert after["", "nobody"] - before["", "nobody"] == 1


async def test_a_messenger_that_asks_for_a_moment_gets_it(
    desk: Desk, bale: SimulatedBot, simulator: Simulator, service: Service, clock: StillClock
) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    await due_call(desk)
    simulator.faults.add(Fault(kind="code", code=429, seconds=7, times=1, method="bot/sendMessage"))
    await tell(service)
    clock.turn(timedelta(seconds=6))
    await tell(service)
    assert reminders_in(bale) == []
    clock.turn(timedelta(seconds=1))
    await tell(service)
    assert len(reminders_in(bale)) == 1
    assert await texts_of(service, SARA.phone) == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="drop", accepted=True, method="bot/sendMessage"),
        Fault(kind="broken_json", accepted=True, method="bot/sendMessage"),
        Fault(kind="http_error", method="bot/sendMessage"),
        Fault(kind="code", code=500, method="bot/sendMessage"),
    ],
)
@pytest.mark.parametrize("claimed", [True, False])
async def test_what_is_in_doubt_is_told_no_second_time_by_the_same_channel(
    desk: Desk,
    bale: SimulatedBot,
    simulator: Simulator,
    service: Service,
    clock: StillClock,
    fault: Fault,
    claimed: bool,
) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    call_id = await due_call(desk)
    simulator.faults.add(fault)
    await tell(service)
    simulator.faults.clear()
    posted = len(reminders_in(bale))
    assert await texts_of(service, SARA.phone) == 0, "it may have come"
    if claimed:
        await service.calling.book.claim(call_id, "sara")
    clock.turn(IN_DOUBT)
    for _ in range(3):
        await tell(service)
        clock.turn(timedelta(minutes=2))
    assert len(reminders_in(bale)) == posted
    assert await texts_of(service, SARA.phone) == (0 if claimed else 1)


async def test_each_orders_their_own_channels(
    desk: Desk, bale: SimulatedBot, telegram: SimulatedBot, service: Service
) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    await bound(desk, desk.sara, telegram, SARAS, "telegram")
    page = await desk.sara.post("/me/channels/order", up="telegram")
    places = [page.text.index(f'name="up" value="{kind}"') for kind in ("bale", "sms")]
    assert places == sorted(places)
    sara = await service.staff.get("sara")
    assert sara
    assert sara.channels == ("telegram", "bale", "sms")
    await due_call(desk)
    await tell(service)
    assert (len(reminders_in(bale)), len(reminders_in(telegram))) == (0, 1)
    assert (Act.CHANNELS_ORDERED, "sara", "sara") in await acts(service)
    assert (await desk.sara.post("/me/channels/order", up="push")).status == 422
    assert (await desk.sara.post("/me/channels/order", up="x")).status == 422


async def test_an_sms_that_did_not_come_is_followed_by_the_bot(
    desk: Desk, bale: SimulatedBot, simulator: Simulator, service: Service, clock: StillClock
) -> None:
    await only_sara(desk)
    simulator.undeliverable.add(SARA.phone)
    await bound(desk, desk.sara, bale, SARAS)
    await desk.sara.post("/me/channels/order", up="sms")
    await desk.sara.post("/me/channels/order", up="sms")
    sara = await service.staff.get("sara")
    assert sara
    assert sara.channels[0] == "sms"
    await due_call(desk)
    await tell(service)
    assert reminders_in(bale) == []
    while not any(one.receptor == SARA.phone for one in simulator.messages):
        await service.sender.send_ready()
    clock.turn(timedelta(minutes=5))
    await service.sending.receipts.poll()
    await tell(service)
    assert len(reminders_in(bale)) == 1
    ended = await service.redis.zcard(Keys(0).messages(MessageState.UNDELIVERED))
    assert ended == 1


async def test_two_workers_tell_once(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    await due_call(desk)
    await asyncio.gather(*(tell(service) for _ in range(8)))
    assert len(reminders_in(bale)) == 1


async def test_one_poller_asks_at_a_time_and_goes_on_where_another_was(
    desk: Desk, bale: SimulatedBot, service: Service
) -> None:
    bale.says(666, "سلام")
    bale.says(667, "سلام")
    counts = await asyncio.gather(*(pollers(service)[StaffChannel.BALE].tick() for _ in range(6)))
    assert sum(counts) == 2
    assert len([one for one in bale.messages if one.by_bot]) == 2
    await asked(service)
    assert len([one for one in bale.messages if one.by_bot]) == 2


async def test_updates_that_make_no_sense_are_passed(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    odd: list[Any] = [
        {"message": None},
        {"message": {"chat": {"id": "x", "type": "private"}, "from": {"id": 1}, "text": "12345678"}},
        {"message": {"chat": {"id": 1, "type": "private"}, "from": {"id": 1}, "text": {"a": 1}}},
        {"callback_query": {"id": [], "from": 5, "message": {}}},
        {"edited_message": {}},
        {"message": {"chat": [], "from": []}},
    ]
    for number, one in enumerate(odd, start=1):
        bale.updates.append({"update_id": number, **one})
    bale.updates.insert(0, "what")  # type: ignore[arg-type]
    bale.updates = [one for one in bale.updates if isinstance(one, dict)]
    bale._last = len(odd)
    bale.says(SARAS, await code_of(desk.sara))
    await asked(service)
    assert len(await BotBindings(service.redis).all()) == 1


async def test_who_switches_off_is_told_nothing(desk: Desk, bale: SimulatedBot, service: Service) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    await due_call(desk)
    sara = await service.staff.get("sara")
    assert sara
    await service.staff.put(replace(sara, active=False).signed_out())
    await tell(service)
    assert reminders_in(bale) == []
    assert await texts_of(service, SARA.phone) == 0
    assert await service.redis.hlen(Keys(0).notices) == 0


class TestByWebhook:
    @pytest.fixture
    def updates(self) -> str:
        return "webhook"

    async def test_a_messenger_posts_what_it_was_told(
        self, desk: Desk, bale: SimulatedBot, telegram: SimulatedBot, service: Service, client: Client
    ) -> None:
        assert service.channels
        await service.channels.call_us()
        assert bale.webhook == "https://notifier.example/callbacks/bot/bale/callback-of-bots"
        assert (telegram.webhook, telegram.secret) == (
            "https://notifier.example/callbacks/bot/telegram",
            "callback-of-bots",
        )
        bale.webhook = ""  # asked for once: whoever takes it away since has a reason
        await service.channels.call_us()
        assert bale.webhook == ""
        bale.webhook = str(client.make_url("/callbacks/bot/bale/callback-of-bots"))
        telegram.webhook = str(client.make_url("/callbacks/bot/telegram"))
        bale.says(SARAS, await code_of(desk.sara))
        telegram.says(SARAS, await code_of(desk.sara, "telegram"))
        assert (await bale.deliver(), await telegram.deliver()) == (1, 1)
        assert len(await BotBindings(service.redis).all()) == 2

    async def test_a_messenger_that_was_away_at_first_is_asked_again(
        self, bale: SimulatedBot, simulator: Simulator, service: Service
    ) -> None:
        assert service.channels
        simulator.faults.add(Fault(kind="http_error", status=502, method="bot/setWebhook", times=2))
        await service.channels.call_us()
        assert bale.webhook == ""
        await service.channels.call_us()
        assert bale.webhook == "https://notifier.example/callbacks/bot/bale/callback-of-bots"

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/callbacks/bot/bale/callback-of-bots", 200),
            ("/callbacks/bot/bale/callback-of-bot", 404),
            ("/callbacks/bot/bale/x", 404),
            ("/callbacks/bot/bale", 404),
            ("/callbacks/bot/rubika/callback-of-bots", 404),
            ("/callbacks/bot/%D8%A7/%D8%A7", 404),
        ],
    )
    async def test_only_who_knows_the_secret_is_heard(
        self, desk: Desk, bale: SimulatedBot, service: Service, client: Client, path: str, status: int
    ) -> None:
        update = bale.says(SARAS, await code_of(desk.sara))
        assert (await client.post(path, json=update)).status == status
        assert bool(await BotBindings(service.redis).all()) is (status == 200)

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"update_id": 1e999}', b"x" * 70_000, b"[" * 5000])
    async def test_what_makes_no_sense_is_taken_all_the_same(self, client: Client, body: bytes) -> None:
        answer = await client.post(
            "/callbacks/bot/bale/callback-of-bots", data=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status == 200


async def test_nobody_is_told_of_a_customer_who_is_forgotten(
    desk: Desk, bale: SimulatedBot, simulator: Simulator, service: Service, clock: StillClock, tmp_path: Path
) -> None:
    await only_sara(desk)
    await bound(desk, desk.sara, bale, SARAS)
    await due_call(desk)
    simulator.faults.add(Fault(kind="code", code=500, method="bot/sendMessage"))
    await tell(service)
    simulator.faults.clear()
    assert await service.redis.hlen(Keys(0).notices) == 1
    notices = set(await service.redis.hkeys(Keys(0).notices))
    other = StaffNotice(
        id="other",
        staff="sara",
        message=Message(
            id="other",
            template="call_due",
            version="",
            to=SARA.phone,
            text="تماس با رضا، ۰۹۳۵۹۸۷۶۵۴۳",
            created_at=clock.now(),
            audience=Audience.STAFF,
        ),
        push=PushNotice(id="other", staff="sara", title="تماس", body="سفارش ۷۷۷", path="/console/", at=ms(clock.now())),
        at=ms(clock.now()),
    )
    unit = UnitOfWork()
    reminders.queue(unit, Keys(0), other)
    push_notices.queue(unit, Keys(0), other.push)
    push_notices.queue(unit, Keys(0), replace(other.push, id="theirs", body="سفارش ۱۰۰۲۵"))
    await work.commit(service.redis, [unit])
    said = len(written(bale))
    customers = Customers(service.redis, service.reader, clock, Archive(tmp_path), timedelta(days=365))
    erased = await customers.erase("09121234567")
    assert erased.counts["words to the staff"] == 2
    assert not notices & set(await service.redis.hkeys(Keys(0).notices))
    left = await service.redis.hvals(Keys(0).notices)
    assert not mentions(left, forms_of("09121234567"))
    assert not any(name.encode() in one for one in left for name in ("10025", "۱۰۰۲۵"))
    assert await service.redis.hkeys(Keys(0).notices) == [b"other"], "what waits to be told of others stays"
    [push] = await service.redis.zrange(Keys(0).pushes, 0, -1)
    assert "۷۷۷".encode() in push
    clock.turn(IN_DOUBT)
    await tell(service)
    assert [one.text for one in written(bale)[said:]] == [other.message.text]
