"""Places in slots of delivery whose news never came: given back, or made to last, by what the order's record says."""

from collections.abc import Callable
from dataclasses import dataclass

from notifier.clock import Clock
from notifier.domain.policy import Rulebook
from notifier.intake.agreeing import held_place
from notifier.store.reading import Reader
from notifier.store.slot_places import HeldPlace, SlotPlaces

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class PlacesKeeper:
    """Looks at the orders that a process left behind which died between a place and its news."""

    reader: Reader
    rulebook: Callable[[], Rulebook]
    clock: Clock

    async def tick(self) -> int:
        """Look at those that have waited for longer than anything is under way; returns how many there were."""
        places, now, rulebook = SlotPlaces(self.reader.redis), self.clock.now(), self.rulebook()
        waiting = await places.unsettled(now, count=_AT_ONCE)
        held = []
        for source, order_id in waiting:
            order = await self.reader.order(source, order_id)
            held.append(held_place(order, rulebook) if order else HeldPlace(source, order_id, -1, None))
        await places.settle(held, now)
        return len(held)
