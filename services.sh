#!/bin/sh
# Has the PostgreSQL that the tests start, from Debian's archive; no cluster of the system's is made.
set -eu
cd "$(dirname "$0")"

if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    if [ "$(id -u)" -ne 0 ]; then
        printf 'as root, run: apt-get install postgresql\n' >&2
        exit 1
    fi
    printf 'installing postgresql\n' >&2
    apt-get update -q >&2
    # What the package reads before it makes a cluster; Debian's own way to have none.
    mkdir -p /etc/postgresql-common/createcluster.d
    printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.d/porter.conf
    apt-get install -q -y --no-install-recommends postgresql >&2
fi
touch .venv/services
