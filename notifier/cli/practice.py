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
from notifier.simulator.manager import ManagerInterface


def simulator(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on")] = 8090,
    key: Annotated[str, typer.Option(help="The API key it takes")] = "simulator",
    callback: Annotated[str | None, typer.Option(help="URL for delivery reports")] = None,
    dialer_callback: Annotated[
        str | None, typer.Option(help="URL for news of the telephone exchange: …/callbacks/dialer/TOKEN")
    ] = None,
    ami_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the exchange's manager interface, as Asterisk's")
    ] = None,
) -> None:
    """Run a Kavenegar, a Bale, a bot and a telephone exchange to practise against: nothing is sent, nobody rung."""
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
    console.print(f"A telephone exchange on http://127.0.0.1:{port}/exchange, with the same key")
    state.exchange.callback_url = dialer_callback
    app = create_app(state)
    if ami_port is not None:
        manager = ManagerInterface(state.exchange, key, state.faults, ami_port)
        app.cleanup_ctx.append(manager.serving)
        console.print(f"Its manager interface on 127.0.0.1:{ami_port}, user {state.exchange.user!r}, secret {key!r}")
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)
