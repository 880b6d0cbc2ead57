"""Everything about telling the shop's own endpoints, put together from the configuration."""

from notifier.clock import Clock
from notifier.config import Config
from notifier.observability import counters
from notifier.outbound.endpoint import Endpoint
from notifier.outbound.outbox import NewsOutbox
from notifier.outbound.sender import NewsSender
from notifier.store.publishing import Alert, Publish, Retract, no_op, nothing_told
from notifier.store.reading import Reader


def endpoints(config: Config) -> list[Endpoint]:
    """The endpoints of a configuration. Raises MissingSecretError."""
    return [settings.endpoint(name) for name, settings in config.webhooks.items()]


def telling(config: Config, *, namespace: str) -> Publish:
    """For those who make something true."""
    to = endpoints(config)
    return NewsOutbox(to, namespace).tell if to else no_op


def retracting(config: Config, *, namespace: str) -> Retract:
    """For those who take something back."""
    to = endpoints(config)
    return NewsOutbox(to, namespace).retract if to else nothing_told


def news_sender(config: Config, reader: Reader, clock: Clock, alert: Alert) -> NewsSender:
    """What posts it."""
    return NewsSender(
        reader.redis,
        reader.everywhere,
        endpoints(config),
        clock,
        alert,
        on_attempt=counters.posted,
        on_dropped=counters.dropped,
    )
