"""A Kavenegar to practise against: the same paths, limits, codes and traps, with faults on demand."""

from notifier.simulator.app import create_app
from notifier.simulator.faults import Fault
from notifier.simulator.records import Message, Ripening, Rules
from notifier.simulator.state import Simulator

__all__ = ["Fault", "Message", "Ripening", "Rules", "Simulator", "create_app"]
