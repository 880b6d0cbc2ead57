"""The card of a call: what its caller should know, and what others did with the call meanwhile."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from notifier.console import delivery_time, dial_attempts, labels
from notifier.console.delivery_time import DeliveryOffer
from notifier.console.dependencies import Dependencies
from notifier.console.dial_attempts import ProposedOutcome, ShownAttempt
from notifier.console.refusals import PageRefusal
from notifier.console.render import moment
from notifier.domain import jalali, persian
from notifier.domain.calls import Call, CallState, HistoryEntry, UndoableAct
from notifier.domain.orders import Order
from notifier.store.records import ms
from scheduler import undoable

_VERSION = re.compile(r"(\d{1,9})\.(\d{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One call with what its caller should know.

    ``undo`` is what can be taken back. ``note`` is what was typed and not recorded yet. ``meanwhile`` says what
    somebody else did since the card was looked at, and ``wrong`` what is to be put right.
    """

    call: Call
    orders: list[Order]
    says: list[list[str]]
    holder: str
    held_by_other: bool
    late: bool
    undo: UndoableAct | None
    note: str = ""
    meanwhile: str = ""
    wrong: str = ""
    offer: DeliveryOffer | None = None
    dialled: list[ShownAttempt] = field(default_factory=list)
    proposal: ProposedOutcome | None = None

    @property
    def version(self) -> str:
        return version_of(self.call)

    @property
    def is_offered(self) -> bool:
        """Whether whoever looks at it may work on it."""
        return self.call.is_open and not self.held_by_other


def version_of(call: Call) -> str:
    """What forms carry: the call's version, and how long its history is."""
    return f"{call.v}.{len(call.history)}"


def lines_seen(form: Mapping[str, str]) -> int | None:
    """How long a call's history was when a form was shown; None where the form does not say. Raises PageRefusal."""
    given = form.get("v")
    if given is None:
        return None
    if not (found := _VERSION.fullmatch(persian.ascii_digits(given))):
        raise PageRefusal("این فرم کهنه شده است. صفحه را تازه کنید و دوباره بفرستید.")
    return int(found[2])


async def card(
    deps: Dependencies, call: Call, me: str, *, note: str = "", meanwhile: str = "", wrong: str = ""
) -> Card:
    """The card as ``me`` is shown it."""
    orders = {place: order for place in _places(call) if (order := await deps.reader.order(*place)) is not None}
    holder = await name_of(deps, call.assignee) if call.assignee else ""
    made = _card(deps, call, me, orders, holder)
    offer = await delivery_time.offer_of_call(deps, call, list(orders.values()))
    return replace(made, note=note or made.note, meanwhile=meanwhile, wrong=wrong, offer=offer)


async def cards(deps: Dependencies, calls: Sequence[Call], me: str) -> list[Card]:
    """Many of them, in two round trips where there is one partition."""
    places = dict.fromkeys(place for call in calls for place in _places(call))
    members = [(await deps.reader.keys_of(*place), ":".join(place)) for place in places]
    found = {(order.source, order.id): order for order in await deps.reader.orders(members)}
    named = {one.id: persian.tidy(one.name) for one in await deps.calling.staff.all()}
    return [
        _card(
            deps,
            call,
            me,
            {place: found[place] for place in _places(call) if place in found},
            named.get(call.assignee, call.assignee) if call.assignee else "",
        )
        for call in calls
    ]


def _places(call: Call) -> list[tuple[str, str]]:
    return list(dict.fromkeys((one.source, one.order_id) for one in call.reasons if one.order_id))


def _card(deps: Dependencies, call: Call, me: str, orders: Mapping[tuple[str, str], Order], holder: str) -> Card:
    now = deps.clock.now()
    _, *says = deps.calling.texts.brief(call, orders, now).split("\n\n") if orders else ("",)
    act = call.undo
    if act and (call.state is CallState.CANCELLED or undoable.done_since(call, act.lines, but_claims_of=me)):
        act = None
    return Card(
        call=call,
        orders=list(orders.values()),
        says=[part.splitlines() for part in says],
        holder=holder,
        held_by_other=call.state is CallState.CLAIMED and call.assignee != me and call.claimed_until > ms(now),
        late=call.is_open and call.late <= ms(now),
        undo=act,
        note=_note_undone(call),
        dialled=dial_attempts.shown(call, ms(now)),
        proposal=dial_attempts.proposal(call, ms(now)),
    )


def _note_undone(call: Call) -> str:
    """The note of what was just taken back, to be gone on with."""
    if len(call.history) < 2 or call.history[-1].what != undoable.UNDONE:
        return ""
    return next((one.note for one in reversed(call.history[:-1]) if undoable.is_of_a_person(one, call)), "")


async def name_of(deps: Dependencies, staff_id: str) -> str:
    staff = await deps.calling.staff.get(staff_id)
    return persian.tidy(staff.name) if staff else staff_id


async def said_of(deps: Dependencies, entry: HistoryEntry, me: str) -> str:
    """Who did what, and when: «رضا ساعت ۱۰:۱۵ نتیجهٔ این تماس را نوشت: پاسخ نداد.»"""
    own = entry.by == me
    who, ending = ("خودتان", "ید") if own else (await name_of(deps, entry.by), "")
    start = f"{who} ساعت {jalali.time_of(moment(entry.at))}"
    match entry.what:
        case undoable.CLAIMED:
            said = f"{start} این تماس را برداشت{ending}."
        case undoable.UNDONE:
            said = f"{start} نتیجهٔ این تماس را پس گرفت{ending}."
        case "snoozed":
            said = f"{start} این تماس را به وقت دیگر برد{ending}."
        case "moved":
            said = f"{start} این تماس را به {await name_of(deps, entry.to)} سپرد{ending}."
        case undoable.TO_POOL:
            said = f"{start} این تماس را به تماس‌های بدون مسئول برد{ending}."
        case what:
            said = f"{start} نتیجهٔ این تماس را نوشت{ending}: {labels.entry(what)}."
    return f"{said} یادداشت: «{entry.note}»" if entry.note else said


def last_act(call: Call) -> HistoryEntry | None:
    """The latest that a person did."""
    return undoable.done_since(call, 0)
