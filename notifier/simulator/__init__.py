"""A Kavenegar, a Bale and bots to practise against: the same paths, limits, codes and traps, with faults on demand."""

from notifier.simulator.app import create_app
from notifier.simulator.bale import SimulatedBale, SimulatedBaleMessage
from notifier.simulator.bots import SimulatedBot, SimulatedBotMessage
from notifier.simulator.faults import Fault
from notifier.simulator.records import AccountRules, CallOutcome, Ripening, SimulatedMessage
from notifier.simulator.state import Simulator

__all__ = [
    "AccountRules",
    "CallOutcome",
    "Fault",
    "Ripening",
    "SimulatedBale",
    "SimulatedBaleMessage",
    "SimulatedBot",
    "SimulatedBotMessage",
    "SimulatedMessage",
    "Simulator",
    "create_app",
]
