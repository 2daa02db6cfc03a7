#!/bin/bash
# picok8s from a checkout: makes the virtual environment on first use (and when pyproject.toml changed), then runs the command line.
set -euo pipefail
home=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
source "$home/tools/environment.sh"
environment "$home/.venv" "$home"
exec "$home/.venv/bin/python" -m picok8s "$@"
