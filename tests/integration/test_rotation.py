"""While a shop changes its secret, two are valid; before and after, one is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from mapping_shop import SECRET, SOURCE, MappedShop, order
from redis.asyncio import Redis
from shops import SHOP_SECRET, WOO_SECRET, Client, StandardShop, WooShop, request, standard_fixture, woo_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.intake.mapping.signature import HmacScheme
from notifier.practice import standard
from notifier.service.process import WEB, Service

NEW_SHOP = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW_WOO, NEW_MINE, NEW_TOKEN = "new-woo-secret", "new-mine-secret", "new-callback-token"
OLD_TOKEN = "test-callback-token"

Opened = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def opened(
    make_config: Callable[..., Config],
    clock: StillClock,
    redis: Redis,
    aiohttp_client: Callable[..., Awaitable[Client]],
) -> Opened:
    """A service with these settings."""

    @asynccontextmanager
    async def opened(**settings: Any) -> AsyncIterator[Client]:
        async with Service(make_config(**settings), clock=clock, roles=[WEB]) as service:
            yield await aiohttp_client(service.app)

    return opened


async def statuses(client: Client, clock: StillClock, *secrets: tuple[str, str, str, str]) -> list[list[int]]:
    """For each set of secrets, what the standard, the WooCommerce and the mapped shop and the provider are answered."""
    found = []
    for shop, woo, mine, token in secrets:
        fixture = woo_fixture("order.updated__processing_online")
        scheme = HmacScheme(secrets=[mine], header="X-Signature")
        answers = [
            await StandardShop(client, clock, secret=shop).post(standard_fixture("payment.succeeded__tehran_online")),
            await WooShop(client, secret=woo).post(fixture["body"]),
            await MappedShop(client, clock, scheme).post(order()),
            await request(client, "GET", f"/callbacks/kavenegar/{token}/delivery?messageid=1&status=10", b"", {}),
        ]
        found.append([answer.status for answer in answers])
    return found


OLD = (SHOP_SECRET, WOO_SECRET, SECRET, OLD_TOKEN)
NEW = (NEW_SHOP, NEW_WOO, NEW_MINE, NEW_TOKEN)
THIRD = ("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "x", "y", "z")
AT_ONCE = {
    "sources__shop__secret": NEW_SHOP,
    "sources__shop__previous_secret": SHOP_SECRET,
    "sources__woo__secret": NEW_WOO,
    "sources__woo__previous_secret": WOO_SECRET,
    "sources__mine": SOURCE | {"secret": NEW_MINE, "previous_secret": SECRET},
    "callbacks__token": NEW_TOKEN,
    "callbacks__previous_token": OLD_TOKEN,
}


async def test_before_during_and_after_a_change(opened: Opened, clock: StillClock) -> None:
    taken, refused = [202, 200, 202, 200], [401, 401, 401, 404]
    async with opened(sources__mine=SOURCE) as client:
        assert await statuses(client, clock, OLD, NEW) == [taken, refused]
    async with opened(**AT_ONCE) as client:
        # The mapped shop's delivery is known by its contents: signed anew it is the same one.
        again = [202, 200, 200, 200]
        assert await statuses(client, clock, OLD, NEW, THIRD) == [again, again, refused]
    after = {name: value for name, value in AT_ONCE.items() if "previous" not in name}
    async with opened(**after | {"sources__mine": SOURCE | {"secret": NEW_MINE}}) as client:
        assert await statuses(client, clock, NEW, OLD) == [again, refused]


async def test_an_old_secret_that_is_not_set_is_none(
    opened: Opened, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_OLD", raising=False)
    async with opened(sources__shop__previous_secret="env:SHOP_OLD", sources__mine=SOURCE) as client:
        assert [row[0] for row in await statuses(client, clock, OLD, NEW)] == [202, 401]


@pytest.mark.parametrize("good_first", [True, False])
async def test_a_shop_that_signs_with_both_of_its_secrets(opened: Opened, clock: StillClock, good_first: bool) -> None:
    """Standard Webhooks has several signatures in one header for this; a service that knows one secret takes it."""
    payload = standard_fixture("payment.succeeded__tehran_online")
    async with opened() as client:
        shop = StandardShop(client, clock)
        body, headers = standard.signed(SHOP_SECRET, payload, at=clock.now(), event_id="msg_1")
        _, others = standard.signed(NEW_SHOP, payload, at=clock.now(), event_id="msg_1")
        both = [headers["webhook-signature"], others["webhook-signature"]]
        headers["webhook-signature"] = " ".join(both if good_first else both[::-1])
        assert (await shop.send(body, headers)).status == 202
