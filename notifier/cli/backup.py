"""``notifier backup`` and ``restore``: the embedded store with its archive, as one file; of another Redis, the note
that its own means have backed it up."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.cli.output import printer
from notifier.clock import TEHRAN
from notifier.config import Config
from notifier.config.loading import in_data_dir
from notifier.domain.counted import counted
from notifier.retention import backup as backups
from notifier.retention.backup import About, BackupError
from notifier.store import server
from notifier.store.opening import Store
from notifier.store.reading import Reader

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup, a tar file")]


def backup(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The backup, a tar file")] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write nothing: note that a Redis of your own was just backed up")
    ] = False,
) -> None:
    """Write everything the embedded store and its archive hold into one file, also while the service runs."""
    settings = configured(config, data_dir)
    if (file is None) != record:
        raise BackupError("Name the file to write, or say --record, where a Redis of your own was backed up; not both.")
    if file is None:
        _record(settings)
        return
    settings = _embedded(settings)

    async def run() -> About:
        store = Store(settings.redis)
        try:
            return await backups.backup(
                await store.open(), settings.redis.data_dir, file.absolute(), now=datetime.now(TEHRAN)
            )
        finally:
            await store.close()

    about = asyncio.run(run())
    printer().print(f"{file}: {counted(about.keys, 'key')} as of {about.made_at:%Y-%m-%d %H:%M}", highlight=False)


def restore(
    file: BackupFile,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    force: Annotated[bool, typer.Option("--force", help="Move aside what the data directory holds")] = False,
) -> None:
    """Put a backup into a data directory; the service must not run on it."""
    settings = _embedded(configured(config, data_dir))
    about, aside = backups.restore(
        file,
        settings.redis.data_dir,
        program=server.find(settings.redis.server),
        force=force,
        now=datetime.now(TEHRAN),
    )
    console = printer()
    console.print(f"Restored what was there at {about.made_at:%Y-%m-%d %H:%M} to {settings.redis.data_dir}.")
    if aside:
        console.print(f"What was there before lies in {aside}; delete it when nobody misses anything.")
    orders = asyncio.run(_orders(in_data_dir(settings, settings.redis.data_dir.resolve())))
    console.print(
        f"It opens, and holds {counted(orders, 'order')}. What was to be sent then is sent when the service starts."
    )


def _record(config: Config) -> None:
    """Note that a Redis of one's own was backed up, for doctor and for whoever is told when that stops."""
    if config.redis.is_embedded:
        raise BackupError("The embedded Redis is backed up by `notifier backup FILE`, which notes it by itself.")

    async def run() -> datetime:
        store, now = Store(config.redis), datetime.now(TEHRAN)
        try:
            await backups.record(await store.open(), now)
        finally:
            await store.close()
        return now

    made = asyncio.run(run())
    printer().print(f"Noted: this Redis was backed up at {made:%Y-%m-%d %H:%M}.")


async def _orders(config: Config) -> int:
    """How many orders the store holds: that it opens is the proof of a backup."""
    store = Store(config.redis)
    try:
        redis = await store.open()
        return sum([await redis.zcard(keys.orders) for keys in Reader(redis, config.redis.partitions).everywhere])
    finally:
        await store.close()


def _embedded(config: Config) -> Config:
    if not config.redis.is_embedded:
        raise BackupError(
            "This is for the embedded Redis, and [redis] url names one of your own: back that up with its own means "
            "(`redis-cli --rdb FILE`), and the directory `archive` in [redis] data_dir with it; then "
            "say so by `notifier backup --record`."
        )
    return config
