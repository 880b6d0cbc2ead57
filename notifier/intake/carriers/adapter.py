"""What a kind of carrier is to the rest: which questions it can be asked, and what its answers and callbacks say.

Adapters are pure: a question is data, and an answer is bytes. ``asking.py`` carries them; what follows from
a report is ``following.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from notifier.domain.parcels import CarrierReport, code_of
from notifier.errors import NotifierError
from notifier.intake.carriers.words import CarrierScale
from notifier.intake.mapping import values

_LONGEST = 400
_MOST = 2000  # reports of one answer


class CarrierOdd(NotifierError):
    """An answer that is none: HTML, another's parcel, a form that nobody knows. ``kept`` is what may be kept."""

    def __init__(self, text: str, *, kept: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.kept = kept or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request that a carrier is to answer. Headers and body may hold secrets, and are not shown."""

    url: str
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FeedPlace:
    """How far a feed was read: the day or moment it goes on from, and the page of it."""

    since: datetime
    page: int = 1


@dataclass(frozen=True, slots=True)
class FeedPage:
    """What one page of a feed tells, and where it goes on; ``further`` is None where all was read."""

    reports: Sequence[CarrierReport]
    further: FeedPlace | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierAdapter(ABC):
    """A carrier of some kind, by its name in the configuration. ``names`` are what shops call it."""

    usual_names: ClassVar[tuple[str, ...]] = ()

    name: str
    scale: CarrierScale
    zone: ZoneInfo
    names: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Whose news it is."""
        return f"carrier:{self.name}"

    @property
    def can_ask(self) -> bool:
        """Whether a parcel can be asked for."""
        return False

    @property
    def takes_calls(self) -> bool:
        """Whether it posts its news to us."""
        return False

    def called(self, fields: Mapping[str, Any]) -> Sequence[CarrierReport]:
        """What a callback says. Raises CarrierOdd where it does not say of which parcel."""
        return ()


class PerParcel(CarrierAdapter):
    """A carrier that is asked for one parcel at a time."""

    __slots__ = ()

    @property
    def can_ask(self) -> bool:
        return True

    @abstractmethod
    def question(self, code: str) -> Question:
        """What is asked of one parcel."""

    @abstractmethod
    def answer(self, document: Any, code: str) -> Sequence[CarrierReport]:
        """What an answer to it says. Raises CarrierOdd."""


class Feed(CarrierAdapter):
    """A carrier that tells what changed of all parcels since."""

    __slots__ = ()

    @abstractmethod
    def feed(self, place: FeedPlace, *, until: datetime) -> Question:
        """What is asked of all parcels."""

    @abstractmethod
    def page(self, document: Any, place: FeedPlace, *, until: datetime) -> FeedPage:
        """What a page says. Raises CarrierOdd."""


def said(value: Any) -> str:
    """A word of a carrier as text: no structure, and no more than a sentence."""
    match value:
        case bool() | None | dict() | list():
            return ""
        case int():
            return str(value) if abs(value) < 10**18 else ""
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else ""
    return " ".join(str(value)[:_LONGEST].split())


def moment(value: Any, zone: ZoneInfo) -> datetime | None:
    """A time, or None for what is none: the report is taken nevertheless."""
    try:
        return values.time(value, zone)
    except ValueError:
        return None


def report(
    code: Any, *, words: Any = "", word: Any = "", at: Any = None, place: Any = "", zone: ZoneInfo
) -> CarrierReport | None:
    """A line of an answer, or None where it names no parcel or says nothing."""
    known = code_of(code)
    if known is None or not (said(words) or said(word)):
        return None
    return CarrierReport(code=known, words=said(words), word=said(word), at=moment(at, zone), place=said(place))


def rows(value: Any, what: str) -> list[dict[str, Any]]:
    """A list of objects. Raises CarrierOdd."""
    if not isinstance(value, list):
        raise CarrierOdd(f"the answer has no list where {what} should be")
    if len(value) > _MOST:
        raise CarrierOdd(f"the answer has {len(value)} {what}; more than {_MOST} are not read")
    return [one for one in value if isinstance(one, dict)]


def theirs(reports: Sequence[CarrierReport], code: str) -> Sequence[CarrierReport]:
    """Reports of the parcel that was asked for. Raises CarrierOdd where another's came instead."""
    if others := sum(one.code != code for one in reports):
        raise CarrierOdd(
            f"asked for one parcel, the carrier answered with another ({others} lines); nothing of it was taken"
        )
    return reports


ONE_DAY = timedelta(days=1)
