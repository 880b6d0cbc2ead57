"""Hostile input against the real service over HTTP: ``python tests/fuzz.py --inputs 100000 --seed 1``.

Every input is made from the seed and its number, so ``--only NUMBER`` sends one of them again. What may not happen: a
5xx, an answer later than a second, a 2xx for who has not proved who they are, a 2xx for an event that is not in the
store, an error that is no problem document.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import fuzz_inputs
import uvloop
from aiohttp import web
from fuzz_inputs import Input, Inputs

from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.config.loading import load
from notifier.observability import logs
from notifier.service.process import WEB, Service
from notifier.web import listening

AT = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
SLOWEST = 1.0  # seconds
_CONNECTIONS = 24
_STORED_EVERY = 5  # every fifth 2xx is looked up in the store
_BRINGS_NO_MORE = 0.3  # seconds
_PATIENCE = 10.0  # seconds, after which a client gives up


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    kind: str
    body: bytes

    @property
    def document(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(slots=True)
class Report:
    """What came of a run."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    closed: int = 0
    looked_up: int = 0
    slow_once: int = 0
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    took: float = 0

    def lines(self) -> list[str]:
        kinds = sorted({kind for kind, _ in self.answers})
        rows = [
            f"{kind:9} " + "  ".join(f"{s}: {n}" for (k, s), n in sorted(self.answers.items()) if k == kind)
            for kind in kinds
        ]
        count = len(self.times)
        tail = statistics.quantiles(self.times, n=1000)[-1] if count > 1 else 0
        return [
            *rows,
            f"{count} inputs in {self.took:.0f} s ({count / self.took:.0f}/s), {self.looked_up} of the 2xx looked up "
            f"in the store, {self.closed} malformed ones closed without an answer",
            f"slowest answer {max(self.times):.3f} s, 99.9 % within {tail:.3f} s; {self.slow_once} were over a second",
            *self.failures[:50],
            f"{len(self.failures)} failures",
        ]


class Closed(Exception):
    """The connection ended without an answer."""


class Connection:
    """One keep-alive connection, opened again whenever it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, given: Input) -> Answer:
        """Raises Closed, or TimeoutError."""
        fresh = self._streams is None
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._ask(given)
        except (Closed, ConnectionError, asyncio.IncompleteReadError):
            await self.close()
            if fresh or given.broken:
                raise Closed from None
        except TimeoutError:
            await self.close()
            raise
        return await self.ask(given)  # it was closed after the answer before

    async def _ask(self, given: Input) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        reader, writer = self._streams
        writer.write(given.raw)
        # What is broken may well promise more than it brings: after a while the client says that nothing will follow.
        ending = asyncio.get_running_loop().call_later(_BRINGS_NO_MORE, writer.write_eof) if given.broken else None
        try:
            head = "HTTP/1.1 100"
            while head.startswith("HTTP/1.1 100"):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        finally:
            if ending:
                ending.cancel()
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split(" ")[1])
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if given.broken or headers.get("connection") == "close":
            await self.close()
        return Answer(status, headers.get("content-type", ""), body)

    async def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


@dataclass(slots=True)
class Fuzz:
    """One run against one service."""

    service: Service
    port: int
    inputs: Inputs
    report: Report = field(default_factory=Report)
    slowest: float = SLOWEST
    slow: list[Input] = field(default_factory=list)
    told: int = 0  # events that were answered with a 2xx

    async def run(self, numbers: range) -> Report:
        """Send these inputs over several connections at once."""
        waiting, started = iter(numbers), time.perf_counter()

        async def client() -> None:
            connection = Connection(self.port)
            for number in waiting:
                if number % 10_000 == 9_999:
                    print(f"{number + 1} …", file=sys.stderr)
                await self._one(connection, self.inputs.make(number))
            await connection.close()

        await asyncio.gather(*(client() for _ in range(_CONNECTIONS)))
        self.report.took = time.perf_counter() - started
        for given in self.slow:
            await self._again(given)
        return self.report

    async def _one(self, connection: Connection, given: Input) -> None:
        started = time.perf_counter()
        try:
            answer = await connection.ask(given)
        except Closed:
            self.report.closed += 1
            self.report.times.append(time.perf_counter() - started)
            if not given.broken:
                self._fail(given, "closed without an answer")
            return
        except TimeoutError:
            self.slow.append(given)
            return
        took = time.perf_counter() - started
        self.report.times.append(took)
        self.report.answers[given.kind, answer.status] += 1
        if took > self.slowest:
            self.slow.append(given)
        await self._judge(given, answer)

    async def _again(self, given: Input) -> None:
        """Whether it is this input that is slow, or the machine was busy: alone, up to five times."""
        self.report.slow_once += 1
        for _ in range(5):
            started, connection = time.perf_counter(), Connection(self.port)
            with contextlib.suppress(Closed, TimeoutError):
                await connection.ask(given)
            await connection.close()
            if time.perf_counter() - started <= self.slowest:
                return
        self._fail(given, "slow, and slow again whenever it was sent alone")

    async def _judge(self, given: Input, answer: Answer) -> None:
        document = answer.document
        if answer.status >= 500:
            self._fail(given, f"{answer.status} {answer.body[:200]!r}")
        elif answer.status >= 400:
            told = isinstance(document, dict) and document.get("status") == answer.status and document.get("detail")
            if given.kind not in ("console", "wire") and not (
                told and answer.kind.startswith("application/problem+json")
            ):
                self._fail(given, f"{answer.status} is no problem document: {answer.kind} {answer.body[:200]!r}")
        elif 200 <= answer.status < 300:
            if not given.entitled and document != {"ping": True}:
                self._fail(given, f"{answer.status} for who has no right to it: {answer.body[:200]!r}")
            elif given.kind in ("standard", "woo", "batch", "wire"):
                await self._look_up(given, document)
        elif given.kind == "console" and b"/console/login HTTP" in given.raw and given.raw.startswith(b"POST"):
            self._fail(given, f"{answer.status}: signed in with nothing")

    async def _look_up(self, given: Input, document: Any) -> None:
        """Whether the store holds what was said to be safe."""
        for part in document if isinstance(document, list) else [document]:
            if not isinstance(part, dict) or "event_id" not in part:
                continue
            self.told += 1
            if self.told % _STORED_EVERY:
                continue
            self.report.looked_up += 1
            reader, source = self.service.reader, "woo" if given.kind == "woo" else "shop"
            keys = await reader.keys_of(source, part["order_id"])
            known = await reader.order(source, part["order_id"])
            parked = await self.service.redis.llen(keys.parked(source, part["order_id"]))
            seen = await self.service.redis.exists(keys.seen(source, part["event_id"]))
            if known is None and not parked and part["prepaid"] is not False:
                self._fail(given, f"not in the store: {part}")
            if source == "shop" and not (seen and (known or parked)):
                self._fail(given, f"not in the store: {part}")
            messages = [(keys, message["id"]) for message in part["messages"]]
            if len(await reader.messages(messages)) != len(messages):
                self._fail(given, f"its messages are not in the store: {part}")

    def _fail(self, given: Input, text: str) -> None:
        self.report.failures.append(f"--only {given.number} ({given.kind}): {text}")


def configuration(folder: Path) -> Config:
    """The configuration as it ships, with the secrets that inputs are signed with."""
    ours = {
        "SOURCES__SHOP__SECRET": fuzz_inputs.SHOP_SECRET,
        "SOURCES__WOO__SECRET": fuzz_inputs.WOO_SECRET,
        "SMS__PROVIDER": "simulator",
        "CALLBACKS__TOKEN": fuzz_inputs.CALLBACK_TOKEN,
        "API__TOKENS": json.dumps([fuzz_inputs.API_TOKEN]),
        "REDIS__DATA_DIR": str(folder),
        "REDIS__DURABILITY": "everysec",
    }
    file = Path(__file__).parents[1] / "config.toml"
    return load(file, environment={f"NOTIFIER__{name}": value for name, value in ours.items()})


async def fuzz(numbers: range, seed: int, *, config: Config | None = None, slowest: float = SLOWEST) -> Report:
    """Start a service, send it these inputs, and stop it. ``slowest`` is in seconds."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        config = config or configuration(Path(folder))
        async with Service(config, clock=StillClock(AT), roles=[WEB]) as service:
            runner = listening.runner(service.app, config.server, shutdown_timeout=1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            try:
                return await Fuzz(service, runner.addresses[0][1], Inputs(seed, AT), slowest=slowest).run(numbers)
            finally:
                await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="this input alone, shown")
    options = parser.parse_args()
    logs.configure(level="ERROR")
    numbers = range(options.inputs) if options.only is None else range(options.only, options.only + 1)
    if options.only is not None:
        print(Inputs(options.seed, AT).make(options.only))
    report = uvloop.run(fuzz(numbers, options.seed))
    print("\n".join(report.lines()))
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
