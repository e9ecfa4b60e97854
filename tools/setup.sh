#!/bin/sh
# Make .venv and install the pinned packages into it.
#
#   tools/setup.sh base    the library and the command line
#   tools/setup.sh full    napari, the tests and the checkers as well
#
# Returns at once when .venv already holds them for this pyproject.toml and constraints.txt.
# PYTHON names the interpreter (3.11 or newer); TORCH_INDEX where the CPU build of torch is kept.
set -eu
cd "$(dirname "$0")/.."

what=${1:-full}
PYTHON=${PYTHON:-python3}
TORCH_INDEX=${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}
venv_python=.venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '==> %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
pip() { "$venv_python" -m pip "$@"; }

key=$(cat pyproject.toml constraints.txt | cksum | tr -d ' ')
for stamp in ".venv/.$what-$key" ".venv/.full-$key"; do
    if [ -e "$stamp" ] && [ -x "$venv_python" ]; then exit 0; fi
done

check_python() {
    command -v "$PYTHON" >/dev/null 2>&1 ||
        die "'$PYTHON' was not found; install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11 ..."
    found=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "Python 3.11 or newer is needed and '$PYTHON' is $found; name a newer one: make PYTHON=python3.11 ..."
}

make_venv() {
    check_python
    say "Making .venv with Python $found"
    rm -rf .venv
    # Debian keeps ensurepip, which venv needs, in a package of its own: then the system's pip puts
    # one into the new environment.
    if "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
        "$PYTHON" -m venv .venv
    else
        "$PYTHON" -m venv --without-pip .venv &&
            "$PYTHON" -m pip --python "$venv_python" install --quiet pip ||
            { rm -rf .venv; die "Python's venv lacks pip; install it with: apt-get install python3-venv"; }
    fi
}

install_torch() {
    pin=$(grep '^torch==' constraints.txt)
    if "$venv_python" -c "import importlib.metadata as m, sys
sys.exit(m.version('torch').split('+')[0] != '${pin#torch==}')" 2>/dev/null; then return; fi
    say "Installing $pin, CPU build (about 200 MB)"
    # A wheel on this machine's disk (PIP_FIND_LINKS), else PyTorch's index of CPU builds. Elsewhere than on
    # Linux x86_64 the build on PyPI is a CPU build too; there it would be CUDA's, of several GB.
    pip install --quiet --no-index --no-deps "$pin" 2>/dev/null ||
        pip install --quiet --no-deps --index-url "$TORCH_INDEX" "$pin" ||
        { [ "$(uname -s) $(uname -m)" != "Linux x86_64" ] && pip install --quiet --no-deps "$pin"; } ||
        die "no CPU build of $pin was found at $TORCH_INDEX; name a mirror with make TORCH_INDEX=https://... and try again"
}

if ! { [ -x "$venv_python" ] && pip --version >/dev/null 2>&1; }; then make_venv; fi
install_torch
case $what in
    base) extras="" ; size="the library and the command line (one to two minutes)" ;;
    full) extras="[app,dev,docs]" ; size="napari, the tests and the checkers too (two to four minutes)" ;;
    *) die "say 'base' or 'full', not '$what'" ;;
esac
say "Installing the packages pinned in constraints.txt: $size"
pip install --quiet --constraint constraints.txt --editable ".$extras"
rm -f .venv/.base-* .venv/.full-*
touch ".venv/.$what-$key"
