"""A line of the audit trail in words: to whom or what it was done, and what else is known of it."""

from collections.abc import Mapping

from notifier.console import delivery_time, labels
from notifier.domain import persian
from notifier.domain.events import AgreedTime
from notifier.store.audit import Act, AuditEntry

_OF_ORDERS = frozenset(
    {
        Act.DEPOSIT_ENTERED,
        Act.DEPOSIT_CONFIRMED,
        Act.DEPOSIT_REJECTED,
        Act.DEPOSIT_GIVEN_BACK,
        Act.DEPOSIT_MATCHED,
        Act.DEPOSIT_UNMATCHED,
        Act.OUTCOME_UNDONE,
        Act.CALLS_STOPPED,
        Act.CALLS_RESUMED,
        Act.TEXTS_STOPPED,
        Act.TEXTS_RESUMED,
        Act.TIME_AGREED,
        Act.TIME_RELEASED,
        Act.TEXT_WRITTEN,
        Act.TEXT_SENT_AGAIN,
        Act.TEXT_ARRIVED,
        Act.TEXT_GIVEN_UP,
        Act.TEXT_BY_PHONE,
        Act.CODES_TAKEN,
        Act.PAGE_RENEWED,
        Act.DELIVERY_TICKED,
    }
)
"""Done to an order, whose number the line gives, or to a call or a text of no order, whose id it gives."""

_OF_CALLS = frozenset({Act.DIALLED, Act.RECORDING_OPENED})
_OF_TEXTS = frozenset({Act.TEXT_WRITTEN, Act.TEXT_SENT_AGAIN, Act.TEXT_ARRIVED, Act.TEXT_GIVEN_UP, Act.TEXT_BY_PHONE})
_OF_PEOPLE = frozenset({Act.ROLE_CHANGED, Act.STAFF_ADDED})
_OF_CHANNELS = frozenset({Act.CHANNELS_ORDERED, Act.BOT_CODE, Act.BOT_BOUND, Act.BOT_UNBOUND})
_OF_FILES = frozenset({Act.CODES_TAKEN, Act.STATEMENT_TAKEN})
_OF_TIMES = frozenset({Act.TIME_AGREED, Act.TIME_RELEASED})
_LONGEST_NUMBER = 17  # ids of calls and texts are longer


def call_of(entry: AuditEntry) -> str:
    """The id of the call that it was done to, or nothing."""
    return entry.about if entry.act in _OF_CALLS else ""


def about(entry: AuditEntry, names: Mapping[str, str]) -> str:
    """To whom or what it was done, unless that is said already; ``names`` are those of the staff by id."""
    if entry.act in _OF_CALLS or entry.about == entry.by:
        return ""
    if entry.act in _OF_ORDERS and entry.about:
        number = entry.about
        if number.isdecimal() and len(number) > _LONGEST_NUMBER:
            return number
        return f"سفارش {persian.order_number(number)}"
    if entry.act is Act.TEXT_EDITED:
        return f"«{labels.template(entry.about)}»"
    return persian.tidy(names.get(entry.about, entry.about))


def more(entry: AuditEntry, names: Mapping[str, str]) -> str:
    """What else is known, as far as it says anything to a reader."""
    said = entry.more
    if not said or entry.act in _OF_CALLS:
        return ""
    if entry.act in _OF_TEXTS:
        return f"«{labels.template(said)}»"
    if entry.act in _OF_PEOPLE:
        return " ← ".join(labels.ROLES.get(part, part) for part in said.split(" → "))
    if entry.act in _OF_CHANNELS:
        return "، ".join(labels.STAFF_CHANNELS.get(part, part) for part in said.split())
    if entry.act is Act.OUTCOME_UNDONE:
        return f"«{labels.entry(said)}»"
    if entry.act is Act.DELIVERY_TICKED:
        return labels.TICKS.get(said, said)
    if entry.act is Act.REPLY_ASSIGNED:
        return f"به {persian.tidy(names.get(said, said))}"
    if entry.act in _OF_TIMES:
        return _time(said)
    if entry.act in _OF_FILES:
        return _of_file(said)
    return said.replace(" → ", " ← ")


def _time(said: str) -> str:
    try:
        return delivery_time.in_words(AgreedTime.parse(said))
    except ValueError:
        return said


def _of_file(said: str) -> str:
    """«3/5 codes.csv» as it is written down; of a single code the code."""
    counts, _, name = said.partition(" ")
    taken, slash, every = counts.partition("/")
    if not (slash and taken.isdecimal() and every.isdecimal()):
        return said
    return f"{persian.digits(taken)} از {persian.digits(every)}" + (f"، {name}" if name else "")
