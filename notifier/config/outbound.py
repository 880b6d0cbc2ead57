"""``[webhooks.NAME]``: where the shop wants to hear from us, and what of."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from notifier.config.loopback import is_loopback
from notifier.config.section import Section
from notifier.durations import Duration
from notifier.outbound.endpoint import Endpoint
from notifier.outbound.events import Topic
from notifier.secret import Secret

_LONGEST_TIMEOUT = timedelta(minutes=1)


def _address(text: str) -> str:
    from yarl import URL  # here, as most shops have no endpoint, and every command reads this file

    try:
        url = URL(text)
    except ValueError:
        raise ValueError("this is not an address; write for example https://shop.example/hooks") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("write an address that begins with https://, for example https://shop.example/hooks")
    if url.user is not None or url.password is not None:
        raise ValueError("leave the name and password out of the address; what we post is signed with secret instead")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ValueError("customers' phones go there: write https://; http:// is for 127.0.0.1 and localhost alone")
    return text


EndpointName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class WebhookConfig(Section):
    """One endpoint. Any address is allowed, private ones too: only the operator writes them, and we follow no redirect.

    Of news that waits for too long, or of too many, the oldest is dropped and counted.
    """

    url: Annotated[str, AfterValidator(_address)]
    secret: Secret
    previous_secret: Secret | None = None
    events: Annotated[list[Topic], Field(min_length=1)]
    sources: list[str] = []
    timeout: Duration = timedelta(seconds=20)
    off_after: Duration = timedelta(days=5)
    keep: Duration = timedelta(days=7)
    at_most: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000

    @model_validator(mode="after")
    def _makes_sense(self) -> "WebhookConfig":
        if not timedelta() < self.timeout <= _LONGEST_TIMEOUT:
            raise ValueError("timeout must be longer than 0s and at most 1m; 20s is usual")
        if self.off_after <= timedelta() or self.keep <= timedelta():
            raise ValueError("off_after and keep must be longer than 0s")
        return self

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """By key, the one in use first."""
        previous = self.previous_secret
        return {"secret": self.secret} | ({"previous_secret": previous} if previous and previous.is_set else {})

    def endpoint(self, name: str) -> Endpoint:
        """Raises MissingSecretError."""
        return Endpoint(
            name=name,
            url=self.url,
            secrets=tuple(secret.value() for secret in self.secrets_needed.values()),
            topics=frozenset(self.events),
            sources=frozenset(self.sources),
            timeout=self.timeout,
            off_after=self.off_after,
            keep=self.keep,
            at_most=self.at_most,
        )
