"""Secrets in files: what is no secret is told apart from one, where it is and what to do, and nothing is waited for."""

import os
from pathlib import Path

import pytest

from notifier.config.loading import load
from notifier.diagnostics import offline
from notifier.errors import ConfigError
from notifier.secret import Access, MissingSecretError, Secret

ROOT = Path(__file__).parents[2]
GOOD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def said(path: Path) -> str:
    with pytest.raises(MissingSecretError) as raised:
        Secret(f"file:{path}").value()
    assert str(path) in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("held", [GOOD, f"{GOOD}\n", f"{GOOD}\r\n", f"\ufeff{GOOD}\n", f"  {GOOD} \n\n"])
def test_a_line_end_is_no_part_of_it(tmp_path: Path, held: str) -> None:
    (tmp_path / "secret").write_text(held, newline="")
    assert Secret(f"file:{tmp_path}/secret").value() == GOOD


@pytest.mark.parametrize(
    ("held", "trouble"),
    [
        (b"", "is empty"),
        (b" \n\t", "holds nothing but blanks"),
        (b"a" * 70_000, "is longer than 65536 bytes"),
        (b"\xff\xfe\x00\x80", "is no text in UTF-8"),
    ],
)
def test_a_file_that_holds_no_secret(tmp_path: Path, held: bytes, trouble: str) -> None:
    (tmp_path / "secret").write_bytes(held)
    assert trouble in said(tmp_path / "secret")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert "is no plain file" in said(tmp_path / "pipe")  # and nobody waits until somebody writes to it
    assert "is no plain file" in said(Path("/dev/zero"))
    assert "is a folder; name the file in it" in said(tmp_path)
    assert "No such file" in said(tmp_path / "missing")
    assert "No such file" in said(tmp_path / "dangling")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_by_whom(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(GOOD)
    (tmp_path / "secret").chmod(0)
    assert "may not be read by the user " in said(tmp_path / "secret")


@pytest.mark.parametrize(
    ("mode", "may", "level"),
    [(0o600, None, None), (0o640, None, None), (0o644, Access.READ, "note"), (0o666, Access.WRITE, "warning")],
)
def test_what_everybody_may_read_or_change_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, may: Access | None, level: str | None
) -> None:
    file = tmp_path / "secret"
    file.write_text(GOOD)
    file.chmod(mode)
    assert Secret(f"file:{file}").others_may is may
    monkeypatch.setenv("NOTIFIER__SOURCES__SHOP__SECRET", f"file:{file}")
    found = [one for one in offline.check(Path("config.toml")) if str(file) in one.text]
    assert [one.level for one in found] == ([level] if level else [])
    assert all("sources.shop.secret" in one.text and "chmod" in one.text and GOOD not in one.text for one in found)


def test_a_credential_that_systemd_hands_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").write_text(f"{GOOD}\n")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(MissingSecretError, match="CREDENTIALS_DIRECTORY is not set"):
        Secret("credential:shop").value()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Secret("credential:shop").value() == GOOD


@pytest.mark.parametrize(
    ("written", "trouble"),
    [("env:", "names nothing"), ("file:", "names nothing"), ("file:secret", "whole path"), ("credential:../x", "bare")],
)
def test_a_place_is_written_whole_in_the_environment_too(
    monkeypatch: pytest.MonkeyPatch, written: str, trouble: str
) -> None:
    monkeypatch.setenv("NOTIFIER__SOURCES__SHOP__SECRET", written)
    with pytest.raises(ConfigError, match=trouble):
        load(ROOT / "config.toml")
