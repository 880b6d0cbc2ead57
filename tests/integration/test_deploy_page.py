"""The page on deploying, followed word by word on a bare Debian with systemd, whose umask hides everything.

It fetches a Debian and packages and takes minutes, so it runs when it is asked for: ``make machines``.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from bare_debian import ASKED, MACHINES, USER, Machine, booted
from doc_pages import ROOT, Block, Page

pytestmark = [
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
]
asked_for = pytest.mark.skipif(MACHINES not in os.environ, reason=ASKED)

PAGE = Page(ROOT / "docs" / "how-to" / "deploy.md")
PASSWORD = "a long pass phrase"
FETCHES = ("--require-hashes", "apt-get")
PRACTISE = "sed -i 's/^# NOTIFIER__SMS__PROVIDER/NOTIFIER__SMS__PROVIDER/'"
WEBS = ("notifier-web@8080", "notifier-web@8081")
ROLES = "'notifier-web@*' 'notifier-worker@*'"
READY = "for try in $(seq 120); do curl -fs -o /dev/null 127.0.0.1:8080/readyz && exit; sleep 0.5; done; exit 1"


def test_every_command_of_the_page_is_followed_or_said_why_not() -> None:
    assert [block.text for block in PAGE.typed() if not (block in blocks() or block.is_excused)] == []
    told = {text for text in PAGE.inline() if text.startswith(PROGRAMS) and " " in text.strip("…").strip()}
    words = {"sudo notifier …", "systemd-creds encrypt"}
    assert told - words == {*ALSO_FOLLOWED, *ELSEWHERE}


def blocks() -> list[Block]:
    """What the page has somebody type on a machine, in its order."""
    return [block for block in PAGE.blocks() if block.mark.startswith("machine: ")]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """With this commit's files in the user's folder."""
    with booted() as found:
        home = found.root / "home" / USER
        files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True)
        if files.returncode:
            pytest.skip("this is no clone: which files belong to it cannot be told")
        subprocess.run(
            ["tar", "-C", ROOT, "--null", "--files-from=-", "-cf", home / "files.tar"],
            input=files.stdout,
            text=True,
            check=True,
        )
        found.run(
            f"mkdir /home/{USER}/order-notifier; tar -xf /home/{USER}/files.tar -C /home/{USER}/order-notifier\n"
            f"chown -R {USER}: /home/{USER}; loginctl enable-linger {USER}"
        )
        yield found


@asked_for
def test_the_page_on_a_bare_debian(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    followed = 0
    for block in blocks():
        began = time.monotonic()
        if "systemctl --user enable" in block.text:
            machine.run("systemctl stop notifier")  # they would want one port
        online = any(word in block.text for word in FETCHES)
        said = machine.run(block.text, user=USER, online=online, password=PASSWORD)
        with capsys.disabled():
            first = next(iter(block.commands()))
            sys.stdout.write(f"\n  {time.monotonic() - began:6.1f} s  {first[:90]}")
            sys.stdout.flush()
        for words, then in AFTER.items():
            if words in block.text:
                then(machine, said)
                followed += 1
    assert followed == len(AFTER)


def practise(machine: Machine, said: str) -> None:
    """What the page says for who has no key, and a simulator beside it."""
    machine.run(
        f"{PRACTISE} /etc/notifier/notifier.env\n"
        "systemd-run --unit=simulator --quiet /opt/notifier/bin/notifier simulator"
    )


def practise_too(machine: Machine, said: str) -> None:
    machine.run(f"{PRACTISE} ~/notifier/shop/notifier.env", user=USER)


def nothing_wrong(machine: Machine, said: str) -> None:
    assert "\n0 errors" in said.partition("doctor")[0], said
    assert machine.run("stat -c %a /etc/notifier/notifier.env").strip() == "600"
    well(machine, said)


def from_systemd(machine: Machine, said: str) -> None:
    """The service and the commands have a secret that systemd hands on; then the page goes on without it."""
    use = 'sed -i \'s/^secret = "{}"/secret = "{}"/\' /etc/notifier/config.toml; systemctl restart notifier'
    ours, theirs = "env:SHOP_WEBHOOK_SECRET", "credential:shop_secret"
    machine.run(use.format(ours, theirs))
    well(machine, said)
    machine.run(use.format(theirs, ours))
    well(machine, said)
    for command in ALSO_FOLLOWED:
        machine.run(command)
    assert "1." in machine.run("systemd-analyze security notifier | grep 'exposure level'")
    machine.run("systemctl start notifier")


def backed_up(machine: Machine, said: str) -> None:
    assert "notifier-backup.timer" in said
    kept = machine.run("ls -l /var/backups/notifier")
    assert kept.count("notifier-2") == kept.count("by-hand-") == 1, kept
    assert kept.count("-rw------- 1 notifier notifier") == 2, kept


def runs_as_a_user(machine: Machine, said: str) -> None:
    well(machine, said)
    machine.run("systemctl --user disable --now notifier", user=USER)
    machine.run("systemctl start notifier")


def own_redis(machine: Machine, said: str) -> None:
    """The address as the page has it, in the file of secrets; the user is there after a restart of the server."""
    machine.run(
        'sed -i \'s/^url = "embedded"/url = "env:REDIS_URL"  /\' /etc/notifier/config.toml\n'
        "echo 'REDIS_URL=redis://notifier:change-this-password@127.0.0.1:6379/0' >>/etc/notifier/notifier.env"
    )
    granted = [line for line in said.splitlines() if "user notifier" in line]
    kept = machine.run("systemctl restart redis-server; redis-cli ACL LIST")
    assert granted
    assert granted == [line for line in kept.splitlines() if "user notifier" in line]
    assert "always" in machine.run("redis-cli CONFIG GET appendfsync")


def recorded(machine: Machine, said: str) -> None:
    """A snapshot that a server reads, and it is known that there is one."""
    kept = machine.run("stat -c '%a %U %n' /var/backups/notifier/notifier-*.rdb; ls /var/backups/notifier").split()
    assert kept[:2] == ["600", "notifier"], kept
    assert not [name for name in kept if name.endswith(".part")]
    assert "REDIS" in machine.run("head -c 5 /var/backups/notifier/notifier-*.rdb")
    assert "the last one was made" in machine.run("notifier doctor || true")


def roles_apart(machine: Machine, said: str) -> None:
    for unit in (*WEBS, "notifier-worker@8082"):
        assert machine.run(f"systemctl is-active {unit}").strip() == "active"
        machine.run(READY.replace("8080", unit.partition("@")[2]))
    well(machine, said)
    survives_a_reboot(machine)


def survives_a_reboot(machine: Machine) -> None:
    """The power fails; then the services are there before their store. What was taken and planned is there again."""
    said = machine.run("notifier trigger order.registered --source shop --set payment.method=cash --json")
    assert '"status":202' in said, said
    order_id = json.loads(said[said.index("{") : said.rindex("}") + 1])["answer"]["order_id"]
    asked = (
        'set -a; . /etc/notifier/notifier.env; curl --silent --header "Authorization: Bearer $NOTIFIER_API_TOKEN"'
        f" 127.0.0.1:8080/api/orders/{order_id}"
    )
    calls, order = machine.run("notifier calls list --json"), json.loads(machine.run(asked))
    assert order_id in calls
    machine.run(f"systemctl kill --signal=KILL redis-server {ROLES}; systemctl stop redis-server {ROLES}")
    machine.run(f"systemctl start {' '.join(WEBS)} notifier-worker@8082")
    machine.run(until("systemctl show --property=StatusText notifier-worker@8082 | grep -i redis"))
    machine.run(until("curl --silent 127.0.0.1:8080/readyz | grep 'not ready'"))
    machine.run("systemctl start redis-server")
    machine.run(READY)
    machine.run(READY.replace("8080", "8082"))
    assert machine.run("notifier calls list --json") == calls
    assert json.loads(machine.run(asked))["timeline"] == order["timeline"]


def as_nginx_is_told(machine: Machine, said: str) -> None:
    """A host, a certificate and the second web process; and what the service is to know of its proxy."""
    machine.run(
        "cd /etc/nginx; openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=shop.test"
        " -addext subjectAltName=DNS:shop.test -keyout key.pem -out chain.pem\n"
        "sed -i 's/shop.example;/shop.test;/; s,/etc/letsencrypt/live/shop.example/fullchain.pem,/etc/nginx/chain.pem,;"
        " s,/etc/letsencrypt/live/shop.example/privkey.pem,/etc/nginx/key.pem,;"
        " s/^    server 127.0.0.1:8080 \\(max_fails=0;\\).*/    server 127.0.0.1:8080 \\1 server 127.0.0.1:8081 \\1/'"
        " conf.d/notifier.conf\n"
        'sed -i \'s,^public_url = .*,public_url = "https://shop.test",; '
        's,^trusted_proxies = .*,trusted_proxies = ["127.0.0.1/32"],\' /etc/notifier/config.toml\n'
        "grep -q '^public_url = .https://shop.test' /etc/notifier/config.toml\n"
        "echo 127.0.0.1 shop.test >>/etc/hosts; systemctl restart " + ROLES + "; systemctl start nginx\n" + READY
    )


def without_a_gap(machine: Machine, said: str) -> None:
    """Each is shown what is theirs, and while one process after another starts anew nobody is turned away."""
    asked = (
        "curl --silent --cacert /etc/nginx/chain.pem --output /dev/null --write-out '%{http_code}\n' https://shop.test"
    )
    assert machine.run(f"{asked}/metrics; {asked}/console/login").split() == ["404", "200"]
    trusted = "export SSL_CERT_FILE=/etc/nginx/chain.pem NOTIFIER_CONFIG=/etc/notifier/config.toml"
    signed = "/opt/notifier/bin/notifier trigger order.registered --source shop --url https://shop.test"
    assert "202" in machine.run(f"set -a; . /etc/notifier/notifier.env; {trusted}; cd /; {signed}")
    posted = f"{asked}/webhooks/shop --json '{{}}'"
    [one_by_one] = [block.text for block in blocks() if "for unit in" in block.text]
    answers = machine.run(
        f"touch /tmp/on; (while [ -e /tmp/on ]; do {posted}; done >/tmp/answers) & asking=$!\n"
        f"{one_by_one}\nrm /tmp/on; wait $asking; cat /tmp/answers"
    ).split()
    assert set(answers) == {"401"}, Counter(answers)
    assert len(answers) > 20


def until(command: str) -> str:
    return f"for try in $(seq 240); do {command} && exit; sleep 0.5; done; exit 1"


def well(machine: Machine, said: str) -> None:
    """It answers, and takes a signed event."""
    machine.run(READY)
    if machine.run("systemctl is-active notifier notifier-web@8080 || true").split().count("active"):
        assert "202" in machine.run("notifier trigger order.registered --source shop")
    assert (machine.root / "var/lib/notifier").stat().st_mode & 0o077 == 0


ALSO_FOLLOWED = (
    "sudo systemd-creds decrypt --name=shop_secret /etc/notifier/shop_secret.cred",
    "sudo systemctl reload notifier",
    "systemctl status notifier",
    "curl 127.0.0.1:8080/readyz",
    "systemd-analyze security notifier",
    "sudo systemctl stop notifier",
)
"""Commands that stand in the page's text, in an order in which they can be followed."""

ELSEWHERE = {
    "apt-get install python3 python3-venv sudo git": "the machine is made with these",
    "journalctl --unit notifier --follow": "it ends never",
    "docker compose up -d --scale worker=2": "wants a registry of images; test_deploy_files holds what the file says",
    "pip install kubernetes-validate": "a tool of the reader's; test_deploy_files uses it where it is",
    "sudo /opt/notifier/bin/pip install --require-hashes --no-deps --no-build-isolation -r locks/tracing.txt": (
        "its packages are those that tests run with: test_platforms holds the lock, test_tracing what comes of it"
    ),
    "kubernetes-validate --strict -k 1.30 deploy/kubernetes.yaml": "test_deploy_files holds the file so",
}
"""Commands that are not followed here, and why; blocks that are not say so themselves (``not run: why``)."""

PROGRAMS = (
    "apt-get",
    "curl",
    "docker",
    "journalctl",
    "kubernetes-validate",
    "pip install ",
    "sudo ",
    "systemctl",
    "systemd-",
)

AFTER = {
    "notifier init /etc/notifier": practise,
    "sudo notifier doctor": nothing_wrong,
    "list-timers": backed_up,
    "systemd-creds encrypt": from_systemd,
    "init ~/notifier/shop": practise_too,
    "systemctl --user enable": runs_as_a_user,
    "systemctl start notifier\n": well,
    "ACL SETUSER": own_redis,
    "notifier-backup-redis.conf": recorded,
    "sudo systemctl enable --now notifier-web": roles_apart,
    "install -m 644 deploy/nginx.conf": as_nginx_is_told,
    "nginx -t": without_a_gap,
}
"""What becomes of a block, by words in it."""
