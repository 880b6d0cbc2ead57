"""A Kavenegar to practise against: the same paths, limits, codes and traps, with faults on demand."""

from notifier.simulator.app import create_app
from notifier.simulator.faults import Fault
from notifier.simulator.records import AccountRules, Ripening, SimulatedMessage
from notifier.simulator.state import Simulator

__all__ = ["AccountRules", "Fault", "Ripening", "SimulatedMessage", "Simulator", "create_app"]
