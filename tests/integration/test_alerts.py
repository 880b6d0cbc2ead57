"""Alerts go over every way that works but the one that broke, once each, with an end; a page shows who saw them."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from console_browser import BOSS, Desk, hire
from msgspec.structs import replace
from shops import Client, StandardShop

from notifier.channels.bots.bindings import BotBindings, CodeOutcome
from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.channels import StaffChannel
from notifier.outbound.events import Topic
from notifier.service import alerting
from notifier.service.process import Service
from notifier.simulator import SimulatedBot, Simulator
from notifier.sms.alerts import LASTING, AlertLine, Alerts
from notifier.sms.providers.base import Failed, Failure
from notifier.store import audit
from notifier.store import keys as names
from notifier.store.audit import Act, Wanted
from notifier.store.keys import Keys
from notifier.store.records import decode, ms
from notifier.store.work import UnitOfWork

MakeConfig = Callable[..., Config]
BALE, TELEGRAM = "77001:AAsecretOfBale", "77002:AAsecretOfTelegram"
BOSSES = 5502
SECRET = "whsec_" + "QUFB" * 8
LOW = 5_000_000


@pytest.fixture
def fallback() -> list[str]:
    return []


@pytest.fixture
def config(make_config: MakeConfig, simulator: Simulator, simulator_url: str, fallback: list[str]) -> Config:
    url = f"{simulator_url.removesuffix('/v1')}/tapi"
    simulator.bots.add(BALE)
    simulator.bots.add(TELEGRAM)
    more: dict[str, Any] = {}
    if fallback:
        more["providers__second"] = {"kind": "kavenegar", "api_key": "simulator", "base_url": simulator_url}
    return make_config(
        staff__channels={"bale": {"token": BALE, "url": url}, "telegram": {"token": TELEGRAM, "url": url}},
        sms__fallback=fallback,
        providers__simulator__low_credit=LOW,
        webhooks__backend={
            "url": "https://shop.example/news",
            "secret": SECRET,
            "events": [Topic.ALERT_RAISED, Topic.ALERT_CLEARED],
        },
        **more,
    )


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


@pytest.fixture
def bale(simulator: Simulator) -> SimulatedBot:
    return simulator.bots.add(BALE)


@pytest.fixture
def telegram(simulator: Simulator) -> SimulatedBot:
    return simulator.bots.add(TELEGRAM)


async def bind(service: Service, clock: StillClock, *bots: tuple[StaffChannel, SimulatedBot]) -> None:
    boss = await service.staff.get("boss")
    assert boss
    bindings = BotBindings(service.redis)
    for kind, bot in bots:
        bot.says(BOSSES, "سلام")
        code = await bindings.new_code(kind, boss, clock.now(), UnitOfWork())
        assert (await bindings.bind(kind, BOSSES, code, clock.now()))[0] is CodeOutcome.BOUND


async def told(service: Service) -> None:
    assert service.channels
    await service.channels.teller.tick()


def written(bot: SimulatedBot) -> list[str]:
    return [one.text for one in bot.messages if one.by_bot]


async def texts(service: Service) -> int:
    return int(await service.redis.zcard(Keys(0).texts(BOSS.phone)))


async def news(service: Service) -> list[Any]:
    found: Any = await service.redis.hgetall(Keys(0).news("backend"))
    return sorted((json.loads(raw)["body"] for raw in found.values()), key=lambda one: one["timestamp"])


async def lines(service: Service) -> list[AlertLine]:
    raws: Any = await service.redis.lrange(names.ALERTS, 0, -1)
    return [decode(raw, AlertLine) for raw in raws]


async def test_low_credit_is_told_by_all_but_its_line_and_so_is_its_end(
    desk: Desk, bale: SimulatedBot, telegram: SimulatedBot, simulator: Simulator, service: Service, clock: StillClock
) -> None:
    await bind(service, clock, (StaffChannel.BALE, bale), (StaffChannel.TELEGRAM, telegram))
    simulator.credit = LOW - 1
    for _ in range(3):
        await service.sending.check_credit()
        await service.sending.alerts.tick()
        await told(service)
        clock.turn(timedelta(hours=2))
    for bot in (bale, telegram):
        assert len(written(bot)) == 1
    assert await texts(service) == 0, "the line that broke is the only one"
    [raised] = await news(service)
    assert raised["type"] == "alert.raised"
    assert (raised["data"]["kind"], raised["data"]["about"]) == ("credit_low", "simulator")
    simulator.credit = 10 * LOW
    await service.sending.check_credit()
    await service.sending.alerts.tick()
    await service.sending.alerts.tick()
    await told(service)
    for bot in (bale, telegram):
        assert len([text for text in written(bot) if "برگشت" in text]) == 1
    assert await texts(service) == 1, "it works again"
    raised, cleared = await news(service)
    assert cleared["type"] == "alert.cleared"
    assert cleared["data"]["alert_id"] == raised["data"]["alert_id"]
    assert [line.over for line in await lines(service)] == [True, False]
    simulator.credit = LOW - 1
    await service.sending.check_credit()
    assert len(await news(service)) == 3, "the next time is another alert"


async def test_a_bot_has_an_alert_at_once(desk: Desk, bale: SimulatedBot, service: Service, clock: StillClock) -> None:
    await bind(service, clock, (StaffChannel.BALE, bale))
    await service.sending.alerts.tell("templates", "متنی نادرست است.")
    for _ in range(2):
        await told(service)
    assert written(bale) == ["متنی نادرست است."]
    assert await texts(service) == 1


async def test_without_another_way_the_sms_is_all_there_is(desk: Desk, simulator: Simulator, service: Service) -> None:
    simulator.credit = LOW - 1
    await service.sending.check_credit()
    assert await texts(service) == 1


class TestWithAnotherLine:
    @pytest.fixture
    def fallback(self) -> list[str]:
        return ["second"]

    async def test_no_credit_is_told_by_it(
        self, desk: Desk, bale: SimulatedBot, simulator: Simulator, service: Service, clock: StillClock
    ) -> None:
        await bind(service, clock, (StaffChannel.BALE, bale))
        simulator.credit = LOW - 1
        await service.sending.check_credit()
        await told(service)
        assert len(written(bale)) == 1
        await service.sender.send_ready()
        [text] = [one for one in simulator.messages if one.receptor == BOSS.phone]
        message: Any = await service.redis.hget(Keys(0).message(str(text.localid)), "provider")
        assert message == b"second"


@pytest.mark.parametrize("kind", [StaffChannel.BALE, StaffChannel.TELEGRAM])
async def test_a_bot_that_is_down_is_told_by_the_others(
    desk: Desk, bale: SimulatedBot, telegram: SimulatedBot, service: Service, clock: StillClock, kind: StaffChannel
) -> None:
    bots = {StaffChannel.BALE: bale, StaffChannel.TELEGRAM: telegram}
    await bind(service, clock, *bots.items())
    assert service.channels
    broken = bots.pop(kind)
    (whole,) = bots.values()
    broken.revoked = True
    for _ in range(3):
        await service.channels.health.tick()
        await service.sending.alerts.tick()
        clock.turn(timedelta(minutes=10))
    await told(service)
    assert [("توکن" in text) for text in written(whole)] == [True]
    assert await texts(service) == 1
    assert written(broken) == []
    broken.revoked = False
    await service.channels.health.tick()
    await service.sending.alerts.tick()
    await told(service)
    assert "برگشت" in written(whole)[-1]
    assert "برگشت" in written(broken)[-1]


async def test_processes_tell_once_together(
    desk: Desk, bale: SimulatedBot, service: Service, clock: StillClock
) -> None:
    await bind(service, clock, (StaffChannel.BALE, bale))
    await asyncio.gather(*(service.sending.alerts.tell("store_memory", "حافظه پر می‌شود.") for _ in range(8)))
    again = Alerts(service.redis, service.staff, clock, 1)  # as after a restart
    await again.tell("store_memory", "حافظه پر می‌شود.")
    await asyncio.gather(*(told(service) for _ in range(4)))
    assert len(written(bale)) == 1
    assert await texts(service) == 1
    assert len(await news(service)) == 1
    assert len(await lines(service)) == 1
    await asyncio.gather(*(service.sending.alerts.tick() for _ in range(8)))
    await told(service)
    assert len(written(bale)) == 2, "its end, once"
    assert len(await news(service)) == 2


async def test_what_a_dead_process_began_to_tell_is_told_by_another(
    desk: Desk, bale: SimulatedBot, service: Service, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bind(service, clock, (StaffChannel.BALE, bale))

    async def dies(self: Alerts, raw: bytes, alert: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(Alerts, "_tell_all", dies)
        with pytest.raises(ConnectionResetError):
            await service.sending.alerts.tell("templates", "متنی نادرست است.")
    await told(service)
    assert written(bale) == []
    clock.turn(timedelta(seconds=10))
    await service.sending.alerts.tick()
    await told(service)
    assert written(bale) == ["متنی نادرست است."]
    assert len(await lines(service)) == 1


async def test_a_trouble_without_an_end_is_told_again_after_an_hour(
    desk: Desk, service: Service, clock: StillClock
) -> None:
    for minutes in (0, 59, 1):
        clock.turn(timedelta(minutes=minutes))
        await service.sending.alerts.tick()
        await service.sending.alerts.tell("held", "پیامکی منتظر است.")
    assert len(await lines(service)) == 2


async def test_late_backups_are_told_and_one_that_comes_ends_it(
    desk: Desk, service: Service, clock: StillClock
) -> None:
    await service.check_backups()
    assert await lines(service) == []
    clock.turn(alerting.BACKUP_LATE + timedelta(seconds=1))
    for _ in range(2):
        await service.check_backups()
        await service.sending.alerts.tick()
        clock.turn(timedelta(hours=3))
    assert [line.kind for line in await lines(service)] == ["backup_late"]
    await service.redis.set(names.BACKED_UP, ms(clock.now()))
    await service.sending.alerts.tick()
    assert [line.kind for line in await lines(service)] == ["backup_late_over", "backup_late"]


async def test_the_limit_of_a_day_ends_with_the_day(desk: Desk, service: Service, clock: StillClock) -> None:
    await service.sending.alerts.tell("rial_day_nearly", "۸۰٪ سقف خرج شد.")
    await service.sending.alerts.tick()
    assert [line.over for line in await lines(service)] == [False]
    clock.turn(timedelta(hours=14))
    await service.sending.alerts.tick()
    assert [line.over for line in await lines(service)] == [True, False]


async def test_a_paused_line_is_told_as_over_when_it_sends(
    desk: Desk, bale: SimulatedBot, service: Service, clock: StillClock
) -> None:
    await bind(service, clock, (StaffChannel.BALE, bale))
    line = service.sending.accounts.named("simulator")
    assert line
    refused = Failed(failure=Failure.ACCOUNT, reason="key", code=403)
    await line.heard([refused], await line.standing())
    await service.sending.alerts.tick()
    await told(service)
    assert len(written(bale)) == 1
    await line._open()
    await service.sending.alerts.tick()
    await told(service)
    assert "برگشت" in written(bale)[-1]


async def test_every_kind_that_lasts_has_an_end(service: Service) -> None:
    assert set(service.sending.alerts.endings) == LASTING


async def test_the_page_shows_when_seen_and_where(desk: Desk, service: Service, clock: StillClock) -> None:
    await service.sending.alerts.tell("silence:woo", "فروشگاه خبری نداده است.")
    page = await desk.boss.get("/alerts")
    assert page.status == 200
    for shown in ("فروشگاه خبری نداده است.", "امروز ۱۰:۰۰", "/console/deliveries", "برجاست", "دیدم"):
        assert shown in page.text
    [line] = await lines(service)
    clock.turn(timedelta(minutes=5))
    page = await desk.boss.post("/alerts/seen", alert=line.id)
    assert f"دیده شد: {BOSS.name}، امروز ۱۰:۰۵" in page.text
    reza = await service.staff.get("reza")
    assert reza
    await service.staff.put(replace(reza, role=BOSS.role))
    await desk.reza.post("/alerts/seen", alert=line.id)
    acts = [entry.act async for _, entry in audit.read(service.reader, Wanted())]
    assert acts.count(Act.ALERT_SEEN) == 1
    await service.sending.alerts.clear("silence:woo", "فروشگاه دوباره خبر می‌دهد.")
    page = await desk.boss.get("/alerts")
    assert "برگشت" in page.text
    assert "برجاست" not in page.text
    assert (await desk.sara.get("/alerts")).status == 403
    assert (await desk.sara.post("/alerts/seen", alert=line.id)).status == 403
    assert (await desk.boss.post("/alerts/seen", alert="nothing")).status == 404


async def test_lines_of_older_versions_are_shown(desk: Desk, service: Service) -> None:
    raw = '{"at":"2026-11-22T10:00:00+03:30","kind":"held","text":"پیامکی هست."}'
    await service.redis.lpush(names.ALERTS, raw)
    assert "پیامکی هست." in (await desk.boss.get("/alerts")).text
    assert "پیامکی هست." in (await desk.boss.get("/desk")).text
