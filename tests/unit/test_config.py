"""The configuration: what is read, what stands above it, and what is said about a mistake."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from rulebook import ROOT

from notifier.config import Config, shipped
from notifier.config.loading import find, load
from notifier.config.sources import StandardSource, WooCommerceSource
from notifier.diagnostics import offline
from notifier.domain.calls import Purpose
from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.orders import Priority
from notifier.domain.policy import When
from notifier.durations import parse
from notifier.errors import ConfigError
from notifier.secret import MissingSecretError, Secret, secrets_in, secrets_of
from scheduler.rules import OUTCOMES, PURPOSES, CallRules, Outcome, OutcomeRule, PurposeRule

SHOP = '[shop]\nname = "فروشگاه"\nsupport_phone = "02191001234"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def read(file: Path, text: str = "", **environment: str) -> Config:
    file.write_text(SHOP + text, encoding="utf-8")
    return load(file, environment=environment)


def findings(file: Path, text: str = "", **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(file, text, **environment)
    return str(refused.value).splitlines()


def test_what_ships_can_be_read() -> None:
    config = load(ROOT / "config.toml", environment={})
    assert config.shop.name == "شیائومی سیتی"
    assert config.server.port == 8080
    assert config.redis.timeout == timedelta(seconds=5)
    assert config.shop.deposit_deadline == timedelta(hours=24)
    assert isinstance(config.sources["shop"], StandardSource)
    assert isinstance(config.sources["woo"], WooCommerceSource)


def test_what_ships_is_commented_key_by_key() -> None:
    """Every key of every section can be found in the file, or else in its comments."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    assert "NOTIFIER__SECTION__KEY" in text
    for section in ("server", "redis", "sms", "callbacks", "api", "shop", "regions", "calls", "calendar", "retention"):
        assert f"[{section}]" in text


def test_nothing_but_the_shop_is_needed(file: Path) -> None:
    config = read(file)
    assert (config.server.port, config.redis.url, config.sources, config.api.tokens) == (8080, "embedded", {}, [])
    assert config.quiet_hours.start.hour == 22
    assert config.templates_folder == file.parent / "templates"


def test_the_policy_as_rules(file: Path) -> None:
    config = read(
        file,
        """
[policy.tehran.online]
priority = "high"
needs_payment = true
"order.registered" = { sms = ["one", { template = "two", after = "1d 12h", when = "unpaid" }], cancel = ["*"] }
"order.shipped" = { calls = [{ purpose = "shipping_update", after = "15m", when = "prepaid" }] }

[policy.otherwise]
calls = [{ purpose = "arrange_payment" }]
""",
    )
    policy = config.policy.policy(config.regions.regions())
    block = policy.blocks["tehran", PaymentMethod.ONLINE]
    assert (block.priority, block.needs_payment) == (Priority.HIGH, True)
    one, two = block.rule(EventType.REGISTERED).sms
    assert (one.template, one.after, one.when) == ("one", timedelta(), When.ALWAYS)
    assert (two.template, two.after, two.when) == ("two", timedelta(hours=36), When.UNPAID)
    assert block.rule(EventType.REGISTERED).cancels("anything")
    [call] = block.rule(EventType.SHIPPED).calls
    assert (call.purpose, call.after, call.when) == (Purpose.SHIPPING_UPDATE, timedelta(minutes=15), When.PREPAID)
    assert block.rule(EventType.PACKED).sms == ()
    assert not block.rule(EventType.PACKED).cancels("anything")
    assert [rule.purpose for rule in policy.otherwise.calls] == [Purpose.ARRANGE_PAYMENT]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1", "shop.colour"),
        ("[server]\nprot = 80", "server.prot"),
        ("[weather]\nrain = true", "weather"),
        ('[policy.tehran.online]\npriorities = "high"', "policy.tehran.online.priorities"),
        ('[policy.otherwise]\n"order.packed" = { text = [] }', 'policy.otherwise."order.packed".text'),
        (
            '[policy.tehran.cash]\n"order.packed" = { sms = [{ template = "a", wait = "1h" }] }',
            'policy.tehran.cash."order.packed".sms.0.wait',
        ),
        ("[calendar]\nhour = {}", "calendar.hour"),
        ('[providers.kavenegar]\napi_key = "env:X"\nkey = "y"', "providers.kavenegar.key"),
        ('[sources.a]\nkind = "standard"\nsecret = "env:X"\ncolour = 1', "sources.a.colour"),
    ],
)
def test_an_unknown_key_is_refused(file: Path, text: str, key: str) -> None:
    (found,) = findings(file, text)
    assert found.startswith(f"{file}: {key}: unknown key; it may be misspelt")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[server]\nport = "many"', "server.port"),
        ("[server]\nport = 70000", "server.port"),
        ("[server]\nport = 80.5", "server.port"),
        ("[server]\nmax_body = 10", "server.max_body"),
        ('[redis]\ndurability = "paper"', "redis.durability"),
        ("[redis]\npartitions = 0", "redis.partitions"),
        ("[redis]\ntimeout = 5", "redis.timeout"),
        ('[redis]\ntimeout = "soon"', "redis.timeout"),
        ('timezone = "Asia/Isfahan"', "shop.timezone"),
        ("return_days = -1", "shop.return_days"),
        ("card = 6104337712345678", "shop.card"),
        ('deposit_deadline = "24"', "shop.deposit_deadline"),
        ('[quiet_hours]\nfrom = "25:00"', "quiet_hours.from"),
        ('[quiet_hours]\nfrom = "08:00"', "quiet_hours"),
        ('[calendar.hours]\nshanbeh = ["09:00-13:00"]', "calendar.hours.shanbeh"),
        ('[calendar.hours]\nsaturday = "09:00-13:00"', "calendar.hours.saturday"),
        ('[regions.cities]\ntehran = "تهران"', "regions.cities.tehran"),
        ('[policy.tehran.gold]\npriority = "high"', "policy.tehran.gold"),
        ('[policy.tehran.cash]\npriority = "highest"', "policy.tehran.cash.priority"),
        ('[policy.tehran.cash]\n"order.lost" = { sms = ["a"] }', 'policy.tehran.cash."order.lost"'),
        ('[policy.tehran.cash]\n"order.packed" = { sms = "a" }', 'policy.tehran.cash."order.packed".sms'),
        (
            '[policy.tehran.cash]\n"order.packed" = { calls = [{ purpose = "chat" }] }',
            'policy.tehran.cash."order.packed".calls.0.purpose',
        ),
        (
            '[policy.tehran.cash]\n"order.packed" = { sms = [{ template = "a", when = "rich" }] }',
            'policy.tehran.cash."order.packed".sms.0.when',
        ),
        ("policy = 1", "policy"),
        ('[api]\ntokens = "one"', "api.tokens"),
        ('[providers.kavenegar]\napi_key = ""', "providers.kavenegar.api_key"),
        ("[providers.kavenegar]", "providers.kavenegar.api_key"),
    ],
)
def test_a_wrong_value_is_refused_with_file_and_key(file: Path, text: str, key: str) -> None:
    text = text.replace("policy = 1", "[policy]\ntehran = 1")
    lines = findings(file, text)
    assert all(line.startswith(f"{file}: ") for line in lines)
    assert any(line.startswith((f"{file}: {key}: ", f"{file}: {key}.")) for line in lines), lines


def test_every_mistake_is_found_at_once(file: Path) -> None:
    lines = findings(file, '[server]\nport = "many"\n[redis]\npartitions = 0\n[sms]\ncolour = 1')
    assert [line.split(": ")[1] for line in lines] == ["server.port", "redis.partitions", "sms.colour"]


def test_a_missing_section_is_named(file: Path) -> None:
    file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="shop"):
        load(file, environment={})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[sources.a]\nkind = "standard"', "sources.a"),
        ('[sources.a]\nkind = "shopify"\nsecret = "env:X"', "sources.a"),
        ('[sources.a]\nsecret = "env:X"', "sources.a"),
        ('[sources.a]\nkind = "standard"\nsecret = "env:X"\ncod_methods = []', "sources.a"),
        ('[sources.a]\nkind = "woocommerce"\nsecret = "env:X"\ntolerance = "5m"', "sources.a"),
        (
            '[sources.a]\nkind = "woocommerce"\nsecret = "env:X"\nstatuses = {new = ["order.lost"]}',
            "sources.a",
        ),
    ],
)
def test_a_source_is_checked_as_what_it_is(file: Path, text: str, key: str) -> None:
    lines = findings(file, text)
    assert all(line.startswith(f"{file}: {key}") for line in lines)
    assert len(lines) <= 2


def test_sources_by_kind(file: Path) -> None:
    config = read(
        file,
        """
[sources.a]
kind = "standard"
secret = "env:X"
tolerance = "90s"
[sources.b]
kind = "woocommerce"
secret = "env:Y"
statuses = { sent = ["order.registered", "paid", "order.shipped"] }
""",
    )
    a, b = config.sources["a"], config.sources["b"]
    assert isinstance(a, StandardSource)
    assert a.tolerance == timedelta(seconds=90)
    assert isinstance(b, WooCommerceSource)
    assert b.statuses == {"sent": [EventType.REGISTERED, "paid", EventType.SHIPPED]}


def test_the_environment_stands_above_the_file(file: Path) -> None:
    config = read(
        file,
        "[server]\nport = 1\n",
        NOTIFIER__SERVER__PORT="9090",
        NOTIFIER__SERVER__HOST="0.0.0.0",
        NOTIFIER__SHOP__NAME="دیگر",
        NOTIFIER__QUIET_HOURS__ENABLED="false",
        NOTIFIER__QUIET_HOURS__FROM="23:00",
        NOTIFIER__REDIS__TIMEOUT="9s",
        NOTIFIER__API__TOKENS='["one", "env:TWO"]',
        NOTIFIER__REGIONS__CITIES='{"tehran": ["تهران"]}',
        NOTIFIER__CALENDAR__HOURS__FRIDAY='["10:00-12:00"]',
        NOTIFIER__PROVIDERS__KAVENEGAR__API_KEY="key",
        OTHER__SERVER__PORT="7",
    )
    assert (config.server.port, config.server.host, config.shop.name) == (9090, "0.0.0.0", "دیگر")
    assert (config.quiet_hours.enabled, config.quiet_hours.start.hour) == (False, 23)
    assert config.redis.timeout == timedelta(seconds=9)
    assert [token.value() for token in config.api.tokens[:1]] == ["one"]
    assert config.regions.regions().region("تهران") == "tehran"
    assert config.calendar.hours == {"friday": ["10:00-12:00"]}
    assert config.providers["kavenegar"].api_key.value() == "key"


@pytest.mark.parametrize(
    ("variable", "value", "saying"),
    [
        ("NOTIFIER__SERVER__PORT", "many", "server.port: "),
        ("NOTIFIER__SERVER__COLOUR", "red", "server.colour: unknown key; it may be misspelt"),
        ("NOTIFIER__WEATHER", "fine", "weather: unknown key; it may be misspelt"),
        ("NOTIFIER__API__TOKENS", "[one]", "a list or table must be JSON"),
        ("NOTIFIER__API__TOKENS", "one", "api.tokens: "),
        ("NOTIFIER__API__TOKENS", "[1]", "api.tokens.0: "),
        ("NOTIFIER__REDIS__TIMEOUT", "soon", "redis.timeout: "),
        ("NOTIFIER__SHOP__NAME__FIRST", "x", "name is not a section"),
        ("NOTIFIER__REGIONS__CITIES", '{"tehran": 1}', "regions.cities.tehran: "),
    ],
)
def test_a_wrong_variable_is_refused_by_its_own_name(file: Path, variable: str, value: str, saying: str) -> None:
    lines = findings(file, **{variable: value})
    assert [line.startswith(f"environment variable {variable}: ") for line in lines] == [True]
    assert saying in lines[0]


def test_a_mistake_beside_a_variable_is_the_file_s(file: Path) -> None:
    [line] = findings(file, '[server]\nport = "many"', NOTIFIER__SERVER__HOST="::1")
    assert line.startswith(f"{file}: server.port: ")


def test_secrets_come_from_the_environment_and_never_show(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = read(
        file,
        """
[sources.a]
kind = "standard"
secret = "env:ONE_OF_TEST"
[providers.kavenegar]
api_key = "env:KEY_OF_TEST"
""",
        NOTIFIER__CALLBACKS__TOKEN="hidden-token",
        NOTIFIER__API__TOKENS='["hidden-one"]',
    )
    key = config.providers["kavenegar"].api_key
    monkeypatch.delenv("KEY_OF_TEST", raising=False)
    with pytest.raises(MissingSecretError, match="KEY_OF_TEST is not set"):
        key.value()
    monkeypatch.setenv("KEY_OF_TEST", "hidden-key")
    assert key.value() == "hidden-key"
    assert [token.value() for token in config.api.tokens] == ["hidden-one"]
    shown = f"{config!r} {config} {key} {key!r} {config.sources['a']!r} {[*config.api.tokens]}"
    assert "hidden" not in shown
    assert "Secret(env:KEY_OF_TEST)" in shown
    assert "Secret(***)" in shown


def test_a_secret_may_lie_in_a_file_or_be_handed_on(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("hidden-key\n", encoding="utf-8")
    config = read(
        file,
        f"""
[providers.kavenegar]
api_key = "file:{tmp_path / "key"}"
[callbacks]
token = "credential:key"
""",
    )
    key, token = config.providers["kavenegar"].api_key, config.callbacks.token
    assert token is not None
    assert key.value() == "hidden-key"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(MissingSecretError, match="CREDENTIALS_DIRECTORY is not set"):
        token.value()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert token.value() == "hidden-key"
    assert "hidden" not in f"{config!r} {key!r} {token!r}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read \\(No such file"),
        (b"", "is empty"),
        (b" \n", "nothing but blanks"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"x" * 65_537, "longer than 65536 bytes"),
    ],
)
def test_a_file_that_holds_no_secret_says_why(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    secret = Secret(f"file:{tmp_path / 'key'}")
    assert not secret.is_set
    with pytest.raises(MissingSecretError, match=f"the file {tmp_path / 'key'} .*{said}"):
        secret.value()


def test_a_secret_that_stands_in_the_file_is_refused_without_being_shown(file: Path) -> None:
    for text in ['[callbacks]\ntoken = "hidden"', '[api]\ntokens = ["hidden"]', '[callbacks]\ntoken = "$HIDDEN"']:
        with pytest.raises(ConfigError, match='write "env:NAME"') as refused:
            read(file, text)
        assert "idden" not in str(refused.value).replace("$HIDDEN", "shown")


def test_the_key_of_a_simulator_on_this_machine_may_stand_in_the_file(file: Path) -> None:
    section = '[providers.{}]\napi_key = "simulator"\nbase_url = "{}"'
    config = read(file, section.format("practice", "http://127.0.0.1:8090/v1"))
    assert config.providers["practice"].api_key.value() == "simulator"
    with pytest.raises(ConfigError, match="secrets do not belong"):
        read(file, section.format("practice", "https://api.example/v1"))


@pytest.mark.parametrize(
    "text",
    [
        '[providers.kavenegar]\napi_key = ["hidden"]',
        '[providers.kavenegar]\napi_key = { value = "hidden" }',
        '[api]\ntokens = [["hidden"]]',
        '[sources.a]\nkind = "standard"\nsecret = ["hidden"]',
    ],
)
def test_a_secret_does_not_show_in_a_mistake(file: Path, text: str) -> None:
    assert "hidden" not in "".join(findings(file, text))


@pytest.mark.parametrize(("content", "saying"), [(b"[server\n", "not TOML"), (b"\xff\xfe", "not UTF-8")])
def test_a_file_that_is_no_configuration(file: Path, content: bytes, saying: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=f"^{re.escape(str(file))}: {saying}"):
        load(file, environment={})


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: .*; name another with --config"):
        load(tmp_path / "nowhere.toml", environment={})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, environment={})


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    named = {"NOTIFIER_CONFIG": "named.toml"}
    assert find(Path("asked.toml"), named) == Path("asked.toml")
    assert find(None, named) == Path("named.toml")
    assert find(None, {}) == shipped.CONFIG
    (tmp_path / "config.toml").touch()
    assert find(None, {}) == Path("config.toml")


@pytest.mark.parametrize(
    ("text", "length"),
    [("90s", 90), ("15m", 900), ("24h", 86400), ("7d", 604800), ("1d 12h", 129600), (" 1h30m ", 5400), ("0s", 0)],
)
def test_lengths_of_time(text: str, length: int) -> None:
    assert parse(text) == timedelta(seconds=length)


@pytest.mark.parametrize("text", ["", "15", "15 minutes", "-15m", "1.5h", "m", "15m!", 15, None, True])
def test_what_is_no_length_of_time(text: object) -> None:
    with pytest.raises(ValueError, match="is not a length of time; write for example"):
        parse(text)


HTTP = '[providers.other]\nkind = "http"\nurl = "https://sms.example/?to={to}&text={text}"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[calls]\ntack = 1", "calls.tack: unknown key; it may be misspelt"),
        ("[calls.outcomes.busy]\nlimits = 1", "calls.outcomes.busy.limits: unknown key; it may be misspelt"),
        (f"{HTTP}colour = 1", "providers.other.colour: unknown key; it may be misspelt"),
        ("[sms.price]\narabic = 1", "sms.price.arabic: unknown key; it may be misspelt"),
        ('[quiet_hours]\nstart = "22:00"', "quiet_hours.start: unknown key; it may be misspelt"),
        ("[calls]\nladder = 1", "calls.ladder: Input should be a valid list"),
        ('[calls]\ndespite_refusal = "callback"', "calls.despite_refusal: Input should be a valid list"),
        (f"{HTTP}accepted_http = 200", "providers.other.accepted_http: Input should be a valid list"),
        (f"{HTTP}headers = {{ key = 1 }}", "providers.other.headers.key: Input should be a valid string"),
        (f"{HTTP}retry = 1", "providers.other.retry: Input should be a valid table"),
        ("[calls.outcomes]\nbusy = 1", "calls.outcomes.busy: Input should be a valid table"),
        ("[calls.outcomes.busy]\nlimit = 0", "calls.outcomes.busy.limit: Input should be greater than or equal to 1"),
        ('[calls]\ntick = "0s"', "calls: tick and claim_limit must be longer than 0s"),
        (
            '[calls]\nladder = [{ after = "1", to = "pool" }]',
            "calls.ladder.0.after: '1' is not a length of time; write for example 90s, 15m, 24h or 7d",
        ),
        ("[calls]\nsummary_at = 17", 'calls.summary_at: 17 is not a time of day; write for example "22:00"'),
        (
            '[sms.limits]\ncountries = ["IR", "XX"]',
            "sms.limits.countries.1: 'XX' is no country; write two letters, such as IR",
        ),
        ('[policy]\nfree = "x"', "policy.free: Input should be a valid table"),
    ],
)
def test_a_section_that_the_code_works_with_is_spoken_of_as_the_file_has_it(file: Path, text: str, said: str) -> None:
    (found,) = findings(file, text)
    assert found.partition("; did you mean")[0] == f"{file}: {said}"


def test_what_is_named_of_the_calls_replaces_what_is_usual(file: Path) -> None:
    rules = read(
        file, '[calls.outcomes.busy]\nretry = "10m"\nlimit = 2\n[calls.purposes.satisfaction]\npriority = 9'
    ).calls
    assert rules.outcome(Outcome.BUSY) == OutcomeRule(retry=timedelta(minutes=10), limit=2)
    assert rules.outcome(Outcome.NO_ANSWER) == OUTCOMES[Outcome.NO_ANSWER]
    assert rules.purpose(Purpose.SATISFACTION) == PurposeRule(priority=9)
    assert rules.purpose(Purpose.VERIFY_DEPOSIT) == PURPOSES[Purpose.VERIFY_DEPOSIT]
    assert read(file).calls == CallRules()


def test_a_header_from_the_environment_is_a_secret_and_may_be_two_words(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINE_OF_TEST", "Bearer hidden")
    header, word = "providers.other.headers.Authorization", "providers.other.secrets.word"
    config = read(
        file,
        f'{HTTP}headers = {{ Authorization = "env:LINE_OF_TEST", Accept = "application/json" }}\n'
        f'secrets = {{ word = "env:LINE_OF_TEST" }}\n[templates]\nfolder = "{ROOT / "templates"}"',
    )
    assert secrets_of(config) == {"Bearer hidden"}
    assert dict(secrets_in(config)).keys() == {header, word}
    errors = "".join(found.text for found in offline.configuration(file) if "cannot be seen" in found.text)
    assert (header in errors, word in errors) == (False, True)
