"""File > Open Sample: tiles of the three samples with their masks, and a mosaic."""

from pathlib import Path
from typing import Any

from .reader import LayerData, read_images


def sample_tiles() -> list[LayerData]:
    """Return the first tile of each sample, each with its mask.

    Returns
    -------
    list of layer data
        For each sample its mask over its image; they are laid side by side.

    Raises
    ------
    NpmError
        If the sample data are missing from the installation.
    """
    import tomllib

    folder = _folder()
    content = tomllib.loads((folder / "samples.toml").read_text(encoding="utf-8"))
    layers: list[LayerData] = []
    for place, sample in enumerate(content["samples"]):
        files = sorted((folder / sample["folder"]).rglob("*.tif"))
        # 420 columns from tile to tile leave a gap between tiles of 384.
        layers += _with_mask(files[0], folder / "masks", columns=place * 420)
    return layers


def sample_mosaic() -> list[LayerData]:
    """Return the mosaic and its mask.

    Raises
    ------
    NpmError
        If the sample data are missing from the installation.
    """
    folder = _folder()
    return _with_mask(sorted((folder / "mosaic").glob("*mosaic.tif"))[0], folder / "masks")


def _folder() -> Path:
    from napari_npm.study.sample import sample_data_folder

    return sample_data_folder()


def _with_mask(file: Path, masks: Path, columns: int = 0) -> list[LayerData]:
    from napari_npm.io import read_labels

    from .layer_styles import mask_colours, mask_features
    from .layers import Kind, Subject, layer_name, tag

    image = read_images(str(file))[0]
    placed: dict[str, Any] = {key: image[1][key] for key in ("scale", "units")}
    placed["translate"] = (0.0, columns * placed["scale"][1])
    subject = Subject(file.stem, image[1]["metadata"]["pixel_size_nm"])
    image[1].update(placed, name=layer_name(Kind.IMAGE, file.stem))
    image[1]["metadata"].update(tag(Kind.IMAGE, subject))
    for candidate in (masks / file.name, masks / f"{file.stem}-mask.tif"):
        if candidate.exists():
            labels: dict[str, Any] = {
                "name": layer_name(Kind.MASK, file.stem),
                "colormap": mask_colours(),
                "features": mask_features(),
                "opacity": 0.6,
                "metadata": tag(Kind.MASK, subject),
                **placed,
            }
            return [image, (read_labels(candidate), labels, "labels")]
    return [image]
