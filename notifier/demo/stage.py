"""What the demo runs: an embedded Redis in a passing directory, a Kavenegar simulator, and the service over HTTP."""

import asyncio
import json
import os
import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from notifier.clock import RunningClock, StillClock
from notifier.config import Config, shipped
from notifier.config.loading import PREFIX, find, load
from notifier.config.server import ServerConfig
from notifier.console import passwords
from notifier.errors import ConfigError
from notifier.intake.standard.signature import new_secret
from notifier.outbound.events import Topic
from notifier.service.process import Service
from notifier.simulator import Simulator, create_app
from notifier.simulator.bots import TOKEN as BOT
from notifier.store.guard import RunGuard
from notifier.store.staff import Role, Staff
from notifier.web import listening as connections

_CREDIT, _LOW = 1_000_000_000, 5_000_000  # rial
_PATIENCE = 1.0
"""Seconds that an open connection may hold up the end."""


def _made_up() -> str:
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True, repr=False)
class DemoKeys:
    """The secrets of one run."""

    shop: str = field(default_factory=new_secret)
    woo: str = field(default_factory=_made_up)
    kavenegar: str = field(default_factory=_made_up)
    callbacks: str = field(default_factory=_made_up)
    api: str = field(default_factory=_made_up)
    bank: str = field(default_factory=new_secret)
    carrier: str = field(default_factory=_made_up)
    dialer: str = field(default_factory=_made_up)
    news: str = field(default_factory=new_secret)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(8))


STAFF = (
    Staff(id="maryam", name="مریم کاظمی", phone="09201110011", role=Role.AGENT, extension="201"),
    Staff(id="davoud", name="داوود سلیمی", phone="09201110022", role=Role.SUPERVISOR, extension="202"),
)


SECOND_SHOP = {"name": "می‌شاپ", "support_phone": "02191005678", "site": "mishop.example"}
"""What the shop at WooCommerce says otherwise than ``[shop]``."""


BANK, CARRIER = "bank", "mahex"
_CALLING = {
    "kind": "http",
    "names": ["ماهکس"],
    "fields": {"code": "code", "word": "state", "time": "when", "place": "place"},
    "words": {"ورود به هاب مبدأ": "in_transit", "تحویل سفیر": "out_for_delivery", "تحویل گیرنده شد": "delivered"},
    "stalled_after": "3h",  # of a working day; in a shop it is days
}


_DIALLING = {
    "kind": "http",
    "headers": {"Authorization": "Bearer {key}"},
    "body": {"extension": "{extension}", "number": "{number}", "attempt": "{attempt}"},
    "accepted_when": "ok",
    "reference": "data.request_id",
}


@dataclass(frozen=True, slots=True)
class DemoStage:
    """Everything, running."""

    keys: DemoKeys
    clock: StillClock
    service: Service
    simulator: Simulator
    url: str
    messenger: str

    def has(self, path: str) -> bool:
        """Whether the service answers under this path."""
        return any(resource.canonical.startswith(path) for resource in self.service.app.router.resources())


@asynccontextmanager
async def opened(settings: Path | None, clock: StillClock, listening: socket.socket) -> AsyncIterator[DemoStage]:
    """Start all of it; at the end stop all of it and leave nothing behind."""
    async with AsyncExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="notifier-demo-", ignore_cleanup_errors=True))
        )
        stack.callback(RunGuard(folder).dismiss)
        keys = DemoKeys()
        simulator = Simulator(clock=clock, api_key=keys.kavenegar, credit=_CREDIT)
        practice = await _serve(stack, create_app(simulator), listen("127.0.0.1", 0), ServerConfig())
        backend = await _serve(stack, _backend(), listen("127.0.0.1", 0), ServerConfig())
        config = configuration(
            settings,
            keys=keys,
            data_dir=folder,
            provider=practice,
            backend=backend,
            base=_address(listening),
            messenger=isinstance(clock, RunningClock),
        )
        service = await stack.enter_async_context(Service(config, clock=clock))
        await service.sending.check_credit()
        await _engage(service, keys)
        url = await _serve(stack, service.app, listening, config.server)
        stage = DemoStage(
            keys=keys, clock=clock, service=service, simulator=simulator, url=url, messenger=f"{practice}/_sim/chat"
        )
        simulator.exchange.callback_url = f"{url}/callbacks/dialer/{keys.dialer}"
        if stage.has("/callbacks/kavenegar"):
            simulator.callback_url = f"{url}/callbacks/kavenegar/{keys.callbacks}/delivery"
            simulator.inbound_callback_url = f"{url}/callbacks/kavenegar/{keys.callbacks}/inbound"
        yield stage


def configuration(
    settings: Path | None,
    *,
    keys: DemoKeys,
    data_dir: Path,
    provider: str,
    backend: str,
    base: str,
    messenger: bool = False,
) -> Config:
    """The shop's own configuration, with everything replaced that holds a secret or leads out of this machine;
    with a ``messenger`` there is a bot to talk to."""
    sections: Mapping[str, Any] = {
        "redis": {"url": "embedded", "data_dir": str(data_dir)},
        "sources": {
            "shop": {"kind": "standard", "secret": keys.shop},
            "woo": {"kind": "woocommerce", "secret": keys.woo, "shop": SECOND_SHOP},
            BANK: {"kind": "bank", "secret": keys.bank},
        },
        "carriers": {
            CARRIER: _CALLING | {"callback_token": keys.carrier},
            "chapar": {
                "kind": "chapar",
                "callback_token": keys.carrier,
            },  # with one alone every parcel would be its own
        },
        "deposits": {"automatic": "exact"},
        "dialer": _DIALLING
        | {
            "url": f"{provider}/exchange/dial",
            "secrets": {"key": keys.kavenegar},
            "callback_token": keys.dialer,
        },
        "sms": {"provider": "simulator", "namespace": "demo"},
        "providers": {
            "simulator": {
                "api_key": keys.kavenegar,
                "base_url": f"{provider}/v1",
                "low_credit": _LOW,
                "receives": True,
            }
        },
        "webhooks": {"backend": {"url": f"{backend}/news", "secret": keys.news, "events": list(Topic)}},
        "callbacks": {"token": keys.callbacks},
        "customer_page": {"enabled": True, "base": base, "in_texts": True},
        "api": {"tokens": [keys.api]},
    }
    if messenger:
        sections = {**sections, "staff": {"channels": {"bale": {"token": BOT, "url": f"{provider}/tapi"}}}}
    return shop_settings(settings, {f"{PREFIX}{name.upper()}": json.dumps(part) for name, part in sections.items()})


def _backend() -> web.Application:
    """The shop's own backend, which takes all news it is told."""

    async def take(request: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([web.post("/news", take)])
    return app


def shop_settings(settings: Path | None, changes: Mapping[str, str] = MappingProxyType({})) -> Config:
    """The configuration as its file has it; of the environment nothing counts but where the file is.

    Who has written none yet sees the day of the shop whose configuration ships.
    """
    try:
        file = find(settings, os.environ)
    except ConfigError:
        file = shipped.CONFIG
    return load(file, environment=changes)


def listen(host: str, port: int) -> socket.socket:
    """A socket to serve at. Raises ConfigError when somebody else has the port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(128)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
    return listening


async def _serve(stack: AsyncExitStack, app: web.Application, listening: socket.socket, limits: ServerConfig) -> str:
    runner = connections.runner(app, limits, shutdown_timeout=_PATIENCE)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listening).start()
    return _address(listening)


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _engage(service: Service, keys: DemoKeys) -> None:
    """Add the people of the support desk."""
    hashed = await asyncio.to_thread(passwords.hashed, keys.password)
    for staff in STAFF:
        await service.staff.put(replace(staff, password=hashed))
