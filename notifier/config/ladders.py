"""The ladders of a configuration as the sender goes by them."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from notifier.config import Config
from notifier.config.accounts import COMMON, chains, names, rungs_of, section
from notifier.config.accounts import ladders as written
from notifier.domain.channels import Channel
from notifier.domain.ladder import CALL
from notifier.sms.ladders import Ladders, routes_of
from notifier.sms.templates import Template


def ladders(config: Config, templates: Collection[Template] = ()) -> Ladders:
    """All of them."""
    lines = chains(config)
    known = {name: found.channel for name in names(config, templates) if (found := section(config, name)) is not None}
    return Ladders(
        usual=_usual(config),
        stand_ins={chain[0]: chain for chain in lines.values()},
        channels=known,
        waits={name: wait for name, channel in known.items() if (wait := _wait(config, name, channel)) is not None},
    )


def routes(config: Config, templates: Collection[Template] = ()) -> set[str]:
    """By what messages may leave that begin with a ladder of their own, or are on their way down one."""
    own = [ladder for _, ladder in written(config, templates) if ladder is not config.sms.ladder]
    wholes = {rungs_of(config, source, ladder) for ladder in own for source in (COMMON, *config.sources)}
    begun = {ladder[1:] for ladder in _usual(config).values()}
    return {route for ladder in wholes | begun for route in routes_of(ladder)}


def _usual(config: Config) -> Mapping[str, tuple[str, ...]]:
    """The ladder of each source that has lines of its own, and that of all others. Where none is written: one text, and
    a call about what is essential."""
    return {
        source: rungs_of(config, source, config.sms.ladder) if config.sms.ladder else (chain[0], CALL)
        for source, chain in chains(config).items()
    }


def _wait(config: Config, name: str, channel: Channel) -> timedelta | None:
    waits, base = config.sms.wait, name.partition(".")[0]
    return next((waits[key] for key in (name, base, str(channel)) if key in waits), None)
