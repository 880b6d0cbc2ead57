"""The service behind a real socket in a thread of its own, for tests whose client blocks."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from shops import API_TOKEN, SHOP_SECRET, WOO_SECRET

from notifier.clock import Clock
from notifier.config import Config
from notifier.config.loading import load
from notifier.service.process import WEB, Service
from notifier.web import listening

ROOT = Path(__file__).parents[1]
CALLBACK_TOKEN = "test-callback-token"


def shop_config(redis_url: str, **sections: Any) -> Config:
    """The configuration as it ships, with made-up secrets and no way out of this machine."""
    ours = {
        "SOURCES__SHOP__SECRET": SHOP_SECRET,
        "SOURCES__WOO__SECRET": WOO_SECRET,
        "SMS__PROVIDER": "simulator",
        "SMS__NAMESPACE": "test",
        "CALLBACKS__TOKEN": CALLBACK_TOKEN,
        "API__TOKENS": json.dumps([API_TOKEN]),
        "REDIS__URL": redis_url,
    }
    more = {
        name.upper(): json.dumps(value) if isinstance(value, list) else str(value) for name, value in sections.items()
    }
    return load(ROOT / "config.toml", environment={f"NOTIFIER__{name}": text for name, text in (ours | more).items()})


@contextmanager
def service_in_thread(config: Config, clock: Clock) -> Iterator[str]:
    """Run it until the block ends; gives its address."""
    addresses: list[str] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with Service(config, clock=clock, roles=[WEB]) as service:
            runner = listening.runner(service.app, config.server)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            addresses.append(f"http://{host}:{port}")
            ready.set()
            await over.wait()
            await runner.cleanup()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        assert addresses, "the service did not start"
        yield addresses[0]
    finally:
        if addresses:
            loop.call_soon_threadsafe(over.set)
        thread.join()
