"""``notifier messages`` and ``notifier calls``: what is in the store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from notifier.cli import trail
from notifier.cli.foreign import foreign
from notifier.cli.options import ConfigOption, DataDirOption, JsonLines, JsonObject, configured
from notifier.cli.output import printer, show_table, write_lines, write_object
from notifier.clock import TEHRAN
from notifier.domain import canonical, phones
from notifier.domain.calls import CallState
from notifier.domain.messages import MessageState
from notifier.sms import resend as retrying
from notifier.sms.explain import explain
from notifier.store import line_counts
from notifier.store.audit import COMMAND
from notifier.store.keys import Keys
from notifier.store.opening import Store
from notifier.store.reading import Reader, StoredCall, StoredMessage

T = TypeVar("T")

messages = typer.Typer(help="Messages and what became of them.", no_args_is_help=True)
calls = typer.Typer(help="Support calls.", no_args_is_help=True)

MessageId = Annotated[str, typer.Argument(metavar="ID", help="As `messages list` shows it")]
CallId = Annotated[str, typer.Argument(metavar="ID", help="As `calls list` shows it")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most")]


@messages.command("list")
def list_messages(
    state: Annotated[MessageState | None, typer.Option(help="Only those in one state")] = None,
    limit: Limit = 50,
    as_json: JsonLines = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The newest messages."""
    states = [state] if state else list(MessageState)

    async def read(reader: Reader) -> list[StoredMessage]:
        sets = [(keys, keys.messages(one)) for keys in reader.everywhere for one in states]
        return await reader.messages((await reader.page(sets, after=None, size=limit)).members)

    found = _reading(config, data_dir, read)
    if as_json:
        from notifier.web import answers  # comes with a server of HTTP, which takes long

        write_lines(map(answers.message, found))
        return
    table = Table("id", "state", "template", "to", "order", "created")
    for stored in found:
        message = stored.message
        created = f"{message.created_at:%Y-%m-%d %H:%M}"
        table.add_row(
            message.id,
            stored.state,
            message.template,
            phones.mask(message.to),
            foreign(message.order_id or ""),
            created,
        )
    show_table(table, whole=("id", "order"))


@messages.command()
def show(
    message_id: MessageId, as_json: JsonObject = False, config: ConfigOption = None, data_dir: DataDirOption = None
) -> None:
    """One message: its text and its story."""
    _, stored = _reading(config, data_dir, lambda reader: _find(reader, message_id))
    if as_json:
        from notifier.web import answers

        write_object(answers.message(stored))
        return
    console = printer()
    console.print(foreign(stored.message.text))
    for sentence in explain(stored):
        console.print(sentence, highlight=False, markup=False)


@messages.command()
def lines(
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days, today the last of them")] = 1,
    as_json: JsonLines = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """What each line sent, reached, cost and saved: one rung of the ladder a row."""
    today = datetime.now(TEHRAN).date()
    counted = _reading(config, data_dir, lambda reader: line_counts.read(reader.redis, reader.everywhere, today, days))
    found = line_counts.by_line(counted)
    if as_json:
        write_lines(found)
        return
    table = Table("line", "sent", "reached", "cost (rial)", "saved (rial)", "cost unknown", box=None)
    for one in found:
        table.add_row(one.line, *(f"{count:,}" for count in (one.sent, one.reached, one.cost, one.saved, one.unknown)))
    show_table(table, whole=("line",))


@messages.command()
def retry(message_id: MessageId, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Send a held or refused message again; says why not where that is not safe."""

    async def again(reader: Reader) -> None:
        keys, stored = await _find(reader, message_id)
        await retrying.resend(reader.redis, keys, stored, now=datetime.now(TEHRAN), by=COMMAND + trail.who())

    _reading(config, data_dir, again)
    printer().print(f"Message {message_id} is in the outbox again.", markup=False, highlight=False)


async def _find(reader: Reader, message_id: str) -> tuple[Keys, StoredMessage]:
    message_id = canonical.asked_for(message_id)
    for keys in reader.everywhere:
        if found := await reader.messages([(keys, message_id)]):
            return keys, found[0]
    raise typer.BadParameter(f"there is no message {message_id!r}; `notifier messages list` shows them")


@calls.command("list")
def list_calls(
    state: Annotated[CallState | None, typer.Option(help="Only those in one state")] = None,
    assignee: Annotated[str | None, typer.Option(metavar="ID", help="Only those of one of the staff")] = None,
    limit: Limit = 50,
    as_json: JsonLines = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Calls, the latest due first."""
    states = [state] if state else list(CallState)

    async def read(reader: Reader) -> list[StoredCall]:
        sets = [(keys, keys.calls(one)) for keys in reader.everywhere for one in states]
        found: list[StoredCall] = []
        after = None
        while len(found) < limit:
            page = await reader.page(sets, after=after, size=limit)
            read = await reader.calls(page.members)
            found += [stored for stored in read if assignee in (None, stored.call.assignee)]
            if (after := page.end) is None:
                break
        return sorted(found[:limit], key=lambda stored: stored.call.due, reverse=True)

    found = _reading(config, data_dir, read)
    if as_json:
        from notifier.web import answers

        write_lines(map(answers.call, found))
        return
    table = Table("id", "state", "purpose", "order", "customer", "phone", "assignee", "tried", "due")
    for stored in found:
        row = (
            stored.call.id,
            stored.state,
            " + ".join(dict.fromkeys(reason.purpose for reason in stored.call.reasons)),
            ", ".join(dict.fromkeys(reason.order_id for reason in stored.call.reasons)),
            stored.call.name or "",
            phones.mask(stored.call.phone) if stored.call.phone else "",
            stored.call.assignee or "",
            str(sum(stored.call.tried.values()) or ""),
            f"{stored.call.due_at:%Y-%m-%d %H:%M}",
        )
        table.add_row(*map(foreign, row))
    show_table(table)


@calls.command("show")
def show_call(
    call_id: CallId, as_json: JsonObject = False, config: ConfigOption = None, data_dir: DataDirOption = None
) -> None:
    """One call: why it is made, and its story."""

    async def find(reader: Reader) -> StoredCall:
        wanted = canonical.asked_for(call_id)
        for keys in reader.everywhere:
            if found := await reader.calls([(keys, wanted)]):
                return found[0]
        raise typer.BadParameter(f"there is no call {wanted!r}; `notifier calls list` shows them")

    stored = _reading(config, data_dir, find)
    if as_json:
        from notifier.web import answers

        write_object(answers.call(stored))
        return
    call, console = stored.call, printer()
    about = [foreign(call.name or ""), phones.mask(call.phone) if call.phone else ""]
    console.print(f"{stored.state}, due {call.due_at:%Y-%m-%d %H:%M}", *filter(None, about), highlight=False)
    for reason in call.reasons:
        console.print(f"{reason.purpose} of order", foreign(reason.order_id), highlight=False)
    for entry in call.history:
        at = datetime.fromtimestamp(entry.at / 1000, TEHRAN)
        words = [entry.what, *(f"{name} {value}" for name, value in (("by", entry.by), ("to", entry.to)) if value)]
        console.print(f"{at:%Y-%m-%d %H:%M}  {', '.join(words)}", foreign(entry.note), markup=False, highlight=False)


def _reading(config: Path | None, data_dir: Path | None, read: Callable[[Reader], Awaitable[T]]) -> T:
    """Read something from the store of a configuration."""
    settings = configured(config, data_dir)

    async def run() -> T:
        store = Store(settings.redis)
        try:
            return await read(Reader(await store.open(), settings.redis.partitions))
        finally:
            await store.close()

    return asyncio.run(run())
