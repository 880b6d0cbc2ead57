"""What of a call can be taken back, and who did something with it since. Pure."""

from typing import Any

from msgspec.structs import replace

from notifier.domain.calls import Call, HistoryEntry, UndoableAct
from scheduler.rules import Outcome

UNDONE, CLAIMED, TO_POOL = "undone", "claimed", "to the pool"
_OF_PEOPLE = frozenset({"snoozed", "moved", UNDONE, CLAIMED})


def kept(after: Call, before: Call, now: int, by: str, **came: Any) -> Call:
    """The call after an act of ``by``, with what it takes to take that back; ``came`` are fields of UndoableAct."""
    act = UndoableAct(
        at=now,
        by=by,
        lines=len(after.history),
        state=before.state,
        due=before.due,
        late=before.late,
        fixed=before.fixed,
        assignee=before.assignee,
        step=before.step,
        rung=before.rung,
        claimed_until=before.claimed_until,
        **came,
    )
    return replace(after, undo=act)


def done_since(call: Call, lines: int, *, but_claims_of: str = "") -> HistoryEntry | None:
    """The latest that a person did since the history was so many lines long, if anybody did anything."""
    for entry in reversed(call.history[lines:]):
        if is_of_a_person(entry, call) and not (entry.what == CLAIMED and entry.by == but_claims_of):
            return entry
    return None


def is_of_a_person(entry: HistoryEntry, call: Call) -> bool:
    """Whether somebody did it; what time does to a call names people too, as those it happens to."""
    if entry.what == TO_POOL:  # of a supervisor, unless it is the holder who lost it
        return entry.by not in {one.to or one.by for one in call.history if one.what in ("assigned", CLAIMED, "moved")}
    return entry.what in _OF_PEOPLE or entry.what.partition(",")[0] in frozenset(Outcome)
