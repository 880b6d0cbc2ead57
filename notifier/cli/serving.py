"""``notifier serve``: the service itself."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import structlog
import typer
import uvloop
from aiohttp import web
from redis.exceptions import RedisError

from notifier import tasks
from notifier.cli import systemd
from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.cli.starting import Waiting, exit_code, held_by_parent, pause, port_awaited, started
from notifier.cli.supervising import LISTENING, supervise, worker_command
from notifier.config import Config
from notifier.config.server import ServerConfig
from notifier.diagnostics import offline
from notifier.errors import ConfigError, NotifierError, TemplateError
from notifier.observability import logs
from notifier.secret import secrets_of
from notifier.service.process import ROLES, Service
from notifier.store import audit
from notifier.store.audit import SERVICE, Act, AuditEntry
from notifier.store.records import ms
from notifier.store.urls import passwords_in
from notifier.texts import loading
from notifier.web import listening, sockets
from notifier.web.holding import HoldingDoor
from notifier.web.holding import serve as serve_at
from notifier.web.sockets import PortTaken

log = structlog.get_logger()

_YOUNG = 50_000  # objects that may come to be before the youngest are looked through


def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any")] = None,
    data_dir: DataDirOption = None,
    role: Annotated[str, typer.Option(help="web takes events, worker sends texts and makes calls due")] = "web,worker",
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes")] = 1,
) -> None:
    """Run the service until it is told to stop."""
    settings = configured(config, data_dir)
    hidden = secrets_of(settings) | passwords_in(settings.redis.url)
    logs.configure(level=settings.logs.level, form=settings.logs.format, secrets=hidden)
    changes = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update={"server": settings.server.model_copy(update=changes)})
    roles = [part.strip() for part in role.split(",")]
    if unknown := set(roles) - set(ROLES):
        raise ConfigError(f"--role: unknown {', '.join(sorted(unknown))}; write web, worker or web,worker")
    if workers > 1:
        offline.require(settings, loading.load(settings))
        raise typer.Exit(supervise(worker_command(sys.argv[1:]), workers, settings.server))

    def reread() -> Config:
        """The file as it is now, with what the command line says. Raises ConfigError with every finding."""
        wrong = [found.text for found in offline.configuration(config) if found.level is offline.FindingLevel.ERROR]
        if wrong:
            raise ConfigError("\n".join(wrong))
        fresh = configured(config, data_dir)
        return fresh.model_copy(update={"server": fresh.server.model_copy(update=changes)})

    try:
        uvloop.run(_serve(settings, roles, reread))
    except NotifierError:
        raise
    except Exception as error:
        log.error("the service ended", action="crashed", error=type(error).__name__, exc_info=error)
        raise typer.Exit(exit_code(error)) from None


async def _serve(config: Config, roles: list[str], reread: Callable[[], Config]) -> None:
    stop, hangup, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hangup.set)  # before the start is over it waits until then
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(held_by_parent(stop))
        bound = await _listening(config.server, stop)
        stack.callback(sockets.close, bound)
        door = HoldingDoor(bound, config.server)
        stack.push_async_callback(door.close)
        service = await started(lambda: Service(config, roles=roles, reread=reread), door, stop)
        if service is not None:
            async with contextlib.aclosing(service):
                await _answer(service, bound, door, stop, reread, hangup)
    log.info("stopped", action="stopped")


async def _listening(server: ServerConfig, stop: asyncio.Event) -> list[socket.socket]:
    """The sockets of the service: those that our parent has bound, or our own as soon as the port is free."""
    if numbers := os.environ.get(LISTENING):
        return sockets.inherited(numbers)
    waiting = Waiting(port_awaited)
    while not stop.is_set():
        try:
            return sockets.bind(server.host, server.port)
        except PortTaken as error:
            await pause(waiting.because(str(error)), stop)
    return []


async def _answer(
    service: Service,
    bound: Sequence[socket.socket],
    door: HoldingDoor,
    stop: asyncio.Event,
    reread: Callable[[], Config],
    hangup: asyncio.Event,
) -> None:
    """Answer at the sockets until we are told to stop."""
    listener = asyncio.create_task(_reconfigure(service, reread, hangup), name="reconfigure")
    runner = listening.runner(service.app, service.config.server)
    await runner.setup()
    try:
        await door.close()
        await serve_at(runner, bound)
        spare_the_collector()
        log.info("ready", action="ready", url=_url(runner), roles=",".join(sorted(service.roles)), pid=os.getpid())
        systemd.notify(status="Ready", ready=True)
        await stop.wait()
        log.info("stopping", action="stopping")
        systemd.notify(status="Stopping", stopping=True)
    finally:
        sockets.close(bound)  # nobody who comes now waits for us
        await tasks.end(listener)
        await runner.cleanup()


def spare_the_collector() -> None:
    """What is there once the service is ready stays, and little of what a request makes is garbage in cycles: looking
    through the young at every seven hundred new objects took a third of the time of an event."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)


async def _reconfigure(service: Service, reread: Callable[[], Config], asked: asyncio.Event) -> None:
    """Whenever asked, take up a changed configuration file; a wrong one is refused, and the old one goes on."""
    while True:
        await asked.wait()
        asked.clear()
        try:
            changes = service.reconfigure(await asyncio.to_thread(reread))
        except (ConfigError, TemplateError) as error:
            wrong = str(error).splitlines()
            log.error("configuration refused, the old one goes on", action="config_refused", errors=wrong)
            await _write_down(service, Act.SETTINGS_REFUSED, "")
            continue
        log.info("configuration read again", action="config_read", taken_up=changes.taken_up)
        waiting = [f"{key} (restart)" for key in changes.restart]
        await _write_down(service, Act.SETTINGS_RELOADED, ", ".join([*changes.taken_up, *waiting]))
        if changes.restart:
            log.warning("restart to take up", action="restart_needed", keys=changes.restart)


async def _write_down(service: Service, act: Act, keys: str) -> None:
    """In the audit trail, by each process that did it; one that cannot goes on all the same."""
    entry = AuditEntry(at=ms(service.clock.now()), act=act, by=SERVICE, about=f"pid {os.getpid()}", more=keys[:500])
    try:
        await audit.write(service.redis, entry)
    except (RedisError, OSError, NotifierError) as error:
        log.warning("not written into the audit trail", action="audit_away", error=type(error).__name__)


def _url(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"
