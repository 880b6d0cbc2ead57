"""From what was read to what is on disk and answered: one delivery, or each event of a batch for itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from notifier.errors import Conflict, Problem
from notifier.intake.adapter import Answer, Part, ShopAdapter
from notifier.intake.delivery import Delivery
from notifier.intake.fair_queue import Submits

_AT_ONCE = 25  # events of a batch

Known = Callable[[str, str], Awaitable[bool]]
"""Whether an order of a source has been heard of."""


async def muted(delivery: Delivery, known: Known) -> Delivery:
    """The delivery, kept and told to nobody where it is a part of an order that speaks for it."""
    if delivery.part_of is None or not await known(delivery.source, delivery.part_of):
        return delivery
    read = delivery.events
    return replace(delivery, events=lambda order: [replace(event, past=True) for event in read(order)])


@dataclass(frozen=True, slots=True)
class Submitter:
    """Hands deliveries to the committer, or to what stands before it, and says what the shop is told."""

    committer: Submits
    known: Known

    async def submit(self, shop: ShopAdapter, delivery: Delivery) -> Answer | Conflict:
        """Raises Problem when it is not taken."""
        if delivery.part_of is not None:
            delivery = await muted(delivery, self.known)
        return shop.answer(delivery, await self.committer.submit(delivery))

    async def submit_all(self, shop: ShopAdapter, parts: Iterable[Part]) -> list[tuple[Part, Answer | Problem]]:
        """Every event for itself, in order. Raises what is no fault of the events."""
        taking = []
        for place, part in enumerate(parts):
            taking.append(asyncio.create_task(self._submit(shop, part)))
            if place % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)  # others have their turn between the parts of a large batch
        taken: list[tuple[Part, Answer | Problem]] = []
        for result in await asyncio.gather(*taking, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
            taken.append(result)
        return taken

    async def _submit(self, shop: ShopAdapter, part: Part) -> tuple[Part, Answer | Problem]:
        if isinstance(part.found, Problem):
            return part, part.found
        try:
            return part, await self.submit(shop, part.found)
        except Problem as problem:
            if not problem.is_final:
                raise
            return part, problem
