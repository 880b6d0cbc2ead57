"""account/info, account/config and utils/getdate."""

from datetime import timedelta

from notifier.simulator.answers import SimulatedAnswer, unix
from notifier.simulator.codes import RefusedError
from notifier.simulator.methods.sending import own_line
from notifier.simulator.params import Params, whole
from notifier.simulator.state import Simulator

_SWITCH = frozenset({"enabled", "disabled"})
_CHOICES = {
    "apilogs": frozenset({"justfaults", "enabled", "disabled"}),
    "debugmode": _SWITCH,
    "resendfailed": _SWITCH,
}


def info(simulator: Simulator, params: Params) -> SimulatedAnswer:
    expires = simulator.clock.now() + timedelta(days=365)
    return SimulatedAnswer({"remaincredit": simulator.credit, "expiredate": unix(expires), "type": "master"})


def config(simulator: Simulator, params: Params) -> SimulatedAnswer:
    """Without parameters it reads, with some it sets. ``debugmode`` enabled: nothing is sent, all is cancelled."""
    changes = {name: value for name in simulator.config if (value := params.optional(name)) is not None}
    for name, value in changes.items():
        if name in _CHOICES and value not in _CHOICES[name]:
            raise RefusedError(400)
    if "defaultsender" in changes:
        changes["defaultsender"] = own_line(simulator, changes["defaultsender"])
    if "mincreditalarm" in changes:
        whole(changes["mincreditalarm"])
    simulator.config.update(changes)
    return SimulatedAnswer(dict(simulator.config))


def getdate(simulator: Simulator, params: Params) -> SimulatedAnswer:
    now = simulator.clock.now()
    return SimulatedAnswer({"datetime": now.strftime("%Y/%m/%d %H:%M:%S"), "unixtime": unix(now)})
