"""Programs that ours is measured beside, each in an environment of its own.

The environments are made when they are first needed, in the user's cache: nothing of theirs lies in the project.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load import SECRET, free_port, running

HERE = Path(__file__).parent
ENVIRONMENTS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "notifier-bench"


class PeerMissing(Exception):
    """It cannot be had on this machine. The message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """``web`` and ``worker`` are the commands of its processes; {run} stands for the folder of its programs, {node} for
    that of its modules, {port} for the port. A peer that has no worker answers and does nothing else."""

    name: str
    packages: Sequence[str]
    web: str = ""
    worker: str = ""
    by_npm: bool = False

    @property
    def folder(self) -> Path:
        return ENVIRONMENTS / self.name

    def prepare(self) -> None:
        """Make its environment unless it is there. Raises PeerMissing."""
        if (self.folder / "installed").exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for command in self._install_by_npm() if self.by_npm else self._install_by_pip():
            ran = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
            if ran.returncode:
                said = ran.stderr.strip().splitlines() or ["nothing was said"]
                raise PeerMissing(f"{' '.join(self.packages)} cannot be installed: {said[-1]}")
        (self.folder / "installed").touch()

    def command(self, line: str, *, port: int = 0) -> list[str]:
        """One of its commands, to be run; its own modules of Node are found beside its packages."""
        if self.by_npm:
            for file in HERE.glob("*.mjs"):
                shutil.copy(file, self.folder)
        places = {"run": str(self.folder / "bin"), "node": str(self.folder), "port": str(port)}
        return [part.format(**places) for part in line.split()]

    @contextmanager
    def serving(self) -> Iterator[tuple[int, int]]:
        """Its web process alone, once it is ready; the port and the id of the process."""
        self.prepare()
        port = free_port()
        with running(self.command(self.web, port=port), self.environment(), port) as pid:
            yield port, pid

    def environment(self) -> dict[str, str]:
        return {"SECRET": SECRET, "PYTHONPATH": str(HERE)}

    def _install_by_pip(self) -> list[list[str]]:
        run = str(self.folder / "bin" / "python")
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        return [
            [sys.executable, "-m", "venv", str(self.folder)],
            [run, "-m", "pip", "install", *quiet, *self.packages],
        ]

    def _install_by_npm(self) -> list[list[str]]:
        missing = [name for name in ("node", "npm") if shutil.which(name) is None]
        if missing:
            raise PeerMissing(f"there is no {' and no '.join(missing)} on this machine")
        (self.folder / "package.json").write_text('{"private": true, "type": "module"}\n')
        return [["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *self.packages]]


_PYTHON = ("pydantic>=2.7", "jinja2>=3.1", "standardwebhooks>=1.0", "redis>=5", "hiredis>=2.3", "uvloop>=0.19")

EMPTY = Peer("aiohttp-empty", ("aiohttp>=3.9", "uvloop>=0.19"), "{run}/python -m empty_shop {port}")
ARQ = Peer(
    "aiohttp-arq",
    ("aiohttp>=3.9", "arq>=0.26", *_PYTHON),
    "{run}/python -m arq_web {port}",
    "{run}/python -m arq arq_worker.WorkerSettings",
)
CELERY = Peer(
    "fastapi-celery",
    ("fastapi>=0.115", "uvicorn[standard]>=0.30", "celery[redis]>=5.4", "requests>=2.31", *_PYTHON),
    "{run}/python -m uvicorn --port {port} --no-access-log --log-level warning celery_shop:app",
    "{run}/python -m celery -A celery_shop:queue worker --concurrency 2 --loglevel WARNING"
    " --without-gossip --without-mingle --without-heartbeat",
)
BULLMQ = Peer(
    "fastify-bullmq",
    ("fastify@5", "bullmq@5", "ioredis@5", "undici@7", "nunjucks@3", "ajv@8"),
    "node {node}/bullmq_web.mjs {port}",
    "node {node}/bullmq_worker.mjs",
    by_npm=True,
)
