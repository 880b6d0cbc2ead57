"""How a day is written down: stories of orders, each a list of what the shops post and when."""

from collections.abc import Mapping, Sequence
from datetime import time
from itertools import count
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from notifier.simulator.exchange import DialledOutcome

Shop = Literal["shop", "woo"]


class Moment(Struct, frozen=True, order=True):
    """``day`` 0 is the day that is played, 1 the next working day."""

    day: int
    time: time


class StoryStep(Struct, frozen=True, kw_only=True):
    """One delivery of a shop. ``what`` is an event type, for WooCommerce a topic."""

    at: Moment
    shop: Shop
    order_id: str
    what: str
    content: dict[str, Any] = {}  # standard: parts of ``data``; WooCommerce: the order's fields that changed
    happened: Moment | None = None  # where that was not just now
    delivery: str = ""  # the id it comes under
    note: str = ""  # what is instructive about it


class StoryAnswer(Struct, frozen=True, kw_only=True):
    """What the customer of a story writes back by text."""

    at: Moment
    order_id: str
    text: str
    note: str = ""


class ParcelWord(Struct, frozen=True, kw_only=True):
    """What the carrier of a story's parcel tells of it."""

    at: Moment
    order_id: str
    code: str
    words: str
    place: str = ""
    note: str = ""


class BankText(Struct, frozen=True, kw_only=True):
    """A text of the bank, which the shop's phone forwards. Whose money it is it does not say."""

    at: Moment
    sender: str
    text: str
    note: str = ""


Part = StoryStep | StoryAnswer | ParcelWord | BankText
"""Anything that the day brings."""


class Story(Struct, frozen=True, kw_only=True):
    """Everything that happens about one order. ``order`` is what its shop knows of it from the beginning; ``hours`` are
    those of the day that the desk agrees upon with the customer for the delivery, when it phones about that. ``phoned``
    are the calls that are dialled through the shop's exchange, by purpose, with what becomes of each attempt."""

    title: str
    shop: Shop
    order_id: str
    order: dict[str, Any]
    steps: tuple[StoryStep, ...]
    hours: tuple[time, time] | None = None
    answers: tuple[StoryAnswer, ...] = ()
    parcel: tuple[ParcelWord, ...] = ()
    phoned: Mapping[str, tuple[DialledOutcome, ...]] = {}

    @property
    def phone(self) -> str:
        """The customer's."""
        return str(self.order["phone"] if self.shop == "woo" else self.order["customer"]["phone"])


def moment(text: str) -> Moment:
    """``09:05``, or ``+1 10:00`` for the next working day."""
    day, _, clock = text.rpartition(" ")
    return Moment(int(day or 0), time.fromisoformat(clock))


def step(
    at: str, what: str, *, note: str = "", happened: str | None = None, delivery: str = "", **content: Any
) -> StoryStep:
    """A step of the story it is put into."""
    return StoryStep(
        at=moment(at),
        shop="shop",
        order_id="",
        what=what,
        content=content,
        happened=moment(happened) if happened else None,
        delivery=delivery,
        note=note,
    )


def answer(at: str, text: str, *, note: str = "") -> StoryAnswer:
    """What the customer of the story writes that it is put into."""
    return StoryAnswer(at=moment(at), order_id="", text=text, note=note)


def carried(at: str, words: str, place: str = "", *, note: str = "") -> ParcelWord:
    """What the carrier tells in the story that it is put into."""
    return ParcelWord(at=moment(at), order_id="", code="", words=words, place=place, note=note)


def banked(at: str, amount: int, balance: int, *, note: str = "") -> BankText:
    """A deposit of so many rial, and the balance after it."""
    text = f"بانک ملت\nحساب1234567890\nواریز{amount:,}\nمانده{balance:,}"
    return BankText(at=moment(at), sender="Bank Mellat", text=text, note=note)


def story(
    title: str,
    shop: Shop,
    order_id: str,
    order: dict[str, Any],
    *steps: StoryStep,
    hours: tuple[str, str] | None = None,
    answers: Sequence[StoryAnswer] = (),
    code: str = "",
    parcel: Sequence[ParcelWord] = (),
    phoned: Mapping[str, tuple[DialledOutcome, ...]] = MappingProxyType({}),
) -> Story:
    """A story, its steps in order. Every delivery gets an id, unless the step gives one."""
    numbers = count(1)
    told = tuple(
        replace(one, shop=shop, order_id=order_id, delivery=one.delivery or f"{order_id}-{next(numbers)}")
        for one in steps
    )
    return Story(
        title=title,
        shop=shop,
        order_id=order_id,
        order=order,
        steps=told,
        hours=(time.fromisoformat(hours[0]), time.fromisoformat(hours[1])) if hours else None,
        answers=tuple(replace(one, order_id=order_id) for one in answers),
        parcel=tuple(replace(one, order_id=order_id, code=code) for one in parcel),
        phoned=phoned,
    )


def in_turn(stories: Sequence[Story]) -> list[StoryStep]:
    """All steps of all stories as the day brings them."""
    return sorted((one for story in stories for one in story.steps), key=lambda one: one.at)


def whole_day(stories: Sequence[Story], bank: Sequence[BankText]) -> list[Part]:
    """All steps, what customers answer, what carriers and the bank tell, as the day brings them."""
    parts: list[Part] = [*in_turn(stories), *bank]
    for one in stories:
        parts += (*one.answers, *one.parcel)
    return sorted(parts, key=lambda one: one.at)
