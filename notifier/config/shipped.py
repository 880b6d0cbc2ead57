"""Where the files that ship with the service are: beside the code in a checkout, inside the package in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_SHIPPED = _PACKAGE / "shipped"
IS_INSTALLED = _SHIPPED.is_dir()
ROOT = _SHIPPED if IS_INSTALLED else _PACKAGE.parent

CONFIG = ROOT / "config.toml"
TEMPLATES = ROOT / "templates"
