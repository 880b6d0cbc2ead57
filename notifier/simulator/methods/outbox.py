"""sms/select, selectoutbox, latestoutbox (for listed IP addresses only) and countoutbox."""

from datetime import timedelta

from notifier.simulator import phones
from notifier.simulator.answers import SimulatedAnswer, record, unix
from notifier.simulator.codes import RefusedError
from notifier.simulator.params import Params
from notifier.simulator.state import Simulator

_DAY = timedelta(days=1)
_FURTHEST = timedelta(days=3)
_MOST_ROWS = 500
# The method's table says 500, the list of changes says it was lowered.
_LATEST_AT_MOST = 200


def select(simulator: Simulator, params: Params) -> SimulatedAnswer:
    _only_listed_addresses(simulator)
    found = [simulator.outbox.find(messageid) for messageid in params.ids("messageid", limit=_MOST_ROWS)]
    return SimulatedAnswer([record(message) for message in found if message])


def selectoutbox(simulator: Simulator, params: Params) -> SimulatedAnswer:
    _only_listed_addresses(simulator)
    start, end = params.span(simulator.clock, longest=_DAY, furthest=_FURTHEST)
    sender = _sender(params)
    found = [
        record(message)
        for message in simulator.outbox
        if start <= message.sent_at <= end and sender in (None, message.sender)
    ]
    return SimulatedAnswer(found[:_MOST_ROWS])


def latestoutbox(simulator: Simulator, params: Params) -> SimulatedAnswer:
    _only_listed_addresses(simulator)
    count = params.number("pagesize", default=_LATEST_AT_MOST, least=1, most=_LATEST_AT_MOST)
    sender = _sender(params)
    found = [record(message) for message in simulator.outbox if sender in (None, message.sender)]
    return SimulatedAnswer(found[: -count - 1 : -1])


def countoutbox(simulator: Simulator, params: Params) -> SimulatedAnswer:
    start, end = params.span(simulator.clock, longest=_DAY, furthest=_FURTHEST)
    status = params.number("status", default=0)
    found = [
        message for message in simulator.outbox if start <= message.sent_at <= end and status in (0, message.status)
    ]
    return SimulatedAnswer(
        [
            {
                "startdate": unix(start),
                "enddate": unix(end),
                "sumpart": sum(message.parts for message in found),
                "sumcount": len(found),
                "cost": sum(message.cost for message in found),
            }
        ]
    )


def _only_listed_addresses(simulator: Simulator) -> None:
    if not simulator.rules.ip_listed:
        raise RefusedError(407)


def _sender(params: Params) -> str | None:
    sender = params.optional("sender")
    return None if sender is None else phones.line(sender)
