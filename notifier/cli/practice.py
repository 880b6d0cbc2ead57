"""``notifier simulator``: to practise against."""

from typing import Annotated

import typer
from aiohttp import web
from rich.console import Console

from notifier.clock import SystemClock
from notifier.demo.bubbles import bubble
from notifier.observability import logs
from notifier.simulator import SimulatedBaleMessage, SimulatedBotMessage, SimulatedMessage, Simulator, create_app
from notifier.simulator.bots import TOKEN


def simulator(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on")] = 8090,
    key: Annotated[str, typer.Option(help="The API key it takes")] = "simulator",
    callback: Annotated[str | None, typer.Option(help="URL for delivery reports")] = None,
) -> None:
    """Run a Kavenegar, a Bale and a bot to practise against: shows all, sends nothing."""
    logs.configure()
    console = Console()

    def show(message: SimulatedMessage) -> None:
        console.print(bubble(message.text, title=message.receptor, note=message.method))

    def show_bale(message: SimulatedBaleMessage) -> None:
        console.print(bubble(message.text, title=message.receptor, note="bale"))

    def show_bot(message: SimulatedBotMessage) -> None:
        console.print(bubble(message.text, title=str(message.chat), note="bot"))

    state = Simulator(
        clock=SystemClock(),
        api_key=key,
        callback_url=callback,
        on_message=show,
        on_bale=show_bale,
        on_bot=show_bot,
    )
    console.print(f"Kavenegar simulator on http://127.0.0.1:{port}/v1, key {key!r}; Ctrl-C ends it")
    console.print(f"Bale's Safir on http://127.0.0.1:{port}/bale/api/v3, with the same key")
    console.print(
        f"A bot on http://127.0.0.1:{port}/tapi, token {TOKEN!r}; its chat: http://127.0.0.1:{port}/_sim/chat"
    )
    web.run_app(create_app(state), host="127.0.0.1", port=port, access_log=None, print=None)
