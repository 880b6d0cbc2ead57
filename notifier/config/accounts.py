"""The SMS accounts of a configuration."""

from collections.abc import Iterator
from dataclasses import replace

from notifier.config import Config, Source
from notifier.config.providers import KavenegarConfig, KavenegarVoiceConfig, ProviderConfig
from notifier.errors import ConfigError
from notifier.sms.providers.base import Provider

COMMON = ""
"""In the place of a source: all that have no lines of their own."""


def chains(config: Config) -> dict[str, list[str]]:
    """The accounts that the texts of a source leave by, the preferred one first; COMMON has those of all others."""
    found = {COMMON: [config.sms.provider, *config.sms.fallback]}
    for name, source in config.sources.items():
        if source.has_lines:
            chain = [source.provider or config.sms.provider, *_fallback(config, source)]
            found[name] = [f"{one}.{name}" if source.sender else one for one in chain]
    return found


def _fallback(config: Config, source: Source) -> list[str]:
    if source.fallback is not None:
        return source.fallback
    return [] if source.provider else config.sms.fallback


def names(config: Config) -> list[str]:
    """The accounts in use, the preferred one first."""
    return list(dict.fromkeys(name for chain in chains(config).values() for name in chain))


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


def kavenegar_names(config: Config) -> list[str]:
    """The accounts in use that are at Kavenegar."""
    kinds = KavenegarConfig | KavenegarVoiceConfig
    return [name for name in names(config) if isinstance(settings(config, name), kinds)]


def providers(config: Config) -> Iterator[Provider]:
    """An adapter for each, in the same order. Raises ConfigError for settings that make no sense."""
    for name in names(config):
        try:
            yield settings(config, name).provider(name)
        except ValueError as error:
            raise ConfigError(f"{config.file}: providers.{name}: {error}") from None
