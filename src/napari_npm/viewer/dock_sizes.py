"""How wide the user keeps each dock, for all studies; napari itself remembers the areas."""

import threading
from pathlib import Path
from typing import Any

from napari_npm.core.errors import NpmError
from napari_npm.study.view_state import own_text, read_own

FILE_NAME = "docks.json"
SCHEMA_VERSION = 1
_SIZES = "sizes"
_lock = threading.Lock()

Size = tuple[int, int]


def sizes_path() -> Path:
    """Return the file in the user's settings folder."""
    from platformdirs import user_config_path

    return user_config_path("napari-npm", appauthor=False) / FILE_NAME


def read_sizes() -> dict[str, Size]:
    """Return width and height of each dock, px; none where no file tells."""
    return _sizes_in(read_own(sizes_path(), SCHEMA_VERSION))


def _sizes_in(content: dict[str, Any]) -> dict[str, Size]:
    raw = content.get(_SIZES)
    found = {}
    for name, size in (raw if isinstance(raw, dict) else {}).items():
        if isinstance(size, list) and len(size) == 2 and all(isinstance(one, int) for one in size):
            found[name] = (size[0], size[1])
    return found


def write_sizes(sizes: dict[str, Size]) -> None:
    """Write sizes; those of docks that are not among them stay. A refusal changes nothing."""
    from napari_npm.io import write_text

    with _lock:
        before = read_sizes()
        both = {**before, **sizes}
        if both == before:
            return
        try:
            write_text(sizes_path(), own_text({_SIZES: both}, SCHEMA_VERSION))
        except (NpmError, OSError):
            return  # the next dock comes up as wide as napari makes it
