"""``[console]``: who must prove more than a password, and how browsers are pushed to."""

from typing import Annotated, Literal

from pydantic import Field

from notifier.config.section import Section
from notifier.secret import Secret

_Service = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\[\]:-]{1,253}$")]


class PushConfig(Section):
    """Without a key nobody is pushed to, and nothing of it shows."""

    private_key: Secret
    subject: Annotated[str, Field(pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://[^\s]+)$", max_length=200)]
    services: Annotated[list[_Service], Field(max_length=20)] = []


class ConsoleConfig(Section):
    second_factor: Literal["off", "supervisors", "all"] = "off"
    push: PushConfig | None = None
