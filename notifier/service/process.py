"""The service: everything wired together, started in order and stopped in reverse."""

import asyncio
import contextlib
import dataclasses
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from redis.asyncio import Redis

from notifier import tasks
from notifier.clock import TEHRAN, Clock, SystemClock
from notifier.config import Config, ladders
from notifier.config.loading import load
from notifier.config.promises import PromiseEditor
from notifier.console.app import create_console
from notifier.console.bot_desk import BotDesk
from notifier.console.dependencies import Dependencies
from notifier.customer_page.answering import said_by_customer
from notifier.customer_page.dependencies import PageDependencies
from notifier.customer_page.views import CustomerPageViews
from notifier.diagnostics import offline
from notifier.domain.events import Event
from notifier.errors import ConfigError
from notifier.intake.agreeing import Agreeing
from notifier.intake.bank.matching import BankMatching
from notifier.intake.committer import Committer
from notifier.intake.dead_letters import DeadLetters
from notifier.intake.delivery import Delivery, TakenEvent
from notifier.intake.fair_queue import FairQueue
from notifier.intake.load_shedding import LoadShedding
from notifier.intake.parking import Parking
from notifier.intake.place_keeping import PlacesKeeper
from notifier.intake.rejections import RejectionRecorder
from notifier.intake.replaying import Replayer
from notifier.intake.replicated_committer import ReplicatedCommitter
from notifier.intake.submitting import Submitter
from notifier.observability import counters, event_log, zeros
from notifier.retention.archive import Archive
from notifier.retention.sweep import retention
from notifier.service import alerting, heartbeat, reload, settings
from notifier.service.bots import staff_channels
from notifier.service.calling import calling
from notifier.service.carrying import carrier_sources, carrying
from notifier.service.dialing import exchange_parts
from notifier.service.heartbeat import Heartbeat
from notifier.service.news import news_sender, retracting, telling
from notifier.service.periodic import PeriodicJobs
from notifier.service.pushing import pushing
from notifier.service.reload import Changes
from notifier.service.rulebook import rulebook
from notifier.service.sending import sending
from notifier.service.settings import SettingsKeeper
from notifier.service.shops import adapters
from notifier.service.telling_staff import following_staff, tell_staff
from notifier.service.watching import watching
from notifier.sms import take_over
from notifier.sms.providers.generic import HttpProvider
from notifier.sms.providers.kavenegar import KavenegarProvider
from notifier.sms.templates import Template, Templates
from notifier.store import counting, page_tokens
from notifier.store import keys as names
from notifier.store.bank import BankBook
from notifier.store.durability import durability_warnings
from notifier.store.health import health
from notifier.store.opening import Store
from notifier.store.reading import Reader
from notifier.store.receipts import ReceiptPictures
from notifier.store.records import ms
from notifier.texts import loading
from notifier.texts.editing import TextEditor
from notifier.texts.reload import Reloader
from notifier.web.app import create_app
from notifier.web.bot_callbacks import BotCallbacks
from notifier.web.callbacks import KavenegarCallbacks
from notifier.web.carriers import CarrierCallbacks
from notifier.web.delivery_counters import DeliveryCounters
from notifier.web.dependencies import WebDependencies
from notifier.web.dialer import SOURCE as DIALER
from notifier.web.dialer import DialerCallbacks, DialerReplays
from notifier.web.report_callbacks import ReportCallbacks
from notifier.web.webhooks import Webhooks

if TYPE_CHECKING:
    from notifier.observability.tracing import Traces

log = structlog.get_logger()

WEB, WORKER = "web", "worker"
ROLES = (WEB, WORKER)
_STORE_CHECK = 1  # seconds between looks at the embedded server
_SETTINGS_CHECK = 2  # seconds between looks at whether a console wrote the configuration file
_PARKED_CHECK = 30  # seconds between looks at events whose order may have come
_PLACES_CHECK = 60  # seconds between looks at places in slots that news was to come for
_FEEDBACK_CHECK = 15  # seconds between looks at what calls found out and orders were not told
_REPORTS_CHECK = 30  # seconds between looks at messages whose end is not known
_WAITS_CHECK = 5  # seconds between looks at messages that the next rung has when nobody says that they arrived
_EXPIRY_CHECK = 60  # seconds between looks at messages that may be too late
_ROUTES_CHECK = 60  # seconds between looks at texts of sources that have no lines of their own any more
_POSTING_ENDS = 3  # seconds that posts under way have to end
_BANK_CHECK = 15  # seconds between looks at lines of accounts that belong to no order yet
_PUSH_CHECK = 1  # seconds between looks at what browsers of the staff are to be pushed
_NOTICES_CHECK = 1  # seconds between looks at what the staff is to be told by their channels
_BOTS_CHECK = 60  # seconds between looks at whether bots answer
_POLL = 1  # seconds from the end of one question what bots were told to the next; the messenger waits with its answer
_NEWS_CHECK = 60  # seconds between looks at news that no endpoint will be told any more
_SETTLED = timedelta(minutes=2)  # from the start until old data is looked at: a service that starts has other work
_CREDIT_CHECK = 300  # seconds between looks at the credit of the accounts
_CREDIT_FIRST = timedelta(seconds=10)  # from the start: an alert must not wait for minutes to know it
_MEMORY_CHECK = 60
_BACKUP_CHECK = 600  # seconds between looks at whether backups are late
_ALERTS_CHECK = 15  # seconds between looks at whether what supervisors were told of is over
_CATCH_UP_CHECK = 10  # seconds between looks at whether a shop is to be asked for its orders
_CARRIERS_CHECK = 15  # seconds between looks at whether carriers are to be asked
_DIALS_CHECK = 5  # seconds between looks at attempts through the exchange of which nothing more is heard
_SILENCE_CHECK = 60  # seconds between looks at shops that say nothing


class Service:
    """One process of the service, in the roles it was given: ``web`` takes events, ``worker`` carries them out.

    ``async with Service(config) as service`` starts it; ``service.app`` is then to be served.
    """

    app: web.Application
    redis: Redis

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        roles: Collection[str] = ROLES,
        reread: Callable[[], Config] | None = None,
    ) -> None:
        """``reread`` gives the configuration as its file is later, with what the command line says."""
        self._reread = reread or (lambda: load(config.file))
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
        await self.aclose()

    async def aclose(self) -> None:
        """Stop what was started, in reverse."""
        await self._stack.aclose()

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        config = self.config
        self._templates = loaded = Templates(loading.load(config))
        self.rulebook = rulebook(config, loaded, namespace=config.sms.namespace)
        zeros.begin(config, loaded)
        self.traces = traces = _traces(config)
        if traces:
            stack.push_async_callback(traces.close)
        self.store = Store(config.redis)
        stack.push_async_callback(self.store.close)
        self.redis = await self.store.open()
        weak = [] if self.store.embedded else await durability_warnings(self.redis)
        for sentence in weak:
            log.warning("this Redis may lose what it has acknowledged", action="redis_weak", reason=sentence)
        self.heartbeat = Heartbeat(self.redis, self.clock, config.redis.partitions)
        stack.push_async_callback(self.heartbeat.end)
        await self.heartbeat.begin()
        await counting.begin(self.redis, ms(self.clock.now()))
        namespace = config.sms.namespace or await _instance(self.redis)
        self.rulebook = dataclasses.replace(self.rulebook, namespace=namespace)
        self.reader = Reader(self.redis, config.redis.partitions)
        publish = following_staff(config, telling(config, namespace=namespace))
        self.calling = calling(
            config,
            self.reader,
            self.clock,
            rulebook=self.rulebook,
            take=self.take,
            publish=publish,
            retract=retracting(config, namespace=namespace),
            tell_staff=tell_staff(config),
        )
        self.staff, self.reminders = self.calling.staff, self.calling.reminders
        self.pushing = pushing(config, self.reader, self.staff, self.clock)
        if self.pushing:
            stack.push_async_callback(self.pushing.sender.close)
        self.committer = (ReplicatedCommitter if config.redis.replicas else Committer)(
            self.redis,
            lambda: self.rulebook,
            self.clock,
            self.calling.book,
            partitions=config.redis.partitions,
            remember=config.retention.event_ids,
            patience=config.redis.timeout,
            on_commit=self._wake,
            publish=publish,
            on_taken=self._tell_taken,
            on_group=counters.committed,
            unique_sums=lambda: self.config.deposits.unique_sums,
        )
        self.sending = sending(
            config,
            self.reader,
            self.clock,
            staff=self.staff,
            texting_time=lambda moment: self.rulebook.texting_time(moment),
            working_time=lambda moment: self.rulebook.working_time(moment),
            plan_call=self.calling.book.plan,
            take=self.take,
            texts=loaded.values(),
            ladder_routes=lambda: ladders.routes(self.config, loaded.values()),
            rules=lambda: self.rulebook,
            publish=publish,
            traces=traces,
        )
        stack.push_async_callback(self.sending.close)
        self.channels = staff_channels(
            config,
            self.reader,
            self.staff,
            self.clock,
            alert=self.sending.alerts.tell,
            pusher=self.pushing.sender if self.pushing else None,
            wake=self._wake,
        )
        if self.channels:
            stack.push_async_callback(self.channels.close)
        self.reloader = Reloader(config, loaded, self.redis, self.clock, self.sending.alerts.tell, offline.require)
        await self.reloader.begin()
        self.settings = SettingsKeeper(self.redis, self._reread, self.reconfigure)
        await self.settings.begin()
        self.promises = PromiseEditor(
            lambda: self.config, self.redis, self.clock, check=settings.mistakes, take_up=self.settings.read
        )
        self.agreeing = Agreeing(self.redis, lambda: self.rulebook, self.clock, self.take)
        self.places = PlacesKeeper(self.reader, lambda: self.rulebook, self.clock)
        self.sender = self.sending.sender
        self.retention = retention(
            config.retention.ages(),
            config.retention.audit,
            Archive(config.redis.data_dir / "archive") if config.retention.archive else None,
            self.redis,
            self.reader,
            self.clock,
            self.calling.book,
            ReceiptPictures(config.redis.data_dir),
        )
        self.parking = Parking(self.reader, self.committer.parked)
        shops, gate = adapters(config), FairQueue(self.committer, config.sources, queue=config.server.queue)
        self.bank = BankMatching(
            BankBook(self.redis),
            self.reader,
            self.committer,
            self.clock,
            rulebook=lambda: self.rulebook,
            sources=lambda source: self.config.paid_into(source),
            automatic=lambda: self.config.deposits.is_automatic,
            tell=self.sending.alerts.tell,
        )
        submitter = Submitter(gate, self.reader.knows)
        self.exchange = exchange_parts(config, self.redis, self.clock, self.calling.book)
        if self.exchange:
            stack.push_async_callback(self.exchange.dialling.exchange.close)
        elsewhere = (*carrier_sources(config), *((DIALER,) if self.exchange else ()))
        kept = DeadLetters(self.redis, (*shops, *elsewhere), config.retention.refused_deliveries)
        self.rejections = RejectionRecorder(kept, self.clock)
        self.carrying = carrying(
            config, self.reader, self.clock, self.committer, self.rejections, self.sending.alerts.tell
        )
        stack.push_async_callback(self.carrying.rounds.close)
        replays = (self.carrying.replays, *((DialerReplays(self.exchange.news),) if self.exchange else ()))
        self.replayer = Replayer(kept, shops, submitter, self.bank, replays)
        await stack.enter_async_context(self.rejections.keeping())
        self.delivery_counters = DeliveryCounters(self.redis, self.clock)
        await stack.enter_async_context(self.delivery_counters.keeping())
        await self.sending.routes.begin()  # before anything is put into an outbox that nobody knows of yet
        self.committer.start()
        stack.push_async_callback(self.committer.stop)
        tell, clear = self.sending.alerts.tell, self.sending.alerts.clear
        self.watching = watching(config, self.reader, self.clock, self.committer, tell, clear)
        stack.push_async_callback(self.watching.close)
        self.news = news_sender(config, self.reader, self.clock, self.sending.alerts.tell)
        if WORKER in self.roles:
            posting = asyncio.create_task(self.news.run(), name="news")
            stack.push_async_callback(self._stop_posting, posting)
            await self.sending.dead_claims.begin()
            task = asyncio.create_task(self.sender.run(), name="sender")
            stack.push_async_callback(self._stop_sending, task)
            if self.exchange and self.exchange.listener:
                listening = asyncio.create_task(self.exchange.listener.run(), name="dialer")
                stack.push_async_callback(tasks.end, listening)
        stack.push_async_callback(tasks.end, asyncio.create_task(counters.watch_lag(), name="lag"))
        parts = self._console_parts(loaded)
        self.bot_desk = BotDesk(parts)
        self._keep_time(stack)
        if self.channels and WORKER in self.roles:
            calling_us = asyncio.create_task(self.channels.call_us(), name="bots")
            stack.push_async_callback(tasks.end, calling_us)
        webhooks = Webhooks(
            shops=shops,
            shedding=LoadShedding(gate),
            submitter=submitter,
            clock=self.clock,
            recorder=self.rejections,
            counters=self.delivery_counters,
            tell=self.sending.alerts.tell,
            lines=self.bank,
        )
        self.app = create_app(
            WebDependencies(
                config=config,
                reader=self.reader,
                clock=self.clock,
                webhooks=webhooks,
                callbacks=self._callbacks(),
                carriers=CarrierCallbacks(
                    follower=self.carrying.follower,
                    refusals=self.carrying.refusals,
                    tokens={
                        name: (one.callback_token.value(),)
                        for name, one in config.carriers.items()
                        if one.callback_token and one.callback_token.is_set
                    },
                ),
                dialer=DialerCallbacks(
                    news=self.exchange.news if self.exchange else None,
                    tokens=lambda: config.dialer.tokens(config.callbacks.tokens()),
                    recorder=self.rejections,
                ),
                reports=self._reports(),
                bots=BotCallbacks(self.channels.handlers(self.bot_desk) if self.channels else {}),
                accounts=self.sending.accounts,
                calling=self.calling,
                agreeing=self.agreeing,
                console=create_console(parts),
                customer_page=await self._customer_page(),
                weaknesses=weak,
            )
        )

    def reconfigure(self, new: Config) -> Changes:
        """Go on by what may change at once of a new configuration. Raises ConfigError: then nothing has changed."""
        config = reload.effective(self.config, new)
        self.rulebook = rulebook(config, self._templates, namespace=self.rulebook.namespace)
        self.calling.take_up(
            rules=config.calls,
            calendar=config.calendar.calendar(config.shop.zone),
            summary_at=config.calls.summary_at,
            rulebook=self.rulebook,
        )
        self.sender.gap = config.sms.gap
        self.sending.bounds.limits = config.sms.limits
        self.reloader.use(config)
        changes = reload.changes(self.config, new)
        self.config = config
        return changes

    def _keep_time(self, stack: contextlib.AsyncExitStack) -> None:
        """Everything periodic: the work itself is claimed in Redis, so that every process may keep time."""
        self.periodic = ticks = PeriodicJobs()
        if self.store.embedded:
            ticks.every(_STORE_CHECK, self.store.keep_up)
        ticks.every(heartbeat.EVERY, self.heartbeat.renew)
        if seconds := self.config.templates.reload.total_seconds():
            ticks.every(seconds, self._take_up_texts)
        ticks.every(_SETTINGS_CHECK, self.settings.tick)
        if WORKER in self.roles:
            every = self.config.calls.tick.total_seconds()
            ticks.every(every, self._remind)
            if self.pushing:
                ticks.every(_PUSH_CHECK, self.pushing.sender.tick)
            if self.channels:
                ticks.every(_NOTICES_CHECK, self.channels.teller.tick)
                ticks.every(_BOTS_CHECK, self.channels.health.tick)
                ticks.every(_BOTS_CHECK, self.channels.call_us)
                for poller in self.channels.pollers(self.bot_desk):
                    ticks.again(_POLL, poller.tick)
            ticks.every(take_over.EVERY, self.sending.dead_claims.look)
            ticks.every(_FEEDBACK_CHECK, self.calling.reporting.tick)
            ticks.every(_BANK_CHECK, self._keep_bank)
            ticks.every(_NEWS_CHECK, self.news.prune)
            ticks.every(_PARKED_CHECK, self.parking.replay_ready)
            ticks.every(_PLACES_CHECK, self.places.tick)
            ticks.every(_REPORTS_CHECK, self.sending.receipts.poll)
            ticks.every(_REPORTS_CHECK, self.sending.reconciler.tick)
            ticks.every(_WAITS_CHECK, self.sending.rung_waits.tick)
            ticks.every(_EXPIRY_CHECK, self.sending.expiry.sweep)
            ticks.every(_ROUTES_CHECK, self.sending.routes.tick)
            ticks.every(_CREDIT_CHECK, self.sending.check_credit, first=datetime.now(TEHRAN) + _CREDIT_FIRST)
            ticks.every(_MEMORY_CHECK, self.check_memory)
            ticks.every(_BACKUP_CHECK, self.check_backups)
            ticks.every(_ALERTS_CHECK, self.sending.alerts.tick)
            sweep = self.config.retention.every.total_seconds()
            ticks.every(sweep, self.retention.tick, first=datetime.now(TEHRAN) + _SETTLED)
            for catch_up in self.watching.catch_ups:
                ticks.every(_CATCH_UP_CHECK, catch_up.tick)
            if self.config.carriers:
                ticks.every(_CARRIERS_CHECK, self.carrying.rounds.tick)
            if self.exchange:
                ticks.every(_DIALS_CHECK, self.exchange.dialling.tick)
            if self.watching.silence:
                ticks.every(_SILENCE_CHECK, self.watching.silence.tick)
        ticks.start()
        stack.push_async_callback(ticks.end)

    async def _take_up_texts(self) -> None:
        await self.reloader.tick()
        await self.sending.routes.begin()

    async def check_memory(self) -> None:
        """Tell supervisors before the store takes no more."""
        if any(node.is_nearly_full for node in await health(self.redis)):
            text = "حافظهٔ پایگاه داده رو به پر شدن است؛ پر که شد رویدادهای فروشگاه پذیرفته نمی‌شود. به مسئول فنی بگویید."
            await self.sending.alerts.tell("store_memory", text)

    async def check_backups(self) -> None:
        """Tell supervisors when backups are late."""
        await alerting.check_backups(self.redis, self.clock, self.sending.alerts)

    async def _keep_bank(self) -> None:
        if await self.bank.tick():
            self._wake()
        now = ms(self.clock.now())
        await self.bank.book.prune(now)
        await self.committer.sums.tick(now)

    async def _remind(self) -> None:
        if await self.reminders.tick():
            self._wake()

    def _wake(self) -> None:
        self.sender.wake()

    def _tell_taken(self, group: Sequence[TakenEvent]) -> None:
        event_log.taken(group)
        if self.traces:
            self.traces.taken(group)

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

    def _console_parts(self, templates: Mapping[str, Template]) -> Dependencies:
        return Dependencies(
            config=self.config,
            reader=self.reader,
            clock=self.clock,
            calling=self.calling,
            accounts=self.sending.accounts,
            templates=templates,
            rulebook=lambda: self.rulebook,
            take=self.take,
            replay_parked=self.parking.replay_ready,
            rejections=self.rejections,
            replayer=self.replayer,
            wake=self._wake,
            committer=self.committer,
            editor=TextEditor(
                lambda: self.config,
                templates,
                self.redis,
                self.clock,
                require=offline.require,
                take_up=self.reloader.take_up,
            ),
            promises=self.promises,
            bank=self.bank,
            push_key=self.pushing.public_key if self.pushing else "",
            dialling=self.exchange.dialling if self.exchange else None,
            agreeing=self.agreeing,
        )

    async def _customer_page(self) -> web.Application | None:
        if not self.config.customer_page.enabled:
            return None
        return CustomerPageViews(
            PageDependencies(
                config=self.config,
                reader=self.reader,
                clock=self.clock,
                rulebook=lambda: self.rulebook,
                submit=self.committer.submit,
                secret=await page_tokens.keep_secret(self.redis),
                agreeing=Agreeing(self.redis, lambda: self.rulebook, self.clock, self._take_of_customer),
            )
        ).app()

    async def _take_of_customer(self, event: Event) -> None:
        await self.take(said_by_customer(event))

    def _callbacks(self) -> KavenegarCallbacks:
        lines = [line.name for line in self.sending.accounts if isinstance(line.provider, KavenegarProvider)]
        return KavenegarCallbacks(self.config.callbacks.tokens(), self.sending.receipts, self.sending.inbox, lines)

    def _reports(self) -> ReportCallbacks:
        described = {
            line.name: line.provider.reports
            for line in self.sending.accounts
            if isinstance(line.provider, HttpProvider) and line.provider.is_called_back
        }
        return ReportCallbacks(self.config.callbacks.tokens(), self.sending.receipts, described)

    async def _stop_posting(self, task: "asyncio.Task[None]") -> None:
        """Settle what is under way, unless a shop takes too long: it will get that again."""
        self.news.finish()
        await asyncio.wait([task], timeout=_POSTING_ENDS)
        await tasks.end(task)

    async def _stop_sending(self, task: "asyncio.Task[None]") -> None:
        """Take nothing more, and settle what is under way."""
        await tasks.end(task)
        await self.sender.drain()


def _traces(config: Config) -> "Traces | None":
    if not config.tracing.endpoint:
        return None
    from notifier.observability.tracing import Traces  # takes long, and its packages are not everywhere

    try:
        return Traces(config.tracing.endpoint)
    except ValueError as error:
        raise ConfigError(f"tracing: the environment variables OTEL_… do not go together: {error}") from None


async def _instance(redis: Redis) -> str:
    """The random name of this store, the same for all who share it."""
    await redis.set(names.INSTANCE, secrets.token_hex(8), nx=True)
    name: Any = await redis.get(names.INSTANCE)
    return str(name.decode())
