#!/bin/sh
# Has the browsers that the tests drive, and Chromium's driver, from Debian's archive.
set -eu
cd "$(dirname "$0")"

missing=""
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
need chromium chromium
need chromedriver chromium-driver
need firefox-esr firefox-esr
if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        printf 'as root, run: apt-get install%s\n' "$missing" >&2
        exit 1
    fi
    printf 'installing%s\n' "$missing" >&2
    apt-get update -q >&2
    # shellcheck disable=SC2086 # the names are words
    apt-get install -q -y --no-install-recommends $missing >&2
fi
touch .venv/browsers
