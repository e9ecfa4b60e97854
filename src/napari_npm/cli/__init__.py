"""The command line: a thin face over the study."""

import sys


def main() -> None:
    """Run the command line; what a user got wrong ends in one sentence and exit status 2."""
    from napari_npm.core.errors import Cancelled, NpmError

    from .app import app

    try:
        app(prog_name="napari-npm")
    except NpmError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except Cancelled:
        print("Stopped; run the same command again to go on.", file=sys.stderr)
        sys.exit(130)
