"""What others would do for a shop's webhook: verify it and put a job into a queue, nothing more.

Each runs in a virtual environment of its own, made when it is first needed, and over a Redis as durable as ours.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load import ROOT, SECRET, free_port, running

HERE = Path(__file__).parent
_ENVIRONMENTS = ROOT / ".bench"


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    packages: Sequence[str]
    command: Sequence[str]  # after the interpreter; {port} stands for the port

    def python(self) -> Path:
        """The interpreter of its environment, which is made now if there is none."""
        folder = _ENVIRONMENTS / self.name
        if not (folder / "installed").exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", *self.packages]
            subprocess.run([str(folder / "bin" / "python"), *install], check=True)
            (folder / "installed").touch()
        return folder / "bin" / "python"

    @contextmanager
    def serving(self, redis_socket: str) -> Iterator[int]:
        port = free_port()
        command = [str(self.python()), *(part.format(port=port) for part in self.command)]
        with running(command, self.environment() | {"REDIS_SOCKET": redis_socket}, port):
            yield port

    def environment(self) -> dict[str, str]:
        return {"SECRET": SECRET, "PYTHONPATH": str(HERE)}


ARQ = Peer(
    "aiohttp-arq",
    ("aiohttp>=3.9", "arq>=0.26", "uvloop>=0.19", "standardwebhooks>=1.0"),
    ("-m", "arq_shop", "{port}"),
)
CELERY = Peer(
    "fastapi-celery",
    ("fastapi>=0.115", "uvicorn[standard]>=0.30", "celery[redis]>=5.4", "standardwebhooks>=1.0"),
    ("-m", "uvicorn", "--port", "{port}", "--no-access-log", "--log-level", "warning", "celery_shop:app"),
)
EMPTY = Peer("aiohttp-empty", ("aiohttp>=3.9", "uvloop>=0.19"), ("-m", "empty_shop", "{port}"))
PROVIDER = Peer("aiohttp-empty", EMPTY.packages, ())
