"""A customer whom an essential text did not reach is called, and the caller has the text to read out."""

from shops import ApiUser, StandardShop, send_all, standard_fixture

from notifier.clock import StillClock
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.sms.providers.base import DeliveryStatus


async def test_the_caller_reads_out_what_did_not_arrive(
    service: Service, simulator: Simulator, shop: StandardShop, api: ApiUser, clock: StillClock
) -> None:
    await shop.post(standard_fixture("payment.succeeded__tehran_online"))
    await send_all(service, clock)
    message = simulator.messages[0]
    await service.sending.receipts.report("simulator", {str(message.messageid): DeliveryStatus.BLOCKED})
    calls = [one for one in await api.items("/calls") if "undelivered_sms" in str(one["reasons"])]
    assert len(calls) == 1
    brief = (await api.get(f"/calls/{calls[0]['id']}")).body["brief"]
    assert " ".join(message.text.split()) in brief
