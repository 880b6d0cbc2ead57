"""The heart: from an order as stored and news about it to everything that follows. Pure, no I/O."""

from collections.abc import Collection, Generator, Mapping, Sequence
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from notifier.domain import phones, relevance
from notifier.domain.calls import CallRequest
from notifier.domain.conditions import Conditions
from notifier.domain.domain_events import DeliverySettled, DepositSettled, DomainEvent, OrderPrioritized, OrderRated
from notifier.domain.events import Event, EventType, PaymentMethod
from notifier.domain.messages import Audience, Follows, Message, Via
from notifier.domain.orders import AGREEING, JUDGED, REVIVING, STAGES, News, Order, Priority, Stage, apply_events
from notifier.domain.policy import Block, CallRule, MessageTemplate, Rulebook, TextRule, When
from notifier.domain.slots import SlotMark
from notifier.domain.timeline import (
    AGREED_UPON,
    ASKED_FOR,
    CALLBACK_AT,
    CUSTOMER,
    MARK,
    SLOT_MARK,
    LineKind,
    SuppressionReason,
    TimelineEntry,
)
from notifier.domain.variables import Context


class Suppression(Struct, frozen=True):
    """A text or a call that the policy names and that did not come to be, with the reason."""

    kind: Literal["template", "purpose"]
    what: str
    reason: SuppressionReason


class Decision(Struct, frozen=True, kw_only=True):
    """What follows from news: the new order, and all that is to be made true with it at once."""

    order: Order
    messages: tuple[Message, ...] = ()
    calls: tuple[CallRequest, ...] = ()
    cancelled_messages: tuple[str, ...] = ()
    again: tuple[str, ...] = ()  # of the messages those that were taken back before, and are told after all
    cancelled_calls: tuple[str, ...] = ()
    suppressed: tuple[Suppression, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    facts: tuple[DomainEvent, ...] = ()  # what others may want to know
    route: str = ""  # the source by whose own lines texts about the order leave
    slot_mark: SlotMark | None = None  # what is odd about the time of delivery that it brings


Stages = Generator[None, None, Decision]
"""A decision, stage by stage: of many that take a stage together, the processor has its code at hand."""


def decide(
    order: Order | None, events: Sequence[Event], rulebook: Rulebook, now: datetime, *, page_token: str | None = None
) -> Decision:
    """What ``events``, reported together about one order, change about it at the time ``now``.

    ``events`` is not empty and all of one order. Facts are taken in first and rules run on what is then known, so of
    several stages reported at once only the newest is told. An order that has no ``page_token`` yet is given this one.
    """
    return whole(deciding(order, events, rulebook, now, page_token=page_token))


def deciding(
    order: Order | None, events: Sequence[Event], rulebook: Rulebook, now: datetime, *, page_token: str | None = None
) -> Stages:
    """The stages of `decide`: facts are taken in, the rules run, and what is told is put into words."""
    first, at = events[0], int(now.timestamp() * 1000)
    before = order or Order(id=first.order_id, source=first.source, created_at=at)
    if page_token and not before.page_token:
        before = replace(before, page_token=page_token)
    decision = _Deciding(before, events, rulebook, now, at)
    yield
    decision.run()
    yield
    return decision.taken()


def whole(stages: Stages) -> Decision:
    """The decision, all of its stages at once."""
    while True:
        try:
            next(stages)
        except StopIteration as end:
            decision: Decision = end.value
            return decision


_LOOKED_UP = frozenset({EventType.DEPOSIT_CONFIRMED, EventType.DEPOSIT_REJECTED})


def derived_id(*parts: str) -> str:
    """A positive int64 in decimal, always the same for the same parts."""
    digest = blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return str(int.from_bytes(digest, "big") >> 1 or 1)


_ALIKE = frozenset({EventType.SHIPPED, EventType.DEPOSIT_CONFIRMED, EventType.REFUNDED})
_TOGETHER = 1000
"""Unix ms within which parcels left together."""

_OF_PARCELS = frozenset({EventType.DELAYED, EventType.DELIVERY_FAILED})
"""News of the parcel that is no stage, and waits for the money as the stages do."""

_LATE = timedelta(minutes=15)
"""News that comes within this counts as told when it happened."""


class _Late(Struct, frozen=True):
    """How much later all that waits for longer than ``behind`` is due."""

    time: timedelta = timedelta()
    behind: timedelta = timedelta()
    first: str = ""  # the id of that text

    def of(self, after: timedelta) -> timedelta:
        return self.time if after > self.behind else timedelta()

    def follows(self, after: timedelta) -> Follows | None:
        if not self.first or after <= self.behind:
            return None
        gap = (after - self.behind) // timedelta(milliseconds=1)
        return Follows(self.first, gap) if gap else None


_IN_TIME = _Late()


class _Deciding:
    """One decision in the making, at a time and in unix ms."""

    def __init__(self, before: Order, events: Sequence[Event], rulebook: Rulebook, now: datetime, now_ms: int) -> None:
        self.before, self.events, self.rulebook, self.now = before, events, rulebook, now
        order = apply_events(before, events)
        self.block, self.offered = block_of(order, rulebook)
        # A cancelled order is prepaid no more, but what its customer hears depends on whether money is to go back.
        # Of nothing to pay there is nothing to wait for.
        self.settled = order.free or (self.offered and order.paid)
        prepaid = self.settled and not order.cancelled
        self.order = replace(
            order,
            prepaid=prepaid,
            violation=not self.offered and order.method is not None,
            priority=self.block.priority if prepaid else Priority.NORMAL,
            v=before.v + 1,
            updated_at=now_ms,
        )
        self._conditions = Conditions(order=self.order, rulebook=rulebook, settled=self.settled, now=now_ms)
        self.open_texts, self.open_calls = _copied(before.open_texts), _copied(before.open_calls)
        self.withheld, self.aside = before.withheld, dict(before.aside)
        self.withdrawn, self.withdrawn_calls = _copied(before.withdrawn), _copied(before.withdrawn_calls)
        self.messages: list[Message] = []  # without their words, which `taken` adds
        self.told: list[tuple[MessageTemplate, News]] = []  # what each of them says
        self.calls: list[CallRequest] = []
        self.cancelled_messages: list[str] = []
        self.cancelled_calls: list[str] = []
        self.suppressed: list[Suppression] = []
        self.timeline: list[TimelineEntry] = []
        self.facts: list[DomainEvent] = []
        self.slot_mark: SlotMark | None = None

    def run(self) -> None:
        """Run the rules on what is known."""
        self._enter_block()
        if self.order.priority is Priority.HIGH is not self.before.priority:
            self.facts.append(OrderPrioritized(order=self.order, at=self.now))
        turns = self._in_turn()
        for place, (event, news) in enumerate(turns):
            self._hear(event, LineKind.EVENT if news else LineKind.REPEATED)
            if news is None:
                continue
            if event.by is not None and event.type in _LOOKED_UP:
                self.facts.append(DepositSettled(order=self.order, event=event, at=self.now))
            if event.by is not None or event.extra.get("by") == CUSTOMER:  # what a shop says is no news to it
                if event.type in AGREEING or event.type is EventType.DELIVERY_RELEASED:
                    self.facts.append(DeliverySettled(order=self.order, event=event, at=self.now))
                elif event.type is EventType.RATED:
                    self.facts.append(OrderRated(order=self.order, event=event, at=self.now))
            again = event.type is EventType.CANCELLED and any(
                later and later.kind is event.type for _, later in turns[place + 1 :]
            )
            if not again:  # of cancellations reported together the last is told
                self._follow(news)
        if self.withheld is not None and not self._waits_for_payment(self.withheld.kind):
            held, self.withheld = self.withheld, None
            for parcel in self._left_with(held):
                self._follow(parcel)
        for kind, waiting in list(self.aside.items()):
            if self._waits(kind) is None:
                del self.aside[kind]
                self._follow(waiting)
        self._cancel_as_prepaid()
        self._tell_after_all()
        self._call_after_all()
        self._drop_pointless()

    def taken(self) -> Decision:
        """The decision, with the words of what is told."""
        back = {one for texts in self.before.withdrawn.values() for one in texts} if self.before.withdrawn else ()
        return Decision(
            order=replace(
                self.order,
                open_texts=_filled(self.open_texts),
                open_calls=_filled(self.open_calls),
                withheld=self.withheld,
                aside=self.aside,
                withdrawn=_filled(self.withdrawn),
                withdrawn_calls=_filled(self.withdrawn_calls),
            ),
            messages=tuple([self._in_words(*one) for one in zip(self.messages, self.told, strict=True)]),
            again=tuple([message.id for message in self.messages if message.id in back]) if back else (),
            calls=tuple(self.calls),
            cancelled_messages=tuple(self.cancelled_messages),
            cancelled_calls=tuple(self.cancelled_calls),
            suppressed=tuple(self.suppressed),
            timeline=tuple(self.timeline),
            facts=tuple(self.facts),
            route=self.rulebook.route(self.order.source),
            slot_mark=self.slot_mark,
        )

    def _in_turn(self) -> list[tuple[Event, News | None]]:
        """The events, each with what is new in it; None where it is known already."""
        known, turns = self.before, []
        for place, event in enumerate(self.events):
            if place:
                known = apply_events(known, [self.events[place - 1]])
            turns.append((event, _news(event, known)))
        return turns

    def _left_with(self, news: News) -> list[News]:
        """A parcel that waited for the money, behind those that left together with it."""
        if news.kind is not EventType.SHIPPED:
            return [news]
        times = self.order.news.get(news.kind, {})
        parcels = [News(news.kind, code, at) for code, at in times.items() if code and abs(at - news.at) < _TOGETHER]
        return [*sorted((one for one in parcels if one != news), key=lambda one: one.at), news]

    def _enter_block(self) -> None:
        """Mark an order that breaks the methods on offer, and begin what its block, or its revival, begins with."""
        before, block = self.before, self.block
        if self.order.violation and not before.violation:
            self._note(LineKind.VIOLATION, str(self.order.method), reason=SuppressionReason.NOT_ON_OFFER)
        was = block_of(before, self.rulebook)[0] if before.news else None
        revived = before.cancelled and not self.order.cancelled
        begun = EventType.REGISTERED in before.news
        if (was is block and not revived) or not (block.calls or revived or begun):
            return
        entry = News(EventType.REGISTERED, f"entry {before.v}", self.order.updated_at)
        said = set() if was is None or revived else _names(was, EventType.REGISTERED)
        for call in block.calls:
            if call.purpose not in said:
                self._call(call, entry)
        if revived and self.settled:
            for text in block.revived:
                if self._conditions.hold(text.when):
                    self._text(text, entry)
        if begun:  # whoever is under other promises now hears how these begin
            self._follow(entry, but=said)

    def _follow(self, news: News, *, but: Collection[str] = ()) -> None:
        """Run the policy's rule for one piece of news, leaving out the templates and purposes in ``but``."""
        rule = self.block.rule(news.kind)
        texts: Sequence[TextRule] = rule.sms
        calls: Sequence[CallRule] = rule.calls
        if but:
            texts = [text for text in texts if text.template not in but]
            calls = [call for call in calls if call.purpose not in but]
        if reason := self._waits(news.kind) or self._over(news):
            if reason is not SuppressionReason.PAST:
                self._put_aside(news)
            for text in texts:
                self._suppress("template", text.template, reason)
            for call in calls:
                self._suppress("purpose", call.purpose, reason)
            return
        texts, calls = self._conditions.chosen(texts), self._conditions.chosen(calls)
        # What only follows upon news counts from the news, and what reminds of a text from that.
        reminders = [text for text in texts if text.after]
        late = self._late(texts, news) if reminders else _IN_TIME
        for text in texts:
            self._text(text, news, late.of(text.after), late.follows(text.after))
        for call in calls:
            self._call(call, news, late.of(call.after))

    def _put_aside(self, news: News) -> None:
        """Keep the news until what it waits for is there: of stages the furthest, of all else the newest."""
        if news.kind not in STAGES:
            self.aside[news.kind] = max(news, self.aside.get(news.kind, news), key=lambda one: one.at)
            return
        held, newest = self.withheld, news.distinction == self.order.newest(news.kind)
        if held is None or STAGES[held.kind] < STAGES[news.kind] or (held.kind is news.kind and newest):
            self.withheld = news

    def _late(self, texts: Sequence[TextRule], news: News) -> "_Late":
        """How much later than planned the first text about news leaves: what reminds of it counts from there."""
        phone = self.order.details.phone
        telling = [
            text
            for text in texts
            if text.when is not When.DELIVERY_DAY and not self._pointless_text(text, self._template(text), news)
        ]
        if not telling or phone is None or not phones.is_mobile(phone):
            return _IN_TIME
        first = min(telling, key=lambda text: text.after)
        late = self._ready(first, self._template(first), news) - (self._at(news) + first.after)
        first_id = self._id("text", first.template, news)
        return _Late(late if late >= _LATE else timedelta(), behind=first.after, first=first_id)

    def _template(self, rule: TextRule) -> MessageTemplate:
        return self.rulebook.template(rule.template, self.order.source)

    def _ready(self, rule: TextRule, template: MessageTemplate, news: News, late: timedelta = timedelta()) -> datetime:
        """When the text may leave."""
        if rule.when is When.DELIVERY_DAY and self.order.delivery is not None:
            return self.rulebook.texting_time(self.rulebook.timetable.reminder(self.order.delivery))
        ready = self._after(news, rule.after + late)
        return ready if template.passes_quiet_hours else self.rulebook.texting_time(ready)

    def _after(self, news: News, time: timedelta) -> datetime:
        """So long after the news happened; now where that is over."""
        return max(self.now, self._at(news) + time) if time else self.now

    def _at(self, news: News) -> datetime:
        """When the news happened; now where the shop's clock is ahead."""
        return min(datetime.fromtimestamp(news.at / 1000, self.now.tzinfo), self.now)

    def _cancel_as_prepaid(self) -> None:
        """Tell the customer of a cancelled order, whose payment is only now heard of, what becomes of the money."""
        before, at = self.before, self.order.happened(EventType.CANCELLED)
        if at is None or not before.cancelled or not self.order.cancelled:
            return
        came_in_part = self.order.deposits != before.deposits and self._conditions.hold(When.PART)
        if not self.settled and not came_in_part:
            return
        if before.paid and block_of(before, self.rulebook)[1]:
            return
        rule = self.block.rule(EventType.CANCELLED)
        told = {text.template for text in rule.sms if text.when is When.ALWAYS}
        asked = {call.purpose for call in rule.calls if call.when is When.ALWAYS}
        self._follow(News(EventType.CANCELLED, f"paid {before.v}", at), but=told | asked)

    def _waits_for_payment(self, kind: EventType) -> bool:
        if not self.block.needs_payment or self.order.prepaid:
            return False
        return Stage.PAID < STAGES.get(kind, Stage.NONE) <= Stage.DELIVERED or kind in _OF_PARCELS

    def _waits(self, kind: EventType) -> SuppressionReason | None:
        """Why news of this kind is not told yet."""
        if self._waits_for_payment(kind):
            return SuppressionReason.NOT_PAID
        if kind in JUDGED and self.order.stage < Stage.RETURN_REQUESTED:
            return SuppressionReason.NOT_REQUESTED
        return None

    def _over(self, news: News) -> SuppressionReason | None:
        """The new day of a delay may have passed before we heard of it."""
        if news.kind is EventType.DELAYED and news.distinction:
            return SuppressionReason.PAST if date.fromisoformat(news.distinction) < self.now.date() else None
        return None

    def _text(self, rule: TextRule, news: News, late: timedelta = timedelta(), follows: Follows | None = None) -> None:
        template, phone = self._template(rule), self.order.details.phone
        if self._pointless_text(rule, template, news):
            self._suppress("template", rule.template, SuppressionReason.SUPERSEDED)
            return
        if phone is None or not phones.is_mobile(phone):
            self._suppress("template", rule.template, SuppressionReason.NO_MOBILE)
            return
        message_id = self._id("text", rule.template, news)
        if message_id in self.open_texts.get(rule.template, {}):
            return  # it waits already
        self.withdrawn.get(rule.template, {}).pop(message_id, None)
        ready, expires = self._ready(rule, template, news, late), template.expires
        until = ready + expires if expires else None
        if rule.when is When.DELIVERY_DAY and self.order.delivery is not None:
            until = self.rulebook.timetable.ends(self.order.delivery)
            if ready <= self.now or ready >= until:  # the day is here, and its hour was told just now
                self._suppress("template", rule.template, SuppressionReason.PAST)
                return
        telling = news.kind in STAGES and not rule.after
        message = Message(
            id=message_id,
            template=template.name,
            version=template.version,
            to=phone,
            text="",
            created_at=self.now,
            audience=Audience.CUSTOMER,
            order_id=self.order.id,
            source=self.order.source,
            route=self.rulebook.route(self.order.source, template.ladder or self.block.ladder),
            essential=template.essential,
            keeps_quiet_hours=not template.passes_quiet_hours,
            not_before=ready if ready > self.now else None,
            expires_at=until,
            overtakes=telling or news.kind is EventType.CANCELLED,
            overtakable=telling and template.merge,
            order_v=self.order.v,
            about=news if news.kind in _ALIKE and news.distinction else None,
            follows=follows,
        )
        self.messages.append(message)
        self.told.append((template, news))
        if message.not_before:
            self.open_texts.setdefault(rule.template, {})[message.id] = news
        self._note(LineKind.MESSAGE, rule.template, ref=message.id)

    def _in_words(self, message: Message, told: tuple[MessageTemplate, News]) -> Message:
        template, news = told
        context = Context(
            order=self.order.telling_of(news.kind, news.distinction),
            shops=self.rulebook.shops,
            now=self.now,
            pages=self.rulebook.pages,
        )
        return replace(
            message,
            text=template.render(context),
            spoken=template.spoken(context),
            patterns=template.patterns(context) if template.via is Via.LOOKUP else {},
        )

    def _call(self, rule: CallRule, news: News, late: timedelta = timedelta()) -> None:
        if self._pointless_call(rule.purpose, news) or self._planned(rule, news):
            self._suppress("purpose", rule.purpose, SuppressionReason.SUPERSEDED)
            if self.order.cancelled and self._may_be_owed(rule.purpose, news):  # the shop may take that back
                self.withdrawn_calls.setdefault(rule.purpose, {})[self._id("call", rule.purpose, news)] = news
            return
        call = CallRequest(
            id=self._id("call", rule.purpose, news, *self._once_more(rule, news)),
            purpose=rule.purpose,
            order_id=self.order.id,
            source=self.order.source,
            phone=self.order.details.phone,
            name=self.order.details.name,
            due_at=self.rulebook.working_time(max(self._wished(news), self._after(news, rule.after + late))),
            created_at=self.now,
            brief=self._asked_for(news),
        )
        self.calls.append(call)
        self.open_calls.setdefault(rule.purpose, {})[call.id] = news
        self._note(LineKind.CALL, rule.purpose, ref=call.id)

    def _wished(self, news: News) -> datetime:
        """When the customer wants to be phoned, as this news said; now where it named no time."""
        if news.kind is not EventType.CALLBACK_REQUESTED or self.order.stamps.get("callback_at") != news.at:
            return self.now
        return self.order.details.callback_at or self.now

    def _asked_for(self, news: News) -> str:
        """What the customer wants to be phoned for, as far as the news says it."""
        if news.kind is not EventType.CALLBACK_REQUESTED:
            return ""
        said = [one.extra.get(ASKED_FOR) for one in self.events if one.type is news.kind and one.at_ms == news.at]
        return next((words for words in said if isinstance(words, str)), "")

    def _planned(self, rule: CallRule, news: News) -> bool:
        """Whether a stage has its call already: a tracking code that comes later is told, but no second call. What was
        talked about before its reason went, and came back, is not talked about again."""
        made = self.before.made_calls.get(rule.purpose, {}).values()
        planned = self.open_calls.get(rule.purpose, {}).values()
        if not made and not planned:
            return False
        if any(known.kind is news.kind and known.distinction == news.distinction for known in made):
            return True
        return news.kind in STAGES and any(
            known.kind is news.kind and not relevance.undone(self.order, self.block, rule.purpose, known)
            for known in (*planned, *made)
        )

    def _once_more(self, rule: CallRule, news: News) -> tuple[str, ...]:
        """What tells a call from the one about the same news that was dropped before: the book has each id once."""
        dropped = self.before.withdrawn_calls.get(rule.purpose)
        if not dropped:
            return ()
        same = [
            call for call, known in dropped.items() if (known.kind, known.distinction) == (news.kind, news.distinction)
        ]
        for call in same:
            self.withdrawn_calls[rule.purpose].pop(call, None)
        return (f"after {self.before.v}",) if same else ()

    def _call_after_all(self) -> None:
        """Plan anew what was dropped before anybody called, and is owed once more; what never will be is forgotten."""
        for purpose, calls in self.before.withdrawn_calls.items():
            for call, news in calls.items():
                if call not in self.withdrawn_calls[purpose] or self._waits(news.kind):
                    continue
                rule = self._still_owed(purpose, news)
                if rule is None and self._may_be_owed(purpose, news):
                    continue
                del self.withdrawn_calls[purpose][call]
                if rule is not None and not any(one.purpose == purpose for one in self.calls):
                    self._call(rule, news)

    def _still_owed(self, purpose: str, news: News) -> CallRule | None:
        if self._pointless_call(purpose, news):
            return None
        rules = self._conditions.chosen(_calls(self.block, news.kind))
        return next((one for one in rules if one.purpose == purpose), None)

    def _may_be_owed(self, purpose: str, news: News) -> bool:
        """Whether a call that is dropped now may be owed after all."""
        promised = any(one.purpose == purpose for one in self._conditions.chosen(_calls(self.block, news.kind)))
        unpaid = self._waits_for_payment(news.kind)
        return relevance.may_be_owed_again(self.order, news, unpaid=unpaid, promised=promised)

    def _tell_after_all(self) -> None:
        """Tell what was taken back before it left, and holds once more; what never will again is forgotten."""
        for template, texts in self.before.withdrawn.items():
            for message, news in texts.items():
                if message not in self.withdrawn[template] or self._waits_for_payment(news.kind):
                    continue
                rule = self._still_promised(template, news)
                if rule is None and self._may_return(template, news):
                    continue
                del self.withdrawn[template][message]
                told = news.kind not in _ALIKE and any(one.template == template for one in self.messages)
                if rule is not None and not told and self._over(news) is None:
                    self._text(rule, news)

    def _still_promised(self, template: str, news: News) -> TextRule | None:
        rules = (one for one in self._conditions.chosen(self.block.rule(news.kind).sms) if one.template == template)
        return next((one for one in rules if not self._pointless_text(one, self._template(one), news)), None)

    def _may_return(self, template: str, news: News) -> bool:
        """Whether a text that is taken back now may have to be told after all."""
        promised = any(one.template == template for one in self._conditions.chosen(self.block.rule(news.kind).sms))
        return relevance.may_hold_again(self.order, news, unpaid=self._waits_for_payment(news.kind), promised=promised)

    def _drop_pointless(self) -> None:
        """Cancel what was open before and is promised no more, or has lost its sense."""
        for template, texts in self.before.open_texts.items():
            for message, news in texts.items():
                unpaid = self.before.prepaid and self._waits_for_payment(news.kind)  # the money is there no more
                if unpaid or self._still_promised(template, news) is None:
                    del self.open_texts[template][message]
                    self.cancelled_messages.append(message)
                    self._note(LineKind.MESSAGE_CANCELLED, template, ref=message)
                    if self._may_return(template, news):
                        self.withdrawn.setdefault(template, {})[message] = news
        for purpose, calls in self.before.open_calls.items():
            for call, news in calls.items():
                if self._still_owed(purpose, news) is None:
                    del self.open_calls[purpose][call]
                    self.cancelled_calls.append(call)
                    self._note(LineKind.CALL_CANCELLED, purpose, ref=call)
                    if self._may_be_owed(purpose, news):
                        self.withdrawn_calls.setdefault(purpose, {})[call] = news

    def _pointless_text(self, rule: TextRule, template: MessageTemplate, news: News) -> bool:
        # A reminder is no telling of a stage: it stands until the policy cancels it.
        lasting = bool(rule.after) or template.lasting
        order, block = self.order, self.block
        return (
            relevance.void(order, news)
            or relevance.overtaken(order, news, lasting=lasting)
            or relevance.undone(order, block, rule.template, news)
        )

    def _pointless_call(self, purpose: str, news: News) -> bool:
        return relevance.void(self.order, news) or relevance.undone(self.order, self.block, purpose, news)

    def _hear(self, event: Event, kind: LineKind) -> None:
        extra = event.extra
        if event.type in AGREEING and event.details.delivery is not None:
            extra = extra | {AGREED_UPON: str(event.details.delivery)}
            if event.details.delivery == self.order.delivery:
                self.slot_mark = self.rulebook.timetable.mark(self.rulebook.region(self.order), event.details.delivery)
                extra = extra | ({SLOT_MARK: self.slot_mark} if self.slot_mark else {})
        elif event.type is EventType.RATED and event.details.mark is not None:
            extra = extra | {MARK: event.details.mark}
        elif event.type is EventType.CALLBACK_REQUESTED and event.details.callback_at is not None:
            extra = extra | {CALLBACK_AT: event.details.callback_at.isoformat()}
        if event.by is not None and "by" not in extra:
            extra = extra | {"by": event.by}
        heard_of = TimelineEntry(
            at=self.now, kind=kind, what=event.type, ref=event.id, happened_at=event.at, extra=extra
        )
        self.timeline.append(heard_of)

    def _suppress(self, kind: Literal["template", "purpose"], what: str, reason: SuppressionReason) -> None:
        self.suppressed.append(Suppression(kind, what, reason))
        self._note(LineKind.SUPPRESSED, what, reason=reason)

    def _note(
        self, kind: LineKind, what: str, *, ref: str | None = None, reason: SuppressionReason | None = None
    ) -> None:
        self.timeline.append(TimelineEntry(at=self.now, kind=kind, what=what, ref=ref, reason=reason))

    def _id(self, form: str, what: str, news: News, *more: str) -> str:
        order, namespace = self.order, self.rulebook.namespace
        return derived_id(namespace, order.source, order.id, form, what, news.kind, news.distinction, *more)


def _news(event: Event, known: Order) -> News | None:
    """What is new in an event, by what is known of its order; None where nothing is."""
    kind, at, distinction = event.type, event.at_ms, event.distinction
    if kind not in known.news:
        return News(kind, distinction, at)
    if known.cancelled_anew(event):
        return News(kind, f"after {max(known.happened(reviving) or 0 for reviving in REVIVING)}", at)
    if known.out_again(event):
        return News(kind, f"after {known.happened(EventType.DELIVERY_FAILED)}", at)
    if known.rated_anew(event):
        return News(kind, f"{distinction} after {known.happened(kind)}", at)
    if known.agreed_anew(event):
        return News(kind, f"{distinction} after {known.delivery_said}", at)
    return None if known.knows(event) else News(kind, distinction, at)


def block_of(order: Order, rulebook: Rulebook) -> tuple[Block, bool]:
    """The promises that hold for an order, and whether its method is on offer where it goes."""
    policy, method = rulebook.policy, order.method
    if order.free:
        return policy.free, True
    if isinstance(method, PaymentMethod):
        block = policy.blocks.get((policy.regions.region(order.details.city), method))
        if block is not None:
            return block, True
    return policy.otherwise, False


def _calls(block: Block, kind: EventType) -> tuple[CallRule, ...]:
    """The calls that news of this kind plans; a block's own begin with the order."""
    return (*block.rule(kind).calls, *(block.calls if kind is EventType.REGISTERED else ()))


def _names(block: Block, kind: EventType) -> set[str]:
    """The templates and purposes that news of this kind brings about."""
    return {text.template for text in block.rule(kind).sms} | {call.purpose for call in _calls(block, kind)}


def _copied(waiting: Mapping[str, Mapping[str, News]]) -> dict[str, dict[str, News]]:
    return {name: dict(ids) for name, ids in waiting.items()} if waiting else {}


def _filled(waiting: dict[str, dict[str, News]]) -> dict[str, dict[str, News]]:
    return {name: ids for name, ids in waiting.items() if ids} if waiting else waiting
