"""Message templates: one file a message, its header in TOML between ``+++`` lines, then the Persian text."""

from notifier.sms.templates.folder import Templates, files, load, readable
from notifier.sms.templates.header import Header
from notifier.sms.templates.template import Defaults, Template

__all__ = ["Defaults", "Header", "Template", "Templates", "files", "load", "readable"]
