"""V1 and V11 of ASVS, what runs out: the store says so before, refuses cleanly, and comes back."""

from pathlib import Path
from typing import Any

import pytest
from consoles import hire
from shops import Client, StandardShop, standard_fixture

from notifier.clock import StillClock
from notifier.service import WEB, Service
from notifier.store import memory
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis

pytestmark = pytest.mark.process

PAID = "payment.succeeded__tehran_online"


async def test_no_writes_no_readiness(make_config: Any, clock: StillClock, aiohttp_client: Any, tmp_path: Path) -> None:
    config = make_config(redis__url="embedded", redis__data_dir=tmp_path / "data")
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client: Client = await aiohttp_client(service.app)
        shop = StandardShop(client, clock)
        await hire(service)
        await service.redis.setrange("n:ballast", 20_000_000, b"x")  # beside which what a write needs is little
        used = int((await service.redis.info("memory"))["used_memory"])
        await service.redis.config_set("maxmemory", int(used * 1.06))
        await service.check_memory()
        alerts: Any = await service.redis.lrange("n:alerts", 0, -1)
        assert any(b"store_memory" in alert for alert in alerts)
        assert (await client.get("/readyz")).status == 200
        await service.redis.config_set("maxmemory", int(used * 0.8))
        answer = await client.get("/readyz")
        assert (answer.status, (await answer.json())["status"]) == (503, "not ready")
        assert "memory" in (await answer.json())["reasons"][0]
        refused = await shop.post(standard_fixture(PAID), event_id="e1")
        assert (refused.status, "Retry-After" in refused.headers) == (503, True)
        assert (await client.get("/healthz")).status == 200
        await service.redis.config_set("maxmemory", memory.half())
        assert (await client.get("/readyz")).status == 200
        assert (await shop.post(standard_fixture(PAID), event_id="e1")).status == 202


async def test_a_server_of_ours_has_a_limit_and_throws_nothing_away(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "data") as server:
        redis = await connect("embedded", socket_path=server.socket_path)
        assert int((await redis.config_get("maxmemory"))["maxmemory"]) == memory.half() > 0
        assert (await redis.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"
        await redis.aclose()


@pytest.mark.parametrize("line", ["LimitCORE=0", "TasksMax=512", "MemoryMax=90%"])
def test_the_unit_is_bounded(line: str) -> None:
    assert line in (Path(__file__).parents[2] / "deploy" / "notifier.service").read_text().splitlines()
