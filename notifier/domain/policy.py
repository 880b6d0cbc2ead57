"""The shop's promises as data: for each region and method of payment, what each event sends, plans and cancels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Protocol

from annotated_types import Ge

from notifier.domain.calls import Purpose
from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.ladder import route_of
from notifier.domain.messages import Audience, Pattern, Via
from notifier.domain.orders import Order, Priority
from notifier.domain.page_links import PageLinks
from notifier.domain.regions import Regions
from notifier.domain.slots import Timetable

EVERYTHING = "*"
"""In a ``cancel`` list: every text that waits and every open call of the order."""


class When(StrEnum):
    """A condition on the order at the moment of the event. What is unpaid in a way that the same rule names in its own
    words is told in these alone."""

    ALWAYS = "always"
    PREPAID = "prepaid"
    UNPAID = "unpaid"
    PART = "part"  # unpaid: of a deposit a part has come
    NO_DEPOSIT = "no_deposit"  # unpaid: no deposit was heard of by its deadline
    SURPLUS = "surplus"  # more has come than the order costs
    NO_TIME = "no_time"  # there are slots where it goes, and no time of delivery stands that is still to come
    DELIVERY_DAY = "delivery_day"  # a time stands: a text leaves on the morning of that day
    LOW_MARK = "low_mark"  # the customer's last mark is 1 or 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRule:
    template: str
    after: timedelta = timedelta()
    when: When = When.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRule:
    purpose: Purpose
    after: timedelta = timedelta()
    when: When = When.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """What one event does. ``cancel`` names templates whose texts still wait, and purposes of open calls."""

    sms: tuple[TextRule, ...] = ()
    calls: tuple[CallRule, ...] = ()
    cancel: frozenset[str] = frozenset()

    def cancels(self, name: str) -> bool:
        return name in self.cancel or EVERYTHING in self.cancel


NOTHING = EventRule()


@dataclass(frozen=True, kw_only=True)
class Block:
    """The promises to one group of customers.

    ``priority`` holds from the moment an order is prepaid. With ``needs_payment`` no stage is told before that.
    ``calls`` are planned as soon as an order falls under this block, and dropped when it leaves it. ``revived`` is told
    of a settled order that was cancelled and is not any more. ``ladder`` is by what these customers are told, one rung
    after the other; empty: as [sms] says.
    """

    priority: Priority = Priority.NORMAL
    needs_payment: bool = False
    calls: tuple[CallRule, ...] = ()
    revived: tuple[TextRule, ...] = ()
    ladder: tuple[str, ...] = ()
    rules: Mapping[EventType, EventRule] = field(default_factory=dict)

    def rule(self, event: EventType) -> EventRule:
        return self.rules.get(event, NOTHING)

    def cancelling(self, name: str) -> frozenset[EventType]:
        """The news that cancels what has this name: the texts of a template, the calls of a purpose."""
        return self._cancelling.get(name) or self._cancelling[EVERYTHING]

    @cached_property
    def _cancelling(self) -> dict[str, frozenset[EventType]]:
        named = frozenset[str]().union(*(rule.cancel for rule in self.rules.values())) | {EVERYTHING}
        return {name: frozenset(kind for kind, rule in self.rules.items() if rule.cancels(name)) for name in named}

    def texts(self) -> Iterator[TextRule]:
        """All that it may send."""
        yield from self.revived
        for rule in self.rules.values():
            yield from rule.sms


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All promises. ``free`` serves orders of nothing to pay, whatever their method and region, and ``otherwise`` those
    whose method is unknown or not on offer in their region."""

    blocks: Mapping[tuple[str, PaymentMethod], Block]
    otherwise: Block
    regions: Regions
    free: Block = Block()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What the texts say about the shop itself."""

    name: str
    support_phone: str
    site: str = ""
    bank: str = ""
    card: str = ""
    account: str = ""
    iban: str = ""
    holder: str = ""
    return_days: Annotated[int, Ge(0)] = 7
    deposit_deadline: timedelta = timedelta(hours=24)
    deposit_tolerance: Annotated[int, Ge(0)] = 10_000
    deposit_four_eyes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shops:
    """The shops of one installation: what [shop] says, and what holds for each source."""

    main: Shop
    own: Mapping[str, Shop] = field(default_factory=dict)

    def of(self, source: str) -> Shop:
        """The shop whose orders come from a source; the main one where no source is known."""
        return self.own.get(source, self.main)

    @property
    def are_several(self) -> bool:
        """Whether customers know the shops by more than one name."""
        return len({shop.name for shop in self.own.values()}) > 1


class MessageTemplate(Protocol):
    """A text to be filled in. Rendering is pure: same values, same text."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def audience(self) -> Audience: ...
    @property
    def essential(self) -> bool: ...
    @property
    def merge(self) -> bool:
        """Whether a newer text of its order may replace it while it still waits."""

    @property
    def lasting(self) -> bool:
        """Whether the text is worth sending after newer news, since it holds something to keep."""

    @property
    def ladder(self) -> tuple[str, ...]:
        """By what it is tried one after the other; empty: as its group or [sms] says."""

    @property
    def passes_quiet_hours(self) -> bool: ...
    @property
    def expires(self) -> timedelta | None: ...
    @property
    def via(self) -> Via: ...
    def render(self, context: Any) -> str: ...
    def spoken(self, context: Any) -> str:
        """What a call reads out, where the template has words for that; empty: the text, as one says it."""

    def patterns(self, context: Any) -> dict[str, Pattern]:
        """The message as an approved pattern, by kind of provider; those that its values do not fit are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Everything a decision depends on beside the order, the event and the time.

    ``working_time`` gives the first moment from a given one at which customers are phoned, ``texting_time`` the same
    for texts that keep quiet hours. ``namespace`` keeps the ids of two installations apart that share a provider. What
    is older than ``tell_within`` is told to nobody; None: everything is told, whatever its age. ``routes`` are the
    sources whose texts leave by lines of their own; ``rungs`` gives those of a ladder as one source has them. With
    ``pages`` each order has a page for its customer.
    """

    policy: Policy
    templates: Mapping[str, MessageTemplate]
    shops: Shops
    working_time: Callable[[datetime], datetime]
    texting_time: Callable[[datetime], datetime]
    namespace: str = ""
    tell_within: timedelta | None = None
    routes: frozenset[str] = frozenset()
    pages: PageLinks | None = None
    timetable: Timetable = field(default_factory=Timetable)
    rungs: Callable[[str, Sequence[str]], Sequence[str]] = lambda source, ladder: ladder

    def route(self, source: str, ladder: Sequence[str] = ()) -> str:
        """By which lines a text about an order of a source leaves, as a message has it: by a ladder of its own, by the
        source's, or by those of all."""
        if ladder:
            return route_of(self.rungs(source, ladder))
        return source if source in self.routes else ""

    def region(self, order: Order) -> str:
        """Where an order goes."""
        return self.policy.regions.region(order.details.city)

    def template(self, name: str, source: str) -> MessageTemplate:
        """The template of a name as one shop has it: its own, or the one for all. Raises KeyError."""
        return self.templates.get(f"{source}/{name}") or self.templates[name]
