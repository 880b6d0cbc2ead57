"""The wheel, installed where nothing else of the repository is: whoever has it only needs ``notifier init``."""

import asyncio
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Awaitable, Callable
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from serve_process import serve

from notifier.clock import SystemClock
from notifier.simulator import SimulatedMessage, Simulator, create_app

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the tool that pyproject.toml names, with what is installed already."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture
def notifier(wheel: Path, tmp_path: Path) -> Path:
    """The command of a new environment that has the wheel, and its dependencies from the one that runs the tests."""
    folder = tmp_path / "venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    install = ["--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *install], check=True, cwd=folder)
    [packages] = folder.glob("lib/python*/site-packages")
    # A line is a folder to import from; the editable install beside the dependencies has its own and is not found.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "notifier"


def clean(**settings: str) -> dict[str, str]:
    """An environment that knows nothing of the repository."""
    ours = ("NOTIFIER", "PYTHON", "VIRTUAL_ENV", "KAVENEGAR", "SHOP_", "WOO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | settings


async def run(notifier: Path, *arguments: str, folder: Path, **settings: str) -> list[str]:
    """The lines that a command prints. Raises AssertionError when it fails."""
    process = await asyncio.create_subprocess_exec(
        *(str(notifier), *arguments), cwd=folder, env=clean(**settings), stdout=-1, stderr=asyncio.subprocess.STDOUT
    )
    said = (await asyncio.wait_for(process.communicate(), 60))[0].decode()
    assert process.returncode == 0, said
    return said.splitlines()


def test_it_brings_along_all_that_is_no_python(wheel: Path) -> None:
    with ZipFile(wheel) as built:
        inside = set(built.namelist())
    beside = {path for path in (ROOT / "notifier").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.relative_to(ROOT).as_posix() for path in beside} <= inside
    texts = {f"notifier/shipped/templates/{path.name}" for path in (ROOT / "templates").glob("*.txt")}
    assert texts | {"notifier/shipped/config.toml"} <= inside
    assert any(name.endswith("licenses/LICENSE") for name in inside)
    assert not [name for name in inside if name.startswith(("tests/", "bench/", "tools/", "docs/", "deploy/"))]
    assert not [name for name in inside if "reference/" in name]  # what writes docs/reference


async def test_it_serves_from_its_own_folder(
    notifier: Path, tmp_path: Path, aiohttp_server: Callable[..., Awaitable[TestServer]]
) -> None:
    sent: list[SimulatedMessage] = []
    told = asyncio.Event()

    def phone(message: SimulatedMessage) -> None:
        sent.append(message)
        told.set()

    practice = await aiohttp_server(create_app(Simulator(clock=SystemClock(), api_key="simulator", on_message=phone)))
    home = tmp_path / "shop"
    await run(notifier, "init", str(home), folder=tmp_path)
    lines = (home / "notifier.env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#")) | {
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": str(practice.make_url("/v1")),
    }
    assert (await run(notifier, "check", folder=home, **settings))[-1] == "0 errors, 6 warnings"  # of the sample
    async with serve(clean(**settings), "--port", "0", program=[str(notifier)], folder=home) as served:
        await served.read_until("ready")
        event = ("trigger", "payment.succeeded", "--url", served.url)
        assert (await run(notifier, *event, folder=home, **settings))[0] == "HTTP 202"
        await asyncio.wait_for(told.wait(), 20)
        async with aiohttp.ClientSession(served.url) as browser:
            for path in ("/console/login", "/console/static/console.css", "/docs", "/openapi.json"):
                async with browser.get(path) as page:
                    assert page.status == 200, path
        served.process.terminate()
        assert await asyncio.wait_for(served.process.wait(), 20) == 0
    assert "قبض: 123456789" in sent[0].text
    assert (home / "data").stat().st_mode & 0o777 == 0o700
