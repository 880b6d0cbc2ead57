"""What customers text to us, taken in: who wants no texts, which deposits are reported, whom a person calls back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain import phones, replies, text_answers
from notifier.domain.calls import CallRequest, Purpose
from notifier.domain.decide import derived_id
from notifier.domain.domain_events import CustomerReplied
from notifier.domain.events import Details, Event, EventType
from notifier.domain.messages import OPT_OUT_CONFIRMED, Audience, Message, MessageState, Via
from notifier.domain.orders import Order
from notifier.domain.policy import Rulebook
from notifier.domain.replies import Reply, Wish
from notifier.domain.text_answers import AnswerKind, ReplyRules, SentText
from notifier.domain.timeline import ASKED_FOR, CUSTOMER, LineKind, TimelineEntry
from notifier.domain.variables import Context
from notifier.sms import by_hand, inbox
from notifier.sms.call_fallback import PlanCall
from notifier.store import work, writes
from notifier.store.keys import Keys, partition_of
from notifier.store.publishing import Publish, no_op
from notifier.store.reading import Reader
from notifier.store.records import as_text, ms
from notifier.store.schema import INBOUND_KEPT
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

Take = Callable[[Event], Awaitable[None]]
"""Takes an event as if a shop had posted it."""

_REMEMBERED = timedelta(days=7)
_KEPT = 100  # texts of one customer
_LOOKED_AT = 10  # orders of one customer
_LONGEST_ID = 100
_ANOTHER_TIME = "زمان دیگری برای تحویل می‌خواهد."
"""What somebody who phones the customer is told of an answer that is a number."""
_WISHES = {AnswerKind.CONFIRM: Wish.CONFIRM, AnswerKind.ANOTHER_TIME: Wish.ANOTHER_TIME, AnswerKind.MARK: Wish.RATE}
_SEEN = " inbound"  # in the place of a source; no source can be called that


class Inbound(Struct, frozen=True, kw_only=True):
    """A text from a customer, as the provider handed it over."""

    id: str
    sender: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Inbox:
    """Takes in what customers text."""

    redis: Redis
    reader: Reader
    clock: Clock
    working_time: Callable[[datetime], datetime]
    plan_call: PlanCall
    take: Take
    publish: Publish = no_op
    confirming: Callable[[], Rulebook] | None = None  # how texts are written; None: nobody is told that texts stopped
    rules: ReplyRules = field(default_factory=ReplyRules)
    on_understood: Callable[[Reply], None] = lambda _: None

    async def receive(self, message_id: str, sender: str, text: str) -> None:
        """Take one text in, cut at ``replies.LONGEST``. The same one handed over twice counts once; one from no phone
        is only logged."""
        message_id, sender, text = message_id[:_LONGEST_ID], sender[:_LONGEST_ID], text[: replies.LONGEST]
        try:
            phone = phones.normalize(sender)
        except phones.PhoneError:
            log.warning("text from no phone", action="inbound_ignored", inbound=message_id)
            return
        keys = Keys(partition_of(phone, self.reader.partitions))
        inbound = Inbound(id=message_id, sender=phone, text=text, at=self.clock.now())
        # Its consequences first, each of them once however often they are tried: then it is known, and done.
        if await self.redis.exists(keys.seen(_SEEN, message_id)):
            return
        orders = await self._orders(keys, phone)
        said = replies.read(inbound.text, orders)
        if said.wish is Wish.PERSON:
            said = await self._answered(keys, inbound, orders) or said
        stopped = bool(await self.redis.sismember(keys.opted_out, phone))
        waits = await self._follow(keys, inbound, said)
        order, unit = said.order, UnitOfWork()
        unit.require_absent(keys.seen(_SEEN, message_id))
        if said.wish is Wish.STOP:
            unit.do("SADD", keys.opted_out, phone)
            if not stopped and (message := self._confirmed(inbound, orders[0].source if orders else "")):
                writes.queue_message(unit, keys, message)
        unit.do("SET", keys.seen(_SEEN, message_id), 1, "PX", _REMEMBERED // timedelta(milliseconds=1))
        unit.do("RPUSH", keys.inbound(phone), as_text(inbound))
        unit.do("LTRIM", keys.inbound(phone), -_KEPT, -1)
        unit.do("EXPIRE", keys.inbound(phone), INBOUND_KEPT)
        if waits:
            inbox.waits(unit, keys, phone, at=ms(inbound.at))
        self.publish(unit, keys, CustomerReplied(id=message_id, phone=phone, text=text, at=inbound.at, order=order))
        if order:
            line = TimelineEntry(at=inbound.at, kind=LineKind.INBOUND, what="sms", ref=message_id, extra={"text": text})
            unit.do("RPUSH", keys.timeline(order.source, order.id), as_text(line))
        await work.commit(self.redis, [unit])
        self.on_understood(said)
        log.info("text from a customer", action="inbound", inbound=message_id, phone=phones.mask(phone))

    async def _follow(self, keys: Keys, inbound: Inbound, said: Reply) -> bool:
        """Do what a text asks for; whether it waits for a person. That texts stop is written with the text itself."""
        match said.wish:
            case Wish.STOP:
                pass
            case Wish.START:
                await self.redis.srem(keys.opted_out, inbound.sender)
            case Wish.DEPOSIT if said.order is not None and not await self._is_of_somebody(said, said.order):
                await self.take(_deposit(said.order, inbound, said.reference))
            case Wish.CONFIRM | Wish.ANOTHER_TIME | Wish.RATE if said.order is not None:
                await self.take(_answer(said, said.order, inbound))
            case _:
                await self._have_called(keys, inbound, said.order)
                return True
        return False

    def _confirmed(self, inbound: Inbound, source: str) -> Message | None:
        """That the texts have stopped, to whom has just asked for it, in the words of the shop that they know."""
        if self.confirming is None or not phones.is_mobile(inbound.sender):
            return None
        rulebook, now = self.confirming(), inbound.at
        if OPT_OUT_CONFIRMED not in rulebook.templates:
            return None
        template = rulebook.template(OPT_OUT_CONFIRMED, source)
        context = Context(order=Order(id="", source=source), shops=rulebook.shops, now=now)
        ready = now if template.passes_quiet_hours else rulebook.texting_time(now)
        return Message(
            id=derived_id(rulebook.namespace, OPT_OUT_CONFIRMED, inbound.sender, inbound.id),
            template=template.name,
            version=template.version,
            to=inbound.sender,
            text=template.render(context),
            created_at=now,
            audience=Audience.CUSTOMER,
            route=rulebook.route(source, template.ladder),
            essential=True,
            keeps_quiet_hours=not template.passes_quiet_hours,
            patterns=template.patterns(context) if template.via is Via.LOOKUP else {},
            not_before=ready if ready > now else None,
            expires_at=ready + template.expires if template.expires else None,
        )

    async def _is_of_somebody(self, said: Reply, order: Order) -> bool:
        """Whether the text names an order of somebody else. A number that is nobody's is a slip of the finger."""
        return bool(said.elsewhere) and await self.reader.knows(order.source, said.elsewhere)

    async def _answered(self, keys: Keys, inbound: Inbound, orders: Sequence[Order]) -> Reply | None:
        """What a text answers to those the customer was sent; None where it is no answer to any. One that comes too
        late is for a person, with the order that it is about."""
        rules = self.rules
        if not any(text_answers.understood(inbound.text, rule) for rule in rules.asking.values()):
            return None  # what nothing that could be asked is answered by need not be looked for
        sent = await self._sent(keys, inbound, orders)
        found = text_answers.answered(inbound.text, sent)
        if found is None:
            return None
        meant, asked = found
        if asked.order is None or not text_answers.holds(meant, asked, inbound.at):
            return Reply(Wish.PERSON, asked.order)
        return Reply(_WISHES[meant.answer], asked.order, mark=meant.mark)

    async def _sent(self, keys: Keys, inbound: Inbound, orders: Sequence[Order]) -> list[SentText]:
        """The texts that left for this customer and may still be answered; those that people wrote are of no order."""
        since, asking = ms(inbound.at - self.rules.within), self.rules.asking
        sent = [
            SentText(order=None, at=at, asks=None) for at in await by_hand.written_at(self.redis, keys, inbound.sender)
        ]
        for order in orders:
            for one in (await self.reader.story(order)).messages:
                message, unsure = one.message, one.state is MessageState.UNKNOWN
                left = one.accepted or (one.first if unsure else None)
                if message.audience is Audience.CUSTOMER and message.to == inbound.sender and left is not None:
                    sent.append(SentText(order=order, at=left, asks=asking.get(message.template)))
        return [one for one in sent if since <= one.at]

    async def _have_called(self, keys: Keys, inbound: Inbound, order: Order | None) -> None:
        await self.plan_call(
            keys,
            CallRequest(
                id=inbox.callback_id(inbound.sender, inbound.id),
                purpose=Purpose.CALLBACK,
                order_id=order.id if order else "",
                source=order.source if order else "",
                phone=inbound.sender,
                name=order.details.name if order else None,
                due_at=self.working_time(inbound.at),
                created_at=inbound.at,
                brief=inbound.text,
            ),
        )

    async def _orders(self, keys: Keys, phone: str) -> list[Order]:
        """The customer's orders, the latest first."""
        found: Any = await self.redis.zrevrange(keys.customer_orders(phone), 0, _LOOKED_AT - 1)
        orders = [await self.reader.order(*member.decode().split(":", 1)) for member in found]
        return [order for order in orders if order is not None]


def _deposit(order: Order, inbound: Inbound, reference: str) -> Event:
    return Event(
        id=f"inbound:{inbound.id}",
        source=order.source,
        type=EventType.DEPOSIT_REPORTED,
        order_id=order.id,
        at=inbound.at,
        details=Details(reference=reference),
        extra={"text": inbound.text},
    )


def _answer(said: Reply, order: Order, inbound: Inbound) -> Event:
    kinds = {
        Wish.CONFIRM: EventType.CONFIRMED,
        Wish.ANOTHER_TIME: EventType.CALLBACK_REQUESTED,
        Wish.RATE: EventType.RATED,
    }
    return Event(
        id=f"inbound:{inbound.id}",
        source=order.source,
        type=kinds[said.wish],
        order_id=order.id,
        at=inbound.at,
        details=Details(mark=said.mark or None),
        extra={"text": inbound.text, "by": CUSTOMER, "by_name": "مشتری"}
        | ({ASKED_FOR: _ANOTHER_TIME} if said.wish is Wish.ANOTHER_TIME else {}),
    )
