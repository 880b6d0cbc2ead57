"""The page on deploying, followed word by word on a bare Debian with systemd, whose umask hides everything."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bare_debian import USER, Machine, booted
from doc_pages import ROOT, Block, Page

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(2400)]

PAGE = Page(ROOT / "docs" / "how-to" / "deploy.md")
PASSWORD = "a long pass phrase\n"
_FETCHING = ("pip install --require", "pip wheel", "apt-get")


def blocks() -> list[Block]:
    """What the page has somebody type on a machine, in its order."""
    return [block for block in PAGE.blocks() if block.mark.startswith("machine: ")]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """With this commit's files in the user's folder."""
    with booted() as found:
        home = found.root / "home" / USER / "order-notifier"
        home.mkdir()
        files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True)
        if files.returncode:
            pytest.skip("this is no clone: which files belong to it cannot be told")
        subprocess.run(
            ["tar", "-C", ROOT, "--null", "--files-from=-", "-cf", home.parent / "files.tar"],
            input=files.stdout,
            text=True,
            check=True,
        )
        found.run(f"tar -xf /home/{USER}/files.tar -C /home/{USER}/order-notifier && chown -R {USER}: /home/{USER}")
        yield found


def test_the_page_on_a_bare_debian(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[tuple[str, float]] = []
    for place, block in enumerate(blocks()):
        began = time.monotonic()
        online = any(word in block.text for word in _FETCHING)
        said = machine.run(block.text, user=USER, online=online, said=PASSWORD * 4)
        taken.append((block.text.splitlines()[0], time.monotonic() - began))
        if "notifier init /etc/notifier" in block.text:
            practise(machine)
        if "notifier doctor" in block.text:
            assert "\n0 errors" in said, said
            well(machine)
        if "list-timers" in block.text:
            assert "notifier-backup.timer" in said
            kept = machine.run("ls -l /var/backups/notifier")
            assert kept.count("notifier-2") == kept.count("by-hand-") == 1, kept
            assert kept.count("-rw------- 1 notifier notifier") == 2, kept
        if block.mark == "machine: user":
            assert machine.run("systemctl --user is-active notifier", user=USER).strip() in ("active", "activating")
            machine.run("systemctl --user disable --now notifier", user=USER)
            machine.run("systemctl restart notifier")
        if "ACL SETUSER" in block.text:
            own_redis(machine)
        if "systemctl start notifier\n" in block.text:
            well(machine)
        assert place < len(blocks())
    for unit in ("notifier-web@8080", "notifier-web@8081", "notifier-worker@8090"):
        assert machine.run(f"systemctl is-active {unit}").strip() == "active"
    with capsys.disabled():
        sys.stdout.write("".join(f"\n  {seconds:6.1f} s  {first}" for first, seconds in taken))


def practise(machine: Machine) -> None:
    """What the page says for who has no key, and a simulator beside it."""
    machine.run(
        "sed -i 's/^# NOTIFIER__SMS__PROVIDER/NOTIFIER__SMS__PROVIDER/' /etc/notifier/notifier.env\n"
        "systemd-run --unit=simulator --quiet /opt/notifier/bin/notifier simulator"
    )


def own_redis(machine: Machine) -> None:
    """The address as the page has it, in the file of secrets."""
    machine.run(
        'sed -i \'s/^url = "embedded"/url = "env:REDIS_URL"  /\' /etc/notifier/config.toml\n'
        "echo 'REDIS_URL=redis://notifier:change-this-password@127.0.0.1:6379/0' >>/etc/notifier/notifier.env\n"
        "notifier backup --record"
    )


def well(machine: Machine) -> None:
    """It answers, and takes a signed event whose text leaves."""
    machine.run("for try in $(seq 60); do curl -fs -o /dev/null 127.0.0.1:8080/readyz && break; sleep 0.5; done")
    assert "202" in machine.run("notifier trigger order.registered --source shop")
    assert Path(machine.root, "var/lib/notifier").stat().st_mode & 0o077 == 0
