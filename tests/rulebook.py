"""The promises as they ship, and a shop's story played against them without a store.

The calendar stands aside: calls and texts are due at the very moment their rule names, unless a rulebook defers it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from notifier.clock import TEHRAN
from notifier.config.loading import load
from notifier.domain.calls import CallRequest
from notifier.domain.decide import Decision, Suppression, decide
from notifier.domain.events import Details, Event, EventType, Item, PaymentMethod
from notifier.domain.made_calls import settled
from notifier.domain.messages import Message
from notifier.domain.orders import Order
from notifier.domain.policy import Rulebook
from notifier.domain.timeline import TimelineEntry
from notifier.sms import templates

ROOT = Path(__file__).parents[1]
CONFIG = load(ROOT / "config.toml", environment={})
NOON = datetime(2026, 11, 23, 12, tzinfo=TEHRAN)
MORNING = NOON + timedelta(hours=20)

RULEBOOK = Rulebook(
    policy=CONFIG.policy.policy(CONFIG.regions.regions()),
    templates=templates.load(CONFIG.templates_folder),
    shops=CONFIG.shops,
    working_time=lambda moment: moment,
    texting_time=lambda moment: moment,
)
AT_NIGHT = replace(RULEBOOK, texting_time=lambda moment: max(moment, MORNING), working_time=lambda moment: MORNING)
"""Texts that keep quiet hours, and calls, wait for the morning."""

GROUPS: dict[str, tuple[str | None, PaymentMethod | None]] = {
    "tehran.cash": ("تهران", PaymentMethod.CASH),
    "tehran.online": ("تهران", PaymentMethod.ONLINE),
    "tehran.phone": ("تهران", PaymentMethod.PHONE),
    "elsewhere.online": ("اصفهان", PaymentMethod.ONLINE),
    "elsewhere.bank_transfer": ("اصفهان", PaymentMethod.BANK_TRANSFER),
    "not on offer": ("اصفهان", PaymentMethod.CASH),
    "unknown": (None, None),
}
"""Every group of customers: a city and a method of payment."""

CUSTOMER = Details(name="سارا محمدی", phone="09121234567", amount=185_000_000, items=(Item("Xiaomi 13T Pro"),))
STAGE_TEXTS = frozenset(
    f"order_{stage}"
    for stage in (
        *("preparing", "packed", "shipped_tehran", "shipped_elsewhere", "out_for_delivery", "out_for_delivery_cash"),
        *("delivered", "delivered_elsewhere", "delivered_guarantee"),
    )
)


def details(group: str, **more: Any) -> Details:
    """What is known of a customer of ``group``; ``more`` says more, or otherwise."""
    city, method = GROUPS[group]
    known = {name: getattr(CUSTOMER, name) for name in ("name", "phone", "amount", "items")}
    return Details(**(known | {"city": city, "method": method} | more))


def event(kind: EventType, minute: float = 0, about: Details = CUSTOMER, *, id: str | None = None) -> Event:  # noqa: A002
    """An event of order 10025, so many minutes from noon."""
    at = NOON + timedelta(minutes=minute)
    return Event(id=id or f"{kind}@{minute}", source="shop", type=kind, order_id="10025", at=at, details=about)


class Story:
    """One order and all that came of it, kept the way the store keeps it: first what is cancelled, then what is new."""

    def __init__(self, group: str = "tehran.online", *, rulebook: Rulebook = RULEBOOK, **more: Any) -> None:
        self.rulebook, self.about = rulebook, details(group, **more)
        self.order: Order | None = None
        self.now = NOON
        self.decisions: list[Decision] = []
        self.messages: dict[str, Message] = {}
        self.calls: dict[str, CallRequest] = {}
        self.dropped: set[str] = set()
        self.made: set[str] = set()
        self.suppressed: list[Suppression] = []
        self.timeline: list[TimelineEntry] = []

    def tell(self, *events: Event, now: datetime | None = None) -> Decision:
        """The shop reports events together."""
        self.now = now or max(self.now, *(event.at for event in events))
        decision = decide(self.order, events, self.rulebook, self.now)
        decision = settled(decision, set(decision.cancelled_calls) - self.made)
        self.decisions.append(decision)
        self.order = decision.order
        self.dropped.update(decision.cancelled_messages, set(decision.cancelled_calls) - self.made)
        for message in decision.messages:
            if message.id in self.messages and message.id not in self.dropped:
                assert self._found_again(), f"{message.template} is said twice"
            self.messages[message.id] = message
            self.dropped.discard(message.id)
        for call in decision.calls:
            assert call.id not in self.calls or self._found_again(), f"{call.purpose} is planned twice"
            self.calls[call.id] = call
        self.suppressed += decision.suppressed
        self.timeline += decision.timeline
        return decision

    def _found_again(self) -> bool:
        """Whether a deposit was taken back: what is said of it once more stays in the store as it was."""
        return self.order is not None and EventType.DEPOSIT_UNMATCHED in self.order.news

    def hear(self, kind: EventType, minute: float | None = None, **more: Any) -> Decision:
        """One event, by default a minute after the last; ``more`` are details only it tells."""
        if minute is None:
            minute = (self.now - NOON) / timedelta(minutes=1) + 1
        about = Details(**({name: getattr(self.about, name) for name in Details.__struct_fields__} | more))
        return self.tell(event(kind, minute, about, id=f"{kind}@{minute}#{len(self.decisions)}"))

    def texts(self) -> list[str]:
        """The templates of all messages that were not cancelled, as they came."""
        return [message.template for message in self.messages.values() if message.id not in self.dropped]

    def purposes(self) -> list[str]:
        """Why the customer is to be called, for all calls that were not cancelled."""
        return sorted(call.purpose for call in self.calls.values() if call.id not in self.dropped)

    def call(self, purpose: str) -> None:
        """Somebody makes the open calls of a purpose, as the call book would know and the order does not."""
        self.made.update(one.id for one in self.calls.values() if one.purpose == purpose and one.id not in self.dropped)

    def owed(self) -> list[str]:
        """Why the customer is still to be called."""
        return sorted(one.purpose for one in self.calls.values() if one.id not in self.dropped | self.made)

    def waiting(self) -> list[str]:
        """The templates of the texts that wait."""
        return sorted(
            message.template
            for message in self.messages.values()
            if message.not_before and message.id not in self.dropped
        )


def told(decision: Decision) -> list[str]:
    """The templates of a decision's messages."""
    return [message.template for message in decision.messages]


def planned(decision: Decision) -> list[str]:
    """The purposes of a decision's calls."""
    return [call.purpose for call in decision.calls]


def play(batches: Sequence[Sequence[Event]], *, rulebook: Rulebook = RULEBOOK, now: datetime | None = None) -> Story:
    """A story told from events in batches; with ``now``, all of it at one moment."""
    story = Story(rulebook=rulebook)
    for batch in batches:
        story.tell(*batch, now=now)
    return story


@st.composite
def deliveries(draw: st.DrawFn, told: list[Event]) -> list[list[Event]]:
    """The same events in any order, one by one or several at once."""
    order = draw(st.permutations(told))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=len(order))) | {0, len(order)})
    return [order[start:end] for start, end in pairwise(cuts)]
