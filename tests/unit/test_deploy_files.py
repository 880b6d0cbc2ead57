"""What deploy/ says to systemd and Docker: held against their own tools where those are, and against our own names."""

import os
import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from notifier.cli.initialising import environment
from notifier.config.loading import load
from notifier.version import BUILD_VERSION

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = (DEPLOY / "notifier.service").read_text()
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MADE_BY_INIT = {line.split("=")[0] for line in environment().splitlines() if not line.startswith("#")}
EXPOSURE_LIMIT = 2.0  # of 10, by systemd's own count; an ordinary service has 9.6


def tool(name: str, *arguments: str | Path) -> str:
    """What a tool says about a file. The test is skipped where the tool is not, and fails when the tool objects."""
    if not (found := shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")):
        pytest.skip(f"there is no {name} on this machine")
    done = subprocess.run([found, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's lines, joined where they go on: what, and with what."""
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def of(word: str) -> list[str]:
    return [rest for found, rest in instructions() if found == word]


@pytest.fixture(params=["serve", "serve --role web --port %i"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit as it is and as the guide makes one for roles of it, with a program that is on every machine."""
    name = "notifier.service" if request.param == "serve" else "notifier@.service"
    text = UNIT.replace("/opt/notifier/bin/notifier serve", f"/bin/true {request.param}")
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_systemd_takes_the_unit(unit: Path) -> None:
    assert tool("systemd-analyze", "verify", unit) == ""


def test_systemd_finds_it_hardened(unit: Path) -> None:
    said = tool("systemd-analyze", "security", "--offline=true", unit)
    [exposure] = re.findall(r"exposure level for .*: (\d+\.\d)", said)
    assert float(exposure) <= EXPOSURE_LIMIT, said


def test_the_unit_of_backups_means_the_same_and_is_taken(tmp_path: Path) -> None:
    backup = (DEPLOY / "notifier-backup.service").read_text()
    for line in re.findall(
        r"^(?:Environment|EnvironmentFile|User|Group|StateDirectory\w*|UMask)=.+$", backup, re.MULTILINE
    ):
        assert f"\n{line}\n" in UNIT
    assert "\nReadWritePaths=/var/backups/notifier\n" in backup
    shutil.copy(DEPLOY / "notifier-backup.timer", tmp_path)
    (tmp_path / "notifier-backup.service").write_text(backup)
    assert tool("systemd-analyze", "verify", tmp_path / "notifier-backup.timer") == ""


def test_the_unit_of_backups_of_a_redis_of_ones_own_is_taken(tmp_path: Path) -> None:
    """As a drop-in it takes the place of what is done, and of nothing else but where the network ends."""
    for name in ("notifier-backup.timer", "notifier-backup.service"):
        shutil.copy(DEPLOY / name, tmp_path)
    drop_in = tmp_path / "notifier-backup.service.d"
    drop_in.mkdir()
    shutil.copy(DEPLOY / "notifier-backup-redis.conf", drop_in / "redis.conf")
    assert tool("systemd-analyze", "verify", tmp_path / "notifier-backup.timer") == ""
    changes = re.findall(r"^(\w+)=(.*)$", (DEPLOY / "notifier-backup-redis.conf").read_text(), re.MULTILINE)
    assert {name for name, _ in changes} == {"ExecStart", "ExecStartPost", "PrivateNetwork", "RestrictAddressFamilies"}
    done = [value for name, value in changes if name == "ExecStart"]
    assert (done[0], done[-1]) == ("", "/opt/notifier/bin/notifier backup --record"), "noted only after it went well"


def test_kubernetes_takes_the_manifests() -> None:
    """Each is held against the schemas where those are, and its shape against ours everywhere."""
    manifests = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    assert [one["kind"] for one in manifests] == [
        *("Deployment", "Deployment", "PersistentVolumeClaim", "Service", "PodDisruptionBudget"),
    ]
    for one in manifests[:2]:
        pod = one["spec"]["template"]["spec"]
        [container] = pod["containers"]
        assert one["spec"]["selector"]["matchLabels"] == one["spec"]["template"]["metadata"]["labels"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == of("USER")[0]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        assert pod["terminationGracePeriodSeconds"] > 60, "requests under way have 60 seconds to end"
    schemas = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate of PyPI is not installed")
    for one in manifests:
        schemas.validate(one, "1.30", strict=True)


def test_the_unit_and_the_service_mean_the_same() -> None:
    settings = dict(re.findall(r"^Environment=(\w+)=(.+)$", UNIT, re.MULTILINE))
    assert settings.pop("NOTIFIER_CONFIG") == "/etc/notifier/config.toml"
    config = load(ROOT / "config.toml", environment=settings)
    assert str(config.redis.data_dir) == "/var/lib/notifier"
    assert "\nStateDirectory=notifier\nStateDirectoryMode=0700\nUMask=0077\n" in UNIT
    [stop] = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert int(stop) > 60, "requests under way have 60 seconds to end"
    assert not any(secret in UNIT for secret in MADE_BY_INIT)


def test_the_commands_of_the_guide_mean_the_same_too() -> None:
    script = DEPLOY / "notifier.sh"
    assert tool("sh", "-n", script) == ""
    for line in ("NOTIFIER_CONFIG=/etc/notifier/config.toml", "NOTIFIER__REDIS__DATA_DIR=/var/lib/notifier"):
        assert f"Environment={line}\n" in UNIT
        assert f"--setenv={line} " in script.read_text()
    assert f"\nExecStart={script.read_text().split()[-2]} serve\n" in UNIT


@pytest.mark.parametrize("guide", ["deploy.md", "deploy.fa.md"])
def test_the_guide_names_files_that_are_there(guide: str) -> None:
    text = (ROOT / "docs" / "how-to" / guide).read_text()
    named = set(re.findall(r"\bdeploy/[a-zA-Z.-]+[a-z]", text, re.IGNORECASE)) - {"deploy/shop"}
    assert named == {f"deploy/{path.name}" for path in DEPLOY.iterdir() if path.name != "shop"}
    edits = re.findall(r"^sed '(s/.*/)' deploy/notifier.service", text, re.MULTILINE)
    assert edits == [f"s/notifier serve/notifier serve --role {role} --port %i/" for role in ("web", "worker")]


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert len(of("FROM")) == 2
    assert all(re.fullmatch(r"python:3\.\d+-slim-\w+( AS build)?", image) for image in of("FROM"))
    assert of("USER") == ["10001:10001"]
    order = [word for word, _ in instructions()]
    assert order.index("USER") > max(place for place, word in enumerate(order) if word == "RUN")
    assert of("ENTRYPOINT") == ['["notifier"]']
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert "/readyz" in of("HEALTHCHECK")[0]
    assert of("EXPOSE") == [str(load(ROOT / "config.toml", environment={}).server.port)]


def test_no_secret_gets_into_the_image() -> None:
    assert of("ADD") == []
    assert of("ARG") == ["LOCK=run", "VERSION"]
    assert not any(secret in DOCKERFILE for secret in MADE_BY_INIT)
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    copied = {source for rest in of("COPY") if "--from" not in rest for source in rest.split()[:-1]}
    assert copied == kept, "the context holds what is copied and nothing else"
    assert all((ROOT / name).exists() for name in kept)
    assert not any(fnmatch(secret, name) for secret in ("notifier.env", ".env", "data", ".git") for name in kept)
    settings = dict(re.findall(r"(NOTIFIER__\w+)=(\S+)", of("ENV")[0]))
    config = load(ROOT / "config.toml", environment=settings)
    assert (config.server.host, str(config.redis.data_dir)) == ("0.0.0.0", "/var/lib/notifier")


def test_the_image_holds_what_the_locks_name() -> None:
    commands = [command.strip() for rest in of("RUN") for command in rest.split("&&") if "pip " in command]
    fetching = [command for command in commands if "--no-index" not in command and not command.endswith(" .")]
    assert [re.findall(r"-r (\S+)", command) for command in fetching] == [["locks/build.txt"], ["locks/$LOCK.txt"]]
    assert all("--require-hashes --no-deps" in command for command in fetching)
    (ours,) = [command for command in commands if command.endswith(" .")]
    assert ours.startswith(f"{BUILD_VERSION}=$VERSION ")
    assert all("--no-deps" in command for command in commands)
    assert all("--no-build-isolation" in command for command in commands if "pip wheel" in command)


@pytest.mark.parametrize("guide", ["deploy.md", "deploy.fa.md"])
def test_the_guide_installs_what_the_locks_name(guide: str) -> None:
    text = (ROOT / "docs" / "how-to" / guide).read_text()
    installs = re.findall(r"^(?:sudo |~|/tmp)\S*/pip install (.+)$", text, re.MULTILINE)
    locked = [
        "--require-hashes --no-deps -r locks/build.txt",
        "--require-hashes --no-deps --no-build-isolation -r locks/run.txt",
        "--no-deps --no-build-isolation .",
    ]
    wheelhouse = [locked[0], "--no-index --no-deps --force-reinstall wheelhouse/*.whl"]
    assert [line.partition("/pip install ")[2] or line for line in installs] == [*locked, *locked, *wheelhouse, *locked]
    assert (
        "/pip wheel --require-hashes --no-deps --no-build-isolation --wheel-dir wheelhouse -r locks/run.txt\n" in text
    )


def test_compose_keeps_what_is_acknowledged() -> None:
    store = COMPOSE["services"]["redis"]
    options = dict(zip(store["command"][1::2], store["command"][2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--maxmemory-policy"] == "noeviction"
    assert store["volumes"] == ["data:/data"]
    assert "data" in COMPOSE["volumes"]
    assert "ports" not in store
    assert COMPOSE["networks"]["store"] == {"internal": True}
    assert store["networks"] == ["store"]


def test_compose_runs_both_roles() -> None:
    roles = {service["command"][-1] for name, service in COMPOSE["services"].items() if name != "redis"}
    assert roles == {"web", "worker"}
    for name in roles:
        service = COMPOSE["services"][name]
        config = load(ROOT / "config.toml", environment=service["environment"])
        assert config.redis.url == "redis://redis:6379/0"
        assert [str(proxy) for proxy in config.server.trusted_proxies] == ["172.31.80.1/32"]
        assert service["env_file"] == "shop/notifier.env"
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"]
    assert COMPOSE["services"]["web"]["ports"] == ["127.0.0.1:8080:8080"]


def test_docker_takes_the_compose_file(tmp_path: Path) -> None:
    if not shutil.which("docker"):
        pytest.skip("there is no docker on this machine")
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no compose plugin on this machine")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "notifier.env").write_text(environment())
    shutil.copy(DEPLOY / "compose.yaml", tmp_path)
    assert "order-notifier" in tool("docker", "compose", "-f", tmp_path / "compose.yaml", "config")


def test_docker_takes_the_dockerfile() -> None:
    if not shutil.which("docker"):
        pytest.skip("there is no docker on this machine")
    if subprocess.run(["docker", "buildx", "inspect"], capture_output=True).returncode:
        pytest.skip("docker has no buildx, or no daemon answers, on this machine")
    tool("docker", "build", "--check", "-f", DEPLOY / "Dockerfile", ROOT)
