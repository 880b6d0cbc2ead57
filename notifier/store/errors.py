"""What goes wrong with the store that a person must put right."""

from notifier.errors import NotifierError


class EmbeddedRedisError(NotifierError):
    """The private server cannot be found, started, reached or stopped; the message says what to do."""


class EmbeddedAway(EmbeddedRedisError):
    """The private server is not to be had now, and may be later: its disk is full, or it takes its time."""
