"""``notifier messages`` and ``notifier calls``: what is in the store."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.domain import phones
from notifier.domain.calls import CallState
from notifier.domain.messages import MessageState
from notifier.service import Store
from notifier.store.reading import Reader, StoredMessage

T = TypeVar("T")

messages = typer.Typer(help="Messages and what became of them.", no_args_is_help=True)
calls = typer.Typer(help="Support calls.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most")]


@messages.command("list")
def list_messages(
    state: Annotated[MessageState | None, typer.Option(help="Only those in one state")] = None,
    limit: Limit = 50,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The newest messages."""
    states = [state] if state else list(MessageState)

    async def read(reader: Reader) -> list[StoredMessage]:
        sets = [(keys, keys.messages(one)) for keys in reader.everywhere for one in states]
        return await reader.messages((await reader.page(sets, after=None, size=limit)).members)

    table = Table("id", "state", "template", "to", "order", "created")
    for stored in _reading(config, data_dir, read):
        message = stored.message
        created = f"{message.created_at:%Y-%m-%d %H:%M}"
        table.add_row(
            message.id, stored.state, message.template, phones.mask(message.to), message.order_id or "", created
        )
    Console().print(table)


@messages.command()
def show(
    message_id: Annotated[str, typer.Argument(metavar="ID")],
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """One message: its text and its story."""

    async def read(reader: Reader) -> list[StoredMessage]:
        return await reader.messages([(keys, message_id) for keys in reader.everywhere])

    found = _reading(config, data_dir, read)
    if not found:
        raise typer.BadParameter(f"there is no message {message_id!r}")
    stored, message, console = found[0], found[0].message, Console(soft_wrap=True)
    console.print(message.text, highlight=False)
    about = f"Template {message.template}, version {message.version}, order {message.order_id}"
    console.print(f"{about}, to {phones.mask(message.to)}.")
    for attempt in stored.attempts:
        console.print(
            f"{attempt['at']}: {attempt['provider']} {attempt['outcome']} {attempt.get('reason', '')}".rstrip()
        )
    console.print(f"It is {stored.state}.")


@calls.command("list")
def list_calls(
    state: Annotated[CallState | None, typer.Option(help="Only those in one state")] = None,
    limit: Limit = 50,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Calls, the latest due first."""
    states = [state] if state else list(CallState)
    table = Table("id", "state", "purpose", "order", "customer", "phone", "due")

    async def read(reader: Reader) -> list[tuple[str, ...]]:
        sets = [(keys, keys.calls(one)) for keys in reader.everywhere for one in states]
        found = await reader.calls((await reader.page(sets, after=None, size=limit)).members)
        return [
            (
                stored.call.id,
                stored.state,
                stored.call.purpose,
                stored.call.order_id,
                stored.call.name or "",
                phones.mask(stored.call.phone) if stored.call.phone else "",
                f"{stored.call.due_at:%Y-%m-%d %H:%M}",
            )
            for stored in found
        ]

    for row in _reading(config, data_dir, read):
        table.add_row(*row)
    Console().print(table)


def _reading(config: Path | None, data_dir: Path | None, read: Callable[[Reader], Awaitable[T]]) -> T:
    """Read something from the store of a configuration."""
    settings = configured(config, data_dir)

    async def run() -> T:
        store = Store(settings)
        try:
            return await read(Reader(await store.open(), settings.redis.partitions))
        finally:
            await store.close()

    return asyncio.run(run())
