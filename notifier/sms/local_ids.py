"""The id by which a provider knows a text as the same when it is said again."""

from notifier.domain.decide import derived_id
from notifier.domain.messages import Message


def local_id(message: Message) -> int:
    """That of the message; another one for a phone that was corrected since, of which a provider that has had the
    message would say that it has it."""
    return int(message.id if message.to_since is None else derived_id("corrected", message.id, message.to))
