"""What integration tests share: one real Redis, a simulator, the service as it ships, and shops that post to it.

The clock stands, so nothing happens by itself: a test sends with ``service.sender.send_ready()`` and makes calls due
with ``service.reminders.tick()``.
"""

import json
import os
import pickle
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import redis_servers
from aiohttp.test_utils import TestServer
from argon2 import PasswordHasher
from redis.asyncio import Redis
from shops import API_TOKEN, SHOP_SECRET, WOO_SECRET, ApiUser, Client, StandardShop, WooShop

from notifier.clock import TEHRAN, StillClock
from notifier.config import Config, loading
from notifier.config.loading import load
from notifier.console import passwords
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator, create_app
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis

ROOT = Path(__file__).parents[1]
START = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)

MakeServer = Callable[..., Awaitable[TestServer]]
MakeConfig = Callable[..., Config]


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all tests, or with NOTIFIER_TEST_REDIS=cluster a cluster of two."""
    if os.environ.get("NOTIFIER_TEST_REDIS") == "cluster":
        with redis_servers.cluster_beside(tmp_path_factory.mktemp("cluster")) as url:
            yield url
        return
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield f"unix://{server.socket_path}"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """The server, empty, and left empty: what a test writes is no other test's business."""
    client = await connect(redis_url)
    await client.flushall()
    yield client
    await client.flushall()
    await client.aclose()


@pytest.fixture(autouse=True, scope="session")
def quick_hashes() -> Iterator[PasswordHasher]:
    """Passwords are hashed quickly: as it ships each takes a tenth of a second. Gives the hasher that ships."""
    shipped, passwords._HASHER = passwords._HASHER, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield shipped
    passwords._HASHER = shipped


@pytest.fixture(autouse=True, scope="session")
def files_read_once() -> Iterator[None]:
    """A configuration is parsed once for all tests, as long as its file stays as it is."""
    read, known = loading._read, dict[tuple[Path, int, int], bytes]()

    def cached(file: Path) -> dict[str, Any]:
        if not file.is_file():
            return read(file)
        about = file.stat()
        key = file.resolve(), about.st_mtime_ns, about.st_size
        if key not in known:
            known[key] = pickle.dumps(read(file))
        found: dict[str, Any] = pickle.loads(known[key])
        return found

    loading._read = cached
    yield
    loading._read = read


@pytest.fixture
def clock() -> StillClock:
    return StillClock(START)


@pytest.fixture
def partitions() -> int:
    """To be parametrised by a test that should hold for several."""
    return 1


@pytest.fixture
def simulator(clock: StillClock) -> Simulator:
    return Simulator(clock=clock, credit=1_000_000_000)


@pytest.fixture
async def simulator_url(simulator: Simulator, aiohttp_server: MakeServer) -> str:
    server = await aiohttp_server(create_app(simulator, callbacks_every=None))
    return str(server.make_url("/v1"))


@pytest.fixture
def make_config(redis_url: str, simulator_url: str, partitions: int) -> MakeConfig:
    """The configuration as it ships, with made-up secrets; keyword arguments are ``SECTION__KEY`` settings."""

    def make(file: Path = ROOT / "config.toml", **settings: Any) -> Config:
        ours = {
            "sources__shop__secret": SHOP_SECRET,
            "sources__woo__secret": WOO_SECRET,
            "sms__provider": "simulator",
            "sms__namespace": "test",
            "providers__simulator__base_url": simulator_url,
            "callbacks__token": "test-callback-token",
            "api__tokens": [API_TOKEN],
            "redis__url": redis_url,
            "redis__partitions": partitions,
        }
        return load(file, environment=environment(ours | settings))

    return make


def environment(settings: dict[str, Any]) -> dict[str, str]:
    """Settings as environment variables."""
    return {
        f"NOTIFIER__{name.upper()}": json.dumps(value) if isinstance(value, list | dict) else str(value)
        for name, value in settings.items()
    }


@pytest.fixture
def config(make_config: MakeConfig) -> Config:
    return make_config()


@pytest.fixture
async def service(config: Config, clock: StillClock, redis: Redis) -> AsyncIterator[Service]:
    """The service, which takes events and does nothing by itself."""
    async with Service(config, clock=clock, roles=[WEB]) as running:
        yield running


@pytest.fixture
async def client(service: Service, aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    return await aiohttp_client(service.app)


@pytest.fixture
def shop(client: Client, clock: StillClock) -> StandardShop:
    return StandardShop(client, clock)


@pytest.fixture
def woo(client: Client) -> WooShop:
    return WooShop(client)


@pytest.fixture
def api(client: Client) -> ApiUser:
    return ApiUser(client)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are cores: half of the time of a test is waiting for a process, a browser or a store."""
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2 * (os.cpu_count() or 1)


class _Starts:
    """Whether what runs now may start processes: a test that is marked so, or a fixture that many tests share."""

    allowed = True


def _seen(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"subprocess.Popen", "os.fork", "os.posix_spawn"} and not _Starts.allowed:
        _Starts.allowed = True
        pytest.fail(f"mark this test with process or browser: it starts {arguments[0] if arguments else 'one'}")


sys.addaudithook(_seen)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Keep `make check` true to its word: what is not marked starts no process."""
    _Starts.allowed = any(item.get_closest_marker(name) for name in ("process", "browser"))
    try:
        return (yield)
    finally:
        _Starts.allowed = True
