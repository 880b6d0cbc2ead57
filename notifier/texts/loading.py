"""The templates of a configuration."""

from pathlib import Path

from notifier.config import Config, accounts
from notifier.sms import templates
from notifier.sms.templates import Defaults, Template


def load(config: Config, folder: Path | None = None) -> dict[str, Template]:
    """All of them. Raises TemplateError with one sentence a mistake."""
    return templates.load(folder or config.templates_folder, defaults=defaults(config))


def readable(config: Config) -> tuple[dict[str, Template], dict[Path, str]]:
    """The templates that can be read, by name; and what is wrong with each file that cannot."""
    return templates.readable(config.templates_folder, defaults=defaults(config))


def defaults(config: Config) -> Defaults:
    """What holds for templates that do not say otherwise."""
    lines = [config.providers[name] for name in accounts.names(config) if name in config.providers]
    answerable = config.replies.asking.keys() if lines and all(line.receives for line in lines) else ()
    return Defaults(via=config.sms.via, reserve=config.sms.price.reserve, answerable=frozenset(answerable))
