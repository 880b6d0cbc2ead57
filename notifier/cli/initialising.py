"""``notifier init``: everything a new installation needs, in one folder of its own."""

import secrets
import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from notifier.cli.output import printer
from notifier.config import shipped
from notifier.errors import ConfigError
from notifier.intake.standard.signature import new_secret
from notifier.store import private_files

CONFIG, TEMPLATES, ENVIRONMENT = "config.toml", "templates", "notifier.env"


def init(folder: Annotated[Path, typer.Argument(help="The folder; made if it is not there")] = Path()) -> None:
    """Write a configuration, the texts and freshly made secrets into a folder. Overwrites nothing."""
    if there := [name for name in (CONFIG, TEMPLATES, ENVIRONMENT) if (folder / name).exists()]:
        raise ConfigError(f"{folder}: {', '.join(there)} is there already and is left alone; name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shipped.CONFIG, folder / CONFIG)
        shutil.copytree(shipped.TEMPLATES, folder / TEMPLATES, copy_function=shutil.copyfile)
        with private_files.created(folder / ENVIRONMENT) as file:
            file.write(environment().encode())
    except OSError as error:
        raise ConfigError(f"{folder}: nothing can be written there ({error.strerror}); name another folder") from None
    printer().print(_next_steps(folder), highlight=False, markup=False)


def environment() -> str:
    """The text of a file of secrets that nobody knows yet, to be read by a shell, by systemd and by Docker alike."""
    lines = (
        "# Secrets of the order notifier. Keep this file from everybody else, and out of every repository.",
        "# The shop's backend signs with this one, as Standard Webhooks:",
        f"SHOP_WEBHOOK_SECRET={new_secret()}",
        "# WooCommerce has this one in both its webhooks:",
        f"WOO_WEBHOOK_SECRET={secrets.token_hex(24)}",
        "# Part of the address that Kavenegar reports deliveries to: /callbacks/kavenegar/THIS/delivery",
        f"NOTIFIER_CALLBACK_TOKEN={secrets.token_hex(24)}",
        "# Whoever reads /api says: Authorization: Bearer THIS",
        f"NOTIFIER_API_TOKEN={secrets.token_hex(24)}",
        "# From Kavenegar's panel:",
        "KAVENEGAR_API_KEY=",
        "# To practise without a key, take the # away below and run `notifier simulator` beside the service:",
        "# NOTIFIER__SMS__PROVIDER=simulator",
    )
    return "".join(f"{line}\n" for line in lines)


def _next_steps(folder: Path) -> str:
    where = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    return (
        f"Wrote {folder / CONFIG}, {folder / TEMPLATES}/ and {folder / ENVIRONMENT} (secrets; only you can read it).\n"
        "\n"
        f"1. Make them yours: the shop's name, phone, card and calendar in {CONFIG}, its words in {TEMPLATES}/,\n"
        f"   and Kavenegar's key in {ENVIRONMENT}, which also says how to practise without one.\n"
        f"2. Check and start it: {where}set -a && . ./{ENVIRONMENT} && set +a && notifier check && notifier serve\n"
        "3. In another shell, with the same variables: notifier trigger order.registered, and\n"
        "   notifier staff add NAME --name … --phone … --role supervisor for the console at http://127.0.0.1:8080/console/"
    )
