"""The rulebook of a configuration: policy, templates, shop, calendar and quiet hours put together."""

from collections.abc import Mapping

from notifier.config import Config, accounts
from notifier.diagnostics import offline
from notifier.domain.policy import Rulebook
from notifier.domain.slots import Timetable
from notifier.sms.templates import Template


def rulebook(config: Config, templates: Mapping[str, Template], *, namespace: str) -> Rulebook:
    """What decisions are taken by. Raises ConfigError when its parts do not fit together."""
    offline.require(config, templates)
    zone, quiet = config.shop.zone, config.quiet_hours
    calendar = config.calendar.calendar(zone)
    return Rulebook(
        policy=config.policy.policy(config.regions.regions()),
        templates=templates,
        shops=config.shops,
        working_time=calendar.next_working_time,
        texting_time=lambda moment: quiet.next_allowed(moment, zone),
        namespace=namespace,
        tell_within=config.retention.tell_within,
        routes=frozenset(accounts.chains(config)) - {accounts.COMMON},
        rungs=lambda source, ladder: accounts.rungs_of(config, source, ladder),
        pages=config.customer_page.links(),
        timetable=Timetable(rules=config.delivery, holiday=calendar.holiday, zone=zone),
    )
