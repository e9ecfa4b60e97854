#!/bin/sh
# The system libraries that Qt and a virtual display need: present, installed, or named.
set -eu
cd "$(dirname "$0")/.."
[ "$(uname -s)" = Linux ] || exit 0

packages="libegl1 libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1 fonts-dejavu-core libxkbcommon-x11-0 \
libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 \
libxcb-xinerama0 libxcb-xkb1 xauth xvfb"

missing() {
    # Qt's own plugin knows what it links to; asking the loader needs no list of file names.
    for plugin in .venv/lib/python*/site-packages/PyQt6/Qt6/plugins/platforms/libqxcb.so; do
        [ -e "$plugin" ] && ldd "$plugin" | sed -n 's/^[[:space:]]*\(.*\) => not found.*/\1/p'
    done
    if [ -z "${DISPLAY:-}" ]; then
        for program in Xvfb xvfb-run xauth; do
            command -v "$program" >/dev/null 2>&1 || echo "$program"
        done
    fi
}

lacking=$(missing | sort -u | tr '\n' ' ')
[ -n "$lacking" ] || exit 0

if [ "$(id -u)" = 0 ]; then as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root="sudo -n"
else as_root="no"; fi

if [ "$as_root" = no ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "system: this machine lacks ${lacking% }, which windows need; as root, run: apt-get install $packages" >&2
    exit 1
fi
echo "==> Installing the system libraries that Qt needs (lacking: ${lacking% })"
$as_root apt-get update -qq
# shellcheck disable=SC2086 - both are lists of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends $packages >/dev/null
lacking=$(missing | sort -u | tr '\n' ' ')
[ -z "$lacking" ] || { echo "system: still lacking after the installation: $lacking" >&2; exit 1; }
