"""Every check, all at once, each with a time limit."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.config import Config, accounts
from notifier.diagnostics import dialer, offline, outside, people, staff_channels, store
from notifier.diagnostics.offline import FindingLevel as Found
from notifier.diagnostics.verdicts import Check, Verdict, VerdictLevel, error, in_time, ok, warning
from notifier.errors import NotifierError
from notifier.sms.providers.base import Provider

LIMIT = 10.0  # seconds for each


async def examine(
    config: Config, clock: Clock, connect: Callable[[], Awaitable[Redis]], *, limit: float = LIMIT
) -> list[Verdict]:
    """What is found, in an order to be read in: configuration, store, people, outside."""
    providers = list(accounts.providers(config))
    try:
        first, rest = await asyncio.gather(
            _stored(config, clock, connect, limit), _run(_of_others(config, clock, providers, limit), limit)
        )
    finally:
        for provider in providers:
            await provider.close()
    return [*await asyncio.to_thread(_configured, config), *first, *rest]


async def _stored(config: Config, clock: Clock, connect: Callable[[], Awaitable[Redis]], limit: float) -> list[Verdict]:
    try:
        async with asyncio.timeout(2 * limit):  # an embedded server may have to be started first
            redis = await connect()
    except TimeoutError:
        return [error("redis", f"does not answer within {2 * limit:g} s", "is it running, and is [redis] url its own?")]
    except (NotifierError, RedisError, OSError) as trouble:
        return [error("redis", str(trouble))]
    return await _run(_of_the_store(config, clock, redis), limit)


async def _run(every: list[tuple[str, Check]], limit: float) -> list[Verdict]:
    found = await asyncio.gather(*(in_time(about, check, limit=limit) for about, check in every))
    return [verdict for part in found for verdict in part]


def _of_the_store(config: Config, clock: Clock, redis: Redis) -> list[tuple[str, Check]]:
    return [
        ("redis", partial(store.durability, config, redis)),
        ("data", partial(store.data, config, redis, clock)),
        ("backup", partial(store.backups, config, redis, clock)),
        ("clock", partial(store.clocks, redis)),
        ("staff", partial(people.staff, config, redis, clock)),
        *((("dialer", partial(dialer.extensions, redis)),) if config.dialer.is_on else ()),
        ("sources", partial(outside.shops, config, redis, clock)),
        *((f"providers.{name}", partial(outside.line, redis, name)) for name in accounts.names(config)),
        *((f"webhooks.{name}", partial(outside.endpoint, redis, name, clock)) for name in config.webhooks),
    ]


def _of_others(config: Config, clock: Clock, providers: list[Provider], limit: float) -> list[tuple[str, Check]]:
    asked = outside.rest_sources(config)
    return [
        ("disk", partial(store.space, config)),
        ("holidays", partial(people.known_holidays, config, clock)),
        ("patterns", partial(outside.patterns, config)),
        *((f"providers.{one.name}", partial(outside.account, config, one)) for one in providers),
        *(
            (f"staff.channels.{kind}", partial(staff_channels.bot, kind, bot))
            for kind, bot in config.staff.channels.bots.items()
        ),
        *((("dialer", partial(dialer.reached, config)),) if config.dialer.is_on else ()),
        ("callbacks", partial(outside.way_to_us, config, limit=limit / 2)),
        *((f"sources.{name}.rest", partial(outside.shop_rest, name, rest, clock)) for name, rest in asked.items()),
    ]


def _configured(config: Config) -> list[Verdict]:
    """What `notifier check` finds; a short secret of a shop that posts already goes on, and is a warning."""
    found = [one for one in offline.check(config.file, in_use=True) if one.level is not Found.NOTE]
    told = [error("check", one.text) if one.level is Found.ERROR else warning("check", one.text) for one in found]
    return told or [ok("check", "configuration, templates and policy make sense")]


def is_well(verdicts: list[Verdict]) -> bool:
    return not any(verdict.level is VerdictLevel.ERROR for verdict in verdicts)
