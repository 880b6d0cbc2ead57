"""When troubles that last are over, put together from what each is with; and what nobody else looks at."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from notifier.channels.alerting import AlertChannels
from notifier.channels.bots.health import NAMES
from notifier.clock import TEHRAN, Clock
from notifier.config import Config, accounts
from notifier.domain import persian
from notifier.domain.channels import Channel
from notifier.domain.ladder import CALL, route_of
from notifier.outbound.breaker import EndpointStates
from notifier.retention.backup import last_backup
from notifier.sms.accounts import Accounts
from notifier.sms.alerts import AlertEnding, Alerts, OpenAlert
from notifier.store import keys as names
from notifier.store.health import health
from notifier.store.records import ms

BACKUP_LATE = timedelta(days=2)
"""From the last backup on: one that is made once a day may be late."""

_BACKUP = "{} روز است که از داده‌ها نسخهٔ پشتیبان نداریم. به مسئول فنی بگویید."


def alert_channels(config: Config, redis: Redis) -> AlertChannels:
    """What supervisors have beside the SMS."""
    return AlertChannels(redis, tuple(config.staff.channels.bots), config.console.push is not None)


def instead(config: Config) -> dict[str, str]:
    """For each account the route of texts that must not leave by it: the other text lines, where there are any."""
    chain = accounts.chains(config)[accounts.COMMON]
    lines = dict.fromkeys(name for name in (*config.sms.ladder, *chain) if name != CALL)
    texts = [name for name in lines if accounts.settings(config, name).channel is Channel.SMS]
    found = {}
    for name in accounts.names(config):
        base = name.partition(".")[0]
        if others := [one for one in texts if one.partition(".")[0] != base]:
            found[name] = route_of(others)
    return found


def endings(config: Config, redis: Redis, clock: Clock, lines: Callable[[], Accounts]) -> Mapping[str, AlertEnding]:
    """By kind of trouble."""

    async def has_credit(alert: OpenAlert) -> bool:
        line = lines().named(_about(alert))
        credit = (await line.standing()).credit if line is not None else None
        return line is None or line.low_credit is None or (credit is not None and credit >= line.low_credit)

    async def sends_again(alert: OpenAlert) -> bool:
        line = lines().named(_about(alert))
        return line is None or (await line.standing()).paused_until is None

    async def another_day(alert: OpenAlert) -> bool:
        return clock.now().astimezone(TEHRAN).date() != datetime.fromtimestamp(alert.at / 1000, TEHRAN).date()

    async def is_on(alert: OpenAlert) -> bool:
        return not (await EndpointStates(redis).of(_about(alert), now=clock.now())).off

    async def has_room(alert: OpenAlert) -> bool:
        return not any(node.is_nearly_full for node in await health(redis))

    async def answers(alert: OpenAlert) -> bool:
        kinds = {str(kind) for kind in config.staff.channels.bots}
        return _about(alert) not in kinds or not await redis.hexists(names.bot(_about(alert)), "failing_since")

    async def is_backed_up(alert: OpenAlert) -> bool:
        return not await backup_is_late(redis, clock)

    async def never(alert: OpenAlert) -> bool:
        """Whoever finds that it is over says so."""
        return _about(alert) not in config.sources

    return {
        "credit_low": AlertEnding(has_credit, "اعتبار سامانهٔ پیامک {} به اندازه برگشت."),
        "paused": AlertEnding(sends_again, "ارسال پیامک با {} به حال عادی برگشت."),
        "rial_day_nearly": AlertEnding(another_day, "روز تازه شد و هزینهٔ پیامک به زیر سقف برگشت."),
        "held_rial_day": AlertEnding(
            another_day, "روز تازه شد و هزینهٔ پیامک به زیر سقف برگشت؛ پیامک‌های نگه‌داشته هنوز منتظر تصمیم شماست."
        ),
        "webhook_off": AlertEnding(is_on, "وب‌هوک {} به کار برگشت."),
        "store_memory": AlertEnding(has_room, "حافظهٔ پایگاه داده به اندازه برگشت."),
        "bot_down": AlertEnding(answers, "ربات {} به کار برگشت.", NAMES),
        "backup_late": AlertEnding(is_backed_up, "نسخهٔ پشتیبان تازه گرفته شد؛ وضع به حال عادی برگشت."),
        "silence": AlertEnding(never, "فروشگاه «{}» دیگر در تنظیمات نیست."),
    }


async def backup_is_late(redis: Redis, clock: Clock) -> bool:
    """Whether none was made for too long, since the last or since there is anything to back up."""
    since, now = await _backed_up_since(redis), clock.now()
    return since is not None and ms(now) - since > BACKUP_LATE // timedelta(milliseconds=1)


async def check_backups(redis: Redis, clock: Clock, alerts: Alerts) -> None:
    """Tell supervisors when backups are late."""
    if await backup_is_late(redis, clock):
        since: Any = await _backed_up_since(redis)
        days = timedelta(milliseconds=ms(clock.now()) - since).days
        await alerts.tell("backup_late", _BACKUP.format(persian.digits(days)))


async def _backed_up_since(redis: Redis) -> int | None:
    made = await last_backup(redis)
    if made is not None:
        return ms(made)
    begun: Any = await redis.get(names.COUNTED_SINCE)
    return int(begun) if begun is not None else None


def _about(alert: OpenAlert) -> str:
    return alert.kind.partition(":")[2]
