"""What a text costs by the table of the configuration."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from notifier.domain.messages import Via
from notifier.sms.segments import is_unicode, segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """``[sms.price]``: rial a part, as the provider's panel says. ``reserve`` is room for what the line adds to a plain
    text, like «لغو۱۱», in UTF-16 units."""

    persian: Annotated[int, Ge(0)] = 0
    latin: Annotated[int, Ge(0)] = 0
    lookup: Annotated[int, Ge(0)] = 0  # a part of an approved pattern, whatever its letters
    reserve: Annotated[int, Ge(0), Le(60)] = 0

    def parts(self, text: str, via: Via = Via.SEND) -> int:
        """The segments it is billed as."""
        return segments(text, reserve=self.reserve if via is Via.SEND else 0)

    def of(self, text: str, via: Via = Via.SEND) -> int:
        """What it costs, in rial."""
        plain = self.persian if is_unicode(text) else self.latin
        return (self.lookup if via is Via.LOOKUP else plain) * self.parts(text, via)
