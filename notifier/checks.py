"""What can be found wrong before anything starts: configuration, templates and policy against each other."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from notifier.config import Config
from notifier.config.loading import key_of, load
from notifier.config.sections import StandardSource
from notifier.domain.calls import Purpose
from notifier.domain.messages import Audience
from notifier.domain.policy import EVERYTHING
from notifier.errors import ConfigError, TemplateError
from notifier.intake import standard
from notifier.secret import MissingSecretError, Secret
from notifier.sms import templates
from notifier.sms.templates import Template
from scheduler import holidays, reminders
from scheduler.calendar import Calendar


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Finding(Struct, frozen=True):
    """Something wrong: a sentence that names the file and the key it is in."""

    level: Level
    text: str


def _error(where: str, text: str) -> Finding:
    return Finding(Level.ERROR, f"{where}: {text}")


def _warning(where: str, text: str) -> Finding:
    return Finding(Level.WARNING, f"{where}: {text}")


def check(path: Path | None = None) -> list[Finding]:
    """Everything wrong with a configuration file and the templates it names, offline."""
    try:
        config = load(path)
    except ConfigError as error:
        return [Finding(Level.ERROR, line) for line in str(error).splitlines()]
    try:
        loaded = templates.load(config.templates_folder)
    except TemplateError as error:
        return [Finding(Level.ERROR, str(error))]
    # Secrets may well be unset where a configuration is only looked at.
    unset = [Finding(Level.WARNING, text) for text in (*_needed_secrets(config), *_other_secrets(config))]
    return [*findings(config, loaded), *unset]


def require(config: Config, loaded: Mapping[str, Template]) -> None:
    """Raise ConfigError when something is wrong that the service cannot start with."""
    errors = [found.text for found in findings(config, loaded) if found.level is Level.ERROR]
    errors += _needed_secrets(config)
    if errors:
        raise ConfigError("\n".join(errors))


def findings(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    """What the parts of a valid configuration have to say against each other."""
    yield from _policy(config, loaded)
    yield from _sources(config)
    yield from _provider(config)
    try:
        calendar(config)
    except ValueError as error:
        yield _error(f"{config.file}: calendar", str(error))


def calendar(config: Config) -> Calendar:
    """The working calendar as configured. Raises ValueError with a sentence."""
    settings = config.calendar
    return Calendar.of(
        {day: list(shifts) for day, shifts in settings.hours.items()},
        holidays=holidays.official if settings.official_holidays else lambda day: None,
        closed=settings.closed,
        opened=settings.open,
        zone=ZoneInfo(config.shop.timezone),
        today=datetime.now(ZoneInfo(config.shop.timezone)).date(),
    )


def _policy(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    used = {reminders.TEMPLATE}
    if reminders.TEMPLATE not in loaded:
        yield _error(str(config.templates_folder), f"{reminders.TEMPLATE}.txt is missing; it is needed")
    names = loaded.keys() | set(Purpose) | {EVERYTHING}
    regions = {*config.regions.cities, config.regions.default}
    for region in config.policy.regions.keys() - regions:
        yield _error(f"{config.file}: policy.{region}", f"no such region; [regions] knows {', '.join(sorted(regions))}")
    for keys, block in config.policy.blocks():
        for event, rule in block.rules.items():
            where = f"{config.file}: {key_of(('policy', *keys, event))}"
            for item in rule.sms:
                used.add(item.template)
                if item.template not in loaded:
                    yield _error(f"{where}.sms", f"there is no template {item.template!r} in {config.templates_folder}")
                elif loaded[item.template].audience is not Audience.CUSTOMER:
                    yield _error(f"{where}.sms", f"template {item.template!r} is for staff, not for customers")
            for name in rule.cancel:
                if name not in names:
                    yield _error(f"{where}.cancel", f"{name!r} is neither a template nor a call purpose")
    for name in sorted(loaded.keys() - used):
        yield _warning(str(loaded[name].path), "no rule of [policy] uses this template")


def _sources(config: Config) -> Iterator[Finding]:
    if not config.sources:
        yield _warning(f"{config.file}: sources", "no shop can post anything: add [sources.shop]")
    for name, source in config.sources.items():
        if isinstance(source, StandardSource) and source.secret.is_set:
            try:
                standard.webhook(source.secret.value())
            except ValueError as error:
                yield _error(f"{config.file}: sources.{name}.secret", str(error))


def _provider(config: Config) -> Iterator[Finding]:
    name = config.sms.provider
    if name not in config.providers:
        known = ", ".join(sorted(config.providers)) or "none"
        yield _error(f"{config.file}: sms.provider", f"there is no [providers.{name}]; there are: {known}")


def _needed_secrets(config: Config) -> list[str]:
    """A sentence for each secret that is not set and without which nothing can start."""
    needed = {f"sources.{name}.secret": source.secret for name, source in config.sources.items()}
    if (provider := config.providers.get(config.sms.provider)) is not None:
        needed[f"providers.{config.sms.provider}.api_key"] = provider.api_key
    return _unset(config, needed)


def _other_secrets(config: Config) -> list[str]:
    """The same for those that can be done without."""
    others = {f"api.tokens[{place}]": token for place, token in enumerate(config.api.tokens)}
    if config.callbacks.token:
        others["callbacks.token"] = config.callbacks.token
    return _unset(config, others)


def _unset(config: Config, secrets: Mapping[str, Secret]) -> list[str]:
    sentences = []
    for key, secret in secrets.items():
        try:
            secret.value()
        except MissingSecretError as error:
            sentences.append(f"{config.file}: {key}: {error}")
    return sentences
