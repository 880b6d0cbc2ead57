"""The image: built by buildah on a base made of Debian, run as nobody in particular on a root it cannot write to."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bare_debian import ASKED, MACHINES, bootstrap, needed
from doc_pages import ROOT

from notifier.cli.initialising import environment

pytestmark = [
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(MACHINES not in os.environ, reason=ASKED),
]

BASE = "python:3.11-slim-bookworm"
READY = "NOTIFIER_TEST_BASE"
"""Names a folder that holds such a base already: for who tries often."""

INSIDE = r"""
set -eu
ip link set lo up 2>/dev/null || true
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro,nosuid,nodev "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/tmp"
mount --bind "$DATA" "$ROOT/var/lib/notifier"
within="env -i $(tr '\n' ' ' <"$SETTINGS") $(command -v chroot) --userspec=10001:10001 $ROOT"
inside() { $within "$@"; }
inside sh -c 'for place in /etc /opt/notifier /usr; do ! touch $place/x 2>/dev/null; done; touch /var/lib/notifier/x'
! inside sh -c "$HEALTH" 2>/dev/null
$within notifier serve &
service=$!
for try in $(seq 120); do inside sh -c "$HEALTH" 2>/dev/null && break; sleep 0.5; done
inside sh -c "$HEALTH"
inside notifier trigger order.registered
grep -E '^(Uid|CapEff)' /proc/$service/status
kill -TERM $service
wait $service
"""


def tool(*command: object, **more: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """The command, with a store of images of its own."""
    needed()
    if not shutil.which("buildah"):
        pytest.skip("there is no buildah on this machine; Debian has it in the package buildah")
    folder = tmp_path_factory.mktemp("images")
    command = ("buildah", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs")
    yield command
    subprocess.run([*command, "rm", "--all"], capture_output=True)
    subprocess.run([*command, "rmi", "--all", "--force"], capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


def base(folder: Path) -> Path:
    """A Debian with Python under the names that the official image has."""
    if READY in os.environ:
        return Path(os.environ[READY])
    bootstrap(folder, suite="bookworm", packages=("python3", "python3-venv", "python3-pip", "ca-certificates"))
    for name, real in (("python", "/usr/bin/python3"), ("pip", "/usr/bin/pip3")):
        (folder / "usr/local/bin" / name).symlink_to(real)
    (folder / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink(missing_ok=True)
    return folder


def test_the_image_is_built_and_runs(buildah: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "Basefile").write_text(
        "FROM scratch\nCOPY . /\nENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
    )
    tool(*buildah, "bud", "-f", tmp_path / "Basefile", "-t", BASE, base(tmp_path / "base"))
    building = ("--isolation", "chroot", "--network", "host", "--format", "docker", "--build-arg", "VERSION=0.1.0.dev1")
    tool(*buildah, "bud", *building, "-f", ROOT / "deploy" / "Dockerfile", "-t", "order-notifier", ROOT)
    made = json.loads(tool(*buildah, "inspect", "--type", "image", "order-notifier"))["Docker"]["config"]
    assert (made["User"], made["StopSignal"], made["Entrypoint"]) == ("10001:10001", "SIGTERM", ["notifier"])
    _, *health = made["Healthcheck"]["Test"]
    root = tool(*buildah, "mount", tool(*buildah, "from", "order-notifier").strip()).strip()
    data, settings = tmp_path / "data", tmp_path / "settings"
    data.mkdir(mode=0o700)
    os.chown(data, 10001, 10001)
    ours = [line for line in environment().splitlines() if line and not line.startswith("#")]
    settings.write_text("\n".join([*made["Env"], *ours, "NOTIFIER__SMS__PROVIDER=simulator"]))
    said = tool(
        *("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "bash", "-c", INSIDE),
        env=os.environ
        | {"ROOT": root, "DATA": str(data), "SETTINGS": str(settings)}
        | {"HEALTH": " ".join([health[0], health[1], f'"{health[2]}"'])},
    )
    assert "HTTP 202" in said
    assert "Uid:\t10001\t10001\t10001\t10001" in said
    assert "CapEff:\t0000000000000000" in said
    assert (data / "appendonlydir").is_dir()
    assert not (Path(root) / "opt/notifier/x").exists()
