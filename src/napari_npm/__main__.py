"""``python -m napari_npm``: the command line."""

from napari_npm.cli import main

if __name__ == "__main__":
    main()
