"""Reports that come at an awkward time: while the next rung has the text in hand, or after its phone was corrected."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from console_browser import ISFAHAN
from ladder_lines import PRICES, ladder
from outbox_driver import Desk
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.domain.ladder import Unreached
from notifier.domain.messages import Message, MessageState
from notifier.practice import standard
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator
from notifier.sms.outbox import ClaimedMessage, claim
from notifier.sms.providers.base import DeliveryStatus
from notifier.store import line_counts
from notifier.store.reading import StoredMessage

S = MessageState
D = DeliveryStatus
PHONE, OTHER = "09121234567", "09127654321"
ESSENTIAL: dict[str, Any] = {"essential": True, "order_id": "10025", "source": "shop"}
RUNGS = ["simulator", "voice", "call"]
CARD = {"method": "online", "amount": 2_400_000, "currency": "IRR"}


@pytest.fixture
def config(make_config: Callable[..., Config], simulator_url: str) -> Config:
    return make_config(
        **ladder(simulator_url) | {"sms__ladder": RUNGS, "sms__wait": {"simulator": "10m"}, "sms__price": PRICES}
    )


class Late:
    """A text that the first line took and said nothing of, so that the machine that calls has it now."""

    def __init__(self, service: Service, clock: StillClock, simulator: Simulator) -> None:
        self.service, self.clock, self.simulator = service, clock, simulator
        self.desk = Desk(service, clock)

    async def queue(self, **more: Any) -> Message:
        message = await self.desk.queue(PHONE, **ESSENTIAL | more)
        await self.desk.send()
        self.clock.turn(timedelta(minutes=11))
        await self.service.sending.rung_waits.tick()
        assert (await self.desk.stored(message)).message.route == ">voice>call"
        return message

    async def report(self, message: Message, status: DeliveryStatus = D.DELIVERED) -> None:
        (first, *_) = (await self.desk.stored(message)).descents
        assert await self.service.sending.receipts.report("simulator", {first.provider_id or "": status}) == 1

    async def claim(self) -> list[ClaimedMessage]:
        return await claim(
            self.service.redis,
            self.desk.keys(self.desk.queued[0]),
            "voice",
            bound=False,
            route=">voice>call",
            now=self.clock.now(),
            lease=timedelta(seconds=60),
            count=10,
        )

    async def post(self, claimed: list[ClaimedMessage]) -> None:
        (line,) = [one for one in self.service.sending.accounts if one.name == "voice"]
        await self.service.sender.dispatch.send(line, await line.standing(), claimed)

    async def lines(self) -> dict[str, tuple[int, int, int]]:
        """Sent, reached and cost by line."""
        places = self.service.reader.everywhere
        counted = await line_counts.read(self.service.redis, places, self.clock.now().date(), 1)
        return {one.line: (one.sent, one.reached, one.cost) for one in line_counts.by_line(counted)}


@pytest.fixture
def late(service: Service, clock: StillClock, simulator: Simulator) -> Late:
    return Late(service, clock, simulator)


ANSWERS = {
    "refused": Fault(kind="code", code=411, method="call/maketts", times=1),
    "account": Fault(kind="code", code=418, method="call/maketts", times=1),
    "away": Fault(kind="http_error", status=503, method="call/maketts", times=1),
    "lost": Fault(kind="drop", accepted=True, method="call/maketts", times=1),
    "taken": None,
}


@pytest.mark.parametrize("answer", list(ANSWERS))
async def test_what_arrives_while_the_next_rung_has_it_goes_no_further(late: Late, answer: str) -> None:
    message = await late.queue()
    claimed = await late.claim()
    await late.report(message)  # somebody else hears it, while we post
    if (fault := ANSWERS[answer]) is not None:
        late.simulator.faults.add(fault)
    await late.post(claimed)
    stored = await late.desk.stored(message)
    assert stored.state is S.DELIVERED
    assert stored.descents[0].arrived is not None
    posted = len(late.simulator.messages)
    late.simulator.faults.clear()
    await late.desk.pass_by(timedelta(hours=3), step=timedelta(minutes=5))
    assert (await late.desk.stored(message)).state is S.DELIVERED
    assert len(late.simulator.messages) == posted
    assert await late.desk.calls("undelivered_sms") == []
    sent = await late.lines()
    assert sent["simulator"][:2] == (1, 1)
    assert sent.get("voice", (0, 0))[:2] == ((1, 0) if answer == "taken" else (0, 0))


async def test_the_rung_that_had_it_meanwhile_is_told_with_its_answer(late: Late) -> None:
    message = await late.queue()
    claimed = await late.claim()
    await late.report(message)
    late.simulator.faults.add(Fault(kind="code", code=411, method="call/maketts", times=1))
    await late.post(claimed)
    stored = await late.desk.stored(message)
    assert [(one.provider, one.why, one.arrived is not None) for one in stored.descents] == [
        ("simulator", Unreached.NO_REPORT, True),
        ("voice", Unreached.REFUSED, False),
    ]
    assert stored.total_cost == 1200


async def test_a_worker_that_dies_with_what_has_arrived_meanwhile(late: Late) -> None:
    message = await late.queue()
    assert await late.claim()
    await late.report(message)
    late.clock.turn(timedelta(minutes=2))
    sent = len(late.simulator.messages)
    await late.desk.send()
    assert await late.desk.state(message) is S.DELIVERED
    assert len(late.simulator.messages) == sent


@pytest.mark.parametrize("order", ["present first", "former first"])
async def test_both_rungs_report_at_once(late: Late, order: str) -> None:
    """Kavenegar posts what it knows in lists: of one text the call was not answered, and the text has arrived."""
    late.service.sending.accounts.ladders.waits["voice"] = timedelta(minutes=10)  # type: ignore[index]
    message = await late.queue()
    await late.desk.send()
    late.clock.turn(timedelta(minutes=11))
    await late.service.sending.rung_waits.tick()
    stored = await late.desk.stored(message)
    text, call = stored.descents[0].provider_id or "", stored.provider_id or ""
    told = {"simulator": {text: D.DELIVERED}, "voice": {call: D.UNDELIVERED}}
    for line in ("voice", "simulator") if order == "present first" else ("simulator", "voice"):
        await late.service.sending.receipts.report(line, told[line])
    assert await late.desk.state(message) is S.DELIVERED
    await late.desk.pass_by(timedelta(hours=1))
    assert await late.desk.state(message) is S.DELIVERED


async def test_a_report_that_was_read_before_the_text_was_claimed_is_taken_in_all_the_same(
    late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the reading of a message and the writing of its report a worker takes it."""
    message = await late.queue()
    receipts, claimed = late.service.sending.receipts, list[ClaimedMessage]()
    ours = type(receipts)._ours

    async def ours_then_claimed(self: Any, provider: str, ids: list[str]) -> Any:
        found = await ours(self, provider, ids)
        if not claimed:
            claimed.extend(await late.claim())
        return found

    monkeypatch.setattr(type(receipts), "_ours", ours_then_claimed)
    await late.report(message)
    late.simulator.faults.add(Fault(kind="code", code=411, method="call/maketts", times=1))
    await late.post(claimed)
    assert await late.desk.state(message) is S.DELIVERED


async def test_the_line_gives_up_waiting_while_its_report_is_taken_in(
    late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await late.desk.queue(PHONE, **ESSENTIAL)
    await late.desk.send()
    taken = await late.desk.stored(message)
    receipts, ticked = late.service.sending.receipts, list[int]()
    ours = type(receipts)._ours

    async def ours_then_given_up(self: Any, provider: str, ids: list[str]) -> Any:
        found = await ours(self, provider, ids)
        if not ticked:
            late.clock.turn(timedelta(minutes=11))
            ticked.append(await late.service.sending.rung_waits.tick())
        return found

    monkeypatch.setattr(type(receipts), "_ours", ours_then_given_up)
    await receipts.report("simulator", {taken.provider_id or "": D.DELIVERED})
    assert ticked == [1]
    assert await late.desk.state(message) is S.DELIVERED
    await late.desk.send()
    assert len(late.simulator.messages) == 1


async def test_a_report_of_what_was_never_sent_changes_nothing(late: Late) -> None:
    message = await late.queue()
    before = await late.desk.stored(message)
    assert await late.service.sending.receipts.report("simulator", {"999999999": D.DELIVERED, "": D.DELIVERED}) == 0
    voice = before.descents[0].provider_id or ""  # of another line
    assert await late.service.sending.receipts.report("voice", {voice: D.DELIVERED}) == 0
    assert await late.desk.stored(message) == before


class Corrected:
    """An order whose customer's phone turns out to be another while its essential text is on its way down."""

    def __init__(self, shop: StandardShop, late: Late) -> None:
        self.shop, self.late = shop, late

    async def event(self, kind: EventType, *, phone: str = PHONE) -> None:
        self.late.clock.turn(timedelta(seconds=10))
        payload = standard.event(kind, at=self.late.clock.now(), order_id="10025")
        payload["data"] |= {"customer": ISFAHAN | {"phone": phone}, "payment": CARD}
        answer = await self.shop.post(payload)
        assert answer.status == 202, answer.body

    async def text(self) -> StoredMessage:
        order = await self.late.service.reader.order("shop", "10025")
        assert order
        story = await self.late.service.reader.story(order)
        (found,) = [one for one in story.messages if one.message.essential]
        return found

    def to(self, phone: str, words: str) -> int:
        return len([one for one in self.late.simulator.messages if one.receptor == phone and one.text == words])


@pytest.fixture
def corrected(client: Client, shop: StandardShop, late: Late) -> Corrected:
    return Corrected(shop, late)


@pytest.mark.parametrize("when", ["waiting", "in hand"])
async def test_what_reached_the_former_phone_ends_nothing_for_the_one_that_is_to_come(
    corrected: Corrected, when: str
) -> None:
    late = corrected.late
    await corrected.event(EventType.PAID)
    await late.desk.send()
    late.clock.turn(timedelta(minutes=11))
    await late.service.sending.rung_waits.tick()
    former = await corrected.text()
    assert (former.state, former.message.to) == (S.QUEUED, PHONE)
    late.desk.queued.append(former.message)
    claimed = await late.claim() if when == "in hand" else []
    await corrected.event(EventType.PREPARING, phone=OTHER)
    await late.report(former.message)
    await late.report(former.message)  # once more
    if claimed:
        await late.post(claimed)
    await late.desk.send()
    told = await corrected.text()
    assert (told.state, told.provider, told.message.to) == (S.ACCEPTED, "simulator", OTHER)
    assert (corrected.to(PHONE, told.message.text), corrected.to(OTHER, told.message.text)) == (1, 1)
    assert told.descents[0].arrived is not None
    late.clock.turn(timedelta(minutes=1))
    assert await late.service.sending.receipts.report("simulator", {told.provider_id or "": D.UNDELIVERED}) == 1
    assert (await corrected.text()).message.route == ">voice>call"


async def test_a_phone_that_is_corrected_after_it_was_reached_is_not_told_again(corrected: Corrected) -> None:
    late = corrected.late
    await corrected.event(EventType.PAID)
    await late.desk.send()
    late.clock.turn(timedelta(minutes=11))
    await late.service.sending.rung_waits.tick()
    former = await corrected.text()
    late.desk.queued.append(former.message)
    await late.report(former.message)
    await corrected.event(EventType.PREPARING, phone=OTHER)
    await late.desk.send()
    assert (await corrected.text()).state is S.DELIVERED
    assert corrected.to(OTHER, former.message.text) == 0


async def test_a_line_that_only_a_text_names_is_reported_of_as_well(
    make_config: Callable[..., Config],
    simulator_url: str,
    clock: StillClock,
    simulator: Simulator,
    redis: Any,
    tmp_path: Path,
    aiohttp_client: Callable[..., Any],
) -> None:
    shipped, folder = Path(__file__).parents[2] / "templates", tmp_path / "templates"
    shutil.copytree(shipped, folder)
    file = folder / "payment_succeeded_elsewhere.txt"
    own = 'audience = "customer"\nladder = ["voice", "call"]\n'
    file.write_text(file.read_text(encoding="utf-8").replace('audience = "customer"\n', own, 1), encoding="utf-8")
    voice = {name: value for name, value in ladder(simulator_url).items() if name == "providers__voice"}
    config = make_config(**voice, templates__folder=str(folder))
    async with Service(config, clock=clock, roles=["web"]) as service:
        client, desk = await aiohttp_client(service.app), Desk(service, clock)
        message = await desk.queue(PHONE, route=">voice>call", **ESSENTIAL)
        await desk.send()
        (call,) = simulator.messages
        for _ in range(2):
            token = config.callbacks.tokens()[0]
            path, told = f"/callbacks/kavenegar/{token}/delivery", {"messageid": str(call.messageid), "status": "10"}
            assert (await client.post(path, data=told)).status == 200
        assert await desk.state(message) is S.DELIVERED
