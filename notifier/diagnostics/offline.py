"""What can be found wrong before anything starts: configuration, templates and policy against each other."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from notifier import zones
from notifier.config import Config, accounts
from notifier.config.bank import BankSource
from notifier.config.loading import Keys, key_of, load, load_what_is_right
from notifier.config.shop import ShopConfig
from notifier.diagnostics.carriers import carrier_findings
from notifier.diagnostics.consequences import follows_from
from notifier.diagnostics.dialer import dialer_findings
from notifier.diagnostics.exposed_secrets import exposed_secrets
from notifier.diagnostics.findings import Finding as Finding
from notifier.diagnostics.findings import FindingLevel as FindingLevel
from notifier.diagnostics.findings import error as _error
from notifier.diagnostics.findings import warning as _warning
from notifier.diagnostics.ladders import ladder_findings, missing_secrets
from notifier.diagnostics.leftovers import leftovers
from notifier.diagnostics.mistyped import mistyped
from notifier.diagnostics.staff_channels import channel_findings
from notifier.diagnostics.weak_secrets import weak_secrets
from notifier.domain import text_answers
from notifier.domain.calls import Purpose
from notifier.domain.messages import OPT_OUT_CONFIRMED, Audience, Via
from notifier.domain.policy import EVERYTHING, TextRule
from notifier.domain.spelling import meant
from notifier.domain.text_answers import USUAL
from notifier.errors import ConfigError, TemplateError
from notifier.intake.standard import signature as signatures
from notifier.practice import mapping
from notifier.secret import MissingSecretError, Secret, secrets_in
from notifier.sms.opt_out import OPT_OUT, ROOM, OptOutBy
from notifier.sms.templates import Template
from notifier.texts import loading
from notifier.texts.review import review
from scheduler import texts


def check(path: Path | None = None, *, in_use: bool = False) -> list[Finding]:
    """Everything wrong with a configuration file and the templates it names, and with what they rely on, offline.

    More than would keep a service from taking a file up: what it would run with, at the shop's expense. ``in_use`` is
    of an installation that shops post to already.
    """
    try:
        config, left_out, wrong = load(path), set[Keys](), list[Finding]()
    except ConfigError as error:
        wrong = _errors(error)
        try:
            config, left_out = load_what_is_right(path)
        except ConfigError:
            return [*_zones(), *wrong]
    try:
        loaded, broken = loading.load(config), dict[Path, str]()
    except TemplateError as error:
        loaded, broken = loading.readable(config)
        wrong += _errors(error)
    weak = weak_secrets(config, in_use=in_use)
    more = (
        *(_all(config, loaded) if loaded else ()),
        *leftovers(config),
        *mistyped(config),
        *weak,
        *exposed_secrets(config),
    )
    return [*_zones(), *wrong, *(one for one in more if not follows_from(one, config.file, left_out, broken))]


def _errors(error: Exception) -> list[Finding]:
    return [Finding(FindingLevel.ERROR, line) for line in str(error).splitlines()]


def _zones() -> Iterator[Finding]:
    if zones.OUTDATED is not None:
        newer = zones.outdated() is None
        yield _error(
            f"time zones ({zones.OUTDATED})",
            "the time zone data are older than 2022b and an hour off in Iran's summers; update the system's package "
            "tzdata. "
            + (
                "The bundled data are used meanwhile" if newer else "The bundled data are as old: pip install -U tzdata"
            ),
        )


def configuration(path: Path | None = None) -> list[Finding]:
    """Everything wrong with a configuration file and the templates it names."""
    try:
        config = load(path)
        return _all(config, loading.load(config))
    except (ConfigError, TemplateError) as error:
        return _errors(error)


def _all(config: Config, loaded: Mapping[str, Template]) -> list[Finding]:
    return [
        *findings(config, loaded),
        *_numbered_cities(config),
        *_samples(config),
        *_unused(config, loaded),
        *_where_to_pay(config, loaded),
        *_half_a_shop(config),
        *_opt_out(config),
        *_accounts(config),
        *_answers(config),
        *_texts(config, loaded),
        *rotations(config),
        *_spoilt(config),
        *(Finding(FindingLevel.ERROR, text) for text in _needed_secrets(config)),
        *(Finding(FindingLevel.WARNING, text) for text in _other_secrets(config)),
    ]


def samples(path: Path | None = None) -> list[str]:
    """What each recorded delivery of a shop would become; those that cannot be read are among the findings."""
    try:
        config = load(path)
    except ConfigError:
        return []
    every = mapping.every(config)
    return [f"sources.{source}: {sample.file.name}: {sample.meaning}" for source, sample in every if sample.reading]


def require(config: Config, loaded: Mapping[str, Template]) -> None:
    """Raise ConfigError when something is wrong that the service cannot start with."""
    errors = [found.text for found in findings(config, loaded) if found.level is FindingLevel.ERROR]
    errors += _needed_secrets(config)
    if errors:
        raise ConfigError("\n".join(errors))


def findings(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    """What the parts of a valid configuration have to say against each other."""
    yield from _policy(config, loaded)
    yield from _sources(config)
    yield from _webhooks(config)
    yield from _push(config)
    yield from channel_findings(config)
    yield from carrier_findings(config)
    yield from dialer_findings(config)
    yield from _providers(config)
    yield from ladder_findings(config, loaded)
    yield from missing_secrets(config, loaded)
    yield from _slots(config)
    yield from _replies(config, loaded)
    try:
        config.calendar.calendar(config.shop.zone)
    except ValueError as error:
        yield _error(f"{config.file}: calendar", str(error))


def _policy(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    for name, audience in texts.TEMPLATES.items():
        if name not in loaded:
            yield _error(str(config.templates_folder), f"{name}.txt is missing; it is needed")
        elif loaded[name].audience is not audience:
            yield _error(str(loaded[name].path), f'audience must be "{audience}"; calls need it so')
    if config.sms.confirm_opt_out and OPT_OUT_CONFIRMED not in loaded:
        yield _error(str(config.templates_folder), f"{OPT_OUT_CONFIRMED}.txt is missing; sms.confirm_opt_out needs it")
    names = loaded.keys() | set(Purpose) | {EVERYTHING}
    regions = {*config.regions.cities, config.regions.default}
    for region in config.policy.regions.keys() - regions:
        yield _error(f"{config.file}: policy.{region}", f"no such region; [regions] knows {', '.join(sorted(regions))}")
    for keys, block in config.policy.blocks():
        yield from _told(config, loaded, key_of(("policy", *keys, "revived")), block.revived)
        for event, rule in block.rules.items():
            where = f"{config.file}: {key_of(('policy', *keys, event))}"
            yield from _told(config, loaded, f"{key_of(('policy', *keys, event))}.sms", rule.sms)
            for name in sorted(rule.cancel):
                if name not in names:
                    yield _error(f"{where}.cancel", f"{name!r} is neither a template nor a call purpose")
    for template in loaded.values():
        if template.shop and template.shop not in config.sources:
            known = ", ".join(sorted(config.sources)) or "none"
            yield _error(str(template.path), f"there is no [sources.{template.shop}]; there are: {known}")
        common = loaded.get(template.name, template)
        if template.audience is not common.audience:
            yield _error(str(template.path), f'audience must be "{common.audience}" as in the common text')


def _told(
    config: Config, loaded: Mapping[str, Template], key: str, texts_named: Iterable[TextRule]
) -> Iterator[Finding]:
    """Templates that a rule names and cannot send."""
    for item in texts_named:
        if item.template not in loaded:
            text = f"there is no template {item.template!r} in {config.templates_folder}{meant(item.template, loaded)}"
            yield _error(f"{config.file}: {key}", text)
        elif loaded[item.template].audience is not Audience.CUSTOMER:
            yield _error(f"{config.file}: {key}", f"template {item.template!r} is for staff, not for customers")


def _unused(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    """Templates that nothing sends. The service runs with them, but somebody thinks that they are sent."""
    used = {
        OPT_OUT_CONFIRMED,
        *texts.TEMPLATES,
        *(rule.template for _, block in config.policy.blocks() for rule in block.texts()),
    }
    for template in loaded.values():
        if template.name not in used:
            text = "no rule of [policy] uses this template; name it in the sms of an event there, or delete the file"
            yield _error(f"{template.path}, line 1", text)


def _where_to_pay(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    """Texts about a transfer that could not say where to. The service runs with them, but nobody can pay by them."""
    sent = {rule.template for _, block in config.policy.blocks() for rule in block.texts()}
    for template in loaded.values():
        numbers = sorted(template.variables & {"card", "account", "iban"})
        if template.name not in sent or not numbers:
            continue
        for key, shop in _shops(config, template, loaded):
            if not any(getattr(shop, name).strip() for name in numbers):
                said = f"is needed: {template.path.name} tells customers where to pay, and there is no "
                where = f"{config.file}: {key}.{'card' if 'card' in numbers else numbers[0]}"
                yield _error(where, said + " or ".join(numbers))
            if "holder" in template.variables and not shop.holder.strip():
                said = f"is needed: {template.path.name} tells customers where to pay, and not whose account it is"
                yield _error(f"{config.file}: {key}.holder", said)


def _shops(config: Config, template: Template, loaded: Mapping[str, Template]) -> Iterator[tuple[str, ShopConfig]]:
    """The shops that say a text, by the section that tells of them; those that say nothing of their own are [shop]."""
    if not template.shop:
        yield "shop", config.shop
    for name in config.sources:
        says = template.shop == name or (not template.shop and f"{name}/{template.name}" not in loaded)
        if says and (shop := config.shop_of(name)) != config.shop:
            yield f"sources.{name}.shop", shop
        elif says and template.shop:
            yield "shop", config.shop


def _half_a_shop(config: Config) -> Iterator[Finding]:
    """A number to pay to beside somebody else's name: the customer's bank shows another than the text."""
    for name, source in config.sources.items():
        own = source.shop.model_dump(exclude_none=True)
        numbers = [key for key in ("card", "account", "iban") if own.get(key)]
        missing = [key for key in ("holder", "bank") if key not in own and getattr(config.shop, key)]
        left = [key for key in ("card", "account", "iban") if key not in own and getattr(config.shop, key)]
        if numbers and missing:
            text = (
                "is its own, and holder and bank are those of [shop]; write them here too"
                if len(missing) > 1
                else f"is its own, and {missing[0]} is that of [shop]; write it here too"
            )
            yield _warning(f"{config.file}: sources.{name}.shop.{numbers[0]}", text)
        if (numbers or own.get("holder")) and left:
            text = f'is not said: texts name that of [shop] beside what is its own; write it, or {left[0]} = ""'
            yield _warning(f"{config.file}: sources.{name}.shop.{left[0]}", text)


def _accounts(config: Config) -> Iterator[Finding]:
    """Accounts whose orders nobody has, and promises about accounts that there are none of."""
    banks = {name: source for name, source in config.sources.items() if isinstance(source, BankSource)}
    known = ", ".join(config.shop_sources) or "none"
    for name, source in banks.items():
        for shop in source.shops:
            if shop not in config.shop_sources:
                text = f"there is no shop [sources.{shop}]; there are: {known}"
                yield _error(f"{config.file}: sources.{name}.shops", text)
        if source.fields.amount is None and source.currency != "IRR":
            yield _warning(
                f"{config.file}: sources.{name}.currency",
                "is of fields.amount, which is not said; of texts write toman_senders",
            )
    if config.deposits.is_automatic and not banks:
        text = 'is "exact", and no [sources.NAME] of kind "bank" tells what came; add one, or write "off"'
        yield _warning(f"{config.file}: deposits.automatic", text)


def _opt_out(config: Config) -> Iterator[Finding]:
    """Room for «لغو۱۱» that is not there, or that nothing fills."""
    used = {name: line for name in accounts.names(config) if (line := accounts.section(config, name)) is not None}
    reserve, where = config.sms.price.reserve, f"{config.file}: sms.price.reserve"
    ours = sorted(name for name, line in used.items() if line.opt_out_by is OptOutBy.NOTIFIER)
    if ours and reserve < ROOM:
        text = f"is {reserve}, and «{OPT_OUT}» behind the texts of providers.{', providers.'.join(ours)} takes {ROOM}"
        yield _warning(where, f"{text}; write {ROOM}, or long texts become a part longer than they may")
    if reserve and used and all(line.opt_out_by is OptOutBy.NOBODY for line in used.values()):
        yield _warning(where, f'is {reserve}, and no line carries «{OPT_OUT}» (opt_out_by = "nobody"); write 0')


def _texts(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    for flaw in review(loaded, config.shops, config.sms.price):
        yield Finding(FindingLevel.ERROR if flaw.serious else FindingLevel.WARNING, str(flaw))
    for template in loaded.values():
        lookup = config.sms.via is Via.LOOKUP and template.header.via is None
        if lookup and template.audience is Audience.CUSTOMER and not template.pattern_headers:
            text = 'sms.via is "lookup", and this goes as a plain text; write patterns.kavenegar, or via = "send"'
            yield _warning(f"{template.path}, line 1", text)


def _sources(config: Config) -> Iterator[Finding]:
    if not config.sources:
        yield _warning(f"{config.file}: sources", "no shop can post anything: add [sources.shop]")
    for name, source in config.sources.items():
        if source.signs_standard:
            for key, secret in (("secret", source.secret), ("previous_secret", source.previous_secret)):
                if secret and secret.is_set:
                    try:
                        signatures.key(secret.value())
                    except ValueError as error:
                        yield _error(f"{config.file}: sources.{name}.{key}", str(error))


def _numbered_cities(config: Config) -> Iterator[Finding]:
    """Checkouts made of blocks save the ids that Persian WooCommerce Shipping gives to states and cities."""
    numbered = any(city.isdecimal() for cities in config.regions.cities.values() for city in cities)
    shops = [name for name, source in config.sources.items() if source.kind == "woocommerce"]
    if shops and not numbered:
        yield Finding(
            FindingLevel.NOTE,
            f"{config.file}: regions.cities: a WooCommerce shop ({', '.join(shops)}) with Persian WooCommerce Shipping "
            'may save state and city as numbers ("167", "177"), which are its own; add those of a region to its list '
            "(docs/how-to/woocommerce.md says where they are found)",
        )


def _webhooks(config: Config) -> Iterator[Finding]:
    known = ", ".join(sorted(config.sources)) or "none"
    for name, webhook in config.webhooks.items():
        where = f"{config.file}: webhooks.{name}"
        for source in sorted(webhook.sources):
            if source not in config.sources:
                yield _error(f"{where}.sources", f"there is no [sources.{source}]; there are: {known}")
        for key, secret in webhook.secrets_needed.items():
            if secret.is_set:
                try:
                    signatures.key(secret.value())
                except ValueError as error:
                    yield _error(f"{where}.{key}", str(error))


def _push(config: Config) -> Iterator[Finding]:
    if (push := config.console.push) is not None and push.private_key.is_set:
        from notifier.channels.web_push import vapid  # most have none, and it takes long

        try:
            vapid.VapidKeys.read(push.private_key.value())
        except ValueError as error:
            yield _error(f"{config.file}: console.push.private_key", str(error))


def _samples(config: Config) -> Iterator[Finding]:
    """Recorded deliveries that their own mapping does not understand."""
    for source, sample in mapping.every(config):
        for key, text in sample.mistakes:
            yield _error(f"{config.file}: sources.{source}.{key}", f"{text}, in {sample.file}")


def _providers(config: Config) -> Iterator[Finding]:
    known = ", ".join(sorted(config.providers)) or "none"
    ladder, first = config.sms.ladder, config.sms.provider
    named = [("sms.provider", first)] if not ladder or first in ladder else []  # a ladder may do without it
    named += [("sms.fallback", name) for name in config.sms.fallback]
    for source, one in config.sources.items():
        named += [(f"sources.{source}.provider", one.provider)] if one.provider is not None else []
        named += [(f"sources.{source}.fallback", name) for name in one.fallback or ()]
    for key, name in named:
        if name not in config.providers:
            yield _error(f"{config.file}: {key}", f"there is no [providers.{name}]; there are: {known}")
        elif getattr(config.providers[name], "callback", None) is not None and not config.callbacks.token:
            text = "reports are posted to us, and nothing takes them: set [callbacks] token"
            yield _warning(f"{config.file}: providers.{name}.callback", text)


def _slots(config: Config) -> Iterator[Finding]:
    """Slots that nobody could be offered."""
    regions = {*config.regions.cities, config.regions.default}
    for place, slot in enumerate(config.delivery.slots):
        where = f"{config.file}: delivery.slots.{place}"
        if slot.region not in regions:
            known = ", ".join(sorted(regions))
            yield _error(f"{where}.region", f"there is no region {slot.region!r}; [regions] knows {known}")
    longest = timedelta(days=config.delivery.horizon)
    if config.delivery.slots and config.delivery.lead >= longest:
        text = f"is not shorter than the {config.delivery.horizon} days of delivery.horizon; no slot is ever offered"
        yield _error(f"{config.file}: delivery.lead", text)


def _replies(config: Config, loaded: Mapping[str, Template]) -> Iterator[Finding]:
    """Answers that could not be told apart, or to texts that ask nobody. What nobody wrote down is no mistake."""
    rules = config.replies
    if rules.answers == USUAL:
        return
    for wrong in text_answers.mistakes(rules):
        yield _error(f"{config.file}: replies.answers.{wrong.place}.{wrong.key}", wrong.text)
    for place, rule in enumerate(rules.answers):
        where = f"{config.file}: replies.answers.{place}.texts"
        for name in rule.texts:
            if name not in loaded:
                yield _error(where, f"there is no template {name!r} in {config.templates_folder}{meant(name, loaded)}")
            elif loaded[name].audience is not Audience.CUSTOMER:
                yield _error(where, f"template {name!r} is for staff, not for customers")


def _answers(config: Config) -> Iterator[Finding]:
    """Lines said to receive what nobody would bring here."""
    used = {name: config.providers[name] for name in accounts.names(config) if name in config.providers}
    for name, line in used.items():
        if line.receives and not config.callbacks.token:
            text = "is true, and without callbacks.token no text of a customer comes here; set that, or write false"
            yield _warning(f"{config.file}: providers.{name}.receives", text)
        elif line.receives and line.kind != "kavenegar":
            text = (
                f'is true, and texts of customers are taken from lines of kind "kavenegar" alone, not of "{line.kind}"'
            )
            yield _warning(f"{config.file}: providers.{name}.receives", text)


def _needed_secrets(config: Config) -> list[str]:
    """A sentence for each secret that is not set and without which nothing can start."""
    needed = {f"webhooks.{name}.secret": webhook.secret for name, webhook in config.webhooks.items()}
    for name, source in config.sources.items():
        needed |= {f"sources.{name}.{key}": secret for key, secret in source.secrets_needed.items()}
    for name, carrier in config.carriers.items():
        needed |= {f"carriers.{name}.{key}": secret for key, secret in carrier.secrets_needed.items()}
    needed |= {f"dialer.{key}": secret for key, secret in config.dialer.secrets_needed.items()}
    if config.metrics.token:  # without it they would be open, or closed to everybody
        needed["metrics.token"] = config.metrics.token
    if config.console.push:
        needed["console.push.private_key"] = config.console.push.private_key
    for kind, bot in config.staff.channels.bots.items():
        needed |= {f"staff.channels.{kind}.{key}": secret for key, secret in bot.secrets_needed.items()}
    for name in accounts.names(config):
        if (provider := accounts.section(config, name)) is not None:
            needed |= {f"providers.{name}.{key}": secret for key, secret in provider.secrets_needed.items()}
    return _unset(config, needed)


def _other_secrets(config: Config) -> list[str]:
    """A sentence for each secret that is not set and can be done without."""
    others = {f"api.tokens[{place}]": token for place, token in enumerate(config.api.tokens)}
    if config.callbacks.token:
        others["callbacks.token"] = config.callbacks.token
    others |= {key: secret for key, secret, _ in _previous(config)}
    return _unset(config, others)


def rotations(config: Config) -> Iterator[Finding]:
    """Secrets that are valid beside their successors: that is meant to last for hours, not for years."""
    for key, previous, secret in _previous(config):
        if previous.is_set:
            newer = key.replace("previous_", "")
            same = secret is not None and secret.is_set and secret.value() == previous.value()
            text = f"holds the same as {newer}; give {newer} the new one, or remove this line"
            two = f"two are valid at present; when everybody signs with the one in {newer}, remove this line"
            yield _warning(f"{config.file}: {key}", text if same else two)


def _spoilt(config: Config) -> Iterator[Finding]:
    """Secrets that cannot be right, so that whatever is signed with them is refused."""
    for key, secret in secrets_in(config):
        words = key.startswith("providers.") and ".headers." in key  # such as Bearer and a key behind it
        if secret.is_set and not words and (flaw := secret.flaw):
            yield _error(f"{config.file}: {key}", flaw)


def _previous(config: Config) -> Iterator[tuple[str, Secret, Secret | None]]:
    """Each secret that is on its way out: its key, itself, and its successor."""
    for name, source in config.sources.items():
        if source.previous_secret:
            yield f"sources.{name}.previous_secret", source.previous_secret, source.secret
    for name, webhook in config.webhooks.items():
        if webhook.previous_secret:
            yield f"webhooks.{name}.previous_secret", webhook.previous_secret, webhook.secret
    if config.callbacks.previous_token:
        yield "callbacks.previous_token", config.callbacks.previous_token, config.callbacks.token


def _unset(config: Config, secrets: Mapping[str, Secret]) -> list[str]:
    sentences = []
    for key, secret in secrets.items():
        try:
            secret.value()
        except MissingSecretError as error:
            sentences.append(f"{config.file}: {key}: {error}")
    return sentences
