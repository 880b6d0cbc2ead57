"""The command line: ``notifier COMMAND``. A failure ends with one clear line.

The exit code is 2 where a person must mend something, 75 where the store is away and the same may succeed later.
"""

import sys
from typing import Annotated

import typer

from notifier.cli.lazy import Command, LazyGroup
from notifier.errors import ConfigError, NotifierError, TemplateError

_MISTAKE, _LATER = 2, 75

COMMANDS = {
    "init": Command(
        "notifier.cli.initialising",
        "init",
        "Write a configuration, the texts and freshly made secrets into a folder. Overwrites nothing.",
    ),
    "serve": Command("notifier.cli.serving", "serve", "Run the service until it is told to stop."),
    "check": Command(
        "notifier.cli.checking",
        "check",
        "Check configuration, templates and policy, offline. Exit code 1 if anything is an error.",
    ),
    "doctor": Command(
        "notifier.cli.checking",
        "doctor",
        "Check the live parts: Redis, clocks, disk, provider, shops, staff. Exit code 1 if anything is an error.",
    ),
    "push-keys": Command(
        "notifier.cli.push_keys",
        "push_keys",
        "Make a key for [console.push]: news of calls to closed browsers. Prints it; writes nothing.",
    ),
    "partitions": Command(
        "notifier.cli.partitions",
        "partitions",
        "Say in how many partitions the data lies, or move it into N. Cut short, it is run again.",
    ),
    "simulator": Command(
        "notifier.cli.practice",
        "simulator",
        "Run a Kavenegar, a Bale, a bot and a telephone exchange to practise against: nothing is sent, nobody rung.",
    ),
    "trigger": Command(
        "notifier.cli.triggering",
        "trigger",
        "Post a signed sample event, of a practice order no shop can have, to a running service; show the answer.",
    ),
    "import": Command(
        "notifier.cli.importing",
        "import_file",
        "Import a file; may be stopped and begun again, and sends nothing twice. Exit code 1 if lines were refused.",
    ),
    "export": Command(
        "notifier.cli.export",
        "export",
        "Orders that changed last within some days, with timeline, messages and calls; not those in the archive.",
    ),
    "backup": Command(
        "notifier.cli.backup",
        "backup",
        "Write everything the embedded store and its archive hold into one file, also while the service runs.",
    ),
    "restore": Command(
        "notifier.cli.backup", "restore", "Put a backup into a data directory; the service must not run on it."
    ),
    "demo": Command(
        "notifier.cli.demo",
        "demo",
        "Play a sample day of the shop: real webhooks, real service, simulated Kavenegar. Needs nothing set up.",
    ),
    "messages": Command("notifier.cli.lists", "messages", "Messages and what became of them."),
    "calls": Command("notifier.cli.lists", "calls", "Support calls."),
    "customer": Command("notifier.cli.customers", "app", "What is known of one customer, and its erasure."),
    "events": Command("notifier.cli.events", "app", "Deliveries that were refused, and their replay after a fix."),
    "staff": Command("notifier.cli.staff", "app", "The people of the support desk."),
    "audit": Command("notifier.cli.trail", "app", "Who did what: accounts, sign-ins, exports, erasures."),
    "templates": Command("notifier.cli.templates", "app", "The message templates."),
    "webhooks": Command("notifier.cli.webhooks", "app", "The shop's own endpoints that news is posted to."),
}
"""Every command in the order it is listed in. Imported one by one: all of them together take seconds."""


class _Commands(LazyGroup):
    table = COMMANDS


app = typer.Typer(
    cls=_Commands,
    name="notifier",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


def _tell_version(asked: bool) -> None:
    if asked:
        # Imported only now: it reads what is installed, which every other command would wait for.
        from notifier.version import version

        typer.echo(f"notifier {version()}")
        raise typer.Exit


@app.callback()
def notifier(
    _: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is")
    ] = False,
) -> None:
    """Persian order SMS and follow-up calls for Iranian online shops."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (ConfigError, TemplateError) as error:
        first, *others = str(error).splitlines()
        more = f" (and {len(others)} more; `notifier check` shows them all)" if others else ""
        sys.exit(_ended(f"{first}{more}"))
    except NotifierError as error:
        sys.exit(_ended(str(error), code=_code(error)))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if (away := _of_the_store(error)) is None:
            raise
        sys.exit(_ended(str(away), code=_code(away)))


def _of_the_store(error: Exception) -> NotifierError | None:
    # Imported only now: most commands need nothing of it, and it takes long.
    from notifier.store import unavailable

    return unavailable.of(error)


def _code(error: NotifierError) -> int:
    """2 for what a person must mend; 75 where the same may succeed later, for the store is away."""
    from notifier.store.unavailable import StoreRefuses

    return _LATER if _of_the_store(error) is not None and not isinstance(error, StoreRefuses) else _MISTAKE


def _ended(text: str, *, code: int = _MISTAKE) -> int:
    print(f"notifier: {text}", file=sys.stderr)  # noqa: T201
    return code
