"""How much of a processor a command takes before and while it does its work: ``python -m bench.startup [--rounds N]``.

Each command is run as a person runs it, once to have its bytecode written and then N times; the figure is the median of
the seconds its process was on a processor, in user and system mode together. ``trigger`` posts to a server of this
process's own that answers 202 at once, so that none of the service's time is in it. Ends with 1 when a command takes
more than is wanted of it.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from bench.table import Row, show
from notifier.config import shipped

LIMIT = 0.5  # seconds
COMMANDS: Mapping[str, float | None] = {"--help": LIMIT, "--version": LIMIT, "trigger": LIMIT, "check": None}
"""What is asked, and the seconds that are wanted of it; ``check`` reads every text and the libraries for them."""

_SECRETS = {
    "SHOP_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "WOO_WEBHOOK_SECRET": "woo",
    "NOTIFIER_CALLBACK_TOKEN": "a-token-for-the-bench",
    "NOTIFIER_API_TOKEN": "bench",
    "KAVENEGAR_API_KEY": "bench",
}


class _Taking(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def _taking() -> Iterator[str]:
    """The address of a server that takes events."""
    with HTTPServer(("127.0.0.1", 0), _Taking) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def rows(rounds: int) -> list[Row]:
    found = []
    with _taking() as url:
        config = ("--config", str(shipped.CONFIG))
        arguments = {"trigger": ("order.registered", "--url", url, *config), "check": config}
        for name, wanted in COMMANDS.items():
            _seconds((name, *arguments.get(name, ())))
            figure = statistics.median(_seconds((name, *arguments.get(name, ()))) for _ in range(rounds))
            asked = "" if wanted is None else f"≤ {wanted} s"
            found.append(
                Row(f"notifier {name}", f"{figure:.2f} s", wanted=asked, reached=not wanted or figure <= wanted)
            )
    return found


def _seconds(command: Sequence[str]) -> float:
    """The seconds of processor time that a command takes, those of what it starts included."""
    environment = os.environ | _SECRETS
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run([sys.executable, "-m", "notifier", *command], env=environment, stdout=subprocess.DEVNULL)
    if ran.returncode > (command[0] == "check"):  # which ends with 1 for the shop of the sample
        raise SystemExit(f"notifier {command[0]} ended with {ran.returncode}; nothing of it counts")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7)
    result = rows(options.parse_args().rounds)
    show(result)
    sys.exit(0 if all(row.reached for row in result) else 1)
