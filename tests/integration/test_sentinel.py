"""A primary that Sentinel watches over: it dies, a replica takes over, and nothing that was acknowledged is gone."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from outage_scenario import survive
from outbox_driver import Desk
from redis_servers import SERVICE, RedisProcess, Watch, alone, until, watched
from shops import Client, StandardShop, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.messages import MessageState, Pattern
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.store import work
from notifier.store.connect import CannotConnect, connect
from notifier.store.durability import durability_warnings
from notifier.store.replicas import Replicas, TooFewReplicas
from notifier.store.work import UnitOfWork

pytestmark = pytest.mark.process

PAID = "payment.succeeded__tehran_online"


def counted(key: str = "n:{0}:x") -> UnitOfWork:
    unit = UnitOfWork()
    unit.do("INCR", key)
    return unit


async def test_a_primary_that_is_killed_takes_nothing_along(tmp_path: Path, make_config: Callable[..., Config]) -> None:
    """Where whoever takes over must have had what was acknowledged; of several, Sentinel may choose one that is behind.

    Nothing is taken then until the dead one is back as a replica.
    """
    async with watched(tmp_path, replicas=1) as watch:

        async def kill(service: Service) -> None:
            watch.primary.kill()
            await until(lambda: _all_name(watch, watch.replicas[0]))
            watch.primary.settings += ("--replicaof", "127.0.0.1", str(watch.replicas[0].port))
            watch.primary.start()

        await survive(
            make_config,
            kill,
            redis__url=watch.url,
            redis__replicas=1,
            redis__replicas_timeout="1s",
            redis__timeout="2s",
        )


async def _all_name(watch: Watch, primary: RedisProcess) -> bool:
    named = [await one.ask("SENTINEL GET-MASTER-ADDR-BY-NAME", SERVICE) for one in watch.sentinels]
    return all(int(port) == primary.port for _, port in named)


async def test_too_few_replicas_are_no_success(
    tmp_path: Path,
    make_config: Callable[..., Config],
    clock: StillClock,
    aiohttp_client: Callable[..., Awaitable[Client]],
    simulator: Simulator,
) -> None:
    async with watched(tmp_path, replicas=1, sentinels=1) as watch:
        config = make_config(redis__url=watch.url, redis__replicas=1, redis__replicas_timeout="4s")
        async with Service(config, clock=clock, roles=[WEB]) as service:
            assert await durability_warnings(service.redis) == []
            shop = StandardShop(await aiohttp_client(service.app), clock)
            assert (await shop.post(standard_fixture(PAID), event_id="msg_1")).status == 202
            await service.sender.send_ready()
            simulator.templates["packed"] = "سفارش %token"
            desk = Desk(service, clock)
            plain, pattern = (
                await desk.queue(),
                await desk.queue(patterns={"kavenegar": Pattern("packed", {"token": "1"})}),
            )
            sent = len(simulator.messages)
            store: Any = service.redis
            patient: Replicas = store.replicas  # a slow disk is no missing replica; for one that is gone less will do
            store.replicas = replace(patient, timeout=500)
            watch.replicas[0].kill()
            await desk.send()
            # A plain text has an id that makes it safe to repeat; a pattern must not go before its mark is safe.
            assert await desk.states() == [MessageState.ACCEPTED, MessageState.QUEUED]
            assert len(simulator.messages) == sent + 1
            away = await shop.post(standard_fixture(PAID), event_id="msg_2")
            assert (away.status, away.headers["Retry-After"]) == (503, "5")
            (weakness,) = await durability_warnings(service.redis)
            assert "every event is answered 503" in weakness
            with pytest.raises(TooFewReplicas, match="only 0 of the 1 replica"):
                await work.commit(service.redis, [counted()])

            async def taken() -> bool:
                return (await shop.post(standard_fixture(PAID), event_id="msg_2")).status in (200, 202)

            store.replicas = patient
            watch.replicas[0].start()
            await until(lambda: _takes(service.redis))
            await until(taken)  # it may be slow to write once more
            await desk.pass_by(timedelta(minutes=1))
            assert await desk.state(pattern) is not MessageState.QUEUED
            assert [message.receptor for message in simulator.messages].count(pattern.to) == 1
            assert [message.receptor for message in simulator.messages].count(plain.to) == 1


async def _takes(redis: Any) -> bool:
    try:
        return bool(await work.commit(redis, [counted()]))
    except TooFewReplicas:
        return False


async def test_an_outside_server_without_sentinel_has_replicas_too(tmp_path: Path) -> None:
    async with alone(tmp_path / "one") as one, alone(tmp_path / "two", "--replicaof", "127.0.0.1", str(one.port)):
        client = await connect(one.url, replicas=Replicas(1, 1000))
        try:
            await until(lambda: _takes(client))
            assert await client.get("n:{0}:x")
        finally:
            await client.aclose()


async def test_a_replica_counts_once_it_has_the_write_on_its_disk(tmp_path: Path) -> None:
    """One that keeps no append-only file has it in memory alone, which a loss of power takes along."""
    forgetful = ("--appendonly", "no")
    async with (
        alone(tmp_path / "one") as one,
        alone(tmp_path / "two", "--replicaof", "127.0.0.1", str(one.port), *forgetful) as two,
    ):
        await until(lambda: _has_replica(one))
        assert await one.ask("WAIT", 1, 5000) == 1, "it has what was written, in memory"
        client = await connect(one.url, replicas=Replicas(1, 200))
        try:
            with pytest.raises(TooFewReplicas) as refused:
                await work.commit(client, [counted()])
            assert str(refused.value) == (
                "only 0 of the 1 replica in [redis] replicas had the write on disk within 200 ms "
                "(does each keep an append-only file?)"
            )
            await two.ask("CONFIG", "SET", "appendonly", "yes")
            await until(lambda: _takes(client))
            assert await two.ask("GET", "n:{0}:x") == await one.ask("GET", "n:{0}:x")
        finally:
            await client.aclose()


async def _has_replica(server: RedisProcess) -> bool:
    info: Any = await server.ask("INFO", "replication")
    return any(isinstance(value, dict) and value.get("state") == "online" for value in info.values())


async def test_a_service_that_sentinel_does_not_know(tmp_path: Path) -> None:
    async with watched(tmp_path, replicas=0, sentinels=1) as watch:
        with pytest.raises(CannotConnect, match="no sentinel names a primary for 'nobody'"):
            await connect(watch.url.replace("/shop", "/nobody"), timeout=1)
        client = await connect(f"{watch.url}/3")
        try:
            assert (await client.client_info())["db"] == 3
        finally:
            await client.aclose()
