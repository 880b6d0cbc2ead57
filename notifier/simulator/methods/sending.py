"""sms/send, sms/sendarray and sms/cancel, and what they share with the other methods that send."""

import re
from collections.abc import Sequence
from datetime import datetime

from notifier.simulator import phones, text
from notifier.simulator.answers import SimulatedAnswer, record, standing
from notifier.simulator.codes import RefusedError, SimulatedStatus
from notifier.simulator.params import Params, whole
from notifier.simulator.records import Draft
from notifier.simulator.state import Simulator

MOST_RECEPTORS = 200
_TAG = re.compile(r"[A-Za-z0-9_-]{1,200}")


def send(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """One text to up to 200 numbers; one wrong number refuses the whole call."""
    receptors = params.listed("receptor", limit=MOST_RECEPTORS)
    message = params.given("message")
    receptors = [phones.mobile(receptor) for receptor in receptors]
    sender = own_line(simulator, params.optional("sender") or simulator.config["defaultsender"])
    check_text(simulator, message)
    sent_at = send_date(simulator, params)
    check_tag(simulator, params)
    params.number("type", default=1, most=3)
    drafts = [
        Draft(receptor=receptor, text=message, sender=sender, method="send", sent_at=sent_at, localid=localid)
        for receptor, localid in zip(receptors, localids(params, len(receptors)), strict=True)
    ]
    return SimulatedAnswer([record(message) for message in simulator.accept(drafts)])


def sendarray(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """A text, a line and a number each, up to 200 of them."""
    receptors, senders, messages = params.array("receptor"), params.array("sender"), params.array("message")
    if max(len(receptors), len(senders), len(messages)) > MOST_RECEPTORS:
        raise RefusedError(simulator.rules.array_limit_code)
    if not receptors:
        raise RefusedError(406)
    types = params.optional_array("type") or ["1"] * len(receptors)
    # Only this name in this form counts; every other spelling prevents no second send and says nothing.
    ids: Sequence[str | None] = params.optional_array("localmessageids") or [None] * len(receptors)
    if len({len(receptors), len(senders), len(messages), len(types), len(ids)}) > 1:
        raise RefusedError(419)
    if any(whole(kind) not in range(4) for kind in types):
        raise RefusedError(400)
    sent_at = send_date(simulator, params)
    check_tag(simulator, params)
    drafts = [
        Draft(
            receptor=phones.mobile(receptor),
            text=check_text(simulator, message),
            sender=own_line(simulator, sender),
            method="sendarray",
            sent_at=sent_at,
            localid=None if localid is None else local_id(localid),
        )
        for receptor, sender, message, localid in zip(receptors, senders, messages, ids, strict=True)
    ]
    return SimulatedAnswer([record(message) for message in simulator.accept(drafts)])


def cancel(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """What is still scheduled is cancelled and its price given back; the rest stays as it is."""
    entries = []
    for messageid in params.ids("messageid", limit=200, code=412):
        message = simulator.outbox.find(messageid)
        if message and message.status == SimulatedStatus.SCHEDULED:
            message = simulator.settle(messageid, SimulatedStatus.CANCELLED)
        entries.append(standing(messageid, message))
    return SimulatedAnswer(entries)


def own_line(simulator: Simulator, sender: str) -> str:
    line = phones.line(sender)
    if simulator.rules.lines is not None and line not in simulator.rules.lines:
        raise RefusedError(412)
    return line


def check_text(simulator: Simulator, message: str) -> str:
    return text.check(message, longest=simulator.rules.longest_text, links_allowed=simulator.rules.links_allowed)


def send_date(simulator: Simulator, params: Params) -> datetime:
    """Now, or ``date``; 417 for one that is over. Unix seconds carry no fraction, so this second is not over."""
    now = simulator.clock.now()
    date = params.moment("date")
    if date is None:
        return now
    if date < now.replace(microsecond=0):
        raise RefusedError(417)
    return max(date, now)


def check_tag(simulator: Simulator, params: Params) -> None:
    tag = params.optional("tag")
    if tag is not None and (not _TAG.fullmatch(tag) or tag not in simulator.rules.tags):
        raise RefusedError(607)


def localids(params: Params, count: int) -> Sequence[int | None]:
    """The localid of each receptor; 419 when they are not as many."""
    value = params.optional("localid")
    if value is None:
        return [None] * count
    ids = [local_id(item) for item in value.split(",")]
    if len(ids) != count:
        raise RefusedError(419)
    return ids


def local_id(text: str) -> int:
    number = whole(text)
    if number < 1:
        raise RefusedError(400)
    return number
