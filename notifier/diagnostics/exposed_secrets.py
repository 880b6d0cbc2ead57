"""Files of secrets that others on the machine may read or change."""

from collections.abc import Iterator

from notifier.config import Config
from notifier.diagnostics import findings
from notifier.diagnostics.findings import Finding
from notifier.secret import Access, secrets_in


def exposed_secrets(config: Config) -> Iterator[Finding]:
    """A note where everybody may read one, for in a container nobody else is there; a warning where they may write."""
    for key, secret in secrets_in(config):
        where = f"{config.file}: {key}"
        match secret.others_may:
            case Access.WRITE:
                yield findings.warning(where, f"{secret.place} may be changed by everybody on this machine; chmod o-rw")
            case Access.READ:
                yield findings.note(where, f"{secret.place} may be read by everybody on this machine; chmod o-r")
