"""sms/status and its two sisters: where messages stand."""

from datetime import timedelta

from notifier.simulator import phones
from notifier.simulator.answers import SimulatedAnswer, standing
from notifier.simulator.params import Params
from notifier.simulator.records import SimulatedMessage
from notifier.simulator.state import Simulator

BY_ID_FOR = timedelta(hours=48)
BY_LOCALID_FOR = timedelta(hours=12)
MOST_IDS = 500


def status(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """By messageid, for 48 hours."""
    return SimulatedAnswer(
        [
            standing(messageid, _recent(simulator, simulator.outbox.find(messageid), BY_ID_FOR))
            for messageid in params.ids("messageid", limit=MOST_IDS)
        ]
    )


def statuslocalmessageid(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """By localid, for 12 hours; the localid comes back as text though it is a Long."""
    entries = []
    for localid in params.ids("localid", limit=MOST_IDS):
        message = _recent(simulator, simulator.outbox.find_localid(localid), BY_LOCALID_FOR)
        entries.append(standing(message.messageid if message else 0, message, localid=str(localid)))
    return SimulatedAnswer(entries)


def statusbyreceptor(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """All that went to one number within a day."""
    receptor = phones.anywhere(params.required("receptor"))
    start, end = params.span(simulator.clock, longest=timedelta(days=1))
    return SimulatedAnswer(
        [
            standing(message.messageid, message, receptor=message.receptor)
            for message in simulator.outbox
            if message.receptor == receptor
            and start <= message.sent_at <= end
            and (message.method != "lookup" or simulator.rules.lookup_by_receptor)
        ]
    )


def _recent(simulator: Simulator, message: SimulatedMessage | None, window: timedelta) -> SimulatedMessage | None:
    return message if message and simulator.clock.now() - message.sent_at <= window else None
