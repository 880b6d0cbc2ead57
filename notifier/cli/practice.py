"""``notifier trigger`` and ``notifier simulator``: to practise against."""

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any

import aiohttp
import typer
from aiohttp import web
from rich.console import Console

from notifier import logs, samples
from notifier.cli.bubbles import bubble
from notifier.cli.options import ConfigOption, configured
from notifier.clock import TEHRAN, SystemClock
from notifier.config.sections import StandardSource
from notifier.domain.events import EventType
from notifier.errors import ConfigError
from notifier.simulator import Message, Simulator, create_app


def add_to(app: typer.Typer) -> None:
    app.command()(trigger)
    app.command()(simulator)


def trigger(
    event: Annotated[EventType, typer.Argument(help="What happened")],
    source: Annotated[str | None, typer.Option(help="The shop [the first of kind standard]")] = None,
    url: Annotated[str | None, typer.Option(help="Where the service runs")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="key=value in data, e.g. payment.method=cash")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Post a signed sample event to a running service and show the answer."""
    settings = configured(config)
    shops = {name: shop for name, shop in settings.sources.items() if isinstance(shop, StandardSource)}
    name = source or next(iter(shops), None)
    if name not in shops:
        raise typer.BadParameter(f"--source: give one of kind standard: {', '.join(shops) or 'there is none'}")
    now = datetime.now(TEHRAN)
    payload = samples.event(event, at=now)
    for change in changes or []:
        _set(payload["data"], change)
    secret = shops[name].secret
    if not secret.is_set:
        raise ConfigError(f"sources.{name}.secret: {secret} is not set in the environment")
    body, headers = samples.signed(secret.value(), payload, at=now)
    base = url or f"http://{settings.server.host}:{settings.server.port}"
    status, answer = asyncio.run(_post(f"{base}/webhooks/{name}", body, headers))
    console = Console(soft_wrap=True)
    console.print(f"HTTP {status}")
    console.print(answer, highlight=False, markup=False)
    raise typer.Exit(0 if status < 300 else 1)


def _set(data: dict[str, Any], change: str) -> None:
    path, separator, text = change.partition("=")
    if not separator:
        raise typer.BadParameter(f"--set {change}: write key=value")
    *parents, last = path.removeprefix("data.").split(".")
    place = data
    for parent in parents:
        place[parent] = dict(place.get(parent) or {})
        place = place[parent]
    place[last] = int(text) if last in ("amount", "quantity") and text.isdigit() else text


async def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    try:
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
            text = await response.text()
    except aiohttp.ClientError as error:
        raise ConfigError(f"{url} does not answer ({type(error).__name__}); is `notifier serve` running?") from None
    try:
        return response.status, json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return response.status, text


def simulator(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8090,
    key: Annotated[str, typer.Option(help="The API key it takes")] = "simulator",
    callback: Annotated[str | None, typer.Option(help="URL for delivery reports")] = None,
) -> None:
    """Run a Kavenegar to practise against: shows every SMS, sends nothing."""
    logs.configure()
    console = Console()

    def show(message: Message) -> None:
        console.print(bubble(message.text, title=message.receptor, note=message.method))

    state = Simulator(clock=SystemClock(), api_key=key, callback_url=callback, on_message=show)
    console.print(f"Kavenegar simulator on http://127.0.0.1:{port}/v1, key {key!r}; Ctrl-C ends it")
    web.run_app(create_app(state), host="127.0.0.1", port=port, access_log=None, print=None)
