#!/bin/sh
# The commands with the settings, secrets and rights of the service, for root: install as /usr/local/sbin/notifier.
# systemd itself reads notifier.env, as it does for the service: a shell would expand and run what stands in it.
cd /var/lib/notifier || exit
# What a drop-in of the unit loads as credentials is loaded here too: a line of the unit, an argument.
handed=$(systemctl cat notifier.service 2>/dev/null | sed -nE 's/^((Load|Set)Credential(Encrypted)?=.+)$/--property=\1/p')
IFS='
'
set -f
if [ -t 0 ] && [ -t 1 ]; then way=--pty; else way=--pipe; fi
exec systemd-run --quiet --collect --wait "$way" --same-dir --uid=notifier --gid=notifier \
    --property=UMask=0077 --property=LimitCORE=0 --property=KillMode=process \
    --property=EnvironmentFile=/etc/notifier/notifier.env \
    --setenv=NOTIFIER_CONFIG=/etc/notifier/config.toml \
    --setenv=NOTIFIER__REDIS__DATA_DIR=/var/lib/notifier $handed \
    /opt/notifier/bin/notifier "$@"
