"""Somebody's calls in the order in which they should be made, and those that nobody has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from notifier.console.parts import Parts
from notifier.domain.calls import BookedCall, CallState
from notifier.store.records import ms

POOL_SHOWN, LATER_SHOWN = 12, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What «تماس‌های من» shows. ``late`` are past their latest time, ``now`` are due, ``following`` come up today."""

    late: Sequence[BookedCall]
    now: Sequence[BookedCall]
    following: Sequence[BookedCall]
    later: Sequence[BookedCall]
    pool: Sequence[BookedCall]

    @property
    def waiting(self) -> int:
        """How many calls want to be made now."""
        return len(self.late) + len(self.now)

    @property
    def is_empty(self) -> bool:
        return not (self.late or self.now or self.following or self.later or self.pool)

    @property
    def first(self) -> BookedCall | None:
        """The call to make now; a claimed one is finished first."""
        ready = [*self.late, *self.now]
        claimed = [call for call in ready if call.state is CallState.CLAIMED]
        return next(iter([*claimed, *ready, *self.pool]), None)

    @property
    def fingerprint(self) -> str:
        """Changes when anything on the board does."""
        shown = (self.late, self.now, self.following, self.later, self.pool)
        return "|".join(",".join(f"{call.id}:{call.v}" for call in part) for part in shown)


async def board(parts: Parts, staff_id: str) -> Board:
    """The board of one of the staff at this moment."""
    book, at = parts.calling.book, parts.clock.now()
    now, tonight = ms(at), ms(at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1))
    own = await book.assigned_to(staff_id)
    ready = [call for call in own if call.state is CallState.CLAIMED or call.due <= now]
    waiting = sorted((call for call in own if call not in ready), key=lambda call: (call.due, call.id))
    return Board(
        late=[call for call in ready if call.late <= now],
        now=[call for call in ready if call.late > now],
        following=[call for call in waiting if call.due < tonight],
        later=[call for call in waiting if call.due >= tonight],
        pool=await book.pool(),
    )
