"""``notifier serve``: the service itself."""

import asyncio
import os
import signal
import subprocess
import sys
from typing import Annotated

import structlog
import typer
import uvloop
from aiohttp import web

from notifier import checks, logs
from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.config import Config
from notifier.errors import ConfigError
from notifier.service import ROLES, Service
from notifier.texts import loading

log = structlog.get_logger()

_SHARE_PORT = "NOTIFIER_SHARE_PORT"
"""Set for the processes of ``--workers``, which all listen on one port."""


def add_to(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any")] = None,
    data_dir: DataDirOption = None,
    role: Annotated[str, typer.Option(help="web takes events, worker sends texts and makes calls due")] = "web,worker",
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes")] = 1,
) -> None:
    """Run the service until it is told to stop."""
    logs.configure()
    settings = configured(config, data_dir)
    changes = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update={"server": settings.server.model_copy(update=changes)})
    roles = [part.strip() for part in role.split(",")]
    if unknown := set(roles) - set(ROLES):
        raise ConfigError(f"--role: unknown {', '.join(sorted(unknown))}; write web, worker or web,worker")
    checks.require(settings, loading.load(settings))
    if workers > 1:
        raise typer.Exit(_supervise(sys.argv[1:], workers))
    uvloop.run(_serve(settings, roles))


async def _serve(config: Config, roles: list[str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Service(config, roles=roles) as service:
        runner = web.AppRunner(service.app, access_log=None, handle_signals=False)
        await runner.setup()
        site = web.TCPSite(
            runner, config.server.host, config.server.port, reuse_port=True if os.environ.get(_SHARE_PORT) else None
        )
        try:
            try:
                await site.start()
            except OSError as error:
                where = f"{config.server.host}:{config.server.port}"
                raise ConfigError(f"cannot listen on {where}: {error.strerror}; choose another --port") from None
            log.info("ready", action="ready", url=_url(runner), roles=",".join(roles), pid=os.getpid())
            await stop.wait()
            log.info("stopping", action="stopping")
        finally:
            await runner.cleanup()
    log.info("stopped", action="stopped")


def _url(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


def _supervise(arguments: list[str], workers: int) -> int:
    """Run several processes on one port; one that dies is started again, and a signal to us is for all of them."""
    place = arguments.index("--workers") if "--workers" in arguments else -1
    kept = arguments[:place] + arguments[place + 2 :] if place >= 0 else [
        argument for argument in arguments if not argument.startswith("--workers=")
    ]  # fmt: skip
    command, environment = [sys.executable, "-m", "notifier", *kept], os.environ | {_SHARE_PORT: "1"}
    processes = [subprocess.Popen(command, env=environment) for _ in range(workers)]
    stopping = False

    def stop(number: int, _: object) -> None:
        nonlocal stopping
        stopping = True
        for process in processes:
            process.send_signal(signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while True:
        pid, status = os.wait()
        index = next((index for index, process in enumerate(processes) if process.pid == pid), None)
        if index is None:
            continue
        code = processes[index].returncode = os.waitstatus_to_exitcode(status)
        if stopping or code == 2:
            stop(signal.SIGTERM, None)
            codes = [process.wait() for process in processes]
            return max(0 if one == -signal.SIGTERM else abs(one) for one in codes)
        log.error("a worker died and is started again", action="worker_died", pid=pid, code=code)
        processes[index] = subprocess.Popen(command, env=environment)
