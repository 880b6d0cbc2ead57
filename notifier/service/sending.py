"""Everything about sending of one process: lines, sender, receipts, reconciliation, inbox, put together."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from notifier.clock import Clock
from notifier.config import Config
from notifier.config.accounts import COMMON, chains, names, providers, settings
from notifier.config.ladders import ladders
from notifier.domain.ladder import Descent
from notifier.domain.messages import Message
from notifier.domain.policy import Rulebook
from notifier.observability import counters, event_log
from notifier.service.alerting import alert_channels, endings, instead
from notifier.sms import descending
from notifier.sms.accounts import Account, Accounts
from notifier.sms.alerts import Alerts
from notifier.sms.call_fallback import CallFallback, PlanCall
from notifier.sms.dispatch import LEASE, Dispatch
from notifier.sms.expiry import Expiry
from notifier.sms.inbound import Inbox, Take
from notifier.sms.limits import Bounds
from notifier.sms.outbox import Settled
from notifier.sms.passing import Passing
from notifier.sms.receipts import Receipts, Reported
from notifier.sms.reconcile import Afterwards, Reconciler
from notifier.sms.renewing import Renewal
from notifier.sms.routes import Routes
from notifier.sms.rung_waits import RungWaits
from notifier.sms.sender import Sender
from notifier.sms.take_over import DeadClaims
from notifier.sms.templates import Template
from notifier.store.publishing import Publish, no_op
from notifier.store.reading import Reader
from notifier.store.staff import StaffBook

if TYPE_CHECKING:
    from notifier.observability.tracing import Traces

Moment = Callable[[datetime], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The parts that send, each usable by itself."""

    accounts: Accounts
    sender: Sender
    bounds: Bounds
    receipts: Receipts
    reconciler: Reconciler
    rung_waits: RungWaits
    expiry: Expiry
    routes: Routes
    inbox: Inbox
    alerts: Alerts
    dead_claims: DeadClaims

    async def check_credit(self) -> None:
        """Ask every account what is left."""
        for line in self.accounts:
            await line.check_credit()

    async def close(self) -> None:
        """Let go of the connections to the providers."""
        for line in self.accounts:
            await line.provider.close()


def sending(
    config: Config,
    reader: Reader,
    clock: Clock,
    *,
    staff: StaffBook,
    texting_time: Moment,
    working_time: Moment,
    plan_call: PlanCall,
    take: Take,
    texts: Collection[Template] = (),
    ladder_routes: Callable[[], Collection[str]] = tuple,
    rules: Callable[[], Rulebook] | None = None,
    publish: Publish = no_op,
    traces: "Traces | None" = None,
) -> Sending:
    """Sending as configured. Raises ConfigError for settings that make no sense."""

    def settled(batch: Sequence[Settled]) -> None:
        event_log.settled(batch)
        counters.settled(batch)
        if traces:
            for outcome in batch:
                traces.settled(outcome)

    def descended(message: Message, descent: Descent) -> None:
        descending.tell(message, descent)
        counters.descended(descent)

    def reported(report: Reported) -> None:
        counters.reported(report)
        if traces:
            traces.reported(report)

    redis, partitions = reader.redis, reader.partitions
    spared = instead(config)
    alerts = Alerts(
        redis,
        staff,
        clock,
        partitions,
        publish,
        alert_channels(config, redis).beside,
        spared,
        endings(config, redis, clock, lambda: accounts),
    )
    accounts = Accounts(
        [
            Account(
                redis,
                provider,
                clock,
                alerts.tell,
                rate=settings(config, provider.name).rate,
                low_credit=settings(config, provider.name).low_credit,
                opt_out_by=settings(config, provider.name).opt_out_by,
            )
            for provider in providers(config, texts)
        ],
        ladders(config, texts),
    )
    own = {*chains(config), *spared.values()} - {COMMON}
    bounds = Bounds(redis, alerts.tell, config.sms.price.of, config.sms.limits)
    unreached = CallFallback(reader, clock, working_time, plan_call, accounts.ladders, rules)
    passing = Passing(accounts, clock)
    slowest = max(settings(config, name).timeout for name in names(config, texts))
    dispatch = Dispatch(
        redis,
        clock,
        texting_time,
        unreached,
        accounts.ladders,
        bounds=bounds,
        lease=max(LEASE, 3 * slowest),
        on_settled=settled,
        on_descent=descended,
        publish=publish,
        renewal=Renewal(redis, rules) if rules else None,
        passing=passing,
    )
    sender = Sender(accounts, dispatch, partitions=partitions, gap=config.sms.gap)
    return Sending(
        accounts=accounts,
        sender=sender,
        bounds=bounds,
        receipts=Receipts(redis, reader, accounts, clock, unreached, publish, descended, reported),
        reconciler=Reconciler(
            redis,
            reader,
            accounts,
            clock,
            unreached,
            alerts.tell,
            Afterwards(config.sms.unknown),
            publish,
            descended,
        ),
        rung_waits=RungWaits(redis, reader, accounts.ladders, clock, unreached, descended),
        expiry=Expiry(redis, reader, clock, unreached, accounts.routes, passing),
        routes=Routes(reader, lambda: {*own, *ladder_routes()}, accounts.routes),
        inbox=Inbox(
            redis,
            reader,
            clock,
            working_time,
            plan_call,
            take,
            publish,
            rules if config.sms.confirm_opt_out else None,
            config.replies,
            counters.replied,
        ),
        alerts=alerts,
        dead_claims=DeadClaims(redis, accounts, partitions, sender.wake),
    )
