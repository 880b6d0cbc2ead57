"""The SMS accounts of a configuration."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from notifier.config import Config, Source
from notifier.config.providers import ProviderConfig
from notifier.domain.channels import Channel
from notifier.domain.ladder import CALL
from notifier.errors import ConfigError
from notifier.sms.providers.base import Provider
from notifier.sms.templates import Template

COMMON = ""
"""In the place of a source: all that have no lines of their own."""


def chains(config: Config) -> dict[str, list[str]]:
    """The accounts that the texts of a source leave by, the preferred one first; COMMON has those of all others."""
    first = _first(config)
    found = {COMMON: [first, *config.sms.fallback]}
    for name, source in config.sources.items():
        if source.has_lines:
            chain = [source.provider or first, *_fallback(config, source)]
            found[name] = [f"{one}.{name}" if source.sender else one for one in chain]
    return found


def _fallback(config: Config, source: Source) -> list[str]:
    if source.fallback is not None:
        return source.fallback
    return [] if source.provider else config.sms.fallback


def _first(config: Config) -> str:
    """The account that fallbacks stand in for: of a ladder that does not name [sms] provider, its first of texts."""
    ladder = [rung for rung in config.sms.ladder if rung != CALL]
    if not ladder or config.sms.provider in ladder:
        return config.sms.provider
    texts = [rung for rung in ladder if (line := config.providers.get(rung)) and line.channel is Channel.SMS]
    return [*texts, *ladder][0]


def ladders(config: Config, templates: Iterable[Template] = ()) -> Iterator[tuple[str, Sequence[str]]]:
    """Each ladder that is written down, with the file and the key that it stands under."""
    if config.sms.ladder:
        yield f"{config.file}: sms.ladder", config.sms.ladder
    for keys, block in config.policy.blocks():
        if block.ladder:
            yield f"{config.file}: policy.{'.'.join(keys)}.ladder", block.ladder
    for template in templates:
        if template.ladder:
            yield f"{template.path}: ladder", template.ladder


def rungs_of(config: Config, source: str, ladder: Sequence[str]) -> tuple[str, ...]:
    """The rungs of a ladder as one source has them: its texts leave by its own account and under its own sender."""
    found = config.sources.get(source)
    if found is None or not found.has_lines:
        return tuple(ladder)
    own = [found.provider] if found.provider and found.provider not in ladder else []
    rungs = list[str]()
    for rung in ladder:
        line = config.providers.get(rung)
        if rung == CALL or line is None or line.channel is not Channel.SMS:
            rungs.append(rung)
        elif own or not found.provider or rung == found.provider:
            name = own.pop() if own else rung
            rungs.append(f"{name}.{source}" if found.sender else name)
    return tuple(rungs)


def names(config: Config, templates: Iterable[Template] = ()) -> list[str]:
    """The accounts in use, the preferred one first; with those that the ladders of these templates name."""
    found = dict[str, None]()
    for _, ladder in ladders(config, templates):
        for source in (COMMON, *config.sources):
            found |= dict.fromkeys(rungs_of(config, source, ladder))
    rungs = [name for name in found if name != CALL and section(config, name) is not None]
    return list(dict.fromkeys([*rungs, *(name for chain in chains(config).values() for name in chain)]))


def section(config: Config, name: str) -> ProviderConfig | None:
    """What [providers] says of an account; ``NAME.SOURCE`` is NAME under the sender of that source."""
    base, _, source = name.partition(".")
    if source in config.sources and (found := config.providers.get(base)) is not None:
        return replace(found, sender=config.sources[source].sender)
    return config.providers.get(name)


def settings(config: Config, name: str) -> ProviderConfig:
    """What [providers] says of an account in use. Raises KeyError."""
    if (found := section(config, name)) is None:
        raise KeyError(name)
    return found


def providers(config: Config, templates: Iterable[Template] = ()) -> Iterator[Provider]:
    """An adapter for each, in the same order. Raises ConfigError for settings that make no sense."""
    for name in names(config, templates):
        try:
            yield settings(config, name).provider(name)
        except ValueError as error:
            raise ConfigError(f"{config.file}: providers.{name}: {error}") from None
