"""Every method the simulator answers, by its path."""

from collections.abc import Callable, Mapping

import msgspec

from notifier.simulator.answers import Answer
from notifier.simulator.codes import RefusedError
from notifier.simulator.methods import account, call, inbox, line, outbox, sending, statuses, verify
from notifier.simulator.params import Params
from notifier.simulator.state import Simulator

ANY = frozenset({"GET", "POST"})
POST = frozenset({"POST"})
DELETE = frozenset({"DELETE"})


class Method(msgspec.Struct, frozen=True):
    """How one method is called."""

    carry_out: Callable[[Simulator, Params], Answer]
    verbs: frozenset[str] = ANY
    needs_key: bool = True


METHODS = {
    "sms/send": Method(sending.send),
    "sms/sendarray": Method(sending.sendarray, POST),
    "sms/cancel": Method(sending.cancel),
    "sms/status": Method(statuses.status),
    "sms/statuslocalmessageid": Method(statuses.statuslocalmessageid),
    "sms/statusbyreceptor": Method(statuses.statusbyreceptor),
    "sms/select": Method(outbox.select),
    "sms/selectoutbox": Method(outbox.selectoutbox),
    "sms/latestoutbox": Method(outbox.latestoutbox),
    "sms/countoutbox": Method(outbox.countoutbox),
    "sms/receive": Method(inbox.receive),
    "sms/inboxpaged": Method(inbox.inboxpaged),
    "sms/countinbox": Method(inbox.countinbox),
    "verify/lookup": Method(verify.lookup),
    "call/maketts": Method(call.maketts),
    "account/info": Method(account.info),
    "account/config": Method(account.config),
    "utils/getdate": Method(account.getdate, needs_key=False),
    "line/blocked/list": Method(line.listing),
    "line/blocked/add": Method(line.add, POST),
    "line/blocked/exists": Method(line.exists),
    "line/blocked/remove": Method(line.remove, DELETE),
}


def carry_out(simulator: Simulator, *, key: str, path: str, verb: str, params: Mapping[str, str]) -> Answer:
    """One call, without HTTP; :class:`RefusedError` carries the code when it is refused."""
    method = METHODS.get(path)
    if (method is None or method.needs_key) and key != simulator.api_key:
        raise RefusedError(403)
    if method is None:
        raise RefusedError(404)
    if verb not in method.verbs:
        raise RefusedError(405)
    return method.carry_out(simulator, Params(params))
