"""Whether calls can be made through the shop's exchange."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from redis.asyncio import Redis

from notifier.config import Config
from notifier.config.dialer import AmiDialerConfig, NoDialerConfig
from notifier.diagnostics import findings
from notifier.diagnostics.findings import Finding
from notifier.diagnostics.verdicts import Verdict, error, ok, warning
from notifier.dialer.manager import connected
from notifier.errors import NotifierError
from notifier.store.staff import Role, Staff, StaffBook

_PATIENCE = 5.0  # seconds for a connection


def dialer_findings(config: Config) -> Iterator[Finding]:
    """What is odd about ``[dialer]``."""
    settings, where = config.dialer, f"{config.file}: dialer"
    if not settings.is_on:
        return
    if settings.host.endswith((".example", ".invalid")):
        yield findings.error(where, f"nobody can have {settings.host!r}, it is a name for examples; write the real one")
    if settings.kind != "ami" and settings.callback_token is None and config.callbacks.token is None:
        yield findings.warning(
            f"{where}.callback_token",
            "is not set, nor is [callbacks] token: the exchange cannot tell what became of calls, and nothing is "
            "proposed on their cards",
        )


async def reached(config: Config) -> AsyncIterator[Verdict]:
    """Whether the exchange answers; nobody is rung."""
    settings = config.dialer
    if isinstance(settings, AmiDialerConfig):
        try:
            async with connected(settings.listened_at(), events=False):
                yield ok("dialer", f"the manager interface at {settings.address} takes our name and secret")
        except NotifierError as trouble:
            yield error("dialer", str(trouble), "look at manager.conf: user, secret, permit, and whether it is enabled")
        return
    if isinstance(settings, NoDialerConfig):
        return
    parts = urlsplit(settings.url.partition("{")[0])
    host, port = settings.host, parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as trouble:
        yield error("dialer", f"{host}:{port} does not answer ({type(trouble).__name__})", "is the exchange running?")
        return
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    yield ok("dialer", f"{host}:{port} answers; whether it takes our key, only a call tells")


async def extensions(redis: Redis) -> AsyncIterator[Verdict]:
    """Who has a telephone at the exchange."""
    callers = [one for one in await StaffBook(redis).active() if one.role is not Role.COURIER]
    for number, who in _shared(callers).items():
        todo = "`notifier staff extension ID NUMBER` gives each their own"
        yield warning("dialer", f"extension {number} is that of {', '.join(who)}: another's telephone may ring", todo)
    without = [one.id for one in callers if not one.extension]
    if callers and len(without) == len(callers):
        todo = "`notifier staff extension ID 201`, or the page of the staff"
        yield warning("dialer", "nobody has an extension: everybody dials on their own phone", todo)
    elif without:
        yield ok("dialer", f"without an extension: {', '.join(without)}")
    else:
        yield ok("dialer", "everybody has an extension")


def _shared(callers: Sequence[Staff]) -> Mapping[str, Sequence[str]]:
    """Extensions of more than one person, and whose they are."""
    found: dict[str, list[str]] = {}
    for one in callers:
        if one.extension:
            found.setdefault(one.extension, []).append(one.id)
    return {number: who for number, who in found.items() if len(who) > 1}
