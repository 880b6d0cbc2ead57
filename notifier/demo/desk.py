"""The support desk of the demo: an agent who takes every call that falls due, through the same API as any console."""

from dataclasses import dataclass

import aiohttp

from notifier.demo.stage import STAFF, DemoStage
from notifier.domain.calls import Call
from notifier.domain.events import AgreedTime
from notifier.errors import NotifierError
from notifier.intake.agreeing import SlotRefused


@dataclass(frozen=True, slots=True)
class DemoDesk:
    stage: DemoStage
    session: aiohttp.ClientSession

    async def make(self, call: Call) -> None:
        """Claim the call, and reach the customer."""
        by = call.assignee or STAFF[0].id
        await self._post(call, "claim", by=by)
        await self._post(call, "outcome", by=by, outcome="reached")

    async def agree(self, source: str, order_id: str, agreed: AgreedTime, *, by: str) -> bool:
        """Agree upon a time of delivery, as whoever phones the customer may; False where it cannot be chosen now."""
        service = self.stage.service
        order = await service.reader.order(source, order_id)
        if order is None:
            return False
        try:
            return await service.agreeing.agree(order, agreed, by=by, freely=True) is not None
        except SlotRefused:
            return False

    async def _post(self, call: Call, what: str, **body: str) -> None:
        headers = {"Authorization": f"Bearer {self.stage.keys.api}"}
        url = f"{self.stage.url}/api/calls/{call.id}/{what}"
        async with self.session.post(url, json=body, headers=headers) as response:
            if response.status != 200:
                raise NotifierError(f"the demo could not make a call: {url} said {(await response.read()).decode()}")
