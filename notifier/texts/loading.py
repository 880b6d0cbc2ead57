"""The templates of a configuration."""

from pathlib import Path

from notifier.config import Config
from notifier.sms import templates
from notifier.sms.templates import Defaults, Template


def load(config: Config, folder: Path | None = None) -> dict[str, Template]:
    """All of them. Raises TemplateError with one sentence a mistake."""
    defaults = Defaults(via=config.sms.via, reserve=config.sms.price.reserve)
    return templates.load(folder or config.templates_folder, defaults=defaults)
