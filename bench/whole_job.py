"""The whole job beside others: ``python -m bench.whole_job [--rounds N] [--events N]``.

The job is an event verified, validated, deduplicated, stored, its text rendered, posted to a provider on this machine,
and the answer recorded, over a Redis that syncs its file before it answers. Each does it with a web process and its
worker, one after the other, several rounds in turn. What counts is the processor time of all its processes and of its
Redis until the last answer is recorded; the provider and whoever posts are not counted.

The others decide nothing, plan one call and cannot promise that no text leaves twice. Whoever cannot be installed here
is left out, with the reason.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from bench import delivery, processor
from bench.load import free_port, running, serving
from bench.peers import ARQ, BULLMQ, CELERY, Peer, PeerMissing
from bench.table import Row, command
from notifier.domain.messages import MessageState
from notifier.store.embedded import EmbeddedRedis
from notifier.store.keys import Keys

WANTED: Mapping[str, float] = {"Fastify + BullMQ": 0.55, "aiohttp + arq": 0.25, "FastAPI + Celery": 0.10}
"""Our processor time, of each of theirs."""

PEERS: Mapping[str, Peer] = {"Fastify + BullMQ": BULLMQ, "aiohttp + arq": ARQ, "FastAPI + Celery": CELERY}
OURS = "ours"

_WARM = 300  # events before it counts
_PATIENCE = 120  # seconds without a text recorded until it is given up


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does the job now: the port, the processes, the Redis and the sorted set of texts whose answer is recorded."""

    port: int
    pids: tuple[int, ...]
    redis: str
    recorded: str

    def spent(self) -> float:
        return sum(map(processor.of_process, self.pids)) + processor.of_redis_at(self.redis)


@contextmanager
def _ours(folder: Path, provider: int) -> Iterator[Doing]:
    with serving(folder, settings=delivery.settings(provider)) as (port, pid):
        yield Doing(port, (pid,), EmbeddedRedis(folder).socket_path, Keys(0).messages(MessageState.ACCEPTED))


@contextmanager
def _theirs(peer: Peer, folder: Path, provider: int) -> Iterator[Doing]:
    port, url = free_port(), f"http://127.0.0.1:{provider}/v1/key/sms/send.json"
    with EmbeddedRedis(folder) as redis:
        environment = peer.environment() | {"REDIS_SOCKET": str(redis.socket_path), "PROVIDER": url}
        with (
            running(peer.command(peer.worker), environment, None) as worker,
            running(peer.command(peer.web, port=port), environment, port) as web,
        ):
            yield Doing(port, (web, worker), str(redis.socket_path), "sent")


def _wait_for(doing: Doing, provider: int, count: int) -> None:
    """Until so many texts have left and the answers are recorded."""
    seen, since = 0, time.monotonic()
    with Redis(unix_socket_path=doing.redis) as redis:
        while (now := min(delivery.seen(provider), int(redis.zcard(doing.recorded)))) < count:
            if now > seen:
                seen, since = now, time.monotonic()
            if time.monotonic() > since + _PATIENCE:
                raise SystemExit(f"{now} texts of {count} were recorded, and no more come")
            time.sleep(0.1)


def _measured(name: str, folder: Path, events: int) -> float:
    """Processor time an event, in µs."""
    with delivery.provider(0) as provider:
        started = _ours(folder, provider) if name == OURS else _theirs(PEERS[name], folder, provider)
        with started as doing:
            asyncio.run(delivery.fill(doing.port, _WARM))
            _wait_for(doing, provider, _WARM)
            processor.rest(*doing.pids)
            before = doing.spent()
            asyncio.run(delivery.fill(doing.port, events, million=2, first=_WARM))
            _wait_for(doing, provider, _WARM + events)
            return (doing.spent() - before) / events * 1e6


def rows(*, rounds: int = 3, events: int = 3000) -> list[Row]:
    """The medians, as a table."""
    missing: dict[str, str] = {}
    for name, peer in PEERS.items():
        try:
            peer.prepare()
        except PeerMissing as why:
            missing[name] = str(why)
    found: dict[str, list[float]] = {name: [] for name in (OURS, *PEERS) if name not in missing}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for number in range(rounds):
            for name, figures in found.items():
                figures.append(_measured(name, Path(folder) / f"{number} {name}", events))
    table = [Row(f"the whole job, {name}", f"{statistics.median(figures):.0f} µs") for name, figures in found.items()]
    for name, wanted in WANTED.items():
        if name in missing:
            table.append(Row(f"  ours beside {name}", "skipped", missing[name]))
            continue
        ratio = statistics.median(ours / theirs for ours, theirs in zip(found[OURS], found[name], strict=True))
        table.append(Row(f"  ours beside {name}", f"{ratio:.2f}", f"at most {wanted:g}", ratio <= wanted))
    return table


if __name__ == "__main__":
    command(__doc__, rows, events=3000)
