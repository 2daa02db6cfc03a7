# environment VENV SOURCE [EXTRA]: a virtual environment with what SOURCE's pyproject.toml asks for, made once and again when it changes.
# Sourced by ../picok8s and ../check. Says what it does on standard error; changes nothing when all is there.

find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "picok8s needs Python 3.11 or newer: apt-get install python3" >&2
  return 1
}

as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    echo "this needs root: $*" >&2
    return 1
  fi
}

make_venv() { # VENV PYTHON; Debian keeps the venv module in a package of its own
  "$2" -m venv "$1" >/dev/null 2>&1 && return
  echo "picok8s: installing the package python3-venv" >&2
  as_root apt-get install -y -qq python3-venv >/dev/null 2>&1 || { as_root apt-get update -qq && as_root apt-get install -y -qq python3-venv >/dev/null; }
  "$2" -m venv "$1"
}

environment() {
  local venv=$1 source=$2 extra=${3:-} wanted python
  wanted=$(sha256sum "$source/pyproject.toml" | cut -d' ' -f1)$extra
  [[ -f $venv/stamp && $(<"$venv/stamp") == "$wanted"* ]] && return # One with extras serves without them too.
  python=$(find_python)
  echo "picok8s: making the Python environment in $venv (once)" >&2
  [[ -x $venv/bin/python ]] || make_venv "$venv" "$python"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$source${extra:+[$extra]}" >&2
  echo "$wanted" >"$venv/stamp"
}
