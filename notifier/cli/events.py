"""``notifier events``: deliveries that were refused, why, and their replay after a fix."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from notifier.cli.foreign import foreign
from notifier.cli.options import ConfigOption, DataDirOption, JsonLines, JsonObject, configured
from notifier.cli.output import printer, show_table, write_lines, write_object
from notifier.clock import TEHRAN
from notifier.config import Config
from notifier.domain.counted import counted
from notifier.intake.dead_letters import DeadLetter, DeadLetters
from notifier.intake.replaying import GONE, Replayer, ReplayOutcome
from notifier.observability import logs
from notifier.service.carrying import carrier_sources
from notifier.service.process import Service
from notifier.store.opening import Store
from notifier.web.dialer import SOURCE as DIALER

T = TypeVar("T")

app = typer.Typer(help="Deliveries that were refused, and their replay after a fix.", no_args_is_help=True)

SourceOption = Annotated[str | None, typer.Option(help="Only those of one shop")]
StatusOption = Annotated[int | None, typer.Option(help="Only those answered with it, e.g. 422; 200: unknown status")]

_ADVICE = {
    200: "Name the status under [sources.{source}.statuses] in the configuration, then replay it.",
    400: "The body is no JSON: the shop must send it again, mended.",
    401: "Compare the secret of [sources.{source}] with the shop's. If the shop did send it: replay --trust.",
    409: "The shop gave one id to two events. Replayed, this one goes under an id of its own.",
    413: "Have the shop send less at once, or for WooCommerce raise max_body of [server]; its body was not kept.",
    415: "Have the shop send Content-Type: application/json. If the shop did send it: replay --trust.",
    422: "The shop must send it again, mended, under a new id; or replay it once the service understands it.",
}


@app.command("list")
def list_events(
    source: SourceOption = None,
    status: StatusOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most")] = 50,
    as_json: JsonLines = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The newest refused deliveries."""
    settings = configured(config, data_dir)
    _require_source(settings, source)

    async def read(book: DeadLetters) -> list[DeadLetter]:
        found: list[DeadLetter] = []
        after = None
        while len(found) < limit:
            page, after = await book.page(source=source, status=status, after=after, size=min(limit, 100))
            found += page
            if after is None:
                break
        return found[:limit]

    kept = _looking(settings, read)
    if as_json:
        from notifier.web import answers  # comes with a server of HTTP, which takes long

        write_lines(map(answers.delivery, kept))
        return
    table = Table("id", "came", "source", "status", "signed", "event", "order", "reason")
    for one in kept:
        kind, order = one.about
        came, signed = f"{one.at.astimezone(TEHRAN):%Y-%m-%d %H:%M}", "yes" if one.signed else "no"
        table.add_row(one.id, came, one.source, str(one.status), signed, *map(foreign, (kind, order, one.reason)))
    show_table(table, whole=("id", "order"))
    if not kept:
        printer().print("Nothing was refused.")


@app.command()
def show(
    kept_id: Annotated[str, typer.Argument(metavar="ID", help="As `events list` shows it")],
    as_json: JsonObject = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """One refused delivery: headers, body, what is wrong and what to do."""
    one = _looking(configured(config, data_dir), lambda book: book.get(kept_id))
    if one is None:
        raise typer.BadParameter(f"there is no kept delivery {kept_id!r}; `notifier events list` shows them")
    if as_json:
        from notifier.web import answers

        write_object(answers.delivery(one))
        return
    size = "unknown size" if one.size is None else counted(one.size, "byte")
    lines = [
        f"{one.status} to {one.source} at {one.at.astimezone(TEHRAN):%Y-%m-%d %H:%M:%S} from {one.remote}, {size}, "
        f"{'signed' if one.signed else 'not signed by the shop'}",
        *(f"{name}: {value}" for name, value in one.headers.items()),
        "",
        one.pretty or "(the body was not kept)",
        *(() if one.whole else ("(not whole: it was too large, or no text)",)),
        "",
        one.reason,
        *(f"  {'.'.join(map(str, error['loc'])) or 'the event'}: {error['msg']}" for error in one.errors),
        _ADVICE.get(one.status, "").format(source=one.source),
    ]
    console = printer()
    for line in lines:
        console.print(foreign(line))


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="As `events list` shows them")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, the oldest first")] = False,
    source: SourceOption = None,
    status: StatusOption = None,
    trust: Annotated[
        bool,
        typer.Option("--trust", help="Take unsigned ones too: you vouch that the shop sent them, for nobody can check"),
    ] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Take them again after a fix, as if they came now; twice sends nothing twice. Exit code 1 if some are left."""
    if bool(ids) == every:
        raise typer.BadParameter("give ids, or --all (with --source or --status to narrow it)")
    if ids and (source or status):
        raise typer.BadParameter("--source and --status go with --all")
    logs.configure(level="ERROR")
    settings = configured(config, data_dir)
    _require_source(settings, source)
    left = asyncio.run(_replay(settings, ids, source=source, status=status, trust=trust))
    raise typer.Exit(1 if left else 0)


async def _replay(
    settings: Config, ids: list[str] | None, *, source: str | None, status: int | None, trust: bool
) -> int:
    """Replay and tell; how many are left."""
    console, left, done = printer(), 0, 0
    async with Service(settings, roles=()) as service:
        replayer = service.replayer
        for kept_id in ids or await replayer.book.every(source=source, status=status):
            became, text = await _one(replayer, kept_id, trust=trust)
            console.print(foreign(f"{kept_id}: {text}"))
            done += became in GONE
            left += became is not None and became not in GONE
    console.print(f"{done} replayed, {left} left")
    return left


async def _one(replayer: Replayer, kept_id: str, *, trust: bool) -> tuple[ReplayOutcome | None, str]:
    """What became of one, None where it is not there, and what to say of it."""
    kept = await replayer.book.get(kept_id)
    if kept is None:
        return None, "is not kept: it was replayed already, or its time is over"
    result = await replayer.replay(kept, trust=trust)
    kind, order = kept.about
    about = f" ({kind} of order {order})" if order else ""
    text = {
        ReplayOutcome.TAKEN: f"taken{about}",
        ReplayOutcome.KNOWN: f"nothing new in it{about}",
        ReplayOutcome.REFUSED: f"refused again{about}: {result.reason}",
        ReplayOutcome.UNTRUSTED: f"left{about}: {result.reason} If you know that the shop sent it, replay it with "
        "--trust.",
        ReplayOutcome.INCOMPLETE: f"left{about}: {result.reason}",
    }[result.became]
    return result.became, text


def _require_source(settings: Config, source: str | None) -> None:
    known = _sources(settings)
    if source is not None and source not in known:
        raise typer.BadParameter(f"--source: there is no {source!r}; there are: {', '.join(known)}")


def _sources(settings: Config) -> tuple[str, ...]:
    return (*settings.sources, *carrier_sources(settings), *((DIALER,) if settings.dialer.is_on else ()))


def _looking(settings: Config, read: Callable[[DeadLetters], Awaitable[T]]) -> T:
    """Read from the store of a configuration."""

    async def run() -> T:
        store = Store(settings.redis)
        try:
            book = DeadLetters(await store.open(), _sources(settings), settings.retention.refused_deliveries)
            return await read(book)
        finally:
            await store.close()

    return asyncio.run(run())
