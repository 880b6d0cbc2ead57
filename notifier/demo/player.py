"""The player: turns the clock from step to step, posts what the shops post, and lets happen what falls due between."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

import aiohttp

from notifier.clock import TEHRAN
from notifier.config import Config
from notifier.demo import script, standard_stories, woo_stories
from notifier.demo.desk import DemoDesk
from notifier.demo.happenings import CallHappening, Happening, Posted, Said
from notifier.demo.outside import DemoOutside
from notifier.demo.script import BankText, Moment, ParcelWord, Story, StoryAnswer, StoryStep
from notifier.demo.shops import DemoStandardShop, DemoWooCommerceShop, Shop
from notifier.demo.stage import STAFF, DemoStage
from notifier.demo.watch import Watch
from notifier.domain.calls import Call, CallState, Purpose
from notifier.domain.events import AgreedTime
from notifier.domain.messages import MessageState
from notifier.domain.timeline import AGREED_UPON, MARK, LineKind
from notifier.simulator.exchange import DialledOutcome
from notifier.store import writes
from notifier.store.keys import Keys
from notifier.store.reading import Told

OPENING = time(9)

_STUCK = 30
"""Seconds of real time after which what should be done at once is not going to be."""
_LOOK = 0.5
"""Seconds between looks at the store when the day is over and somebody tries things."""

STORIES: tuple[Story, ...] = (*standard_stories.STORIES, *woo_stories.STORIES)


def working_days(config: Config, first: date | None, *, today: date) -> tuple[date, date]:
    """The day to be played, by default today if it is worked and else the next working day; and the one after it."""
    calendar = config.calendar.calendar(config.shop.zone)

    def worked_from(day: date) -> date:
        while calendar.why_closed(day):
            day += timedelta(days=1)
        return day

    day = first or worked_from(today)
    return day, worked_from(day + timedelta(days=1))


def opening(day: date) -> datetime:
    return datetime.combine(day, OPENING, TEHRAN)


@dataclass(slots=True)
class Player:
    """Plays the day. ``pace`` is in seconds of real time a step; what falls due by itself takes half as long."""

    stage: DemoStage
    days: tuple[date, date]
    show: Callable[[Happening], None]
    pace: float = 0
    _shops: Mapping[script.Shop, Shop] = field(init=False)
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        orders = {story.order_id: story for story in STORIES}
        keys = self.stage.keys
        self._shops = {"shop": DemoStandardShop(keys.shop, orders), "woo": DemoWooCommerceShop(keys.woo, orders)}
        self.watch = Watch(self.stage)

    async def play(self) -> None:
        """All steps, and then whatever still waits for its time."""
        orders = {story.order_id: story for story in STORIES}
        async with aiohttp.ClientSession() as session:
            desk, outside = DemoDesk(self.stage, session), DemoOutside(self.stage, session)
            for step in script.whole_day(STORIES, standard_stories.BANK):
                at = self._time_of(step.at)
                await self._let_pass(at, desk)
                self.stage.clock.turn_to(at)
                match step:
                    case StoryAnswer():
                        self.show(await self._answer(step, orders[step.order_id]))
                    case ParcelWord():
                        self.show(await outside.parcel(step))
                    case BankText():
                        self.show(await outside.bank(step))
                    case StoryStep():
                        self.show(await self._post(session, step, orders[step.order_id]))
                await self._happen(self.pace, desk)
        # Nobody takes the last calls: they are left to whoever wants to try.
        await self._let_pass(None, None)

    async def stay(self) -> None:
        """Show what people do who try things, for ever."""
        while True:
            for happening in await self.watch.news():
                self.show(happening)
            await asyncio.sleep(_LOOK)

    def _time_of(self, moment: Moment) -> datetime:
        return datetime.combine(self.days[moment.day], moment.time, TEHRAN)

    async def _let_pass(self, until: datetime | None, desk: DemoDesk | None) -> None:
        """Turn the clock to everything that falls due before ``until``, one after another; without it, to all of it."""
        while (due := await self._next_due()) and (until is None or due <= until):
            self.stage.clock.turn_to(due)
            await self._happen(self.pace / 2, desk)

    async def _happen(self, pause: float, desk: DemoDesk | None) -> None:
        """Let everything be done whose time has come, show it, and leave time to read it. ``desk`` makes the calls."""
        told = await self._tell()
        due = [one.call for one in told if isinstance(one, CallHappening) and one.state == CallState.DUE]
        if told or pause == self.pace:
            await asyncio.sleep(pause)
        if desk and due:
            for call in due:
                if dialled := await desk.make(call, self._phoned(call)):
                    self.show(dialled)
                await self._agree(desk, call)
            await self._tell()

    def _phoned(self, call: Call) -> DialledOutcome | None:
        """What becomes of it where it is dialled through the exchange."""
        stories = {(one.shop, one.order_id): one for one in STORIES}
        story = stories.get((call.source, call.order_id))  # type: ignore[arg-type]  # shops have other names, too
        outcomes = story.phoned.get(call.purpose, ()) if story is not None else ()
        return outcomes[len(call.dials)] if len(call.dials) < len(outcomes) else None

    async def _agree(self, desk: DemoDesk, call: Call) -> None:
        """Agree upon the time of delivery with a customer who was phoned about it."""
        stories = {(one.shop, one.order_id): one for one in STORIES}
        for reason in call.reasons:
            story = stories.get((reason.source, reason.order_id))  # type: ignore[arg-type]  # shops have other names, too
            if reason.purpose is not Purpose.COORDINATION or story is None or story.hours is None:
                continue
            now, before = self.stage.clock.now(), await self._told(story)
            agreed = AgreedTime(now.astimezone(TEHRAN).date(), *story.hours)
            if await desk.agree(story.shop, story.order_id, agreed, by=call.assignee or STAFF[0].id):
                self.show(self._said(story, before, await self._told(story), by="desk", at=now))

    async def _answer(self, answer: StoryAnswer, story: Story) -> Said:
        """Have the customer write to the line; the provider hands it over."""
        before = await self._told(story)
        await self.stage.simulator.receive_from_customer(story.phone, answer.text)
        told, now = await self._told(story), self.stage.clock.now()
        return self._said(story, before, told, by="customer", at=now, text=answer.text, note=answer.note)

    async def _told(self, story: Story) -> Told:
        reader = self.stage.service.reader
        order = await reader.order(story.shop, story.order_id)
        return await reader.story(order) if order else Told(timeline=[], messages=[], calls=[])

    def _said(
        self,
        story: Story,
        before: Told,
        after: Told,
        *,
        by: Literal["customer", "desk"],
        at: datetime,
        text: str = "",
        note: str = "",
    ) -> Said:
        """What came of the words of a customer, by what the order's story has more than before."""
        lines = after.timeline[len(before.timeline) :]
        news = next((one for one in lines if one.kind is LineKind.EVENT), None)
        extra = news.extra if news else {}
        return Said(
            at=at,
            kind=news.what if news else "text",
            order_id=story.order_id,
            source=story.shop,
            name=next(_who(story)),
            by=by,
            text=text,
            delivery=str(extra.get(AGREED_UPON, "")),
            mark=extra.get(MARK),
            note=note,
            messages=tuple(one.what for one in lines if one.kind is LineKind.MESSAGE),
            calls=tuple(one.what for one in lines if one.kind is LineKind.CALL),
        )

    async def _tell(self) -> Sequence[Happening]:
        async with asyncio.timeout(_STUCK):
            await self._settle()
        told = await self.watch.news()
        for happening in told:
            self.show(happening)
        return told

    async def _settle(self) -> None:
        service = self.stage.service
        await service.carrying.rounds.tick()
        while True:
            await service.reminders.tick()
            if service.channels:
                await service.channels.teller.tick()
            await service.sender.send_ready()
            await service.sender.drain()
            if await self._idle():
                break
            await asyncio.sleep(0)
        await self.stage.simulator.deliver_callbacks()

    async def _idle(self) -> bool:
        """Whether nothing is due or under way."""
        redis, now = self.stage.service.redis, _ms(self.stage.clock.now())
        for keys in self.stage.service.reader.everywhere:
            due = sum([await redis.zcount(box, "-inf", now) for box in self._outboxes(keys)])
            due += await redis.zcount(keys.calls(CallState.SCHEDULED), "-inf", now)
            if due or await redis.zcard(keys.messages(MessageState.SENDING)):
                return False
        return True

    def _outboxes(self, keys: Keys) -> list[str]:
        return [writes.box(keys, route) for route in ("", *self.stage.service.sending.accounts.routes)]

    async def _next_due(self) -> datetime | None:
        """When the next text or call is due."""
        first: list[float] = []
        for keys in self.stage.service.reader.everywhere:
            for name in (*self._outboxes(keys), keys.calls(CallState.SCHEDULED)):
                rows: Any = await self.stage.service.redis.zrange(name, 0, 0, withscores=True)
                first += [score for _, score in rows]
        return datetime.fromtimestamp(min(first) / 1000, TEHRAN) if first else None

    async def _post(self, session: aiohttp.ClientSession, step: StoryStep, story: Story) -> Posted:
        now = self.stage.clock.now()
        body, headers = self._shops[step.shop].request(step, now=now, time_of=self._time_of)
        url = f"{self.stage.url}/webhooks/{step.shop}"
        async with session.post(url, data=body, headers=headers) as response:
            answer, status = json.loads(await response.read()), response.status
        name, city, method = _who(story)
        return Posted(at=now, step=step, status=status, answer=answer, name=name, city=city, method=method)


def _who(story: Story) -> Iterator[str]:
    """Name, city and method of payment of an order's customer."""
    order = story.order
    if story.shop == "woo":
        yield from (f"{order['first_name']} {order['last_name']}", order["city"], order["payment_method"])
    else:
        yield from (order["customer"]["name"], order["customer"]["city"], order["payment"]["method"])


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
