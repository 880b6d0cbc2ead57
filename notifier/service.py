"""The service: everything wired together, started in order and stopped in reverse."""

import asyncio
import contextlib
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from redis.asyncio import Redis

from notifier import accounts, tasks
from notifier.calling import calling
from notifier.clock import TEHRAN, Clock, SystemClock
from notifier.config import Config
from notifier.config.sections import StandardSource
from notifier.console.app import create_console
from notifier.console.parts import Parts
from notifier.domain.events import Event
from notifier.intake.committer import Committer, Delivery
from notifier.intake.parking import Parking
from notifier.intake.views import Source, StandardShop, WooCommerceShop
from notifier.rulebook import rulebook
from notifier.sending import sending
from notifier.sms.templates import Template, Templates
from notifier.store import keys as names
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis
from notifier.store.reading import Reader
from notifier.texts import loading
from notifier.texts.reload import Reloader
from notifier.web.app import create_app
from notifier.web.callbacks import KavenegarCallbacks

log = structlog.get_logger()

WEB, WORKER = "web", "worker"
ROLES = (WEB, WORKER)
_STORE_CHECK = 1  # seconds between looks at the embedded server
_PARKED_CHECK = 30  # seconds between looks at events whose order may have come
_FEEDBACK_CHECK = 15  # seconds between looks at what calls found out and orders were not told
_REPORTS_CHECK = 30  # seconds between looks at messages whose end is not known
_EXPIRY_CHECK = 60  # seconds between looks at messages that may be too late
_CREDIT_CHECK = 300  # seconds between looks at the credit of the accounts


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
        loaded = Templates(loading.load(config))
        self.rulebook = rulebook(config, loaded, namespace=config.sms.namespace)
        self.store = Store(config)
        stack.push_async_callback(self.store.close)
        self.redis = await self.store.open()
        namespace = config.sms.namespace or await _instance(self.redis)
        self.rulebook = rulebook(config, loaded, namespace=namespace)
        self.reader = Reader(self.redis, config.redis.partitions)
        self.calling = calling(
            config, self.redis, self.reader, self.clock, rulebook=self.rulebook, templates=loaded, take=self.take
        )
        self.staff, self.reminders = self.calling.staff, self.calling.reminders
        self.committer = Committer(
            self.redis,
            lambda: self.rulebook,
            self.clock,
            self.calling.book,
            partitions=config.redis.partitions,
            remember=config.retention.event_ids,
            on_commit=self._wake,
        )
        self.sending = sending(
            config,
            self.redis,
            self.reader,
            self.clock,
            staff=self.staff,
            texting_time=self.rulebook.texting_time,
            working_time=self.rulebook.working_time,
            plan_call=self.calling.book.plan,
            take=self.take,
        )
        stack.push_async_callback(self.sending.close)
        self.reloader = Reloader(config, loaded, self.redis, self.clock, self.sending.alerts.tell)
        await self.reloader.begin()
        self.sender = self.sending.sender
        self.parking = Parking(self.reader, self.committer)
        self.committer.start()
        stack.push_async_callback(self.committer.stop)
        if WORKER in self.roles:
            task = asyncio.create_task(self.sender.run(), name="sender")
            stack.push_async_callback(self._stop_sending, task)
        self._keep_time(stack)
        self.app = create_app(
            self._sources(),
            self.reader,
            config,
            self.redis,
            self._callbacks(),
            self.sending.lines,
            self.calling,
            create_console(self._console_parts(loaded)),
            self.clock,
        )

    def _keep_time(self, stack: contextlib.AsyncExitStack) -> None:
        """Everything periodic: the work itself is claimed in Redis, so that every process may keep time."""
        # A tick that was missed is made up for once, and none runs beside itself.
        self.ticks = ticks = AsyncIOScheduler(
            timezone=TEHRAN, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        if self.store.embedded:
            ticks.add_job(self.store.keep_up, "interval", seconds=_STORE_CHECK)
        if seconds := self.config.templates.reload.total_seconds():
            ticks.add_job(self.reloader.tick, "interval", seconds=seconds)
        if WORKER in self.roles:
            every = self.config.calls.tick.total_seconds()
            ticks.add_job(self._remind, "interval", seconds=every)
            ticks.add_job(self.calling.reporting.tick, "interval", seconds=_FEEDBACK_CHECK)
            if self.calling.hooks:
                ticks.add_job(self.calling.hooks.tick, "interval", seconds=every)
            ticks.add_job(self.parking.replay_ready, "interval", seconds=_PARKED_CHECK)
            ticks.add_job(self.sending.receipts.poll, "interval", seconds=_REPORTS_CHECK)
            ticks.add_job(self.sending.reconciler.tick, "interval", seconds=_REPORTS_CHECK)
            ticks.add_job(self.sending.expiry.sweep, "interval", seconds=_EXPIRY_CHECK)
            ticks.add_job(self.sending.check_credit, "interval", seconds=_CREDIT_CHECK)
        ticks.start()
        stack.callback(ticks.shutdown, wait=False)

    async def _remind(self) -> None:
        if await self.reminders.tick():
            self._wake()

    def _wake(self) -> None:
        self.sender.wake()

    async def take(self, event: Event) -> None:
        """Take an event that did not come from a shop as if it had."""
        await self.committer.submit(
            Delivery(
                source=event.source,
                event_id=event.id,
                digest=event.id,
                order_id=event.order_id,
                phone=event.details.phone,
                events=lambda _: [event],
            )
        )

    def _console_parts(self, templates: Mapping[str, Template]) -> Parts:
        return Parts(
            config=self.config,
            redis=self.redis,
            reader=self.reader,
            clock=self.clock,
            calling=self.calling,
            lines=self.sending.lines,
            templates=templates,
            rulebook=lambda: self.rulebook,
            take=self.take,
            replay_parked=self.parking.replay_ready,
            wake=self._wake,
        )

    def _callbacks(self) -> KavenegarCallbacks:
        token, config = self.config.callbacks.token, self.config
        return KavenegarCallbacks(
            token.value() if token and token.is_set else None,
            self.sending.receipts,
            self.sending.inbox,
            accounts.kavenegar_names(config),
        )

    async def _stop_sending(self, task: "asyncio.Task[None]") -> None:
        """Take nothing more, and settle what is under way."""
        await tasks.end(task)
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


def in_data_dir(config: Config, folder: Path) -> Config:
    """The same configuration with another data directory."""
    return config.model_copy(update={"redis": config.redis.model_copy(update={"data_dir": folder})})
