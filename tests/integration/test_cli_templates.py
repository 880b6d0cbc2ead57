"""``notifier templates …`` as an editor types it."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from notifier.cli import app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / "config.toml", tmp_path)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["templates", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_preview_shows_a_text_with_given_values(folder: Path) -> None:
    shown = run("preview", "order_packed", "--set", "order=۷۷")
    assert "سفارش ۷۷ بسته‌بندی شد" in shown
    assert "1 part" in shown
    assert "2,000 rial" in shown
    assert "it uses: order, shop" in run("preview", "order_packed", "--set", "colour=red", code=2)
    assert "there are: call_brief" in run("preview", "nonsense", code=2)


def test_preview_writes_the_page_of_all_texts(folder: Path) -> None:
    run("preview", "--page", "page.html")
    assert "order_registered_transfer" in (folder / "page.html").read_text(encoding="utf-8")


def test_lint_finds_and_fixes(folder: Path) -> None:
    assert "0 findings" in run("lint")
    path = folder / "templates" / "order_packed.txt"
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace("به‌زودی ارسال می‌شود", "به زودي ارسال می شود"), encoding="utf-8")
    found = run("lint", code=1)
    assert "order_packed.txt, line 12: a joiner, not a space" in found
    assert "3 findings" in found or "2 findings" in found
    assert "corrected" in run("lint", "--fix")
    assert path.read_text(encoding="utf-8") == right


def test_lint_names_every_broken_file(folder: Path) -> None:
    for name in ("order_packed", "order_preparing"):
        (folder / "templates" / f"{name}.txt").write_text("سلام", encoding="utf-8")
    said = run("lint", code=1)
    assert "order_packed.txt, line 1: must begin with a header" in said
    assert "order_preparing.txt, line 1: must begin with a header" in said


def test_patterns_are_printed_for_the_panel(folder: Path) -> None:
    said = run("patterns", "order_shipped_elsewhere")
    assert "pattern orderShippedElsewhere" in said
    assert "سفارش %token با %token10 ارسال شد.\nکد رهگیری را نگه دارید:\n%token2\n" in said
    assert "there is no kind of provider" in run("patterns", "--provider", "pigeon", code=2)


def test_sizes_and_variables(folder: Path) -> None:
    assert "order_packed" in run("sizes", "order_packed")
    assert "| `tracking_code` |" in run("variables")


@pytest.mark.process
def test_diff_shows_what_changed_since_the_service_ran(folder: Path) -> None:
    said = run("diff", "--data-dir", "data", code=1)
    assert "--- order_packed (none)" in said
