"""Several processes of the service on one port: one that dies is started again, a signal to us is for all of them."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from notifier.cli.starting import LIFELINE, Waiting, port_awaited
from notifier.config.server import ServerConfig
from notifier.observability.counters import TOGETHER
from notifier.web import sockets
from notifier.web.sockets import PortTaken

log = structlog.get_logger()

LISTENING = "NOTIFIER_LISTENING"
"""For the processes of ``--workers``: the file descriptors of the sockets that their parent has bound for all."""

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_NEWS = (*_STOPPING, signal.SIGCHLD, signal.SIGHUP)
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0  # seconds before a process that died is started again
_WELL_AFTER = 60.0  # seconds: who lived so long is started again as if for the first time
_CONFIGURATION = 2  # the exit code of a mistake that starting again does not mend, while it ends no healthy process


class Worker:
    """A place for one process, filled anew whenever it dies: at once the first time, then later and later."""

    def __init__(self, start: Callable[[], "subprocess.Popen[bytes]"], now: float) -> None:
        self._start, self._deaths = start, 0
        self.mistaken = False
        self.process: subprocess.Popen[bytes] | None = None
        self.due = now

    def fill(self, now: float) -> None:
        """Start a process if there is none and its time has come."""
        if self.process is None and self.due <= now:
            self.process, self._since = self._start(), now

    def died(self, now: float, *, mistaken: bool = False) -> float:
        """Note that it is gone, perhaps for a mistake that others may not meet; the seconds until the next start."""
        self.process, self.mistaken = None, mistaken
        self._deaths = 0 if now - self._since > _WELL_AFTER else self._deaths + 1
        wait = min(_FIRST_WAIT * 2.0 ** (self._deaths - 2), _LONGEST_WAIT) if self._deaths > 1 else 0.0
        wait = _LONGEST_WAIT if mistaken else wait
        self.due = now + wait
        return wait


def supervise(command: Sequence[str], workers: int, server: ServerConfig) -> int:
    """Run so many processes of the command until we are told to stop or all are told a mistake; the exit code.

    Raises ConfigError where nobody could ever listen at the address.
    """
    # Blocked before the first process is there, and waited for: none comes too early, none gets lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, _NEWS)
    if (bound := _bound(server)) is None:
        return 0
    # Its other end is ours alone: whatever becomes of us, our processes see it close.
    lifeline, ours = os.pipe()
    with tempfile.TemporaryDirectory(prefix="notifier-metrics-") as folder:
        environment = os.environ | {
            LISTENING: sockets.numbers(bound),
            LIFELINE: str(lifeline),
            TOGETHER: folder,
        }
        try:
            return _supervise(command, workers, environment, lifeline, bound)
        finally:
            sockets.close(bound)
            os.close(lifeline)
            os.close(ours)


def _bound(server: ServerConfig) -> "list[socket.socket] | None":
    """The sockets for all, as soon as the port is free; None when we are told to stop before."""
    waiting = Waiting(port_awaited)
    while True:
        try:
            return sockets.bind(server.host, server.port)
        except PortTaken as error:
            if signal.sigtimedwait(_STOPPING, waiting.because(str(error))) is not None:
                return None


def _supervise(
    command: Sequence[str],
    workers: int,
    environment: Mapping[str, str],
    lifeline: int,
    bound: Sequence[socket.socket],
) -> int:
    handed_down = [lifeline, *(one.fileno() for one in bound)]

    def start() -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(command, env=environment, preexec_fn=_unblock, pass_fds=handed_down)
        log.info("a worker was started", action="worker_started", pid=process.pid)
        return process

    places = [Worker(start, time.monotonic()) for _ in range(workers)]
    while True:
        now = time.monotonic()
        for place in places:
            place.fill(now)
        due = [place.due for place in places if place.process is None]
        news = signal.sigtimedwait(_NEWS, max(min(due, default=now + 3600) - now, 0.01))
        if news is not None and news.si_signo in _STOPPING:
            sockets.close(bound)  # whoever connects now is refused, and waits for nobody
            return _stop(places)
        if news is not None and news.si_signo == signal.SIGHUP:
            _tell(places, signal.SIGHUP)
        for place in places:
            if place.process is None or (code := place.process.poll()) is None:
                continue
            pid = place.process.pid
            wait = place.died(time.monotonic(), mistaken=code == _CONFIGURATION)
            log.error("a worker died and is started again", action="worker_died", pid=pid, code=code, in_seconds=wait)
        if all(place.process is None and place.mistaken for place in places):
            return _CONFIGURATION


def worker_command(arguments: Sequence[str]) -> list[str]:
    """The command of one process: ours, without ``--workers``."""
    kept: list[str] = []
    following = iter(arguments)
    for argument in following:
        if argument == "--workers":
            next(following, None)
        elif not argument.startswith("--workers="):
            kept.append(argument)
    return [sys.executable, "-m", "notifier", *kept]


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _NEWS)


def _tell(places: Sequence[Worker], number: int) -> "list[subprocess.Popen[bytes]]":
    """Send a signal to all that run."""
    running = [place.process for place in places if place.process is not None]
    for process in running:
        process.send_signal(number)
    return running


def _stop(places: Sequence[Worker]) -> int:
    """Have all of them drain; the worst of their exit codes."""
    running = _tell(places, signal.SIGTERM)
    codes = [process.wait() for process in running]
    return max((0 if code == -signal.SIGTERM else abs(code) for code in codes), default=0)
