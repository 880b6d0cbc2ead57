"""What others than shops and customers tell in the day: a carrier of its parcels, the bank of the account."""

import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from notifier.demo.happenings import Heard
from notifier.demo.script import BankText, ParcelWord
from notifier.demo.stage import BANK, CARRIER, DemoStage
from notifier.practice import standard


@dataclass(frozen=True, slots=True)
class DemoOutside:
    """Posts it over HTTP, as the carrier and the shop's phone would."""

    stage: DemoStage
    session: aiohttp.ClientSession

    async def parcel(self, said: ParcelWord) -> Heard:
        """The carrier calls the address that holds its secret."""
        now, keys = self.stage.clock.now(), self.stage.keys
        news = {"code": said.code, "state": said.words, "place": said.place, "when": now.isoformat()}
        await self._post(f"/callbacks/carriers/{CARRIER}/{keys.carrier}", json.dumps(news).encode(), {})
        return Heard(at=now, kind="parcel", order_id=said.order_id, text=said.words, place=said.place, note=said.note)

    async def bank(self, said: BankText) -> Heard:
        """The phone forwards a text, signed."""
        now = self.stage.clock.now()
        text = {"sender": said.sender, "text": said.text, "received_at": now.isoformat()}
        body, headers = standard.signed(self.stage.keys.bank, text, at=now, event_id=f"bank-{said.at.time:%H%M}")
        answer = await self._post(f"/webhooks/{BANK}", body, headers)
        order_id = answer.get("order_id") or ""
        return Heard(
            at=now, kind="bank", order_id=order_id, text=said.text, standing=answer.get("standing", ""), note=said.note
        )

    async def _post(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        head = {"Content-Type": "application/json", **headers}
        async with self.session.post(f"{self.stage.url}{path}", data=body, headers=head) as response:
            response.raise_for_status()
            answer: dict[str, Any] = json.loads(await response.read())
            return answer
