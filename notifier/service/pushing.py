"""Web Push to browsers of the staff, put together from the configuration where it has a key."""

from dataclasses import dataclass

from notifier.channels.web_push.sender import PushSender
from notifier.clock import Clock
from notifier.config import Config
from notifier.config.console import PushConfig
from notifier.observability import counters
from notifier.store.reading import Reader
from notifier.store.staff import StaffBook


@dataclass(frozen=True, slots=True)
class Pushing:
    """What sends, and the key that browsers are given."""

    sender: PushSender
    public_key: str


def pushing(config: Config, reader: Reader, staff: StaffBook, clock: Clock) -> Pushing | None:
    """Raises UnusableKey and MissingSecretError."""
    if config.console.push is None:
        return None
    return _pushing(config.console.push, reader, staff, clock)


def _pushing(push: PushConfig, reader: Reader, staff: StaffBook, clock: Clock) -> Pushing:
    # Most have none, and what encrypts takes long to import.
    from notifier.channels.web_push.posting import PushPoster
    from notifier.channels.web_push.vapid import VapidKeys

    keys = VapidKeys.read(push.private_key.value())
    poster = PushPoster(keys, push.subject, push.services)
    sender = PushSender(reader.redis, reader.everywhere, staff, clock, poster, on_answer=counters.pushed)
    return Pushing(sender, keys.public_text)
