"""line/blocked/…: the numbers that want nothing from a line."""

from notifier.simulator import phones
from notifier.simulator.answers import Entry, SimulatedAnswer, page, unix
from notifier.simulator.methods.sending import own_line
from notifier.simulator.params import Params
from notifier.simulator.records import Blocked
from notifier.simulator.state import Simulator

BY_WEB_SERVICE = 0
_MOST = 200
_MOST_REMOVED = 50
_PAGE = 200
_TOO_MANY = 604
# What the customer or the operator blocked stays blocked.
_OURS_TO_REMOVE = frozenset({BY_WEB_SERVICE, 1})


def listing(simulator: Simulator, params: Params) -> SimulatedAnswer:
    line = own_line(simulator, params.required("linenumber"))
    reason, since = params.optional("blockreason"), params.moment("startdate")
    found = [
        _entry(block) | {"blockreason": block.reason, "date": unix(block.since)}
        for block in simulator.blocked_by_line.values()
        if block.line == line and reason in (None, str(block.reason)) and (since is None or block.since >= since)
    ]
    return page(found, number=params.number("pagenumber", default=1, least=1), size=_PAGE)


def add(simulator: Simulator, params: Params) -> SimulatedAnswer:
    line, numbers = _line_and_numbers(simulator, params, most=_MOST)
    blocks = [
        Blocked(line=line, number=number, reason=BY_WEB_SERVICE, since=simulator.clock.now()) for number in numbers
    ]
    for block in blocks:
        simulator.blocked_by_line.setdefault((block.line, block.number), block)
    return SimulatedAnswer([_entry(block) for block in blocks])


def exists(simulator: Simulator, params: Params) -> SimulatedAnswer:
    line, numbers = _line_and_numbers(simulator, params, most=_MOST)
    found = [simulator.blocked_by_line.get((line, number)) for number in numbers]
    return SimulatedAnswer([_entry(block) for block in found if block])


def remove(simulator: Simulator, params: Params) -> SimulatedAnswer:
    line, numbers = _line_and_numbers(simulator, params, most=_MOST_REMOVED)
    removed = []
    for number in numbers:
        block = simulator.blocked_by_line.get((line, number))
        if block and block.reason in _OURS_TO_REMOVE:
            removed.append(simulator.blocked_by_line.pop((line, number)))
    return SimulatedAnswer([_entry(block) for block in removed])


def _line_and_numbers(simulator: Simulator, params: Params, *, most: int) -> tuple[str, list[str]]:
    line = own_line(simulator, params.required("linenumber"))
    numbers = [phones.mobile(number) for number in params.listed("receptor", limit=most, code=_TOO_MANY)]
    return line, numbers


def _entry(block: Blocked) -> Entry:
    return {"linenumber": block.line, "receptor": block.number}
