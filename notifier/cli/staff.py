"""``notifier staff``: the people of the support desk."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from msgspec.structs import replace
from rich.table import Table

from notifier.cli import trail
from notifier.cli.foreign import foreign
from notifier.cli.options import ConfigOption, DataDirOption, JsonLines, configured
from notifier.cli.output import printer, show_table, write_lines
from notifier.console import passwords
from notifier.domain import persian, phones
from notifier.store.audit import Act
from notifier.store.opening import Store
from notifier.store.staff import Role, Staff, StaffBook
from notifier.store.work import UnitOfWork
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
        Role,
        typer.Option(
            help="A supervisor sees everybody's work and hears what goes wrong; a courier sees today's deliveries"
        ),
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
    password = _password(staff_id, name)

    async def put(book: StaffBook) -> bool:
        fresh = Staff(id=staff_id, name=name, phone=mobile, role=role, password=password)
        return await book.add(fresh, trail.entry(Act.STAFF_ADDED, about=staff_id, more=role).keep)

    if not _with_book(config, data_dir, put):
        raise typer.BadParameter(f"ID: {staff_id!r} is taken")
    printer().print(f"{staff_id} may sign in as {role}.")


@app.command("list")
def list_staff(as_json: JsonLines = False, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Everybody."""
    everybody = _with_book(config, data_dir, lambda book: book.all())
    if as_json:
        write_lines(map(_facts, everybody))
        return
    table = Table("id", "name", "phone", "role", "active", "shifts")
    for staff in everybody:
        active, shifts = "yes" if staff.active else "no", _shown(staff.shifts)
        table.add_row(staff.id, foreign(staff.name), phones.mask(staff.phone), staff.role, active, shifts)
    show_table(table)


@app.command()
def passwd(staff_id: StaffId, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Set a new password."""
    password = _password(staff_id)
    _change(staff_id, config, data_dir, Act.PASSWORD_CHANGED, lambda one: replace(one, password=password).signed_out())
    printer().print(f"{staff_id} has a new password, and is signed out everywhere.")


@app.command()
def off(staff_id: StaffId, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Somebody left: no more sign-in, no more reminders."""
    _change(staff_id, config, data_dir, Act.STAFF_OFF, lambda one: replace(one, active=False).signed_out())
    printer().print(f"{staff_id} is off.")


@app.command()
def on(staff_id: StaffId, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Somebody is back: they sign in with the password they had, and get reminders again."""
    _change(staff_id, config, data_dir, Act.STAFF_ON, lambda one: replace(one, active=True))
    printer().print(f"{staff_id} is on.")


@app.command("reset-second-factor")
def reset_second_factor(staff_id: StaffId, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """For who has lost phone and recovery codes: the password alone is enough until they set it up anew."""
    _change(staff_id, config, data_dir, Act.SECOND_FACTOR_RESET, lambda one: replace(one, second=None).signed_out())
    printer().print(f"{staff_id} signs in without a second factor, and is signed out everywhere.")


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
    _change(staff_id, config, data_dir, Act.SHIFTS_CHANGED, lambda one: replace(one, shifts=shifts))
    printer().print(f"{staff_id} works {_shown(shifts)}.")


@app.command()
def shops(
    staff_id: StaffId,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE…", help="Names below [sources]; none: all shops")
    ] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Whose customers somebody calls. Replaces what was said before."""
    known, chosen = configured(config, data_dir).sources, tuple(dict.fromkeys(sources or ()))
    for one in chosen:
        if one not in known:
            raise typer.BadParameter(f"SOURCE: there is no [sources.{one}]; there are: {', '.join(known) or 'none'}")
    _change(staff_id, config, data_dir, Act.SHOPS_CHANGED, lambda one: replace(one, sources=chosen))
    printer().print(f"{staff_id} calls the customers of {', '.join(chosen) or 'all shops'}.")


@app.command()
def extension(
    staff_id: StaffId,
    number: Annotated[str, typer.Argument(metavar="EXTENSION", help="Digits; none: they dial on their own phone")] = "",
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The telephone at the exchange that rings when somebody calls a customer from their card."""
    number = persian.ascii_digits(number).strip()
    if number and not (number.isascii() and number.isdigit() and len(number) <= 15):
        raise typer.BadParameter("EXTENSION: digits alone, at most 15; for example 201")
    _change(staff_id, config, data_dir, Act.EXTENSION_CHANGED, lambda one: replace(one, extension=number))
    printer().print(f"{staff_id} calls from {f'extension {number}' if number else 'their own phone'}.")


@app.command()
def feed(
    staff_id: StaffId,
    new: Annotated[bool, typer.Option("--new", help="Make a new address; the old one is dead")] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The secret address of somebody's calls, or a courier's deliveries, for the calendar on their phone."""

    secret = secrets.token_urlsafe(24)

    def made(one: Staff, unit: UnitOfWork) -> Staff:
        if one.feed and not new:
            return one
        trail.entry(Act.FEED_RENEWED, about=staff_id).keep(unit)
        return replace(one, feed=secret)

    async def address(book: StaffBook) -> str | None:
        staff = await book.change(staff_id, made)
        if staff is None:
            return None
        what = "/deliveries" if staff.role is Role.COURIER else ""
        return f"/calendar/{staff.id}/{staff.feed}{what}.ics"

    path = _with_book(config, data_dir, address)
    if path is None:
        raise typer.BadParameter(f"ID: there is no {staff_id!r}; `notifier staff list` shows everybody")
    printer().print(f"{path} at the address of this service. Whoever knows it sees what stands there.")


def _facts(staff: Staff) -> dict[str, object]:
    """What may be told of somebody: nothing that lets one sign in or read their calendar."""
    told = {key: getattr(staff, key) for key in ("id", "name", "phone", "role", "active", "shifts", "extension")}
    return told | {"second_factor": staff.second is not None}


def _shown(shifts: dict[str, list[str]]) -> str:
    return "; ".join(f"{day} {', '.join(spans) or 'off'}" for day, spans in shifts.items()) or "the shop's hours"


def _change(staff_id: str, config: Path | None, data_dir: Path | None, act: Act, how: Callable[[Staff], Staff]) -> None:
    def changed(one: Staff, unit: UnitOfWork) -> Staff:
        trail.entry(act, about=staff_id).keep(unit)
        return how(one)

    if _with_book(config, data_dir, lambda book: book.change(staff_id, changed)) is None:
        raise typer.BadParameter(f"ID: there is no {staff_id!r}; `notifier staff list` shows everybody")


def _password(*about: str) -> str:
    given = os.environ.get(PASSWORD_VARIABLE) or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        return passwords.hashed(given, about=about)
    except ValueError as error:
        raise typer.BadParameter(f"Password: {error}") from None


def _with_book(config: Path | None, data_dir: Path | None, use: Callable[[StaffBook], Awaitable[T]]) -> T:
    settings = configured(config, data_dir)

    async def run() -> T:
        store = Store(settings.redis)
        try:
            return await use(StaffBook(await store.open()))
        finally:
            await store.close()

    return asyncio.run(run())
