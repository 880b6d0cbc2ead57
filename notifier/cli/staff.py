"""``notifier staff``: the people of the support desk."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from msgspec.structs import replace
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from notifier import passwords
from notifier.cli.foreign import foreign
from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.console.sessions import Sessions
from notifier.domain import phones
from notifier.service import Store
from notifier.store.staff import Role, Staff, StaffBook
from scheduler.calendar import Calendar

T = TypeVar("T")

app = typer.Typer(help="The people of the support desk.", no_args_is_help=True)

StaffId = Annotated[str, typer.Argument(metavar="ID", help="The sign-in name")]
PASSWORD_VARIABLE = "NOTIFIER_STAFF_PASSWORD"


@app.command()
def add(
    staff_id: StaffId,
    name: Annotated[str, typer.Option(help="As it is shown")],
    phone: Annotated[str, typer.Option(help="The mobile that reminders go to")],
    role: Annotated[
        Role, typer.Option(help="A supervisor also sees everybody's work, and is told what goes wrong")
    ] = Role.AGENT,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Add somebody. Asks for a password, or reads NOTIFIER_STAFF_PASSWORD."""
    if not (staff_id.isascii() and staff_id.replace("-", "").replace("_", "").replace(".", "").isalnum()):
        raise typer.BadParameter("ID: use Latin letters, digits, dot, hyphen and underscore")
    try:
        mobile = phones.normalize(phone)
    except phones.PhoneError as error:
        raise typer.BadParameter(f"--phone: {error}") from None
    if not phones.is_mobile(mobile):
        raise typer.BadParameter("--phone: reminders are texts; give a mobile")
    password = _password()

    async def put(book: StaffBook) -> bool:
        if await book.get(staff_id):
            return False
        await book.put(Staff(id=staff_id, name=name, phone=mobile, role=role, password=password))
        return True

    if not _with_book(config, data_dir, put):
        raise typer.BadParameter(f"ID: {staff_id!r} is taken")
    Console().print(f"{staff_id} may sign in as {role}.")


@app.command("list")
def list_staff(config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Everybody."""
    table = Table("id", "name", "phone", "role", "active", "shifts")
    for staff in _with_book(config, data_dir, lambda book: book.all()):
        active, shifts = "yes" if staff.active else "no", _shown(staff.shifts)
        table.add_row(staff.id, foreign(staff.name), phones.mask(staff.phone), staff.role, active, shifts)
    Console().print(table)


@app.command()
def passwd(staff_id: StaffId, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Set a new password."""
    password = _password()
    _change(staff_id, config, data_dir, password=password)
    Console().print(f"{staff_id} has a new password, and is signed out everywhere.")


@app.command()
def off(staff_id: StaffId, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Somebody left: no more sign-in, no more reminders."""
    _change(staff_id, config, data_dir, active=False)
    Console().print(f"{staff_id} is off.")


@app.command()
def shift(
    staff_id: StaffId,
    hours: Annotated[
        list[str] | None,
        typer.Argument(metavar="DAY=HOURS…", help="saturday=09:00-13:00,14:00-18:00; none: the shop's hours"),
    ] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """When somebody works: reminders and calls come to them then. Replaces what was said before."""
    shifts: dict[str, list[str]] = {}
    for text in hours or []:
        day, equals, spans = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"{text!r}: write for example saturday=09:00-13:00,14:00-18:00")
        shifts[day.strip().lower()] = [span.strip() for span in spans.split(",") if span.strip()]
    try:
        if shifts:
            Calendar.of(shifts)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    _change(staff_id, config, data_dir, shifts=shifts)
    Console().print(f"{staff_id} works {_shown(shifts)}.")


@app.command()
def feed(
    staff_id: StaffId,
    new: Annotated[bool, typer.Option("--new", help="Make a new address; the old one is dead")] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The secret address of somebody's calls as a calendar, for the calendar on their phone."""

    async def address(book: StaffBook) -> str | None:
        staff = await book.get(staff_id)
        if staff is None:
            return None
        if new or not staff.feed:
            staff = replace(staff, feed=secrets.token_urlsafe(24))
            await book.put(staff)
        return f"/calendar/{staff.id}/{staff.feed}.ics"

    path = _with_book(config, data_dir, address)
    if path is None:
        raise typer.BadParameter(f"ID: there is no {staff_id!r}; `notifier staff list` shows everybody")
    Console(soft_wrap=True).print(f"{path} at the address of this service. Whoever knows it sees the calls.")


def _shown(shifts: dict[str, list[str]]) -> str:
    return "; ".join(f"{day} {', '.join(spans) or 'off'}" for day, spans in shifts.items()) or "the shop's hours"


def _change(staff_id: str, config: Path | None, data_dir: Path | None, **changes: object) -> None:
    async def put(redis: Redis) -> bool:
        book = StaffBook(redis)
        staff = await book.get(staff_id)
        if staff is not None:
            await book.put(replace(staff, **changes))
            if changes.keys() & {"password", "active"}:
                await Sessions(redis).end_all(staff_id)
        return staff is not None

    if not _with_store(config, data_dir, put):
        raise typer.BadParameter(f"ID: there is no {staff_id!r}; `notifier staff list` shows everybody")


def _password() -> str:
    given = os.environ.get(PASSWORD_VARIABLE) or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        return passwords.hashed(given)
    except ValueError as error:
        raise typer.BadParameter(f"Password: {error}") from None


def _with_book(config: Path | None, data_dir: Path | None, use: Callable[[StaffBook], Awaitable[T]]) -> T:
    return _with_store(config, data_dir, lambda redis: use(StaffBook(redis)))


def _with_store(config: Path | None, data_dir: Path | None, use: Callable[[Redis], Awaitable[T]]) -> T:
    settings = configured(config, data_dir)

    async def run() -> T:
        store = Store(settings)
        try:
            return await use(await store.open())
        finally:
            await store.close()

    return asyncio.run(run())
