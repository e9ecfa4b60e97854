#!/bin/sh
# Run a command that opens windows: on the display there is, else on a virtual one.
if [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}" ]; then exec "$@"; fi
exec xvfb-run -a -s "-screen 0 1600x1200x24" "$@"
