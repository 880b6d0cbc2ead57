"""The service: everything wired together, started in order and stopped in reverse."""

import asyncio
import contextlib
import secrets
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from redis.asyncio import Redis

from notifier.clock import TEHRAN, Clock, SystemClock
from notifier.config import Config
from notifier.config.sections import StandardSource
from notifier.errors import ConfigError
from notifier.intake.committer import Committer
from notifier.intake.parking import Parking
from notifier.intake.views import Source, StandardShop, WooCommerceShop
from notifier.rulebook import rulebook
from notifier.sms import templates
from notifier.sms.providers.base import Provider
from notifier.sms.providers.kavenegar import KavenegarProvider
from notifier.sms.sender import Sender
from notifier.store import keys as names
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis
from notifier.store.reading import Reader
from notifier.store.staff import StaffBook
from notifier.web.app import create_app
from scheduler.reminders import Reminders

log = structlog.get_logger()

WEB, WORKER = "web", "worker"
ROLES = (WEB, WORKER)
_STORE_CHECK = 1  # seconds between looks at the embedded server
_PARKED_CHECK = 30  # seconds between looks at events whose order may have come


class Store:
    """Redis, embedded or not, opened and closed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.embedded: EmbeddedRedis | None = None

    async def open(self) -> Redis:
        """A connection. Raises EmbeddedRedisError, CannotConnect or UnsupportedUrl, each with a sentence."""
        settings, path = self._config.redis, None
        if settings.url == "embedded":
            self.embedded = EmbeddedRedis(settings.data_dir, durability=settings.durability)
            path = await asyncio.to_thread(self.embedded.start)
        self.redis = await connect(settings.url, socket_path=path, timeout=settings.timeout.total_seconds())
        return self.redis

    async def close(self) -> None:
        if hasattr(self, "redis"):
            await self.redis.aclose()
        if self.embedded:
            await asyncio.to_thread(self.embedded.stop)

    async def keep_up(self) -> None:
        """Start the embedded server again if it died under us."""
        if self.embedded:
            await asyncio.to_thread(self.embedded.ensure)


class Service:
    """One process of the service, in the roles it was given: ``web`` takes events, ``worker`` carries them out.

    ``async with Service(config) as service`` starts it; ``service.app`` is then to be served.
    """

    app: web.Application
    redis: Redis

    def __init__(self, config: Config, *, clock: Clock | None = None, roles: Collection[str] = ROLES) -> None:
        self.config, self.roles = config, frozenset(roles)
        self.clock = clock or SystemClock(TEHRAN)
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Service":
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        config = self.config
        loaded = templates.load(config.templates_folder)
        self.rulebook = rulebook(config, loaded, namespace=config.sms.namespace)
        self.store = Store(config)
        stack.push_async_callback(self.store.close)
        self.redis = await self.store.open()
        namespace = config.sms.namespace or await _instance(self.redis)
        self.rulebook = rulebook(config, loaded, namespace=namespace)
        self.reader = Reader(self.redis, config.redis.partitions)
        self.staff = StaffBook(self.redis)
        self.committer = Committer(
            self.redis,
            lambda: self.rulebook,
            self.clock,
            partitions=config.redis.partitions,
            remember=config.retention.event_ids,
            on_commit=self._wake,
        )
        self.sender = Sender(self.redis, provider_of(config), self.clock, partitions=config.redis.partitions)
        stack.push_async_callback(self.sender.provider.close)
        self.parking = Parking(self.reader, self.committer)
        self.reminders = Reminders(
            redis=self.redis,
            reader=self.reader,
            staff=self.staff,
            clock=self.clock,
            shop=self.rulebook.shop,
            templates=loaded,
            namespace=namespace,
        )
        self.committer.start()
        stack.push_async_callback(self.committer.stop)
        if WORKER in self.roles:
            sending = asyncio.create_task(self.sender.run(), name="sender")
            stack.push_async_callback(self._stop_sending, sending)
        self._keep_time(stack)
        self.app = create_app(self._sources(), self.reader, config, self.redis)

    def _keep_time(self, stack: contextlib.AsyncExitStack) -> None:
        """Everything periodic: the work itself is claimed in Redis, so that every process may keep time."""
        # A tick that was missed is made up for once, and none runs beside itself.
        ticks = AsyncIOScheduler(
            timezone=TEHRAN, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        if self.store.embedded:
            ticks.add_job(self.store.keep_up, "interval", seconds=_STORE_CHECK)
        if WORKER in self.roles:
            every = self.config.calls.tick.total_seconds()
            ticks.add_job(self._remind, "interval", seconds=every)
            ticks.add_job(self.parking.replay_ready, "interval", seconds=_PARKED_CHECK)
        ticks.start()
        stack.callback(ticks.shutdown, wait=False)

    async def _remind(self) -> None:
        if await self.reminders.tick():
            self._wake()

    def _wake(self) -> None:
        self.sender.wake()

    async def _stop_sending(self, sending: "asyncio.Task[None]") -> None:
        """Take nothing more, and settle what is under way."""
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await self.sender.drain()

    def _sources(self) -> dict[str, Source]:
        shops: dict[str, Source] = {}
        for name, source in self.config.sources.items():
            if isinstance(source, StandardSource):
                shops[name] = StandardShop(name, source, self.committer, self.clock)
            else:
                shops[name] = WooCommerceShop(name, source, self.committer, self.clock)
        return shops


async def _instance(redis: Redis) -> str:
    """The random name of this store, the same for all who share it."""
    await redis.set(names.INSTANCE, secrets.token_hex(8), nx=True)
    name: Any = await redis.get(names.INSTANCE)
    return str(name.decode())


def provider_of(config: Config) -> Provider:
    name = config.sms.provider
    settings = config.providers[name]
    try:
        return KavenegarProvider(
            settings.api_key.value(),
            base_url=settings.base_url,
            sender=settings.sender,
            name=name,
            timeout=settings.timeout.total_seconds(),
        )
    except ValueError as error:
        raise ConfigError(f"{config.file}: providers.{name}: {error}") from None


def in_data_dir(config: Config, folder: Path) -> Config:
    """The same configuration with another data directory."""
    return config.model_copy(update={"redis": config.redis.model_copy(update={"data_dir": folder})})
