"""The promises of ``[policy]``: one block for each region and method of payment, one line for each event."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from notifier.config.section import Section
from notifier.domain.events import PaymentMethod
from notifier.domain.policy import Block, Policy
from notifier.domain.regions import Regions


def _texts(items: Any) -> Any:
    """A text without conditions may be written as its template's name alone."""
    if not isinstance(items, list):
        return items
    return [{"template": item} if isinstance(item, str) else item for item in items]


def _block(block: Any) -> Any:
    """In the file every event's rule stands under the event's own name, beside the settings."""
    if not isinstance(block, dict) or "rules" in block:
        return block
    settings = {key: _texts(value) if key == "revived" else value for key, value in block.items() if "." not in key}
    return settings | {"rules": {key: _rule(value) for key, value in block.items() if "." in key}}


def _rule(rule: Any) -> Any:
    return rule | {"sms": _texts(rule["sms"])} if isinstance(rule, dict) and "sms" in rule else rule


Promises = Annotated[Block, BeforeValidator(_block)]


class PolicyConfig(Section):
    """``[policy.REGION.METHOD]`` blocks, ``[policy.free]`` for nothing to pay, and ``[policy.otherwise]`` for a method
    unknown or not on offer."""

    free: Promises = Block()
    otherwise: Promises = Block()
    regions: dict[str, dict[PaymentMethod, Promises]] = {}

    @model_validator(mode="before")
    @classmethod
    def _regions_are_keys(cls, policy: Any) -> Any:
        if not isinstance(policy, dict) or "regions" in policy:
            return policy
        regions = {key: value for key, value in policy.items() if key not in ("free", "otherwise")}
        return {name: policy.get(name, {}) for name in ("free", "otherwise")} | {"regions": regions}

    def blocks(self) -> Iterator[tuple[tuple[str, ...], Block]]:
        """Every block with the keys it stands under."""
        for region, blocks in self.regions.items():
            for method, block in blocks.items():
                yield (region, method), block
        yield ("free",), self.free
        yield ("otherwise",), self.otherwise

    def policy(self, regions: Regions) -> Policy:
        return Policy(
            blocks={
                (region, method): block for region, blocks in self.regions.items() for method, block in blocks.items()
            },
            free=self.free,
            otherwise=self.otherwise,
            regions=regions,
        )
