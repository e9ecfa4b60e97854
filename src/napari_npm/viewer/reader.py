"""napari reader: SEM images with their pixel size, and studies."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SUFFIXES = (".tif", ".tiff", ".png", ".bmp", ".jpg", ".jpeg")
_STACK_LIMIT_BYTES = 4 * 1024**3

LayerData = tuple[Any, dict[str, Any], str]
# What napari takes for "read, but there are no layers to add".
_NO_LAYERS: list[Any] = [(None,)]


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Return the reader function for files or folders of SEM images, or None.

    Parameters
    ----------
    path : str or sequence of str
        What the user dropped or opened.
    """
    paths = [Path(path)] if isinstance(path, str) else [Path(one) for one in path]
    if not paths:
        return None
    if len(paths) == 1 and is_study(paths[0]):
        return open_study
    for one in paths:
        if one.is_dir():
            if not _images_in(one):
                return None
        elif one.suffix.lower() not in SUFFIXES:
            return None
    return read_images


def is_study(path: Path) -> bool:
    """Tell whether a folder is that of a study."""
    from napari_npm.study.model import FILE_NAME

    return path.is_dir() and (path / FILE_NAME).exists()


def open_study(path: str | Sequence[str]) -> list[LayerData]:
    """Open a study's folder, dropped on the canvas or chosen in the file menu, in its dock.

    Returns
    -------
    list
        No layers: the dock shows the study's images.

    Raises
    ------
    NpmError
        If there is no viewer to open it in, or a job runs in it.
    """
    from napari import current_viewer

    from napari_npm.core.errors import NpmError

    from .catalogue import STUDY_DOCK, open_dock

    viewer = current_viewer()
    if viewer is None:
        raise NpmError("A study is opened in the viewer: napari-npm open STUDY.")
    open_dock(viewer, STUDY_DOCK).open(Path(path) if isinstance(path, str) else Path(path[0]))
    return _NO_LAYERS


def read_images(path: str | Sequence[str]) -> list[LayerData]:
    """Read SEM images as napari layer data.

    Parameters
    ----------
    path : str or sequence of str
        Files or folders; in a folder files that are no images are named and skipped.

    Returns
    -------
    list of (data, keywords, "image")
        One layer an image; images of a folder that share shape and pixel size form one stack.

    Raises
    ------
    NpmError
        If not a single image could be read.
    """
    from napari_npm.core.errors import NpmError

    chosen = [Path(path)] if isinstance(path, str) else [Path(one) for one in path]
    layers: list[LayerData] = []
    skipped: list[str] = []
    for one in chosen:
        files = _images_in(one) if one.is_dir() else [one]
        images = []
        for file in files:
            try:
                images.append((file, _read(file)))
            except NpmError as error:
                if len(chosen) == 1 and len(files) == 1:
                    raise
                skipped.append(f"{file.name}: {error}")
        layers += _stacks(one.name, images) if one.is_dir() else _singles(images)
    if not layers:
        raise NpmError("None of these files could be read as an SEM image: " + " ".join(skipped))
    _tell(layers, skipped)
    return layers


def _images_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)


def _read(file: Path) -> Any:
    from napari_npm.io import read_sem

    return read_sem(file)


def _singles(images: list[tuple[Path, Any]]) -> list[LayerData]:
    return [_layer(image.pixels, file.stem, image, str(file)) for file, image in images]


def _stacks(folder: str, images: list[tuple[Path, Any]]) -> list[LayerData]:
    import numpy as np

    groups: dict[tuple[Any, ...], list[tuple[Path, Any]]] = {}
    for file, image in images:
        key = (image.pixels.shape, image.pixels.dtype, image.pixel_size_nm)
        groups.setdefault(key, []).append((file, image))
    layers: list[LayerData] = []
    for group in groups.values():
        size = sum(image.pixels.nbytes for _, image in group)
        if len(group) == 1 or size > _STACK_LIMIT_BYTES:
            layers += _singles(group)
            continue
        pixels = np.stack([image.pixels for _, image in group])
        name = f"{folder} ({len(group)} images)"
        layer = _layer(pixels, name, group[0][1], str(group[0][0].parent))
        layer[1]["metadata"]["files"] = [str(file) for file, _ in group]
        layers.append(layer)
    return layers


def _layer(pixels: Any, name: str, image: Any, source: str) -> LayerData:
    from .layers import spatial

    keywords: dict[str, Any] = {
        "name": name,
        "colormap": "gray",
        **spatial(image.pixel_size_nm, pixels.ndim),
        "metadata": {
            "source": source,
            "pixel_size_nm": image.pixel_size_nm,
            "kv": image.kv,
            "detector": image.detector,
            "warnings": tuple(image.warnings),
        },
    }
    if pixels.dtype == "uint8":
        keywords["contrast_limits"] = (0, 255)
    return pixels, keywords, "image"


def _tell(layers: list[LayerData], skipped: list[str]) -> None:
    """Say what the user should know: no pixel size, doubtful grey values, files left out."""
    import warnings

    lines = []
    for _, keywords, _ in layers:
        lines += [f"{keywords['name']}: {text}" for text in keywords["metadata"]["warnings"]]
    lines += [f"Skipped {text}" for text in skipped]
    for line in dict.fromkeys(lines):
        warnings.warn(line, UserWarning, stacklevel=2)
