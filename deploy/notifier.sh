#!/bin/sh
# The commands with the settings, secrets and rights of the service, for root: install as /usr/local/sbin/notifier.
set -a
. /etc/notifier/notifier.env
NOTIFIER_CONFIG=/etc/notifier/config.toml
NOTIFIER__REDIS__DATA_DIR=/var/lib/notifier
set +a
umask 077
cd /var/lib/notifier || exit
exec setpriv --reuid=notifier --regid=notifier --init-groups /opt/notifier/bin/notifier "$@"
