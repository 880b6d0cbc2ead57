"""Calls are pushed to the browsers of whoever is reminded of them, over real HTTP to a push service that proves us."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from console_browser import Desk, hire
from msgspec.structs import replace
from shops import Client, StandardShop
from standins.push_service import PushServer, push_server
from typer.testing import CliRunner

from notifier.channels.web_push import notices, subscriptions
from notifier.channels.web_push.notices import PushNotice
from notifier.channels.web_push.posting import PushPoster
from notifier.channels.web_push.sender import BACK_OFF, PushSender
from notifier.channels.web_push.subscriptions import MOST, PushSubscription, PushSubscriptions
from notifier.channels.web_push.vapid import VapidKeys
from notifier.cli import app
from notifier.clock import StillClock
from notifier.config import Config
from notifier.diagnostics import offline
from notifier.domain.persian import digits
from notifier.errors import ConfigError
from notifier.service.process import Service
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.work import UnitOfWork
from notifier.texts import loading

MakeConfig = Callable[..., Config]

KEYS = VapidKeys.new()


@pytest.fixture
async def push() -> AsyncIterator[PushServer]:
    async with push_server() as found:
        found.public_key = KEYS.public_text
        yield found


@pytest.fixture
def config(make_config: MakeConfig, push: PushServer) -> Config:
    settings = {"private_key": KEYS.private_text, "subject": "mailto:tech@shop.example", "services": [push.url]}
    return make_config(console__push=settings)


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


def sender(service: Service) -> PushSender:
    assert service.pushing
    return service.pushing.sender


async def subscribed(desk: Desk, push: PushServer, *names: str) -> None:
    """Sara's browsers by these names, greeted already."""
    for name in names:
        assert (await desk.sara.post_bare("/me/push", **push.browser(name).form, csrf=desk.sara.csrf)).status == 204
    await sender(desk.service).tick()
    push.posts.clear()


async def put(service: Service, clock: StillClock, **more: Any) -> None:
    unit = UnitOfWork()
    notice = PushNotice(id="7", staff="sara", title="t", body="b", path="/console/", at=ms(clock.now()), **more)
    notices.queue(unit, service.reader.everywhere[0], notice)
    await work.commit(service.redis, [unit])


async def queued(service: Service) -> int:
    return int(await service.redis.zcard(Keys(0).pushes))


async def test_a_due_call_is_pushed_beside_the_text(desk: Desk, push: PushServer, clock: StillClock) -> None:
    for browser, name in ((desk.sara, "sara"), (desk.reza, "reza")):
        answer = await browser.post_bare("/me/push", **push.browser(name).form, csrf=browser.csrf)
        assert answer.status == 204
    await sender(desk.service).tick()
    assert [post.said["title"] for post in push.posts] == ["اعلان‌ها فعال شد"] * 2
    push.posts.clear()
    call_id = await desk.due_call()
    call = await desk.call(call_id)
    await sender(desk.service).tick()
    assert {post.name for post in push.posts} == {call.assignee}
    post = push.posts[-1]
    assert post.said["body"] == "اطمینان‌بخشی پس از پرداخت، سفارش ۱۰۰۲۵"
    assert post.said["path"] == f"/console/calls/{call_id}"
    assert post.headers["Content-Encoding"] == "aes128gcm"
    assert post.headers["Urgency"] == "high"
    assert 0 < int(post.headers["TTL"]) <= 3600
    assert post.claims["aud"] == push.url
    assert post.claims["sub"] == "mailto:tech@shop.example"
    told = json.dumps(post.said, ensure_ascii=False)
    for personal in (call.name, call.phone, digits(call.phone), call.phone[-4:], digits(call.phone[-4:])):
        assert personal not in told
    texts = await desk.service.redis.zcard(Keys(0).outbox)
    assert texts >= 1, "the SMS goes as well"
    before = len(push.posts)
    await sender(desk.service).tick()
    assert len(push.posts) == before
    assert await queued(desk.service) == 0


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(
    desk: Desk, push: PushServer, clock: StillClock, status: int
) -> None:
    await subscribed(desk, push, "old", "new")
    push.answers = [status]
    await put(desk.service, clock)
    await sender(desk.service).tick()
    (left,) = await PushSubscriptions(desk.service.redis).all()
    gone = next(post.name for post in push.posts if post.status == status)
    assert left.endpoint != push.browsers[gone].endpoint
    assert await queued(desk.service) == 0


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_trouble_that_passes_is_tried_again_in_bounds(
    desk: Desk, push: PushServer, clock: StillClock, status: int
) -> None:
    await subscribed(desk, push, "good", "bad")
    push.answers = [201, status]
    await put(desk.service, clock)
    await sender(desk.service).tick()
    push.status = status
    troubled = next(post.name for post in push.posts if post.status == status)
    for wait in BACK_OFF:
        assert await sender(desk.service).tick() == 0
        clock.turn(wait)
        assert await sender(desk.service).tick() == 1
    clock.turn(timedelta(days=1))
    assert await sender(desk.service).tick() == 0
    assert [post.name for post in push.posts[2:]] == [troubled] * len(BACK_OFF), "who has it is not told again"
    assert await queued(desk.service) == 0
    assert len(await PushSubscriptions(desk.service.redis).all()) == 2


async def test_a_service_says_when_it_wants_to_be_asked_again(desk: Desk, push: PushServer, clock: StillClock) -> None:
    await subscribed(desk, push, "one")
    push.answers, push.retry_after = [429], "1200"
    await put(desk.service, clock)
    await sender(desk.service).tick()
    clock.turn(timedelta(seconds=1199))
    assert await sender(desk.service).tick() == 0
    clock.turn(timedelta(seconds=1))
    assert await sender(desk.service).tick() == 1


@pytest.mark.parametrize("status", [400, 401, 403, 413, 302])
async def test_what_is_refused_for_good_is_not_tried_again(
    desk: Desk, push: PushServer, clock: StillClock, status: int
) -> None:
    await subscribed(desk, push, "one")
    push.answers = [status]
    await put(desk.service, clock)
    assert await sender(desk.service).tick() == 1
    assert await queued(desk.service) == 0
    assert len(await PushSubscriptions(desk.service.redis).all()) == 1


async def test_a_service_that_is_away_is_tried_again(desk: Desk, clock: StillClock) -> None:
    async with push_server() as other:
        form = other.browser("one").form
    poster = PushPoster(KEYS, "mailto:a@b", [other.url])
    service = desk.service
    away = PushSender(service.redis, service.reader.everywhere, service.staff, clock, poster)
    sara = await service.staff.get("sara")
    assert sara
    subscription = subscriptions.read(form, staff=sara, at=0, own=[other.url])
    await PushSubscriptions(service.redis).add(subscription, UnitOfWork())
    await put(service, clock)
    assert await away.tick() == 1
    assert await queued(service) == 1
    await away.close()


async def test_a_public_name_that_leads_into_our_network_is_not_posted_to(push: PushServer, clock: StillClock) -> None:
    """What a name resolves to is looked at when it is used, not when it was handed in."""
    poster = PushPoster(KEYS, "mailto:a@b")
    browser = push.browser("one")
    inside = push.url.replace("127.0.0.1", "localhost")
    notice = PushNotice(id="7", staff="sara", title="t", body="b", path="/console/", at=0)
    for endpoint in (f"{inside}/push/one", browser.endpoint):
        to = PushSubscription(staff="sara", epoch=0, endpoint=endpoint, public=browser.public, auth=browser.auth, at=0)
        answer = await poster.post(to, notice, now=clock.now(), lives=timedelta(hours=1))
        assert answer.error == "PrivateAddress"
        assert not answer.passing
    await poster.close()
    assert not push.posts


async def test_who_signed_out_everywhere_or_left_is_not_pushed_to(
    desk: Desk, push: PushServer, clock: StillClock
) -> None:
    await subscribed(desk, push, "one")
    await desk.service.staff.change("sara", lambda one, _: one.signed_out())
    await put(desk.service, clock)
    assert await sender(desk.service).tick() == 0
    await desk.service.staff.change("sara", lambda one, _: replace(one, epoch=0, active=False))
    await put(desk.service, clock)
    assert await sender(desk.service).tick() == 0
    assert not push.posts
    assert await queued(desk.service) == 0


async def test_a_notice_that_is_late_is_dropped(desk: Desk, push: PushServer, clock: StillClock) -> None:
    await subscribed(desk, push, "one")
    await put(desk.service, clock)
    clock.turn(timedelta(hours=1))
    assert await sender(desk.service).tick() == 0
    assert await queued(desk.service) == 0


async def test_a_person_has_so_many_browsers_and_a_browser_one_person(desk: Desk, push: PushServer) -> None:
    for number in range(MOST + 2):
        desk.clock.turn(timedelta(seconds=1))
        await subscribed(desk, push, f"b{number}")
    book = PushSubscriptions(desk.service.redis)
    assert [one.endpoint[-2:] for one in await book.all()] == [f"b{number}" for number in range(2, MOST + 2)]
    answer = await desk.reza.post_bare("/me/push", **push.browsers["b6"].form, csrf=desk.reza.csrf)
    assert answer.status == 204
    assert [one.staff for one in await book.all()].count("reza") == 1
    assert len(await book.all()) == MOST


async def test_only_its_own_person_switches_a_browser_off(desk: Desk, push: PushServer) -> None:
    await subscribed(desk, push, "one")
    endpoint = push.browsers["one"].endpoint
    await desk.reza.post_bare("/me/push/off", endpoint=endpoint, csrf=desk.reza.csrf)
    assert len(await PushSubscriptions(desk.service.redis).all()) == 1
    assert "روی ۱ دستگاه فعال است" in (await desk.sara.get("/me")).words
    await desk.sara.post_bare("/me/push/off", endpoint=endpoint, csrf=desk.sara.csrf)
    assert await PushSubscriptions(desk.service.redis).all() == []
    trail = (await desk.boss.get("/audit")).words
    assert "اعلان‌های یک دستگاه را فعال کرد" in trail
    assert "اعلان‌های یک دستگاه را غیرفعال کرد" in trail


async def test_the_same_browser_again_is_not_greeted_again(desk: Desk, push: PushServer) -> None:
    await subscribed(desk, push, "one")
    await desk.sara.post_bare("/me/push", **push.browsers["one"].form, csrf=desk.sara.csrf)
    assert await sender(desk.service).tick() == 0


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:1/a", "https://10.0.0.1/a", "https://redis/a", "x" * 2000])
async def test_a_private_address_is_refused_and_changes_nothing(desk: Desk, push: PushServer, endpoint: str) -> None:
    form = push.browser("one").form | {"endpoint": endpoint}
    page = await desk.sara.post_bare("/me/push", **form, csrf=desk.sara.csrf)
    assert page.status == 422
    assert await PushSubscriptions(desk.service.redis).all() == []


async def test_without_the_token_of_a_page_nothing_is_switched(desk: Desk, push: PushServer) -> None:
    assert (await desk.sara.post_bare("/me/push", **push.browser("one").form)).status == 403


async def test_no_key_and_no_address_in_a_page_or_log(
    desk: Desk, push: PushServer, clock: StillClock, capsys: pytest.CaptureFixture[str]
) -> None:
    await subscribed(desk, push, "one")
    push.answers = [500]
    await put(desk.service, clock)
    await sender(desk.service).tick()
    said = "".join(capsys.readouterr()) + (await desk.sara.get("/me")).text
    assert KEYS.public_text in said
    for secret in (KEYS.private_text, push.browsers["one"].endpoint, push.browsers["one"].form["auth"]):
        assert secret not in said


class TestWithoutAKey:
    @pytest.fixture
    def config(self, make_config: MakeConfig) -> Config:
        return make_config()

    async def test_nothing_of_it_shows(self, desk: Desk) -> None:
        page = await desk.sara.get("/me")
        assert "اعلان روی این دستگاه" not in page.words
        assert "push.js" not in page.text
        await desk.due_call()
        assert await queued(desk.service) == 0
        answer = await desk.sara.post_bare("/me/push", endpoint="https://a.example/", csrf=desk.sara.csrf)
        assert answer.status == 422


def test_a_key_is_made_and_is_one() -> None:
    said = CliRunner().invoke(app, ["push-keys", "--json"])
    assert said.exit_code == 0
    made = json.loads(said.stdout)
    assert VapidKeys.read(made["private_key"]).public_text == made["public_key"]
    words = CliRunner().invoke(app, ["push-keys"]).stdout
    (line,) = [line for line in words.splitlines() if line.startswith("NOTIFIER_PUSH_KEY=")]
    VapidKeys.read(line.partition("=")[2])


def test_a_wrong_key_is_found_before_the_start(make_config: MakeConfig) -> None:
    found = make_config(console__push={"private_key": "not-a-key", "subject": "mailto:a@b.example"})
    (said,) = [one.text for one in offline.findings(found, loading.load(found)) if "console.push" in one.text]
    assert "console.push.private_key: " in said
    assert "notifier push-keys" in said
    unset = make_config(console__push={"private_key": "env:NOBODY_SET_THIS", "subject": "mailto:a@b.example"})
    with pytest.raises(ConfigError, match=r"console\.push\.private_key.*NOBODY_SET_THIS"):
        offline.require(unset, loading.load(unset))
