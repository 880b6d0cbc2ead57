"""``notifier customer``: all that is known of one person, and its erasure."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from notifier.cli import trail
from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.cli.output import printer
from notifier.clock import TEHRAN, SystemClock
from notifier.config import Config
from notifier.domain import phones
from notifier.domain.counted import counted
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers, Erased
from notifier.store import audit, private_files
from notifier.store.audit import Act
from notifier.store.opening import Store
from notifier.store.reading import Reader
from notifier.store.receipts import ReceiptPictures
from notifier.store.records import encode

T = TypeVar("T")

app = typer.Typer(help="What is known of one customer, and its erasure.", no_args_is_help=True)

Phone = Annotated[str, typer.Argument(metavar="PHONE", help="The customer's number, in any form")]


@app.command()
def export(
    phone: Phone,
    out: Annotated[Path | None, typer.Option(help="The file to write; the standard output without it")] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Everything about a customer, from the store and the archive, as JSON lines."""
    number = _number(phone)

    async def read(customers: Customers) -> list[bytes]:
        await audit.write(customers.redis, trail.entry(Act.EXPORTED, about=phones.mask(number), more="customer"))
        return [encode(row) async for row in customers.export(number)]

    rows = _with(config, data_dir, read)
    if out:
        with private_files.written(out) as file:
            file.writelines(row + b"\n" for row in rows)
    else:
        for row in rows:
            typer.echo(row.decode())
    printer(stderr=True).print(counted(len(rows), "record"), highlight=False)


@app.command()
def erase(
    phone: Phone,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Erase a customer everywhere. Amounts and what was bought stay, without a person; erased twice changes nothing."""
    number = _number(phone)
    if not yes:
        typer.confirm(f"Erase everything about {phones.mask(number)}? This cannot be taken back", abort=True)

    async def gone(customers: Customers) -> Erased:
        await audit.write(customers.redis, trail.entry(Act.ERASED, about=phones.mask(number)))
        return await customers.erase(number)

    erased = _with(config, data_dir, gone)
    console = printer()
    for line in erased.lines():
        console.print(line, highlight=False)


def _number(text: str) -> str:
    try:
        return phones.normalize(text)
    except phones.PhoneError as error:
        raise typer.BadParameter(str(error)) from None


@asynccontextmanager
async def _customers(config: Config) -> AsyncIterator[Customers]:
    store = Store(config.redis)
    try:
        redis = await store.open()
        reader = Reader(redis, config.redis.partitions)
        archive = Archive(config.redis.data_dir / "archive")
        yield Customers(
            redis,
            reader,
            SystemClock(TEHRAN),
            archive,
            config.retention.remembered,
            ReceiptPictures(config.redis.data_dir),
        )
    finally:
        await store.close()


def _with(config: Path | None, data_dir: Path | None, use: Callable[[Customers], Awaitable[T]]) -> T:
    settings = configured(config, data_dir)

    async def run() -> T:
        async with _customers(settings) as customers:
            return await use(customers)

    return asyncio.run(run())
