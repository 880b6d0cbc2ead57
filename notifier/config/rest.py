"""``[sources.NAME.rest]``: where a WooCommerce shop's orders can be asked for."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from notifier.config.addresses import web_address
from notifier.config.loopback import is_loopback
from notifier.config.section import Section
from notifier.secret import Secret

if TYPE_CHECKING:
    from notifier.intake.woocommerce.rest import WooCommerceRest


def _shop(address: str) -> str:
    """An address that keys may be sent to."""
    if (parts := web_address(address)) is None:
        raise ValueError(f"{address!r} is not the address of a shop; write for example https://shop.example")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address must hold no user name or key; consumer_key and consumer_secret are for that")
    if parts.query or parts.fragment or "/wp-json" in parts.path:
        raise ValueError("write the address of the shop alone, such as https://shop.example, without /wp-json")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError(
            "write https://: over plain http anybody on the way could read the keys, and WooCommerce takes them there "
            "only in requests signed with OAuth 1.0a, which this service does not do"
        )
    return address.rstrip("/")


class RestConfig(Section):
    """The orders that no webhook brought are asked for every ``every``; at the first time ``look_back`` far back."""

    url: Annotated[str, AfterValidator(_shop)]
    consumer_key: Secret
    consumer_secret: Secret
    every: Annotated[timedelta, Field(ge=timedelta(minutes=1))] = timedelta(minutes=10)
    look_back: timedelta = timedelta(hours=1)
    timeout: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(seconds=30)

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """The secrets without which nothing can be asked, by key."""
        return {"consumer_key": self.consumer_key, "consumer_secret": self.consumer_secret}

    def client(self) -> "WooCommerceRest":
        """What asks the shop. Raises MissingSecretError."""
        from notifier.intake.woocommerce.rest import WooCommerceRest  # comes with a client of HTTP, which takes long

        key, secret = self.consumer_key.value(), self.consumer_secret.value()
        return WooCommerceRest(self.url, key, secret, timeout=self.timeout)
