"""``[silence]``: when supervisors are told that a shop says nothing."""

from typing import Annotated

from pydantic import Field

from notifier.config.section import Section


class SilenceConfig(Section):
    """``spans`` is how many spans of ten minutes must be silent in which something usually comes, as one stretch; it
    takes twice as many where they lie scattered (see notifier/domain/activity_profile.py)."""

    enabled: bool = True
    spans: Annotated[int, Field(ge=1, le=144)] = 6
