"""The support desk of the demo: an agent who takes every call that falls due, through the same API as any console."""

import asyncio
from dataclasses import dataclass

import aiohttp

from notifier.demo.happenings import DialShown
from notifier.demo.stage import STAFF, DemoStage
from notifier.domain import dialing
from notifier.domain.calls import Call
from notifier.domain.dialing import DialAttempt
from notifier.domain.events import AgreedTime
from notifier.errors import NotifierError
from notifier.intake.agreeing import SlotRefused
from notifier.simulator.exchange import DialledOutcome

_STUCK, _LOOK = 30, 0.01  # seconds of real time after which no news comes any more; between looks for it
_NOTES = {
    DialledOutcome.ANSWERED: "At the press of a button. What the exchange found is proposed; a person reports it.",
    DialledOutcome.BUSY: "Busy: proposed, reported, and tried again at its time.",
}


@dataclass(frozen=True, slots=True)
class DemoDesk:
    stage: DemoStage
    session: aiohttp.ClientSession

    async def make(self, call: Call, outcome: DialledOutcome | None = None) -> DialShown | None:
        """Claim the call, and reach the customer; with an outcome by the shop's exchange, which tells that."""
        by = call.assignee or STAFF[0].id
        if outcome is not None:
            attempt = await self._dial(call, by, outcome)
            await self._post(call, "outcome", by=by, outcome=dialing.proposed([attempt]))
            return DialShown(
                at=self.stage.clock.now(),
                order_id=call.order_id,
                source=call.source,
                name=call.name or "",
                phone=call.phone or "",
                extension=attempt.extension,
                found=str(attempt.found),
                talked=attempt.seconds or None,
                note=_NOTES.get(outcome, ""),
            )
        await self._post(call, "claim", by=by)
        await self._post(call, "outcome", by=by, outcome="reached")
        return None

    async def _dial(self, call: Call, by: str, outcome: DialledOutcome) -> DialAttempt:
        """The attempt, as the news of the exchange has it."""
        service, exchange = self.stage.service, self.stage.simulator.exchange
        staff = await service.staff.get(by)
        assert staff is not None
        assert service.exchange is not None
        exchange.outcomes[call.phone or ""] = outcome
        await service.exchange.dialling.dial(call.id, staff)
        async with asyncio.timeout(_STUCK):
            while True:  # it tells by itself, too
                await exchange.deliver()
                stored = await service.reader.call(call.id)
                if stored is not None and stored.call.dials[-1].ended and not exchange.told:
                    return stored.call.dials[-1]
                await asyncio.sleep(_LOOK)

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
