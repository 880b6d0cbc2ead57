"""What a text costs by the table of the configuration."""

from dataclasses import dataclass

from notifier.domain.messages import Via
from notifier.sms.segments import is_unicode, segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Rial a part. ``reserve`` is room for what the line adds to a plain text, like «لغو۱۱», in UTF-16 units."""

    persian: int = 0
    latin: int = 0
    lookup: int = 0  # a part of an approved pattern, whatever its letters
    reserve: int = 0

    def parts(self, text: str, via: Via = Via.SEND) -> int:
        """The segments it is billed as."""
        return segments(text, reserve=self.reserve if via is Via.SEND else 0)

    def of(self, text: str, via: Via = Via.SEND) -> int:
        """What it costs, in rial."""
        plain = self.persian if is_unicode(text) else self.latin
        return (self.lookup if via is Via.LOOKUP else plain) * self.parts(text, via)
