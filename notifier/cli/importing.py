"""``notifier import``: orders and tracking codes from a file."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from notifier import durations
from notifier.cli.foreign import foreign
from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.clock import SystemClock
from notifier.config import Config
from notifier.demo.bubbles import bubble
from notifier.domain import phones
from notifier.domain.calls import CallRequest
from notifier.domain.counted import counted
from notifier.domain.messages import Message
from notifier.domain.orders import Order
from notifier.errors import StoreAway
from notifier.importing.preview import Preview
from notifier.importing.refused import RefusedRows
from notifier.importing.running import Import, Totals
from notifier.importing.source import KINDS, FileReading, ImportSource
from notifier.importing.tracking import NotTracking
from notifier.observability import logs
from notifier.service.process import Service
from notifier.service.rulebook import rulebook
from notifier.store import keys as names
from notifier.store.opening import Store
from notifier.store.reading import Reader
from notifier.texts import loading

_PLAIN_EVERY = 10_000  # lines between two lines of progress where there is no terminal
_PREVIEW_NAMESPACE = "preview"


def import_file(
    file: Annotated[
        Path, typer.Argument(help="orders.jsonl: an event a line; tracking.csv: order, carrier, code", dir_okay=False)
    ],
    source: Annotated[
        str | None, typer.Option(help="The shop they are of [the only one, or the first standard]")
    ] = None,
    history_after: Annotated[
        str | None,
        typer.Option(help="Events older than this are history, told to nobody [as retention.tell_within says]"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and write nothing")] = False,
    show: Annotated[int, typer.Option(min=0, max=1000, help="How many texts and calls to show beforehand")] = 10,
    yes: Annotated[bool, typer.Option("--yes", help="Send without showing and asking first; for scripts")] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Import a file; may be stopped and begun again, and sends nothing twice. Exit code 1 if lines were refused."""
    logs.configure(level="ERROR")
    settings = configured(config, data_dir)
    if file.suffix.lower() not in KINDS:
        raise typer.BadParameter(f"FILE: {file.name} must end in one of {', '.join(KINDS)}")
    if not file.is_file():
        raise typer.BadParameter(f"FILE: there is no {file}")
    try:
        limit = durations.parse(history_after) if history_after is not None else settings.retention.tell_within
    except ValueError as error:
        raise typer.BadParameter(f"--history-after: {error}") from None
    shop = _shop(settings, source)
    zone = settings.shop_of(shop).zone
    what = ImportSource(shop=shop, zone=zone, now=datetime.now(zone), history_after=limit)
    work = _Work(settings, what, file, Console())
    try:
        code = 0
        if dry_run or not yes:
            totals = asyncio.run(work.preview(show))
            code = 1 if totals.refused else 0
            if not dry_run:
                _require_agreement(totals)
        if not dry_run:
            code = asyncio.run(work.run())
    except NotTracking as error:
        raise typer.BadParameter(f"FILE: {file}: {error}") from None
    except OSError as error:
        raise typer.BadParameter(f"FILE: {file}: {error.strerror}") from None
    raise typer.Exit(code)


def _require_agreement(totals: Totals) -> None:
    """Ask whoever is there whether what was shown may be sent; where nothing would be, there is nothing to ask.

    Raises typer.Abort where it may not, and BadParameter where nobody can be asked.
    """
    if not (totals.texts or totals.calls):
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("nothing was sent: look at what is shown above, and add --yes to send it")
    typer.confirm(f"Send {counted(totals.texts, 'text')} and plan {counted(totals.calls, 'call')}?", abort=True)


def _shop(settings: Config, source: str | None) -> str:
    shops = settings.sources
    if source is not None:
        if source not in shops:
            raise typer.BadParameter(f"--source: there is no {source!r}; there are: {', '.join(shops)}")
        return source
    names = [name for name, shop in shops.items() if shop.kind == "standard"] if len(shops) > 1 else list(shops)
    if len(names) != 1:
        raise typer.BadParameter(f"--source: which shop are they of? There are: {', '.join(shops) or 'none'}")
    return names[0]


@dataclass(frozen=True, slots=True)
class _Work:
    """One import, told to whoever started it."""

    settings: Config
    what: ImportSource
    file: Path
    console: Console

    async def run(self) -> int:
        """Do it; the exit code."""
        async with Service(self.settings, roles=()) as service:
            with self.what.entries(self.file) as reading, RefusedRows(self.file) as refused, self._bar(reading) as bar:
                run = Import(service.committer, service.reader, refused, bar)
                loop = asyncio.get_running_loop()
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.add_signal_handler(number, run.stop)
                await service.redis.sadd(names.LEFTOVERS, os.fsencode(refused.path.absolute()))
                try:
                    totals = await run.run(reading)
                except StoreAway:
                    raise StoreAway(
                        f"The store went away at line {run.totals.line}. Start it and run the same command again: what "
                        "was imported is known, and the rest follows."
                    ) from None
            self._tell(totals, "imported", refused.path)
        if totals.stopped:
            self._say(f"stopped after line {totals.line}; run the same command again to go on")
            return 130
        return 1 if totals.refused else 0

    async def preview(self, show: int) -> Totals:
        """Show what would come of it."""
        loaded = loading.load(self.settings)
        rules = rulebook(self.settings, loaded, namespace=_PREVIEW_NAMESPACE)
        prices, left = self.settings.sms.price, {"texts": show, "calls": show, "refused": show}

        def some(kind: str) -> bool:
            left[kind] -= 1
            return left[kind] >= 0

        def text(message: Message, order: Order) -> None:
            if some("texts"):
                when = f" from {message.not_before:%Y-%m-%d %H:%M}" if message.not_before else ""
                whose = foreign(f"{order.details.name}, ") if order.details.name else ""
                number = foreign(order.number if order.number == order.id else f"{order.number} (id {order.id})")
                title = f"order {number}, {whose}{phones.mask(message.to)}{when}"
                self.console.print(bubble(message.text, title=title, note=message.template))

        def call(planned: CallRequest) -> None:
            if some("calls"):
                due = f"{planned.due_at:%Y-%m-%d %H:%M}"
                self._say(f"call {planned.purpose} about order {planned.order_id} at {due}")

        def refused(line: int, reason: str) -> None:
            if some("refused"):
                self._say(f"line {line} refused: {reason}")

        async with _looking(self.settings) as reader:
            with self.what.entries(self.file) as reading:
                preview = Preview(
                    rulebook=rules,
                    clock=SystemClock(self.what.zone),
                    reader=reader,
                    price=prices.of,
                    on_text=text,
                    on_call=call,
                    on_refused=refused,
                    on_progress=lambda totals, position: None,
                )
                totals = await preview.run(reading)
        self._tell(totals, "would be imported", None)
        self._say(f"cost of the texts by [sms.price]: {preview.cost:,} rial; nothing was written")
        return totals

    def _tell(self, totals: Totals, done: str, report: Path | None) -> None:
        told = f"{counted(totals.texts, 'text')}, {counted(totals.calls, 'call')}"
        self._say(f"{counted(totals.taken, 'event')} {done}: {told}")
        if totals.past:
            age = _written(self.what.history_after)
            older = f"{totals.past:,} of them {_be(totals.past)} older than {age}"
            self._say(f"{older}: history only, nobody is told (--history-after)")
        if totals.known:
            self._say(f"{totals.known:,} {'was' if totals.known == 1 else 'were'} known already")
        if totals.waiting:
            of = "is of an order" if totals.waiting == 1 else "are of orders"
            waits = "it waits and follows" if totals.waiting == 1 else "they wait and follow"
            self._say(f"{totals.waiting:,} {of} nobody has heard of; {waits} when the order comes")
        if totals.refused:
            where = f"; see {report}" if report else ""
            self._say(f"{counted(totals.refused, 'line')} refused{where}")

    @contextmanager
    def _bar(self, reading: FileReading) -> Iterator[Callable[[Totals, int], None]]:
        """Progress: a bar on a terminal, a line now and then elsewhere."""
        if not self.console.is_terminal:
            told = 0

            def tell(totals: Totals, position: int) -> None:
                nonlocal told
                if totals.line - told >= _PLAIN_EVERY:
                    told = totals.line
                    self._say(f"line {totals.line:,}: {totals.taken:,} imported, {totals.refused:,} refused")

            yield tell
            return
        columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task("", total=reading.size or None)

            def move(totals: Totals, position: int) -> None:
                said = f"line {totals.line:,}, {counted(totals.texts, 'text')}, {totals.refused:,} refused"
                progress.update(task, completed=position, description=said)

            yield move

    def _say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


@asynccontextmanager
async def _looking(settings: Config) -> AsyncIterator[Reader | None]:
    """A reader of the store, or None where the embedded one has not been made yet: looking must not make it."""
    if settings.redis.is_embedded and not settings.redis.data_dir.is_dir():
        yield None
        return
    store = Store(settings.redis)
    try:
        yield Reader(await store.open(), settings.redis.partitions)
    finally:
        await store.close()


def _written(length: timedelta) -> str:
    days, hours = length.days, length.total_seconds() / 3600
    if hours == days * 24:
        return counted(days, "day")
    return f"{hours:g} hour{'s' * (hours != 1)}"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"
