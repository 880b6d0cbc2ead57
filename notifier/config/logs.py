"""``[logs]``: what is logged, and how."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class LogsConfig(BaseModel):
    """``auto`` is readable on a terminal and JSON elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["auto", "json", "readable"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"
