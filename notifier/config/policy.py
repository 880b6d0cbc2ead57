"""The promises of ``[policy]``: one block for each region and method of payment, one line for each event."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from notifier.config.section import Section
from notifier.domain.calls import Purpose
from notifier.domain.events import EventType, Method
from notifier.domain.orders import Priority
from notifier.domain.policy import Block, CallRule, Policy, Rule, TextRule, When
from notifier.domain.regions import Regions


class SmsItem(Section):
    template: str
    after: timedelta = timedelta()
    when: When = When.ALWAYS

    def rule(self) -> TextRule:
        return TextRule(template=self.template, after=self.after, when=self.when)


def _short_form(items: Any) -> Any:
    """A text without conditions may be written as its template's name alone."""
    if not isinstance(items, list):
        return items
    return [{"template": item} if isinstance(item, str) else item for item in items]


Texts = Annotated[list[SmsItem], BeforeValidator(_short_form)]


class CallItem(Section):
    purpose: Purpose
    after: timedelta = timedelta()
    when: When = When.ALWAYS

    def rule(self) -> CallRule:
        return CallRule(purpose=self.purpose, after=self.after, when=self.when)


class RuleConfig(Section):
    sms: Texts = []
    calls: list[CallItem] = []
    cancel: list[str] = []

    def rule(self) -> Rule:
        return Rule(
            sms=tuple(item.rule() for item in self.sms),
            calls=tuple(item.rule() for item in self.calls),
            cancel=frozenset(self.cancel),
        )


class BlockConfig(Section):
    """The promises to one group: settings, and one rule for each event under the event's own name."""

    priority: Priority = Priority.NORMAL
    needs_payment: bool = False
    calls: list[CallItem] = []
    revived: Texts = []
    rules: dict[EventType, RuleConfig] = {}

    @model_validator(mode="before")
    @classmethod
    def _events_are_keys(cls, block: Any) -> Any:
        if not isinstance(block, dict) or "rules" in block:
            return block
        settings = {key: value for key, value in block.items() if "." not in key}
        return settings | {"rules": {key: value for key, value in block.items() if "." in key}}

    def block(self) -> Block:
        return Block(
            priority=self.priority,
            needs_payment=self.needs_payment,
            calls=tuple(item.rule() for item in self.calls),
            revived=tuple(item.rule() for item in self.revived),
            rules={event: rule.rule() for event, rule in self.rules.items()},
        )


class PolicyConfig(Section):
    """``[policy.REGION.METHOD]`` blocks, ``[policy.free]`` for nothing to pay, and ``[policy.otherwise]`` for a method
    unknown or not on offer."""

    free: BlockConfig = BlockConfig.usual()
    otherwise: BlockConfig = BlockConfig.usual()
    regions: dict[str, dict[Method, BlockConfig]] = {}

    @model_validator(mode="before")
    @classmethod
    def _regions_are_keys(cls, policy: Any) -> Any:
        if not isinstance(policy, dict) or "regions" in policy:
            return policy
        regions = {key: value for key, value in policy.items() if key not in ("free", "otherwise")}
        return {name: policy.get(name, {}) for name in ("free", "otherwise")} | {"regions": regions}

    def blocks(self) -> Iterator[tuple[tuple[str, ...], BlockConfig]]:
        """Every block with the keys it stands under."""
        for region, blocks in self.regions.items():
            for method, block in blocks.items():
                yield (region, method), block
        yield ("free",), self.free
        yield ("otherwise",), self.otherwise

    def policy(self, regions: Regions) -> Policy:
        return Policy(
            blocks={
                (region, method): block.block()
                for region, blocks in self.regions.items()
                for method, block in blocks.items()
            },
            free=self.free.block(),
            otherwise=self.otherwise.block(),
            regions=regions,
        )
