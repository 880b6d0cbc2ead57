"""``notifier webhooks``: the shop's endpoints that we post news to."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from redis.asyncio import Redis
from rich.table import Table

from notifier.cli.foreign import foreign
from notifier.cli.options import ConfigOption, DataDirOption, JsonLines, configured
from notifier.cli.output import printer, show_table, write_lines
from notifier.clock import TEHRAN
from notifier.config import Config
from notifier.errors import ConfigError
from notifier.outbound import outbox, posting
from notifier.outbound.breaker import EndpointState, EndpointStates
from notifier.outbound.endpoint import Endpoint, EndpointAnswer
from notifier.outbound.events import Topic
from notifier.outbound.outbox import PendingNews
from notifier.outbound.samples import samples
from notifier.secret import MissingSecretError
from notifier.store.opening import Store
from notifier.store.reading import Reader
from notifier.store.records import encode

T = TypeVar("T")

app = typer.Typer(help="The shop's own endpoints that news is posted to.", no_args_is_help=True)

EndpointName = Annotated[str, typer.Argument(metavar="NAME", help="A section of [webhooks]")]


@app.command("list")
def list_endpoints(as_json: JsonLines = False, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Every endpoint: whether it is on, what waits for it, and its last trouble."""
    settings = configured(config, data_dir)

    async def read(redis: Redis) -> list[tuple[str, EndpointState, PendingNews]]:
        now, everywhere = _now(), Reader(redis, settings.redis.partitions).everywhere
        states = EndpointStates(redis)
        return [
            (
                name,
                await states.of(name, now=now),
                await outbox.waiting(redis, everywhere, name, now=now),
            )
            for name in settings.webhooks
        ]

    found = _with_store(settings, read)
    if as_json:
        write_lines(
            {"name": name, "off": standing.off, "failing": standing.failing, **asdict(standing)}
            | {"waiting": waiting.count, "oldest": waiting.oldest}
            for name, standing, waiting in found
        )
        return
    table = Table("name", "state", "waiting", "oldest", "last taken", "dropped", "trouble")
    for name, standing, waiting in found:
        table.add_row(
            name,
            _state(standing),
            str(waiting.count),
            _moment(waiting.oldest),
            _moment(standing.taken_at),
            str(standing.dropped),
            foreign(standing.problem or ""),
        )
    show_table(table, whole=("name",))


@app.command()
def enable(name: EndpointName, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Switch an endpoint on again; what waits for it is posted at once."""
    settings = configured(config, data_dir)
    endpoint = _endpoint(settings, name)

    async def switch_on(redis: Redis) -> int:
        now, everywhere = _now(), Reader(redis, settings.redis.partitions).everywhere
        await EndpointStates(redis).enable(name)
        for keys in everywhere:
            await outbox.hasten(redis, keys, endpoint, after=now)
        return (await outbox.waiting(redis, everywhere, name, now=now)).count

    count = _with_store(settings, switch_on)
    printer().print(f"{name} is on; {count} waiting {'is' if count == 1 else 'are'} posted now, while a worker runs.")


@app.command("test")
def try_out(
    name: EndpointName,
    event: Annotated[Topic | None, typer.Option(help="Which sample; else the first of those it wants")] = None,
    config: ConfigOption = None,
) -> None:
    """Post a made-up sample to an endpoint and say what it answers. Exit code 1 when it does not take it."""
    settings = configured(config)
    endpoint = _endpoint(settings, name)
    topic, now = event or settings.webhooks[name].events[0], _now()

    async def post() -> EndpointAnswer:
        async with posting.session() as connections:
            body = encode(samples(now)[topic])
            return await posting.post(connections, endpoint, f"msg_test{secrets.token_hex(8)}", body, now=now)

    answer = asyncio.run(post())
    verdict = "took" if answer.taken else "did not take"
    printer().print(f"{name} {verdict} a sample {topic}: {answer}, after {answer.seconds:.2f} s")
    raise typer.Exit(0 if answer.taken else 1)


def _endpoint(config: Config, name: str) -> Endpoint:
    if name not in config.webhooks:
        known = ", ".join(sorted(config.webhooks)) or "none"
        raise ConfigError(f"{config.file}: there is no [webhooks.{name}]; there are: {known}")
    try:
        return config.webhooks[name].endpoint(name)
    except MissingSecretError as error:
        raise ConfigError(f"{config.file}: webhooks.{name}.secret: {error}") from None


def _state(standing: EndpointState) -> str:
    if standing.off:
        return f"off since {_moment(standing.off_since)} ({standing.why_off})"
    return f"failing since {_moment(standing.failing_since)}" if standing.failing else "on"


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _now() -> datetime:
    return datetime.now(TEHRAN)


def _with_store(config: Config, do: Callable[[Redis], Awaitable[T]]) -> T:
    async def run() -> T:
        store = Store(config.redis)
        try:
            return await do(await store.open())
        finally:
            await store.close()

    return asyncio.run(run())
