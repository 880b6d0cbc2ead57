"""sms/receive, inboxpaged and countinbox: what customers wrote."""

from datetime import timedelta

from notifier.simulator import phones
from notifier.simulator.answers import Entry, SimulatedAnswer, page, unix
from notifier.simulator.params import Params
from notifier.simulator.records import SimulatedInbound
from notifier.simulator.state import Simulator

_AT_ONCE = 100
_PAGE = 200


def receive(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """The oldest hundred; whoever reads them has them marked as read, even when the answer is lost."""
    found = simulator.inbox.select(
        line=phones.line(params.required("linenumber")), is_read=params.number("isread", most=1) == 1
    )[:_AT_ONCE]
    for message in found:
        simulator.inbox.mark_read(message.messageid)
    return SimulatedAnswer([_entry(message) for message in found])


def inboxpaged(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """By pages of 200; marks nothing as read."""
    line, is_read = phones.line(params.required("linenumber")), params.number("isread", most=1) == 1
    since = until = None
    if params.optional("startdate"):
        since, until = params.span(simulator.clock, longest=timedelta(days=2))
    found = simulator.inbox.select(line=line, is_read=is_read, since=since, until=until)
    return page(
        [_entry(message) for message in found], number=params.number("pagenumber", default=1, least=1), size=_PAGE
    )


def countinbox(simulator: Simulator, params: Params) -> SimulatedAnswer:
    since, until = params.span(simulator.clock, longest=timedelta(days=1), furthest=timedelta(days=60))
    line, is_read = params.optional("linenumber"), params.optional("isread")
    found = simulator.inbox.select(
        line=None if line is None else phones.line(line),
        is_read=None if is_read is None else is_read == "1",
        since=since,
        until=until,
    )
    return SimulatedAnswer([{"startdate": unix(since), "enddate": unix(until), "sumcount": len(found)}])


def _entry(message: SimulatedInbound) -> Entry:
    return {
        "messageid": message.messageid,
        "message": message.text,
        "sender": message.sender,
        "receptor": message.receptor,
        "date": unix(message.received_at),
    }
