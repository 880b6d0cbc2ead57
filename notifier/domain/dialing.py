"""What a telephone exchange is asked for and what it says: attempts to reach a customer, put together from news that
comes late, twice and in any order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from notifier.domain.errors import NotifierError

KEPT_ATTEMPTS = 12
"""Of one call; the oldest go."""

HARDLY_TALKED = 10
"""Seconds: what is shorter may have been a voicemail or the operator's «switched off», which count as answered."""


class UnknownDial(NotifierError):
    """What an exchange said is of no attempt of ours."""


class DialWord(StrEnum):
    """What an exchange can say. ``line_fault`` and ``agent_missed`` are no tries at the customer."""

    AGENT_RINGING = "agent_ringing"
    AGENT_ANSWERED = "agent_answered"
    RINGING = "ringing"  # at the customer's
    ANSWERED = "answered"  # by the customer
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    LINE_FAULT = "line_fault"
    AGENT_MISSED = "agent_missed"
    GIVEN_UP = "given_up"  # the agent hung up before anybody answered
    ENDED = "ended"
    INBOUND = "inbound"  # somebody calls the shop
    NOTHING = "nothing"  # not of interest


class DialFinding(StrEnum):
    """What became of an attempt."""

    CONNECTED = "connected"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    GIVEN_UP = "given_up"
    LINE_FAULT = "line_fault"
    AGENT_MISSED = "agent_missed"
    UNKNOWN = "unknown"  # no news came in time; what comes later still counts


_RANK: Mapping[DialFinding | None, int] = {None: -1} | {one: rank for rank, one in enumerate(reversed(DialFinding))}
"""Of two findings the one nearer to the customer stands, whichever comes first."""

_FOUND: Mapping[DialWord, DialFinding] = {
    DialWord.ANSWERED: DialFinding.CONNECTED,
    DialWord.BUSY: DialFinding.BUSY,
    DialWord.NO_ANSWER: DialFinding.NO_ANSWER,
    DialWord.UNREACHABLE: DialFinding.UNREACHABLE,
    DialWord.GIVEN_UP: DialFinding.GIVEN_UP,
    DialWord.LINE_FAULT: DialFinding.LINE_FAULT,
    DialWord.AGENT_MISSED: DialFinding.AGENT_MISSED,
}
FAULTS = frozenset({DialFinding.LINE_FAULT, DialFinding.AGENT_MISSED})
"""What is no try at the customer."""

_OVER = frozenset(_FOUND) - {DialWord.ANSWERED} | {DialWord.ENDED}


class DialAttempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt to reach a customer through the exchange, within the record of its call.

    Times are unix ms; ``until`` is when news is given up, ``talked`` seconds, ``reference`` the exchange's own name of
    it, ``fault`` why nobody reached the customer's telephone, in the exchange's own words.
    """

    id: str
    by: str
    extension: str
    started: int
    until: int
    reference: str = ""
    agent_answered: int = 0
    rang: int = 0
    answered: int = 0
    ended: int = 0
    talked: int | None = None
    found: DialFinding | None = None
    recording: str = ""
    fault: str = ""

    @property
    def is_over(self) -> bool:
        return bool(self.ended) or self.found not in (None, DialFinding.CONNECTED)

    def is_under_way(self, now: int) -> bool:
        return not self.is_over and now < self.until

    @property
    def seconds(self) -> int | None:
        """How long was talked, as far as it is known."""
        if self.talked is not None:
            return self.talked
        return max(0, self.ended - self.answered) // 1000 if self.answered and self.ended else None

    @property
    def is_doubtful(self) -> bool:
        """Whether it may have been a machine that answered."""
        return self.found is DialFinding.CONNECTED and self.seconds is not None and self.seconds < HARDLY_TALKED


class DialNews(Struct, frozen=True, kw_only=True):
    """What an exchange said at a time (unix ms). ``attempt`` is our name of it where the exchange repeats that,
    ``reference`` its own; without either it is known by extension and number (national form). ``claim`` is the word as
    it was said."""

    word: DialWord
    at: int
    attempt: str = ""
    reference: str = ""
    extension: str = ""
    number: str = ""
    talked: int | None = None
    recording: str = ""
    claim: str = ""


class DialOrder(Struct, frozen=True, kw_only=True):
    """What an exchange is to do: ring the extension, then the customer."""

    attempt: str
    extension: str
    number: str  # national form, or + and a country code

    def __repr__(self) -> str:
        return f"<DialOrder {self.attempt}>"


class Placing(StrEnum):
    """Whether an exchange took an order."""

    TAKEN = "taken"
    REFUSED = "refused"  # surely nobody is rung
    UNKNOWN = "unknown"  # it may be carrying it out


class Placed(Struct, frozen=True):
    """An exchange's answer to an order, with its own name of the attempt, or why it was not taken."""

    placing: Placing
    reference: str = ""
    why: str = ""


def heard(attempt: DialAttempt, news: DialNews, *, longest: int) -> DialAttempt:
    """The attempt with what was said of it: the same, whatever order news comes in and however often.

    ``longest`` is for how long (ms) news of an answered call is waited for.
    """
    found = _FOUND.get(news.word)
    if found is DialFinding.CONNECTED and news.talked == 0:  # the agent's own leg: nobody spoke with the customer
        found = None
    stands = max(attempt.found, found, key=lambda one: _RANK[one])
    claims = (attempt.fault if attempt.found is stands else "", news.claim if found is stands in FAULTS else "")
    answered = news.word is DialWord.ANSWERED and found is not None
    over = news.word in _OVER or (news.word is DialWord.ANSWERED and news.talked is not None)
    return replace(
        attempt,
        agent_answered=_first(attempt.agent_answered, news.at if news.word is DialWord.AGENT_ANSWERED else 0),
        rang=_first(attempt.rang, news.at if news.word is DialWord.RINGING else 0),
        answered=_first(attempt.answered, _answered_at(news) if answered else 0),
        ended=_first(attempt.ended, news.at if over else 0),
        talked=max((one for one in (attempt.talked, news.talked) if one is not None), default=None),
        found=stands,
        fault=min(filter(None, claims), default=""),
        recording=min(filter(None, (attempt.recording, news.recording)), default=""),
        until=max(attempt.until, attempt.started + longest) if answered else attempt.until,
    )


def _answered_at(news: DialNews) -> int:
    """News that also says how long was talked comes at the end."""
    return news.at - (news.talked or 0) * 1000


def _first(*times: int) -> int:
    return min(filter(None, times), default=0)


def lapsed(attempt: DialAttempt) -> DialAttempt:
    """The attempt when nobody says any more what became of it."""
    return attempt if attempt.is_over or attempt.found else replace(attempt, found=DialFinding.UNKNOWN)


def proposed(attempts: Sequence[DialAttempt]) -> str:
    """The outcome that the latest attempt speaks for, as the name of one; "" where it speaks for none."""
    if not attempts:
        return ""
    *before, last = attempts
    match last.found:
        case DialFinding.CONNECTED:
            return "" if last.is_doubtful else "reached"
        case DialFinding.BUSY | DialFinding.NO_ANSWER:
            return str(last.found)
        case DialFinding.UNREACHABLE:
            return "wrong_number" if before and before[-1].found is DialFinding.UNREACHABLE else "no_answer"
    return ""


def sane_time(at: datetime | None, now: int) -> int:
    """When it happened as an exchange says (unix ms); now, where it names no time or one that cannot be."""
    said = int(at.timestamp() * 1000) if at is not None else now
    return said if now - 24 * 3600 * 1000 <= said <= now + 5 * 60 * 1000 else now
