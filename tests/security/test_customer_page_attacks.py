"""The customer's page under attack: guesses, forged forms, other people's tokens, floods, and what is written down."""

import asyncio
import json
import re
from typing import Any

import pytest
from redis.asyncio import Redis
from shops import Client, StandardShop
from structlog.testing import capture_logs

from notifier.clock import StillClock
from notifier.config import Config
from notifier.customer_page.pace import BY_PAGE, MISSES
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import Service
from notifier.store import page_tokens
from notifier.store.page_tokens import LENGTH, in_base62, new_token

_INPUT = re.compile(r'name="(once|key)" value="([^"]+)"')


@pytest.fixture
def config(make_config: Any) -> Config:
    config: Config = make_config(customer_page__enabled=True, customer_page__base="https://order.shop.example")
    return config


async def placed(shop: StandardShop, service: Service, number: str = "10025", name: str = "سارا محمدی") -> str:
    """An order; the token of its page."""
    payload = standard.event(EventType.REGISTERED, at=shop.clock.now(), order_id=number)
    payload["data"]["customer"]["name"] = name
    assert (await shop.post(payload)).status == 202
    found = await service.reader.order("shop", number)
    assert found
    assert found.page_token
    return found.page_token


async def version(service: Service, number: str = "10025") -> int:
    found = await service.reader.order("shop", number)
    assert found
    return found.v


async def keys_of(client: Client, token: str) -> dict[str, str]:
    async with client.get(f"/o/{token}") as answer:
        return dict(_INPUT.findall(await answer.text()))


def test_tokens_hold_128_bits() -> None:
    assert {len(new_token()) for _ in range(1000)} == {LENGTH}
    assert len({new_token() for _ in range(1000)}) == 1000
    assert in_base62(2**128 - 1) == "7n42DGM5Tflk9n8mt7Fhc7"
    assert in_base62(0) == "0" * LENGTH


@pytest.mark.parametrize(
    "path",
    [
        *("a", "%00", "..%2f..%2fapi", "%D8%B3", "A" * 22, "A" * 4000, "'\"><script>", "*", "shop:10025", "10025"),
        *("%F0%9F%98%80", "%ff%fe", "AAAA/paid", "AAAA/paid/more", "AAAA/", ""),
    ],
)
async def test_whatever_leads_nowhere_is_one_friendly_page(client: Client, path: str) -> None:
    async with client.get(f"/o/{path}", allow_redirects=False) as answer:
        text = await answer.text()
    assert answer.status in (404, 405)
    assert "این صفحه پیدا نشد" in text
    assert "<script>" not in text


async def test_unknown_revoked_and_broken_tokens_are_answered_alike(
    client: Client, shop: StandardShop, service: Service, redis: Redis
) -> None:
    token = await placed(shop, service)
    found = page_tokens.digest(token)
    await redis.hdel(service.reader.everywhere[0].pages(found), found)
    bodies = set()
    for one in (token, new_token(), token[:-1], token.swapcase(), "x"):
        async with client.get(f"/o/{one}") as answer:
            bodies.add((answer.status, await answer.read()))
    ((status, _),) = bodies
    assert status == 404


async def test_a_form_of_another_page_posts_nothing(client: Client, shop: StandardShop, service: Service) -> None:
    mine, theirs = await placed(shop, service, "1"), await placed(shop, service, "2")
    keys = await keys_of(client, mine)
    before = await version(service, "2")
    async with client.post(f"/o/{theirs}/call", data=keys | {"when": "soon"}) as answer:
        assert answer.status == 403
    assert await version(service, "2") == before
    async with client.post(f"/o/{new_token()}/call", data=keys | {"when": "soon"}) as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    "change",
    [{"key": ""}, {"key": "0" * 32}, {"once": "0" * 16}, {"once": "../../x"}, {"key": "ف"}, {"once": "", "key": ""}],
)
async def test_a_form_without_its_key_comes_back_filled_in(
    client: Client, shop: StandardShop, service: Service, change: dict[str, str]
) -> None:
    token = await placed(shop, service)
    keys, before = await keys_of(client, token), await version(service)
    async with client.post(f"/o/{token}/call", data=keys | {"when": "soon"} | change) as answer:
        assert answer.status == 403
        text = await answer.text()
    assert '<option value="soon" selected>' in text
    assert "کهنه شده بود" in text
    assert await version(service) == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),  # as browsers send it under no-referrer
        ({"Origin": "https://order.shop.example", "Sec-Fetch-Site": "same-origin"}, 303),
        ({}, 303),
    ],
)
async def test_other_sites_send_no_forms(
    client: Client, shop: StandardShop, service: Service, headers: dict[str, str], status: int
) -> None:
    token = await placed(shop, service)
    form = await keys_of(client, token) | {"when": "soon"}
    async with client.post(f"/o/{token}/call", data=form, headers=headers, allow_redirects=False) as answer:
        assert answer.status == status


async def test_a_flood_of_forms_is_told_to_wait(
    client: Client, shop: StandardShop, service: Service, redis: Redis
) -> None:
    token = await placed(shop, service)
    for _ in range(BY_PAGE):
        async with client.post(f"/o/{token}/call", data={"when": "x"}) as answer:
            assert answer.status == 403
    keys, before = await keys_of(client, token), await version(service)
    async with client.post(f"/o/{token}/call", data=keys | {"when": "soon"}) as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert '<option value="soon" selected>' in await answer.text()
    assert await version(service) == before
    counters = [key async for key in redis.scan_iter("n:attempts:page*")]
    assert counters
    for key in counters:
        assert await redis.ttl(key) > 0


async def test_guessing_is_told_to_wait_and_real_pages_stay_open(
    client: Client, shop: StandardShop, service: Service, clock: StillClock
) -> None:
    token = await placed(shop, service)
    statuses = []
    for _ in range(MISSES + 1):
        async with client.get(f"/o/{new_token()}") as answer:
            statuses.append(answer.status)
    assert statuses == [404] * MISSES + [429]
    async with client.get(f"/o/{token}") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", 'سارا"><img src=x onerror=1>', "www.evil.example", "{{ 7*7 }}"]
)
async def test_names_of_customers_are_no_markup(
    client: Client, shop: StandardShop, service: Service, name: str
) -> None:
    token = await placed(shop, service, name=name)
    async with client.get(f"/o/{token}") as answer:
        text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert "alert(1)" not in text
    assert "onerror" not in text
    assert "evil.example" not in text
    assert "49" not in text.partition("<header>")[2].partition("</header>")[0]
    assert "'unsafe-inline'" not in policy


async def test_what_was_typed_comes_back_as_text(client: Client, shop: StandardShop, service: Service) -> None:
    token = await placed(shop, service)
    payload = standard.event(EventType.DELIVERED, at=shop.clock.now(), order_id="10025")
    await shop.post(payload)
    form = await keys_of(client, token) | {"reason": "</textarea><script>alert(1)</script>" * 20}
    async with client.post(f"/o/{token}/return", data=form) as answer:
        assert answer.status == 422
        assert "<script>alert" not in await answer.text()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded"),
        (b"x", "multipart/form-data"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"&".join(b"a=1" for _ in range(5000)), "application/x-www-form-urlencoded"),
        (b"", "text/plain"),
    ],
)
@pytest.mark.parametrize("answer", ["call", "paid", "return", "mark", "time"])
async def test_no_body_makes_the_service_fail(
    client: Client, shop: StandardShop, service: Service, body: bytes, kind: str, answer: str
) -> None:
    token, headers = await placed(shop, service), {"Content-Type": kind}
    async with client.post(f"/o/{token}/{answer}", data=body, headers=headers) as found:
        assert 400 <= found.status < 500
        assert found.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(client: Client, shop: StandardShop, service: Service, method: str) -> None:
    token = await placed(shop, service)
    async with client.request(method, f"/o/{token}") as answer:
        assert answer.status == 405
        assert "GET" in answer.headers["Allow"]


async def test_no_token_is_written_down(
    client: Client, shop: StandardShop, service: Service, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await placed(shop, service)
    with capture_logs() as lines:
        await client.get(f"/o/{token}")
        await client.get(f"/o/{token}/nowhere/at/all")
        keys = await keys_of(client, token)
        await client.post(f"/o/{token}/call", data=keys | {"when": "soon"})
        monkeypatch.setattr(service.reader.redis, "pipeline", _broken)
        async with client.get(f"/o/{token}") as answer:
            assert answer.status == 500
            assert token not in await answer.text()
        monkeypatch.undo()
    assert [line for line in lines if line["action"] == "page_failed"]
    assert token not in json.dumps(lines, default=str)
    async with client.get("/metrics") as answer:
        assert token not in await answer.text()
    entries = await redis.zrange(service.reader.everywhere[0].audit, 0, -1)
    assert token.encode() not in b"".join(entries)


def _broken(*arguments: Any, **more: Any) -> Any:
    raise RuntimeError("planted")


async def test_the_console_session_opens_no_page_and_the_page_no_console(
    client: Client, shop: StandardShop, service: Service
) -> None:
    token = await placed(shop, service)
    async with client.get(f"/o/{token}") as answer:
        assert "Set-Cookie" not in answer.headers
    async with client.get(
        "/console/orders/shop/10025", allow_redirects=False, headers={"Cookie": f"console={token}"}
    ) as answer:
        assert answer.status == 303


async def test_many_presses_at_once_are_one_request(client: Client, shop: StandardShop, service: Service) -> None:
    token = await placed(shop, service)
    form = await keys_of(client, token) | {"when": "soon"}

    async def press() -> int:
        async with client.post(f"/o/{token}/call", data=form, allow_redirects=False) as answer:
            return answer.status

    assert set(await asyncio.gather(*(press() for _ in range(10)))) == {303}
    found = await service.reader.order("shop", "10025")
    assert found
    assert len(found.news[EventType.CALLBACK_REQUESTED]) == 1
