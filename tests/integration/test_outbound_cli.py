"""``notifier webhooks`` and what else tells an operator how an endpoint is doing."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from shops import SHOP_SECRET, WOO_SECRET, Client, StandardShop, standard_fixture
from standins.shop import SECRET, ShopServer, shop_server
from typer.testing import CliRunner, Result

from notifier.cli import app
from notifier.clock import SystemClock
from notifier.config.loading import load
from notifier.config.shipped import CONFIG
from notifier.service.process import WEB, Service


@pytest.fixture
async def backend() -> AsyncIterator[ShopServer]:
    """A shop that verifies by the machine's own clock, as a real one does."""
    async with shop_server() as shop:
        yield shop


@pytest.fixture
def environment(backend: ShopServer, redis_url: str, simulator_url: str) -> dict[str, str]:
    webhook = {"url": backend.url, "secret": "env:BACKEND_SECRET", "events": ["order.priority"]}
    return {
        "BACKEND_SECRET": SECRET,
        "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
        "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": simulator_url,
        "NOTIFIER__REDIS__URL": redis_url,
        "NOTIFIER__WEBHOOKS__BACKEND": json.dumps(webhook),
    }


@pytest.fixture
async def service(environment: dict[str, str], redis: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    monkeypatch.setenv("BACKEND_SECRET", SECRET)
    assert redis is not None
    async with Service(load(CONFIG, environment=environment), clock=SystemClock(), roles=[WEB]) as running:
        yield running


async def run(environment: dict[str, str], *arguments: str) -> Result:
    """A command, as ``notifier`` is called with these arguments."""
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment | {"COLUMNS": "200"})


async def test_switched_off_looked_at_and_switched_on(
    environment: dict[str, str], service: Service, client: Client, backend: ShopServer
) -> None:
    shop = StandardShop(client, SystemClock())
    now = {"timestamp": SystemClock().now().isoformat()}
    await shop.post(standard_fixture("payment.succeeded__tehran_online") | now)
    backend.status = 410
    await service.news.send_ready()
    async with client.get("/metrics") as answer:
        metrics = await answer.text()
    assert 'notifier_endpoint_on{endpoint="backend"} 0.0' in metrics
    assert 'notifier_endpoint_news_waiting{endpoint="backend"} 1.0' in metrics
    assert 'notifier_endpoint_posts_total{endpoint="backend",status="410"}' in metrics
    listed = await run(environment, "webhooks", "list")
    assert (listed.exit_code, "off since" in listed.output, "(gone)" in listed.output) == (0, True, True)
    examined = await run(environment, "doctor")
    assert (examined.exit_code, "notifier webhooks enable backend" in examined.output) == (1, True)
    backend.status = 204
    assert await service.news.send_ready() == 0
    enabled = await run(environment, "webhooks", "enable", "backend")
    assert (enabled.exit_code, "backend is on; 1 waiting" in enabled.output) == (0, True)
    assert await service.news.send_ready() == 1
    assert [one.status for one in backend.taken] == [410, 204]
    assert len({one.id for one in backend.taken}) == 1
    listed = await run(environment, "webhooks", "list")
    assert "off since" not in listed.output


async def test_trying_an_endpoint_out(environment: dict[str, str], backend: ShopServer) -> None:
    took = await run(environment, "webhooks", "test", "backend")
    assert (took.exit_code, "backend took a sample order.priority: answered 204" in took.output) == (0, True)
    assert backend.topics == ["order.priority"]
    unknown = await run(environment, "webhooks", "test", "bakend")
    assert "there is no [webhooks.bakend]; there are: backend" in str(unknown.exception)
    backend.status = 500
    refused = await run(environment, "webhooks", "test", "backend", "--event", "message.delivered")
    assert (refused.exit_code, "did not take" in refused.output) == (1, True)
    assert backend.taken[-1].document["type"] == "message.delivered"
