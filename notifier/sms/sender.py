"""The sender: takes messages from the outbox for the line that may send them now, and has them dispatched."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from redis.exceptions import RedisError

from notifier.domain import phones
from notifier.domain.channels import Channel
from notifier.domain.messages import Message
from notifier.sms import outbox
from notifier.sms.accounts import Account, Accounts, BreakerState
from notifier.sms.dispatch import Dispatch
from notifier.sms.holds import Hold
from notifier.sms.limits import Over
from notifier.sms.outbox import ClaimedMessage
from notifier.sms.providers.base import MAX_BATCH
from notifier.store import writes
from notifier.store.keys import Keys
from notifier.store.records import ms

log = structlog.get_logger()

_BATCHES = 8  # under way at once
_IDLE = 0.25  # seconds between looks when nothing rings
_MANY = 64  # texts taken at once, after which the next are waited for: as many are on their way
_GATHERING = 0.1  # seconds; a batch costs as much by itself as a dozen of its texts


@dataclass(frozen=True, slots=True)
class _Place:
    """A line, and which of its two boxes it takes from now."""

    line: Account
    standing: BreakerState
    keys: Keys
    bound: bool
    route: str = ""

    @property
    def boxes(self) -> Sequence[str]:
        """Where what it takes lies; what has lapsed stays with its line."""
        keys, line = self.keys, self.line.name
        return (keys.bound(line), keys.sending(line)) if self.bound else (writes.box(keys, self.route),)

    @property
    def at_most(self) -> int:
        return 1 if self.standing.on_trial else MAX_BATCH


@dataclass(slots=True)
class Sender:
    """Sends whatever is ready, for as long as it runs. Any number of senders share the work."""

    accounts: Accounts
    dispatch: Dispatch
    partitions: int = 1
    gap: timedelta = timedelta()
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def wake(self) -> None:
        """Something may be ready now."""
        self._bell.set()

    async def run(self) -> None:
        """Send until cancelled. Messages under way are settled, or left to their lease."""
        places = asyncio.Semaphore(_BATCHES)
        while True:
            self._bell.clear()
            taken, more = 0, False
            try:
                taken, more = await self._round(places)
            except (RedisError, OSError) as error:
                log.warning("store unreachable", action="claim_failed", error=type(error).__name__)
            except Exception:  # whatever it was, the next round is to be had
                log.exception("a round of sending failed", action="claim_failed")
            if taken >= _MANY and not more:
                await asyncio.sleep(_GATHERING)
            elif not taken:
                await self._rest()

    async def drain(self) -> None:
        """Wait until what is under way is settled."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def send_ready(self) -> int:
        """Send what is ready at this moment, and return how many messages were taken."""
        count = 0
        while True:
            taken = 0
            for place, _ in await self._ready():
                hold, claimed = await self._claim(place)
                if claimed:
                    async with hold.kept(self.dispatch.redis):
                        await self.dispatch.send(place.line, place.standing, claimed, hold)
                    taken += len(claimed)
            if not taken:
                return count
            count += taken

    async def _round(self, places: asyncio.Semaphore) -> tuple[int, bool]:
        """Start sending what is ready, as far as there is place; how much was taken, and whether more was ready."""
        taken, more = 0, False
        for place, ready in await self._ready():
            await places.acquire()
            try:
                hold, claimed = await self._claim(place)
            except BaseException:
                places.release()
                raise
            if not claimed:
                places.release()
                continue
            taken, more = taken + len(claimed), more or ready > len(claimed)
            task = asyncio.create_task(self._send_safely(place, claimed, hold))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(lambda _: places.release())
        return taken, more

    async def _ready(self) -> list[tuple[_Place, int]]:
        """The places where something is ready or a claim has lapsed, and how much: one look at them all, for most are
        empty."""
        now = ms(self.dispatch.clock.now())
        boxes = [box for partition in range(self.partitions) for box in self._boxes(Keys(partition))]
        standings, counts = await self.accounts.look([("ZCOUNT", box, "-inf", now) for box in boxes])
        if not any(counts):
            return []
        filled = dict(zip(boxes, counts, strict=True))
        found = [(place, sum([filled[box] for box in place.boxes])) for place in self._places(standings)]
        return [(place, ready) for place, ready in found if ready]

    def _boxes(self, keys: Keys) -> Iterator[str]:
        for line in self.accounts:
            yield keys.bound(line.name)
            yield keys.sending(line.name)
        for route in ("", *self.accounts.routes):
            yield writes.box(keys, route)

    def _places(self, standings: Sequence[BreakerState]) -> Iterator[_Place]:
        """Which line may take from which box now.

        Of each outbox the first line that is open takes; a line on trial ahead of it takes a single message. What a
        line may have sent before stays with it.
        """
        now = self.dispatch.clock.now()
        takers = self.accounts.takers(standings, now)
        for line, standing in zip(self.accounts, standings, strict=True):
            if standing.closed(now):
                continue
            routes = [route for route, names in takers.items() if line.name in names]
            for partition in range(self.partitions):
                keys = Keys(partition)
                yield _Place(line, standing, keys, bound=True)
                for route in routes:
                    yield _Place(line, standing, keys, bound=False, route=route)

    async def _rest(self) -> None:
        """Until something is put into the outbox, or for a moment: times come without a bell."""
        try:
            await asyncio.wait_for(self._bell.wait(), timeout=_IDLE)
        except TimeoutError:
            return

    async def _claim(self, place: _Place) -> tuple[Hold, list[ClaimedMessage]]:
        line, standing, hold = place.line, place.standing, Hold(place.keys)
        if standing.on_trial and not await line.may_probe():
            return hold, []
        claimed: list[ClaimedMessage] = []
        held: list[tuple[Message, str]] = []
        permits = await line.permits(place.at_most)
        try:
            if permits:
                claimed = await outbox.claim(
                    self.dispatch.redis,
                    place.keys,
                    line.name,
                    bound=place.bound,
                    route=place.route,
                    now=self.dispatch.clock.now(),
                    lease=self.dispatch.lease,
                    count=permits,
                    essential_only=standing.exhausted,
                    gap=self.gap,
                    most=self._most(),
                    hold=(hold := Hold(place.keys)),
                    remembers=line.provider.channel is Channel.BALE,
                    on_held=lambda message, over: held.append((message, over)),
                )
        finally:
            await line.give_back(permits - len(claimed))
            if standing.on_trial and not claimed:
                await line.give_up_probe()
        await self._tell_held(held)
        # What is held makes room for what lies behind it.
        return await self._claim(place) if held and not claimed else (hold, claimed)

    def _most(self) -> tuple[int, int, int]:
        if self.dispatch.bounds is None:
            return 0, 0, 0
        limits = self.dispatch.bounds.limits
        return limits.number_hour, limits.number_day, limits.number_day_essential

    async def _tell_held(self, held: Sequence[tuple[Message, str]]) -> None:
        """Supervisors hear of it; the texts themselves are in the console's list already."""
        for message, over in held:
            _log_held(message, over)
        if self.dispatch.bounds is not None:
            for over in dict.fromkeys(over for _, over in held):
                await self.dispatch.bounds.held(Over(over))

    async def _send_safely(self, place: _Place, claimed: Sequence[ClaimedMessage], hold: Hold) -> None:
        try:
            async with hold.kept(self.dispatch.redis):
                await self.dispatch.send(place.line, place.standing, claimed, hold)
        except (RedisError, OSError) as error:
            log.warning("store unreachable", action="send_failed", error=type(error).__name__, messages=len(claimed))
        except Exception:  # what is not settled is taken up again when its claim lapses
            log.exception("sending failed", action="send_failed", messages=len(claimed))


def _log_held(message: Message, over: str) -> None:
    log.warning(
        "message held",
        action="message_held",
        message=message.id,
        template=message.template,
        source=message.source,
        order=message.order_id,
        to=phones.mask(message.to),
        reason=over,
    )
