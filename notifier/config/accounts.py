"""The SMS accounts of a configuration."""

from collections.abc import Iterator

from notifier.config import Config
from notifier.config.providers import KavenegarConfig, KavenegarVoiceConfig
from notifier.errors import ConfigError
from notifier.sms.providers.base import Provider


def names(config: Config) -> list[str]:
    """The sections of [providers] in use, the preferred one first."""
    return [config.sms.provider, *config.sms.fallback]


def kavenegar_names(config: Config) -> list[str]:
    """The accounts in use that are at Kavenegar."""
    return [
        name for name in names(config) if isinstance(config.providers[name], KavenegarConfig | KavenegarVoiceConfig)
    ]


def providers(config: Config) -> Iterator[Provider]:
    """An adapter for each, in the same order. Raises ConfigError for settings that make no sense."""
    for name in names(config):
        try:
            yield config.providers[name].provider(name)
        except ValueError as error:
            raise ConfigError(f"{config.file}: providers.{name}: {error}") from None
