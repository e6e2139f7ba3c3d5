#!/bin/sh
# Make the virtual environment and install the pinned dependencies: setup.sh PYTHON VENV
set -eu
python=$1
venv=$2

for found in "$python" python3.11 python3.12 python3.13 ""; do
    [ -n "$found" ] || { echo "Python 3.11 or newer is needed: sudo apt-get install python3 python3-venv" >&2; exit 1; }
    "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
done
if ! "$found" -m venv "$venv" >/dev/null 2>&1; then
    rm -rf "$venv"
    if "$found" -m virtualenv --version >/dev/null 2>&1; then
        "$found" -m virtualenv -q "$venv"
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null && "$found" -m venv "$venv"
    else
        echo "This Python has no venv module: sudo apt-get install python3-venv, then run the command again." >&2
        exit 1
    fi
fi
echo "Installing the dependencies into $venv (about 2 GB, some minutes the first time) ..."
# torch first: asked for by itself and exactly, it is the build the constraints mean
"$venv/bin/python" -m pip install -qq --disable-pip-version-check -c constraints.txt torch
"$venv/bin/python" -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
