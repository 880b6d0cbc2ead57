"""``[webhooks.NAME]``: where the shop wants to hear from us, and what of."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from notifier.config.loopback import is_loopback
from notifier.outbound.endpoint import Endpoint, Terms
from notifier.outbound.events import Topic
from notifier.secret import Secret


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


@dataclass(frozen=True, kw_only=True)
class WebhookConfig(Terms):
    """One endpoint. Any address is allowed, private ones too: an operator writes them, and we follow no redirect."""

    url: Annotated[str, AfterValidator(_address)]
    secret: Secret
    previous_secret: Secret | None = None
    events: Annotated[tuple[Topic, ...], Field(min_length=1)]
    sources: frozenset[str] = frozenset()

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """By key, the one in use first."""
        previous = self.previous_secret
        return {"secret": self.secret} | ({"previous_secret": previous} if previous and previous.is_set else {})

    def endpoint(self, name: str) -> Endpoint:
        """Raises MissingSecretError."""
        secrets = tuple(secret.value() for secret in self.secrets_needed.values())
        return Endpoint(
            name=name, url=self.url, secrets=secrets, topics=frozenset(self.events), sources=self.sources, terms=self
        )
