"""The command line: ``notifier COMMAND``. A user's mistake ends with one clear line and exit code 2."""

import sys

import typer

from notifier.cli import (
    backup,
    checking,
    customers,
    demo,
    events,
    export,
    importing,
    initialising,
    lists,
    partitions,
    practice,
    serving,
    staff,
    templates,
    trail,
    triggering,
    webhooks,
)
from notifier.errors import ConfigError, NotifierError, TemplateError
from notifier.store.connect import CannotConnect
from notifier.store.urls import UnsupportedUrl

app = typer.Typer(
    name="notifier",
    help="Persian order SMS and follow-up calls for Iranian online shops.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (initialising, serving, checking, partitions, practice, triggering, importing, export, backup, demo):
    part.add_to(app)
app.add_typer(lists.messages, name="messages")
app.add_typer(lists.calls, name="calls")
app.add_typer(customers.app, name="customer")
app.add_typer(events.app, name="events")
app.add_typer(staff.app, name="staff")
app.add_typer(trail.app, name="audit")
app.add_typer(templates.app, name="templates")
app.add_typer(webhooks.app, name="webhooks")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (ConfigError, TemplateError) as error:
        first, *others = str(error).splitlines()
        more = f" (and {len(others)} more; `notifier check` shows them all)" if others else ""
        sys.exit(_ended(f"{first}{more}"))
    except (NotifierError, CannotConnect, UnsupportedUrl) as error:
        sys.exit(_ended(str(error)))
    except KeyboardInterrupt:
        sys.exit(130)


def _ended(text: str) -> int:
    print(f"notifier: {text}", file=sys.stderr)  # noqa: T201
    return 2
