"""A backup made while the service runs, put back after everything was lost."""

import asyncio
import fcntl
import os
import shutil
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from shops import ApiUser, Client, StandardShop, send_all, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.retention import backup as backups
from notifier.retention.backup import BackupError
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.store import server as programs

pytestmark = pytest.mark.process

PAID = "payment.succeeded__tehran_online"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def config(make_config: Callable[..., Config], data_dir: Path) -> Config:
    return make_config(redis__url="embedded", redis__data_dir=data_dir)


@asynccontextmanager
async def opened(
    config: Config, clock: StillClock, aiohttp_client: Callable[..., Awaitable[Client]]
) -> AsyncIterator[tuple[Service, StandardShop, ApiUser]]:
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client = await aiohttp_client(service.app)
        yield service, StandardShop(client, clock), ApiUser(client)
        await client.close()


def order(number: int, name: str = PAID) -> Any:
    payload = standard_fixture(name)
    data = payload["data"] | {"order_id": f"B{number}"}
    if "customer" in data:
        data["customer"] = data["customer"] | {"phone": f"0912000{number:04}"}
    return payload | {"data": data}


async def last_backup(client: Client) -> float:
    """What a monitor is told, unix seconds."""
    async with client.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    (value,) = (float(line.split()[1]) for line in lines if line.startswith("notifier_last_backup_"))
    return value


async def test_what_was_lost_comes_back_and_nobody_is_texted_twice(
    config: Config,
    clock: StillClock,
    simulator: Simulator,
    aiohttp_client: Callable[..., Awaitable[Client]],
    data_dir: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "backup.tar"
    async with opened(config, clock, aiohttp_client) as (service, shop, api):
        await shop.post(order(1), event_id="m1")
        await shop.post(order(9), event_id="m9")
        await shop.post(order(9, "order.delivered__order_id_alone"), event_id="m9-delivered")
        await send_all(service, clock)
        clock.turn(timedelta(days=91))
        await service.retention.leftovers.end_calls()
        await service.retention.tick()
        await shop.post(order(1, "order.packed__order_id_alone"), event_id="m1-packed")
        await send_all(service, clock)
        late = order(2) | {"timestamp": clock.now().isoformat()}
        await shop.post(late, event_id="m2")  # waits in the outbox when the backup is made
        before = [(await api.get(f"/orders/B{number}")).body for number in (1, 2)]
        sent = [text.localid for text in simulator.messages]
        keys = await service.redis.dbsize()
        assert await last_backup(api.client) == 0
        about = await backups.backup(service.redis, data_dir, file, now=clock.now())
        assert keys <= about.keys <= await service.redis.dbsize()
        assert await last_backup(api.client) == clock.now().timestamp()
        await send_all(service, clock)  # sent after the backup …
        assert len(simulator.messages) == len(sent) + 1
        with pytest.raises(BackupError, match="runs"):
            backups.restore(file, data_dir, program=programs.find(), force=True, now=clock.now())
    everything = [text.localid for text in simulator.messages]
    archive = (data_dir / "archive" / "1405-09.jsonl.gz").read_bytes()
    assert "dump.rdb" not in os.listdir(data_dir)
    shutil.rmtree(data_dir)
    backups.restore(file, data_dir, program=programs.find(), force=False, now=clock.now())
    assert (data_dir / "archive" / "1405-09.jsonl.gz").read_bytes() == archive
    for _ in range(2):  # what was restored is also there when Redis starts a second time
        async with opened(config, clock, aiohttp_client) as (service, shop, api):
            assert (await api.get("/orders/B1")).body == before[0]
            assert (await api.get("/orders/B2")).body["timeline"] == before[1]["timeline"]
            assert (await shop.post(late, event_id="m2")).body["duplicate"]
            await send_all(service, clock)
            assert [text.localid for text in simulator.messages] == everything  # … and known to the provider
            assert {one["state"] for one in (await api.get("/orders/B2")).body["messages"]} <= {"accepted", "delivered"}


async def test_it_does_not_write_over_data(
    config: Config, clock: StillClock, aiohttp_client: Callable[..., Awaitable[Client]], data_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    async with opened(config, clock, aiohttp_client) as (service, shop, _):
        await shop.post(order(1))
        await backups.backup(service.redis, data_dir, file, now=clock.now())
        with pytest.raises(BackupError, match="exists"):
            await backups.backup(service.redis, data_dir, file, now=clock.now())
        await shop.post(order(2))
    with pytest.raises(BackupError, match="--force"):
        backups.restore(file, data_dir, program=programs.find(), force=False, now=clock.now())
    _, aside = backups.restore(file, data_dir, program=programs.find(), force=True, now=clock.now())
    assert aside is not None
    async with opened(config, clock, aiohttp_client) as (_, _, api):
        assert [one["id"] for one in await api.items("/orders")] == ["B1"]
    elsewhere = config.model_copy(update={"redis": config.redis.model_copy(update={"data_dir": aside})})
    async with opened(elsewhere, clock, aiohttp_client) as (_, _, api):
        assert [one["id"] for one in await api.items("/orders")] == ["B2", "B1"]


async def test_a_damaged_backup_is_refused_and_touches_nothing(
    config: Config, clock: StillClock, aiohttp_client: Callable[..., Awaitable[Client]], data_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    async with opened(config, clock, aiohttp_client) as (service, shop, _):
        await shop.post(order(1))
        await backups.backup(service.redis, data_dir, file, now=clock.now())
    with tarfile.open(file) as tar:
        place = tar.getmember(backups.STORE).offset_data + 50
    whole = file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    before = sorted(os.listdir(data_dir))
    for broken in (b"", b"no tar at all", whole[: len(whole) // 2], whole[:place] + b"\0\0\0\0" + whole[place + 4 :]):
        file.write_bytes(broken)
        with pytest.raises(BackupError, match="Take another one"):
            backups.restore(file, data_dir, program=programs.find(), force=True, now=clock.now())
    with pytest.raises(BackupError, match="no file"):
        backups.restore(tmp_path / "nothing", data_dir, program=programs.find(), force=True, now=clock.now())
    assert sorted(os.listdir(data_dir)) == before
    assert "data.restoring" not in os.listdir(tmp_path)


async def test_a_backup_of_a_server_that_ours_does_not_read_is_refused(
    config: Config, clock: StillClock, aiohttp_client: Callable[..., Awaitable[Client]], data_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    async with opened(config, clock, aiohttp_client) as (service, shop, _):
        await shop.post(order(1))
        about = await backups.backup(service.redis, data_dir, file, now=clock.now())
    ours = programs.find()
    assert about.redis == str(ours.version)
    old = programs.ServerProgram(tmp_path / "redis-server", programs.ServerVersion("Redis", (6, 2, 14)))
    with pytest.raises(BackupError, match=rf"written by {ours.version}, which Redis 6\.2\.14"):
        backups.restore(file, tmp_path / "other", program=old, force=False, now=clock.now())
    assert not (tmp_path / "other").exists()


async def test_two_at_once_and_one_by_hand_are_made_one_after_another(
    config: Config, clock: StillClock, aiohttp_client: Callable[..., Awaitable[Client]], data_dir: Path, tmp_path: Path
) -> None:
    async with opened(config, clock, aiohttp_client) as (service, shop, _):
        await shop.post(order(1))
        await slow_snapshot(service, seconds=0.3)
        await shop.post(order(2))  # is not in the snapshot by hand, and has to be in ours
        files = [tmp_path / f"backup-{number}.tar" for number in range(3)]
        made = await asyncio.gather(
            *(backups.backup(service.redis, data_dir, file, now=clock.now()) for file in files[:2])
        )
        assert len({about.sha256 for about in made}) == 2  # each is of its own
        slow = asyncio.gather(
            backups.backup(service.redis, data_dir, files[2], now=clock.now()),
            backups.backup(service.redis, data_dir, files[2], now=clock.now()),
            return_exceptions=True,
        )
        first, second = await slow
        assert not isinstance(first, BaseException)
        assert isinstance(second, BackupError)
        assert "exists already" in str(second)
        assert not {"dump.rdb", "backup.rdb"} & set(os.listdir(data_dir))
    for place, file in enumerate(files):
        folder = tmp_path / f"restored-{place}"
        backups.restore(file, folder, program=programs.find(), force=False, now=clock.now())
        elsewhere = config.model_copy(update={"redis": config.redis.model_copy(update={"data_dir": folder})})
        async with opened(elsewhere, clock, aiohttp_client) as (_, _, api):
            assert [one["id"] for one in await api.items("/orders")] == ["B2", "B1"]


async def test_it_does_not_wait_for_ever(
    config: Config, clock: StillClock, aiohttp_client: Callable[..., Awaitable[Client]], data_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    async with opened(config, clock, aiohttp_client) as (service, _, _):
        await slow_snapshot(service, seconds=60)
        with pytest.raises(BackupError, match=r"writing another snapshot for 0\.1 s"):
            await backups.backup(service.redis, data_dir, file, now=clock.now(), patience=0.1)
        with (data_dir / "backup.lock").open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(BackupError, match=r"under way for 0\.1 s.*backup\.lock"):
                await backups.backup(service.redis, data_dir, file, now=clock.now(), patience=0.1)
    assert os.listdir(tmp_path) == ["data"]


async def slow_snapshot(service: Service, *, seconds: float) -> None:
    """Have Redis write one by hand that is under way for a while, whatever the machine."""
    keys = await service.redis.dbsize()
    await service.redis.config_set("rdb-key-save-delay", int(seconds * 1_000_000 / keys))
    await service.redis.bgsave()
    await service.redis.config_set("rdb-key-save-delay", 0)
