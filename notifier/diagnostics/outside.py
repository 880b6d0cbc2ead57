"""What lies outside: the accounts that texts leave by, the shops, the endpoints, and the way to us."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from redis.asyncio import Redis
from yarl import URL

from notifier.clock import Clock
from notifier.config import Config, accounts
from notifier.config.loopback import is_loopback
from notifier.config.providers import KavenegarConfig, KavenegarVoiceConfig
from notifier.config.rest import RestConfig
from notifier.config.sources import WooCommerceSource
from notifier.diagnostics.store import judged
from notifier.diagnostics.verdicts import Verdict, error, ok, warning
from notifier.domain.counted import counted
from notifier.intake.inactivity import last_heard
from notifier.intake.woocommerce.rest import RestTrouble
from notifier.outbound.breaker import EndpointStates
from notifier.sms.providers.base import CreditUntold, Provider, ProviderError
from notifier.sms.providers.kavenegar import KavenegarProvider
from notifier.store import keys as names
from notifier.texts import loading

_ON = frozenset({"enabled", "true", "1"})


async def account(config: Config, provider: Provider) -> AsyncIterator[Verdict]:
    """A key, what is left, and the settings in the panel."""
    about, settings = f"providers.{provider.name}", accounts.settings(config, provider.name)
    try:
        credit = await provider.credit()
    except CreditUntold as untold:
        yield ok(about, str(untold))
        return
    except ProviderError as trouble:
        yield error(about, str(trouble))
        return
    left = f"takes our key; credit {credit:,} rial"
    if credit <= 0:
        yield error(about, left, "fill up the account: nothing leaves by it")
    elif settings.low_credit is not None and credit < settings.low_credit:
        yield warning(about, left, f"fill up the account: low_credit is {settings.low_credit:,}")
    else:
        yield ok(about, left)
    if isinstance(settings, KavenegarConfig | KavenegarVoiceConfig) and is_loopback(URL(settings.base_url).host or ""):
        yield warning(about, f"texts go to {settings.base_url}, not to Kavenegar", "set base_url before you go live")
    if isinstance(provider, KavenegarProvider):
        async for verdict in _kavenegar(about, provider):
            yield verdict


async def _kavenegar(about: str, provider: KavenegarProvider) -> AsyncIterator[Verdict]:
    try:
        panel = await provider.settings()
    except ProviderError as trouble:
        yield warning(about, f"its settings cannot be read: {trouble}", "look in the panel")
    else:
        if str(panel.get("debugmode", "")).lower() in _ON:
            yield error(about, "debugmode is on: nothing is sent, and every text comes back cancelled", "switch it off")
        if str(panel.get("resendfailed", "")).lower() in _ON:
            todo = "switch resendfailed off in the panel; what does not arrive is followed by a call"
            yield warning(about, "it sends what failed once more by itself, so a customer may get a text twice", todo)
        else:
            yield ok(about, "it sends nothing twice by itself (resendfailed is off)")
    try:
        yield judged(provider.name, abs(datetime.now(UTC) - await provider.time()))
    except ProviderError as trouble:
        yield warning("clock", f"{provider.name} does not tell its time: {trouble}")


async def line(redis: Redis, name: str) -> AsyncIterator[Verdict]:
    """How an account is doing, as the senders have it."""
    found: Any = await redis.hgetall(names.line(name))
    if b"until" in found:
        reason = found.get(b"reason", b"").decode()
        yield warning(
            f"providers.{name}", f"nothing leaves by it just now: {reason}", "mend that; it is tried by itself"
        )


async def patterns(config: Config) -> AsyncIterator[Verdict]:
    """What has to stand in the panel: no provider tells what it has approved."""
    loaded = await asyncio.to_thread(loading.load, config)
    kinds = {accounts.settings(config, name).kind for name in accounts.names(config)}
    wanted = sorted(
        header.name
        for template in loaded.values()
        for kind, header in template.pattern_headers.items()
        if kind in kinds and template.via == "lookup"
    )
    if wanted:
        yield ok("patterns", f"to be approved in the panel: {', '.join(dict.fromkeys(wanted))}")
    else:
        yield ok("patterns", "no text needs an approved pattern")


async def endpoint(redis: Redis, name: str, clock: Clock) -> AsyncIterator[Verdict]:
    """How an endpoint that we post news to is doing."""
    standing = await EndpointStates(redis).of(name, now=clock.now())
    if standing.off:
        since = f"{standing.off_since:%Y-%m-%d %H:%M}"
        todo = f"mend it, then `notifier webhooks enable {name}`"
        yield error(f"webhooks.{name}", f"was switched off at {since} ({standing.problem})", todo)
    elif standing.failing:
        since = f"{standing.failing_since:%Y-%m-%d %H:%M}"
        yield error(
            f"webhooks.{name}", f"takes nothing since {since}: {standing.problem}", "look at the shop's backend"
        )
    else:
        yield ok(f"webhooks.{name}", "is on")


async def shops(config: Config, redis: Redis, clock: Clock) -> AsyncIterator[Verdict]:
    """When each shop last said something."""
    heard, now = await last_heard(redis), clock.now()
    silent: Any = await redis.hgetall(names.SILENT)
    for name in config.sources:
        about = f"sources.{name}"
        if name not in heard:
            yield warning(
                about, "has said nothing yet", f"`notifier trigger order.registered --source {name}` tries it"
            )
        elif name.encode() in silent:
            todo = "look at the webhooks in the shop"
            yield error(about, f"is unusually silent: its last event came {_ago(now - heard[name])}", todo)
        else:
            yield ok(about, f"its last event came {_ago(now - heard[name])}")


async def shop_rest(name: str, settings: RestConfig, clock: Clock) -> AsyncIterator[Verdict]:
    """Whether a shop tells its orders to whoever asks with our keys."""
    about, shop, now = f"sources.{name}.rest", settings.client(), clock.now()
    try:
        page = await shop.orders(after=now - timedelta(days=1), before=now)
        more = "" if page.is_last else " or more"
        yield ok(about, f"the shop tells its orders; {len(page.orders)}{more} changed within a day")
    except RestTrouble as trouble:
        yield error(about, str(trouble))
    finally:
        await shop.close()


async def way_to_us(config: Config, *, limit: float) -> AsyncIterator[Verdict]:
    """Whether delivery reports find us under the public address, which we ask as a provider would."""
    about, url = "callbacks", config.server.public_url.rstrip("/")
    tokens = config.callbacks.tokens()
    if not tokens:
        yield warning(
            about, "there is no token: delivery reports are asked for, and come late", "set [callbacks] token"
        )
    elif not url:
        todo = "set [server] public_url to the address that the shop and the provider use"
        yield warning(about, "whether delivery reports reach us cannot be tried", todo)
    else:
        path = f"/callbacks/kavenegar/{tokens[0]}/delivery"
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=limit)) as session,
                session.get(url + path, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as trouble:  # its text may name the address: a secret
            todo = "is the service running, and the proxy, and does the name lead here?"
            yield error(about, f"{url} does not answer ({type(trouble).__name__})", todo)
            return
        if status == 200:
            yield ok(about, f"delivery reports reach us at {url}")
        else:
            todo = "the proxy must pass /callbacks/ on to this service, which must have the same token"
            yield error(about, f"{url} answers delivery reports with {status}", todo)


def rest_sources(config: Config) -> dict[str, RestConfig]:
    """The shops that are asked for their orders."""
    return {
        name: source.rest
        for name, source in config.sources.items()
        if isinstance(source, WooCommerceSource) and source.rest
    }


def _ago(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return (
        f"{counted(round(hours * 60), 'minute')} ago"
        if hours < 2
        else f"{counted(round(hours), 'hour')} ago"
        if hours < 48
        else f"{counted(round(hours / 24), 'day')} ago"
    )
