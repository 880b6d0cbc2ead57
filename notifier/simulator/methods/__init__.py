"""Every method the simulator answers, by its path."""

from collections.abc import Callable, Mapping

import msgspec

from notifier.simulator.answers import SimulatedAnswer
from notifier.simulator.codes import RefusedError
from notifier.simulator.methods import account, call, inbox, line, outbox, sending, statuses, verify
from notifier.simulator.params import Params
from notifier.simulator.state import Simulator

ANY = frozenset({"GET", "POST"})
POST = frozenset({"POST"})
DELETE = frozenset({"DELETE"})


class ApiMethod(msgspec.Struct, frozen=True):
    """How one method is called."""

    carry_out: Callable[[Simulator, Params], SimulatedAnswer]
    verbs: frozenset[str] = ANY
    needs_key: bool = True


METHODS = {
    "sms/send": ApiMethod(sending.send),
    "sms/sendarray": ApiMethod(sending.sendarray, POST),
    "sms/cancel": ApiMethod(sending.cancel),
    "sms/status": ApiMethod(statuses.status),
    "sms/statuslocalmessageid": ApiMethod(statuses.statuslocalmessageid),
    "sms/statusbyreceptor": ApiMethod(statuses.statusbyreceptor),
    "sms/select": ApiMethod(outbox.select),
    "sms/selectoutbox": ApiMethod(outbox.selectoutbox),
    "sms/latestoutbox": ApiMethod(outbox.latestoutbox),
    "sms/countoutbox": ApiMethod(outbox.countoutbox),
    "sms/receive": ApiMethod(inbox.receive),
    "sms/inboxpaged": ApiMethod(inbox.inboxpaged),
    "sms/countinbox": ApiMethod(inbox.countinbox),
    "verify/lookup": ApiMethod(verify.lookup),
    "call/maketts": ApiMethod(call.maketts),
    "account/info": ApiMethod(account.info),
    "account/config": ApiMethod(account.config),
    "utils/getdate": ApiMethod(account.getdate, needs_key=False),
    "line/blocked/list": ApiMethod(line.listing),
    "line/blocked/add": ApiMethod(line.add, POST),
    "line/blocked/exists": ApiMethod(line.exists),
    "line/blocked/remove": ApiMethod(line.remove, DELETE),
}


def carry_out(simulator: Simulator, *, key: str, path: str, verb: str, params: Mapping[str, str]) -> SimulatedAnswer:
    """One call, without HTTP; :class:`RefusedError` carries the code when it is refused."""
    method = METHODS.get(path)
    if (method is None or method.needs_key) and key != simulator.api_key:
        raise RefusedError(403)
    if method is None:
        raise RefusedError(404)
    if verb not in method.verbs:
        raise RefusedError(405)
    return method.carry_out(simulator, Params(params))
