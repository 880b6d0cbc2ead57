"""Everything dies at random, and nothing may be lost or doubled: ``python tests/chaos.py --seconds 60 --seed 1``.

Shops post many customers' events to a real service, its web and its two workers a process each, and come again until
they are answered, as senders of Standard Webhooks do. Meanwhile web, workers and Redis are killed -9, and the provider
in this process drops, breaks, delays and refuses. At the end everything is left alone until it is quiet, and each
message and call that was ever acknowledged is held against what arrived. Only loopback is used.

Waits that would outlast the run (of paused lines, of retries) are cut short in the store. What a killed worker had in
hand is watched: how long it takes until somebody else has it. With ``--ladder`` there are three lines (a messenger,
texts, calls) and people whom not each of them reaches.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import chaos_ladder
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier import tasks
from notifier.clock import SystemClock
from notifier.domain.calls import Purpose
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.practice import standard
from notifier.simulator import Fault, Ripening, Simulator, create_app
from notifier.sms.holds import ALIVE
from notifier.store import daily
from notifier.store import keys as names
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis
from notifier.store.keys import Keys
from notifier.store.reading import Reader, StoredMessage

ROOT = Path(__file__).parents[1]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LINE = "simulator"
API_KEY = "chaos-5f3a9c71e2"
KEYS = Keys(0)
STORY = (EventType.PAID, EventType.PREPARING, EventType.PACKED, EventType.SHIPPED)
VICTIMS = ("web", "worker", "redis")
WORKERS = ("worker", "second worker")
CODES = (402, 409, 418, 429, 451)
QUIET_AFTER = 60  # seconds that everything may take to come to rest
S = MessageState
_SILENT = 1.0  # seconds without a renewal by which a dead worker's claims are told from those of the living
OPEN = (S.QUEUED, S.SENDING)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Told:
    """What the shops were answered."""

    events: int = 0
    tries: int = 0
    messages: dict[str, str] = field(default_factory=dict)  # id → order
    calls: dict[str, tuple[str, str]] = field(default_factory=dict)  # id → order and purpose
    phones: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Chaos:
    """One run."""

    folder: Path
    dice: random.Random
    simulator: Simulator
    base_url: str
    told: Told = field(default_factory=Told)
    killed: Counter[str] = field(default_factory=Counter)
    port: int = field(default_factory=free_port)
    over: bool = False
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    began: dict[str, int] = field(default_factory=dict)  # how long the log was when a process was started
    ready: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    watching: list[asyncio.Task[None]] = field(default_factory=list)
    taken_over: list[float] = field(default_factory=list)  # for each text, seconds in which somebody could have
    pause: tuple[float, float] = (0.75, 2.25)  # seconds between kills
    victims: Sequence[str] = VICTIMS
    ladder: bool = False

    @property
    def environment(self) -> dict[str, str]:
        settings = {
            "SOURCES__SHOP__SECRET": SECRET,
            "SOURCES__WOO__SECRET": "chaos",
            "SMS__PROVIDER": LINE,
            "PROVIDERS__SIMULATOR__BASE_URL": self.base_url,
            "PROVIDERS__SIMULATOR__API_KEY": API_KEY,
            "PROVIDERS__SIMULATOR__TIMEOUT": "2s",
            "CALLBACKS__TOKEN": "chaos",
            "API__TOKENS": '["chaos"]',
            "REDIS__TIMEOUT": "2s",
            "QUIET_HOURS__ENABLED": "false",
            "TEMPLATES__FOLDER": str(self.folder / "templates"),
        }
        if self.ladder:
            settings |= chaos_ladder.settings(self.base_url, API_KEY)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER")}
        return kept | {f"NOTIFIER__{name}": value for name, value in settings.items()}

    @property
    def program(self) -> tuple[str, ...]:
        return (str(ROOT / "tests" / "awake_service.py"),) if self.ladder else ("-m", "notifier")

    @property
    def lines(self) -> Sequence[str]:
        return chaos_ladder.LINES if self.ladder else (LINE,)

    async def keep_running(self, name: str) -> None:
        """What runs a service on a server: whenever it dies, it is started again."""
        role = "web" if name == "web" else "worker"
        port = str(self.port if role == "web" else 0)
        arguments = ("serve", "--role", role, "--port", port, "--data-dir", str(self.folder / "data"))
        while True:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.began[name] = log.tell()
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, *self.program, *arguments),
                    env=self.environment,
                    cwd=ROOT,
                    stderr=log,
                    stdout=log,
                    start_new_session=True,
                )
            self.processes[name] = process
            await process.wait()
            if role == "worker" and not self.over:
                self.watching.append(asyncio.create_task(self._watch_claims()))

    async def kill_at_random(self) -> None:
        while True:
            await asyncio.sleep(self.dice.uniform(*self.pause))
            victim = self.dice.choice(self.victims)
            running = self.processes.get(self.dice.choice(WORKERS) if victim == "worker" else victim)
            pid = await self._redis_pid() if victim == "redis" else getattr(running, "pid", None)
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.killed[victim] += 1

    async def trouble_at_random(self) -> None:
        while True:
            await asyncio.sleep(self.dice.uniform(0.1, 0.8))
            accepted, times = self.dice.random() < 0.5, self.dice.randint(1, 3)
            if self.ladder and self.dice.random() < 0.5:
                self.simulator.faults.add(chaos_ladder.trouble(self.dice))
                continue
            self.simulator.faults.add(
                self.dice.choice(
                    (
                        Fault(kind="drop", accepted=accepted, times=times),
                        Fault(kind="http_error", accepted=accepted, times=times),
                        Fault(kind="broken_json", accepted=accepted, times=1),
                        Fault(kind="hang", accepted=accepted, times=1),
                        Fault(kind="latency", seconds=0.3, times=times),
                        Fault(kind="code", code=self.dice.choice(CODES), times=times),
                    )
                )
            )

    async def hurry(self) -> None:
        """Cut short what waits for minutes: nothing of a claim, which is what keeps two workers apart."""
        while True:
            await asyncio.sleep(0.5)
            with contextlib.suppress(RedisError, OSError):
                async with self.store() as redis:
                    now = int(SystemClock().now().timestamp() * 1000)
                    for line, (name, soon) in itertools.product(
                        self.lines, (("until", 1000), ("probe_until", 0), ("exhausted", 1000))
                    ):
                        if int(await redis.hget(f"n:line:{line}", name) or 0) > now + soon:  # type: ignore[misc]
                            await redis.hset(f"n:line:{line}", name, now + soon)  # type: ignore[misc]
                    routes: Any = await redis.smembers(names.ROUTES)  # type: ignore[misc]
                    boxes = [KEYS.outbox, KEYS.reconciling, *(KEYS.bound(line) for line in self.lines)]
                    boxes += [KEYS.reports(line) for line in self.lines] if self.ladder else []
                    for box in [*boxes, *(KEYS.routed(route.decode()) for route in routes)]:
                        for member in await redis.zrangebyscore(box, now + 1000, "+inf"):
                            await redis.zadd(box, {member: now}, xx=True)
                            if await redis.hexists(KEYS.message(member.decode()), "due"):  # type: ignore[misc]
                                await redis.hset(KEYS.message(member.decode()), "due", now)  # type: ignore[misc]

    async def shop(self, name: int) -> None:
        """One after another, customers whose orders go their way."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            number = 0
            while not self.over:
                number += 1
                order_id, phone = f"{name + 1}{number:05}", f"0912{name:03}{number:04}"
                self.told.phones.add(phone)
                for kind in STORY:
                    await self._post(session, kind, order_id, phone)

    async def _post(self, session: aiohttp.ClientSession, kind: EventType, order_id: str, phone: str) -> None:
        payload = standard.event(kind, at=SystemClock().now(), order_id=order_id)
        payload["data"]["customer"] = payload["data"]["customer"] | {"phone": phone}
        while True:
            body, headers = standard.signed(SECRET, payload, at=SystemClock().now(), event_id=f"{order_id}-{kind}")
            self.told.tries += 1
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                url = f"http://127.0.0.1:{self.port}/webhooks/shop"
                async with session.post(url, data=body, headers=headers) as answer:
                    if answer.status in (200, 202):
                        self._acknowledged(await answer.json(), order_id)
                        return
                    if answer.status != 503:
                        raise SystemExit(f"the service answered {answer.status}: {await answer.text()}")
            await asyncio.sleep(self.dice.uniform(0.1, 0.5))

    def _acknowledged(self, answer: dict[str, Any], order_id: str) -> None:
        self.told.events += 1
        self.told.messages |= {message["id"]: order_id for message in answer["messages"]}
        self.told.calls |= {call["id"]: (order_id, call["purpose"]) for call in answer["calls"]}

    @contextlib.asynccontextmanager
    async def store(self) -> AsyncIterator[Redis]:
        path = EmbeddedRedis(self.folder / "data").socket_path
        redis = await connect("embedded", socket_path=path, timeout=2)
        try:
            yield redis
        finally:
            await redis.aclose()

    async def _redis_pid(self) -> int | None:
        try:
            async with self.store() as redis:
                return int((await redis.info("server"))["process_id"])
        except (RedisError, OSError):
            return None

    async def _watch_claims(self) -> None:
        """See how long what a worker had in hand that just died waits for other hands, while there are any."""
        clock = asyncio.get_running_loop().time
        died = since = clock()
        waiting, sorted_out = None, False
        while waiting is None or waiting:
            if not any(map(self._is_ready, WORKERS)):
                since = clock()
            with contextlib.suppress(RedisError, OSError):
                async with self.store() as redis:
                    if waiting is None:
                        ids = [member.decode() for member in await redis.zrange(KEYS.sending(LINE), 0, -1)]
                        waiting = {one: owner for one, (owner, _) in (await _owners(redis, ids)).items()}
                    if not sorted_out and clock() - died > _SILENT:
                        waiting = {one: owner for one, owner in waiting.items() if not await _beats(redis, owner)}
                        sorted_out = True
                    for one, (now, place) in (await _owners(redis, waiting)).items():
                        owner = waiting[one]
                        if now != owner:
                            self.taken_over.append(clock() - since)
                        # Settled by one that lived: not this death's.
                        if now != owner or place is None:
                            del waiting[one]
            await asyncio.sleep(0.2)

    def _is_ready(self, name: str) -> bool:
        """Whether the process that runs now has come to the end of its start."""
        process, log = self.processes.get(name), self.folder / f"{name}.log"
        if process is None or process.returncode is not None:
            return False
        if self.ready.get(name) is not process:
            with log.open("rb") as file:
                file.seek(self.began[name])
                if b'"action":"ready"' in file.read(8192):
                    self.ready[name] = process
        return self.ready.get(name) is process

    async def come_to_rest(self) -> None:
        """Wait until nothing waits to be sent any more."""
        deadline = asyncio.get_running_loop().time() + (3 if self.ladder else 1) * QUIET_AFTER
        while asyncio.get_running_loop().time() < deadline:
            with contextlib.suppress(RedisError, OSError):
                async with self.store() as redis:
                    boxes = [KEYS.messages(state) for state in OPEN]
                    if self.ladder:
                        boxes += [KEYS.rung_waits, *(KEYS.reports(line) for line in self.lines)]
                    if not sum([await redis.zcard(box) for box in boxes]):
                        return
            await asyncio.sleep(0.5)

    async def verdict(self) -> dict[str, int]:
        """What became of all that was acknowledged."""
        async with self.store() as redis:
            reader = Reader(redis, 1)
            ids = sorted(self.told.messages)
            stored = {one.message.id: one for one in await reader.messages([(KEYS, one) for one in ids])}
            booked = [
                (reason.order_id if reason.purpose is not Purpose.UNDELIVERED_SMS else reason.id, str(reason.purpose))
                for call in await self._calls(reader)
                for reason in call.call.reasons
            ]
            called = {reason.id for call in await self._calls(reader) for reason in call.call.reasons}
            today: Any = await redis.hgetall(KEYS.day(SystemClock().now().date().isoformat()))  # type: ignore[misc]
        ours = {str(one.messageid) for one in self.simulator.messages}
        ours |= {one.message_id for one in self.simulator.bale.messages}
        lost = [one for one in ids if one not in stored or _lost(stored[one], ours)]
        texts = Counter((one.receptor, one.text) for one in self.simulator.messages if one.method != "maketts")
        planned = Counter(booked)
        wanted = set(self.told.calls.values())
        for one in lost:
            print("lost:", one, stored[one].state if one in stored else "not there", file=sys.stderr)
        return {
            "events acknowledged": self.told.events,
            "  posted": self.told.tries,
            "messages acknowledged": len(ids),
            "  sent": sum(one.state in (S.ACCEPTED, S.DELIVERED, S.UNDELIVERED) for one in stored.values()),
            "  overtaken or too late": sum(one.state in (S.EXPIRED, S.CANCELLED) for one in stored.values()),
            "  unknown": sum(one.state in (S.UNKNOWN, S.HELD) for one in stored.values()),
            "lost": len(lost),
            "doubled": sum(count - 1 for count in texts.values()),
            **(
                chaos_ladder.verdict(self.simulator, stored.values(), called, daily.read(today).line_cost)
                if self.ladder
                else {}
            ),
            "calls acknowledged": len(wanted),
            "calls missing": len([call for call in wanted if not planned[call]]),
            "calls doubled": sum(count - 1 for count in planned.values()),
            "log lines with secrets": sum(self._tells_secrets(line) for line in self._logged()),
        }

    def _logged(self) -> Iterator[str]:
        for path in sorted(self.folder.glob("*.log")):
            yield from path.read_text(encoding="utf-8", errors="replace").splitlines()

    def _tells_secrets(self, line: str) -> bool:
        """Whether the key or a whole phone number stands in it."""
        numbers = {f"0{number}" for number in re.findall(r"(?<!\d)(?:0|\+?98)?(9\d{9})(?!\d)", line)}
        return API_KEY in line or SECRET in line or not self.told.phones.isdisjoint(numbers)

    async def _calls(self, reader: Reader) -> list[Any]:
        states = ("scheduled", "due", "claimed", "done", "cancelled", "exhausted")
        page = await reader.page([(KEYS, KEYS.calls(state)) for state in states], after=None, size=1_000_000)
        return list(await reader.calls(page.members))


async def _owners(redis: Redis, messages: Iterable[str]) -> dict[str, tuple[bytes, float | None]]:
    """Whose claim each message is, and its place among those that are being sent."""
    ids = list(messages)
    async with redis.pipeline(transaction=False) as pipe:
        for one in ids:
            pipe.hget(KEYS.message(one), "owner").zscore(KEYS.sending(LINE), one)
        answers = await pipe.execute()
    return {one: (answers[2 * n] or b"", answers[2 * n + 1]) for n, one in enumerate(ids)}


async def _beats(redis: Redis, token: bytes) -> bool:
    """Whether the heartbeat of a claim was renewed within the last moments: it is of a worker that lives."""
    lasts: Any = await redis.pttl(KEYS.claim(token.decode()))
    return bool(lasts > 1000 * (ALIVE.total_seconds() - _SILENT))


def _lost(stored: StoredMessage, ours: set[str]) -> bool:
    """Whether a message is nowhere, or said to be out and is not."""
    if stored.state in (S.ACCEPTED, S.DELIVERED, S.UNDELIVERED):
        taken = {stored.provider_id, *(one.provider_id for one in stored.descents)} - {None, ""}
        return not taken & ours
    return stored.state not in (S.EXPIRED, S.CANCELLED, S.UNKNOWN, S.HELD)


def templates(folder: Path) -> None:
    """The texts as they ship, one of them by a pattern, which cannot be sent twice safely."""
    shutil.copytree(ROOT / "templates", folder)
    packed = folder / "order_packed.txt"
    head = '+++\naudience = "customer"\npurpose = "The order is packed"\nvia = "lookup"\n'
    pattern = '[patterns.kavenegar]\nname = "orderPacked"\ntokens = { token = "order" }\n'
    packed.write_text(f"{head}{pattern}+++\nسفارش {{{{ order }}}} بسته‌بندی شد.\n", encoding="utf-8")


async def run(
    folder: Path,
    *,
    seconds: float,
    seed: int,
    shops: int,
    kills: float = 40,
    victims: Sequence[str] = VICTIMS,
    slow: bool = False,
    ladder: bool = False,
) -> dict[str, int]:
    """A run of so many seconds, and what came of it."""
    dice = random.Random(seed)
    ripening = Ripening(operator=timedelta(seconds=1), settled=timedelta(seconds=3))
    simulator = Simulator(clock=SystemClock(), api_key=API_KEY, credit=10**12, ripen_after=ripening, seed=seed)
    simulator.templates["orderPacked"] = "سفارش %token بسته‌بندی شد."
    templates(folder / "templates")
    runner = web.AppRunner(create_app(simulator), access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    chaos = Chaos(folder, dice, simulator, f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
    chaos.ladder = ladder
    if ladder:
        chaos_ladder.people(simulator, shops)
    chaos.pause, chaos.victims = (0.5 * 60 / kills, 1.5 * 60 / kills), victims
    simulator.callback_url = f"http://127.0.0.1:{chaos.port}/callbacks/kavenegar/chaos/delivery"
    services = [asyncio.create_task(chaos.keep_running(name)) for name in ("web", *WORKERS)]
    helpers = [asyncio.create_task(chaos.hurry())]
    posting = [asyncio.create_task(chaos.shop(name)) for name in range(shops)]
    if slow:
        simulator.faults.add(Fault(kind="latency", seconds=0.4, times=10**9))
    evil = [asyncio.create_task(chaos.kill_at_random())]
    evil += [] if slow else [asyncio.create_task(chaos.trouble_at_random())]
    try:
        done, _ = await asyncio.wait([*evil, *posting], timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
        await tasks.end(*evil)
        simulator.faults.clear()
        chaos.over = True
        await asyncio.wait_for(asyncio.gather(*posting), QUIET_AFTER)
        await chaos.come_to_rest()
        await tasks.end(*chaos.watching)
        table = await chaos.verdict()
    finally:
        await tasks.end(*evil, *posting, *helpers, *services, *chaos.watching)
        await end(chaos)
        await runner.cleanup()
    slowest = {"slowest take-over, ms": round(1000 * max(chaos.taken_over, default=0.0))}
    taken = {"taken over from the dead": len(chaos.taken_over)} | slowest
    return table | taken | {f"{name} killed": chaos.killed[name] for name in ("web", "worker", "redis")}


async def end(chaos: Chaos) -> None:
    """End what this run started."""
    for process in chaos.processes.values():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    pid = await chaos._redis_pid()  # asked last: whoever still lived might have started it again
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def workplace(kept: Path | None) -> Iterator[Path]:
    """A folder of its own; where one is named, logs and data stay there."""
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept
    else:
        with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as name:
            yield Path(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--shops", type=int, default=8, help="how many post at once")
    parser.add_argument("--kills", type=float, default=40, help="how many a minute")
    parser.add_argument("--victims", default=",".join(VICTIMS), help="who is killed")
    parser.add_argument("--ladder", action="store_true", help="over a messenger, texts, calls and a person")
    parser.add_argument("--slow", action="store_true", help="the provider is slow, and nothing worse")
    parser.add_argument("--keep", type=Path, help="a new folder for logs and data, kept afterwards")
    options = parser.parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed
    print(f"{options.seconds:g} seconds of chaos, --seed {seed}")
    with workplace(options.keep) as folder:
        victims = options.victims.split(",")
        evil = {"kills": options.kills, "victims": victims, "slow": options.slow, "ladder": options.ladder}
        table = asyncio.run(run(folder, seconds=options.seconds, seed=seed, shops=options.shops, **evil))
    for name, count in table.items():
        print(f"{name:24}{count:8}")
    bad = ("lost", "doubled", "calls missing", "calls doubled", "log lines with secrets")
    sys.exit(any(table.get(name, 0) for name in (*bad, *chaos_ladder.BAD)) or not table["messages acknowledged"])


if __name__ == "__main__":
    main()
