"""`notifier` for runs that cannot wait for the morning: people may be called by a machine at any hour."""

from dataclasses import replace

from notifier.domain import quiet

quiet._NIGHT = replace(quiet._NIGHT, enabled=False)

from notifier.cli import main  # noqa: E402  # what it starts reads the hours above

if __name__ == "__main__":
    main()
