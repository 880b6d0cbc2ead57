"""``[metrics]``: who may read /metrics."""

from notifier.config.section import Section
from notifier.secret import Secret


class MetricsConfig(Section):
    """Without a token whoever reaches the port may read them."""

    token: Secret | None = None
