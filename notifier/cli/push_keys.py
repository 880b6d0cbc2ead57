"""``notifier push-keys``: the key pair that browsers of the staff are pushed to with."""

from notifier.cli.options import JsonObject
from notifier.cli.output import printer, write_object


def push_keys(as_json: JsonObject = False) -> None:
    """Make a key for web push (console.push): news of calls to closed browsers. Prints it; writes nothing."""
    from notifier.channels.web_push.vapid import VapidKeys  # takes long

    keys = VapidKeys.new()
    if as_json:
        write_object({"private_key": keys.private_text, "public_key": keys.public_text})
        return
    printer().print(
        "# Keep the first line where the other secrets are, and name it in config.toml:\n"
        "#   [console.push]\n"
        '#   private_key = "env:NOTIFIER_PUSH_KEY"\n'
        '#   subject = "mailto:…"\n'
        "# With another key every browser has to be switched on anew.\n"
        f"NOTIFIER_PUSH_KEY={keys.private_text}\n"
        f"# The public key, which browsers are given: {keys.public_text}",
        highlight=False,
        markup=False,
    )
