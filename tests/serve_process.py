"""The service as its own process, as an operator runs it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STOPPING = 10  # seconds


@dataclass(slots=True)
class Served:
    """A running ``notifier serve``, with the log lines it has written."""

    process: asyncio.subprocess.Process
    log: list[dict[str, Any]] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)  # what it wrote that is no log line
    drained: asyncio.Event = field(default_factory=asyncio.Event)  # nobody can write to its log any more
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """Where it listens."""
        return next(str(line["url"]) for line in self.log if line.get("action") == "ready")

    async def read_until(self, action: str, *, times: int = 1) -> None:
        """Wait until lines of one kind have come so often. Raises AssertionError when it ends before."""

        def over() -> bool:
            return self._count(action) >= times or self.process.returncode is not None

        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(over)
        assert self._count(action) >= times, f"it ended with {self.process.returncode}: {self.plain}"

    def _count(self, action: str) -> int:
        return sum(line.get("action") == action for line in self.log)

    async def read(self) -> None:
        """Read its log to the end: a pipe that nobody reads would hold it up."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self._take(line)
            async with self._news:
                self._news.notify_all()
        self.drained.set()
        await self.process.wait()
        async with self._news:
            self._news.notify_all()

    def _take(self, line: bytes) -> None:
        try:
            self.log.append(json.loads(line))
        except ValueError:
            self.plain.append(line.decode().rstrip())


@contextlib.asynccontextmanager
async def serve(
    environment: dict[str, str],
    *arguments: str,
    program: Sequence[str] = (sys.executable, "-m", "notifier"),
    folder: Path | None = None,
) -> AsyncIterator[Served]:
    """Start ``notifier serve`` in a process group of its own; at the end it is stopped, with its Redis, or killed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER")}
    process = await asyncio.create_subprocess_exec(
        *(*program, "serve", *arguments),
        env=kept | environment,
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    served = Served(process)
    reading = asyncio.create_task(served.read())
    try:
        yield served
    finally:
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            process.terminate()
            await asyncio.wait_for(process.wait(), _STOPPING)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await reading
