"""``[console]``: who must prove more than a password."""

from typing import Literal

from notifier.config.section import Section


class ConsoleConfig(Section):
    second_factor: Literal["off", "supervisors", "all"] = "off"
