"""Where the program starts: ``notifier`` and ``python -m notifier``."""

import gc


def main() -> None:
    """Run the command line, which takes a while to read: no garbage is looked for meanwhile, as there is none."""
    gc.disable()
    from notifier.cli import main as run

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
