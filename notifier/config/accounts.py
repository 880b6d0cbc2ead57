"""The SMS accounts of a configuration."""

from collections.abc import Iterator

from notifier.config import Config
from notifier.config.providers import HttpConfig, KavenegarConfig, SmsIrConfig
from notifier.errors import ConfigError
from notifier.sms.providers.base import Provider
from notifier.sms.providers.generic import HttpProvider
from notifier.sms.providers.kavenegar import KavenegarProvider
from notifier.sms.providers.smsir import SmsIrProvider


def names(config: Config) -> list[str]:
    """The sections of [providers] in use, the preferred one first."""
    return [config.sms.provider, *config.sms.fallback]


def kavenegar_names(config: Config) -> list[str]:
    """Those of them that are accounts at Kavenegar."""
    return [name for name in names(config) if isinstance(config.providers[name], KavenegarConfig)]


def providers(config: Config) -> Iterator[Provider]:
    """An adapter for each, in the same order. Raises ConfigError for settings that make no sense."""
    for name in names(config):
        try:
            yield _provider(config, name)
        except ValueError as error:
            raise ConfigError(f"{config.file}: providers.{name}: {error}") from None


def _provider(config: Config, name: str) -> Provider:
    settings, timeout = config.providers[name], config.providers[name].timeout.total_seconds()
    match settings:
        case HttpConfig():
            return HttpProvider(settings.rules(), name=name, sender=settings.sender, timeout=timeout)
        case SmsIrConfig():
            return SmsIrProvider(
                settings.api_key.value(),
                base_url=settings.base_url,
                sender=settings.sender,
                unit_price=settings.unit_price,
                name=name,
                timeout=timeout,
            )
        case KavenegarConfig():
            return KavenegarProvider(
                settings.api_key.value(),
                base_url=settings.base_url,
                sender=settings.sender,
                name=name,
                timeout=timeout,
            )
