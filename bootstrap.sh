#!/bin/sh
# Makes .venv, the one thing every target of the Makefile needs: an interpreter of the right minor
# version, the programs of this system that Porter calls, and its dependencies pinned by hash.
set -eu
cd "$(dirname "$0")"
wanted=3.13

say() { printf '%s\n' "$*" >&2; }

runs() { "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$wanted')" 2>/dev/null; }

# A name on PATH proves nothing (pyenv's shims are there and refuse): what runs counts.
find_python() {
    for candidate in "python$wanted" python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}/versions/$wanted"*/bin/python \
        "/opt/python/$wanted"*/bin/python; do
        if command -v "$candidate" >/dev/null && runs "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

missing=""
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
need node nodejs
need npm npm
need patch patch
if python=$(find_python); then
    "$python" -c "import ensurepip" 2>/dev/null || missing="$missing python$wanted-venv"
    "$python" -c "
import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path('include'), 'Python.h').is_file())
" || missing="$missing python$wanted-dev"
else
    missing="$missing python$wanted python$wanted-venv python$wanted-dev"
fi
if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        say "as root, run: apt-get install$missing"
        exit 1
    fi
    say "installing$missing"
    apt-get update -q >&2
    # shellcheck disable=SC2086 # the names are words
    apt-get install -q -y --no-install-recommends $missing >&2 || {
        say "this system's archive does not have all of:$missing"
        exit 1
    }
    python=$(find_python)
fi

# What runs from it meanwhile goes on: a newer lock is installed in place.
if ! runs .venv/bin/python; then
    say "making .venv with $python"
    rm -rf .venv
    "$python" -m venv .venv
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
say "installing the dependencies that requirements.lock pins"
.venv/bin/python -m pip install --quiet --require-hashes --requirement requirements.lock
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
touch .venv/ready
