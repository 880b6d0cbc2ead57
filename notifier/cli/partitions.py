"""``notifier partitions``: in how many parts the customers' data lies."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from notifier.cli.options import ConfigOption, DataDirOption, JsonObject, configured
from notifier.cli.output import printer, write_object
from notifier.clock import TEHRAN
from notifier.config import Config
from notifier.domain.counted import counted
from notifier.store import keys as names
from notifier.store import layout
from notifier.store.moving import PARTS, Mover
from notifier.store.opening import Store

_SAYS = {"routes": "finding the orders", "indexes": "moving lists", "records": "moving records", "rest": "clearing up"}


def partitions(
    number: Annotated[int | None, typer.Argument(metavar="[N]", min=1, max=1024, help="Into how many")] = None,
    as_json: JsonObject = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Say in how many partitions the data lies, or move it into N. Cut short, it is run again."""
    settings = configured(config, data_dir)
    if number is None:
        asyncio.run(_show(settings, as_json=as_json))
    elif as_json:
        raise typer.BadParameter("--json says how the data lies; leave out N")
    else:
        asyncio.run(_move(settings, number, printer()))


async def _show(config: Config, *, as_json: bool) -> None:
    store = Store(config.redis)
    try:
        redis = await store.connect()
        found: Any = await redis.hgetall(names.LAYOUT)
        busy = await layout.alive(redis, datetime.now(TEHRAN))
    finally:
        await store.close()
    count = int(found.get(layout.COUNT, config.redis.partitions))
    if as_json:
        target = int(found[layout.MOVING]) if layout.MOVING in found else None
        write_object({"partitions": count, "moving_into": target, "at_work": list(busy)})
        return
    moving = f", and is being moved into {int(found[layout.MOVING])}" if layout.MOVING in found else ""
    said = f"The data lies in {counted(count, 'partition')}{moving}. At work: {', '.join(busy) or 'nobody'}."
    printer().print(said, markup=False, highlight=False)


async def _move(config: Config, number: int, console: Console) -> None:
    store = Store(config.redis)
    try:
        redis = await store.connect()
        tasks: dict[str, TaskID] = {}
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            mover = Mover(redis, number, tell=lambda part, count: progress.update(tasks[part], advance=count))
            total = await mover.check()
            before = await layout.begin_move(redis, number, datetime.now(TEHRAN))
            tasks |= {part: progress.add_task(_SAYS[part], total=total) for part in PARTS}
            await mover.move()
        await layout.end_move(redis, number)
    finally:
        await store.close()
    said = (
        f"Moved from {before} into {counted(number, 'partition')}. Set [redis] partitions = {number} and start again."
    )
    console.print(said, markup=False, highlight=False)
