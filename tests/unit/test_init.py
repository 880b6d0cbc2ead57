"""``notifier init``: what it writes, and what it leaves alone."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from notifier.cli import app
from notifier.config import shipped
from notifier.config.loading import find, load
from notifier.demo.stage import shop_settings
from notifier.diagnostics import offline
from notifier.errors import ConfigError
from notifier.intake.standard import signature

ROOT = Path(__file__).parents[2]


def init(folder: Path) -> Result:
    return CliRunner().invoke(app, ["init", str(folder)])


def secrets_in(folder: Path) -> dict[str, str]:
    lines = (folder / "notifier.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_a_new_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "a shop"
    said = init(home)
    assert said.exit_code == 0
    assert [line[0] for line in said.output.splitlines() if line[:2] in ("1.", "2.", "3.")] == ["1", "2", "3"]
    assert f"cd '{home}' && set -a && . ./notifier.env" in said.output

    assert (home / "config.toml").read_bytes() == (ROOT / "config.toml").read_bytes()
    texts = {path.name: path.read_bytes() for path in (ROOT / "templates").glob("*.txt")}
    assert {path.name: path.read_bytes() for path in (home / "templates").iterdir()} == texts
    assert (home / "notifier.env").stat().st_mode & 0o777 == 0o600

    made = secrets_in(home)
    assert made.pop("KAVENEGAR_API_KEY") == ""
    assert len(signature.key(made["SHOP_WEBHOOK_SECRET"])) == 32
    assert min(len(secret) for secret in made.values()) >= 48
    for name, secret in made.items():
        monkeypatch.setenv(name, secret)
        assert secret not in said.output
    monkeypatch.delenv("KAVENEGAR_API_KEY", raising=False)
    left = [one for one in offline.check(home / "config.toml") if one.level is not offline.FindingLevel.NOTE]
    told = [one.text.removeprefix(f"{home / 'config.toml'}: ") for one in left]
    assert [text for text in told if " is still that of the sample" not in text] == [
        "providers.kavenegar.api_key: the environment variable KAVENEGAR_API_KEY is not set; it must hold this secret"
    ]
    monkeypatch.setenv("NOTIFIER__SMS__PROVIDER", "simulator")
    assert {one.level for one in offline.check(home / "config.toml")} <= {
        offline.FindingLevel.WARNING,
        offline.FindingLevel.NOTE,
    }

    assert init(tmp_path / "another").exit_code == 0
    assert not set(made.values()) & set(secrets_in(tmp_path / "another").values())


@pytest.mark.parametrize("name", ["config.toml", "templates", "notifier.env"])
def test_what_is_there_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    refused = init(tmp_path).exception
    assert isinstance(refused, ConfigError)
    assert f"{name} is there already" in str(refused)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = init(tmp_path / "file" / "folder").exception
    assert isinstance(refused, ConfigError)
    assert "name another folder" in str(refused)


def test_an_installed_package_asks_for_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it brings along is no shop's: only the demo plays with it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shipped, "IS_INSTALLED", True)
    with pytest.raises(ConfigError, match=r"no config.toml in .*: `notifier init` writes one"):
        find(None, {})
    monkeypatch.delenv("NOTIFIER_CONFIG", raising=False)
    assert shop_settings(None).file == shipped.CONFIG


def test_the_data_is_the_same_from_wherever_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init(tmp_path / "shop")
    monkeypatch.chdir(tmp_path)
    assert load(Path("shop/config.toml"), environment={}).redis.data_dir == tmp_path / "shop" / "data"
    elsewhere = {"NOTIFIER__REDIS__DATA_DIR": "/var/lib/notifier"}
    assert load(Path("shop/config.toml"), environment=elsewhere).redis.data_dir == Path("/var/lib/notifier")
