"""``[customer_page]``: the page on which a customer sees the order and answers about it."""

from typing import Annotated

from pydantic import AfterValidator, model_validator

from notifier.config.addresses import web_address
from notifier.config.loopback import is_loopback
from notifier.config.section import Section
from notifier.domain.page_links import PageLinks


def _reachable(address: str) -> str:
    """The address of this service as customers have it, which tokens may travel to."""
    if not address:
        return ""
    if (parts := web_address(address)) is None or any(sign.isspace() for sign in address):
        raise ValueError(f"{address!r} is no address; write for example https://order.shop.example")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address must hold no user name or password: customers are sent it")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("write the address alone, such as https://order.shop.example: pages lie under its /o/")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("write https://: over plain http anybody on the way could read the address of a page")
    return address.rstrip("/")


class CustomerPageConfig(Section):
    """Without ``enabled`` there are no such pages, and orders get no token."""

    enabled: bool = False
    base: Annotated[str, AfterValidator(_reachable)] = ""
    in_texts: bool = False

    @model_validator(mode="after")
    def _texts_have_somewhere_to_lead(self) -> "CustomerPageConfig":
        if self.enabled and self.in_texts and not self.base:
            raise ValueError("in_texts needs base: the address under which customers reach this service")
        return self

    def links(self) -> PageLinks | None:
        return PageLinks(self.base, self.in_texts) if self.enabled else None
