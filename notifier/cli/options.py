"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from notifier.config import Config
from notifier.config.loading import in_data_dir, load

ConfigOption = Annotated[Path | None, typer.Option("--config", help="The configuration file [config.toml]")]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help="Where the embedded Redis keeps its data")]
JsonLines = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs")]
JsonObject = Annotated[bool, typer.Option("--json", help="One JSON object, for programs")]


def configured(config: Path | None, data_dir: Path | None = None) -> Config:
    """The configuration with what the command line says about it."""
    loaded = load(config)
    return in_data_dir(loaded, data_dir) if data_dir else loaded
