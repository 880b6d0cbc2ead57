"""A client that does not wait for answers to go on: ``python -m bench.open_loop PORT CONNECTIONS RATExSECONDS…``.

Posts signed payments at the given rates, one phase after the other, and prints what became of them as JSON. Latency
counts from the moment a request was meant to leave, also when every connection was taken then. A process of its own, so
that it slows nothing it measures but by the core it takes.
"""

import asyncio
import contextlib
import json
import re
import sys
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import uvloop

from bench.load import payments

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_AGAIN = re.compile(rb"retry-after: *\d+", re.IGNORECASE)
_PATIENCE = 15  # seconds after the last request until what is not answered counts as lost
_NORMAL = 0.25  # seconds: whoever is answered by then has not noticed anything


@dataclass(slots=True)
class Client:
    """All connections, what waits for one, and what was answered."""

    requests: Sequence[bytes]
    free: "deque[Connection]" = field(default_factory=deque)
    waiting: deque[tuple[float, int, bytes]] = field(default_factory=deque)
    answers: list[tuple[int, float, int, bool]] = field(default_factory=list)  # phase, latency (s), status, Retry-After
    ends: list[tuple[float, int, float]] = field(default_factory=list)  # when a request was meant, status, latency
    broken: int = 0
    all_answered: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, meant: float, phase: int, request: bytes) -> None:
        self.waiting.append((meant, phase, request))
        self.hand_out()

    def hand_out(self) -> None:
        while self.free and self.waiting:
            self.free.popleft().send(*self.waiting.popleft())


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, client: Client) -> None:
        self._client, self._read, self._about = client, b"", (0.0, 0)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._client.free.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.broken += 1

    def send(self, meant: float, phase: int, request: bytes) -> None:
        self._about = (meant, phase)
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return
        self._read = b""
        meant, phase = self._about
        status, passed = int(head[9:12]), asyncio.get_running_loop().time() - meant
        self._client.answers.append((phase, passed, status, _AGAIN.search(head) is not None))
        self._client.ends.append((meant, status, passed))
        if len(self._client.answers) == len(self._client.requests):
            self._client.all_answered.set()
        self._client.free.append(self)
        self._client.hand_out()


async def run(port: int, connections: int, phases: Sequence[tuple[float, float]]) -> dict[str, object]:
    count = sum(round(rate * seconds) for rate, seconds in phases)
    requests = []
    for body, headers in payments(count, 2):
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        requests.append(
            f"POST /webhooks/shop HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n{head}\r\n".encode() + body
        )
    loop, client = asyncio.get_running_loop(), Client(requests)
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(client), "127.0.0.1", port)
    print("ready", flush=True)
    started, sent = loop.time(), 0
    for phase, (rate, seconds) in enumerate(phases):
        first, begun = sent, loop.time()
        last = first + round(rate * seconds)
        while sent < last:
            due = min(last, first + int((loop.time() - begun) * rate))
            for number in range(sent, due):
                client.offer(begun + (number - first) / rate, phase, requests[number])
            sent = due
            await asyncio.sleep(0.001)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(client.all_answered.wait(), _PATIENCE)
    return {
        "phases": [_phase(client, phase) for phase in range(len(phases))],
        "unanswered": count - len(client.answers),
        "broken": client.broken,
        "calm_after": _calm(client, started + phases[0][1]),
    }


def _phase(client: Client, phase: int) -> dict[str, object]:
    found = [one for one in client.answers if one[0] == phase]
    taken = sorted(passed for _, passed, status, _ in found if status // 100 == 2)
    told = sorted(passed for _, passed, status, _ in found if status // 100 != 2)
    return {
        "statuses": dict(Counter(status for _, _, status, _ in found)),
        "retry_after": sum(again for *_, again in found),
        "taken": [round(1000 * _quantile(taken, part)) for part in (0.5, 0.99, 1)],
        "refused": [round(1000 * _quantile(told, part)) for part in (0.5, 0.99, 1)],
    }


def _quantile(values: Sequence[float], part: float) -> float:
    return values[min(len(values) - 1, int(part * len(values)))] if values else 0.0


def _calm(client: Client, storm_ended: float) -> float:
    """Seconds after the first phase from which all were taken in the usual time."""
    late = [meant for meant, status, passed in client.ends if status // 100 != 2 or passed > _NORMAL]
    return round(max(0.0, max(late, default=0.0) - storm_ended), 2)


if __name__ == "__main__":
    port, connections, *phases = sys.argv[1:]
    rates = [(float(rate), float(seconds)) for rate, _, seconds in (one.partition("x") for one in phases)]
    print(json.dumps(uvloop.run(run(int(port), int(connections), rates))))
