"""The sample data that come with the package, and a study made of them."""

import shutil
import tomllib
from pathlib import Path

from napari_npm.core.errors import NpmError

from .importing import add_folder
from .marks import take_masks
from .study import Study


def sample_data_folder() -> Path:
    """Return the folder of the sample data, in the package or in a source checkout.

    Raises
    ------
    NpmError
        If this installation has none.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "sample_data", package.parents[1] / "sample_data"):
        if (folder / "samples.toml").exists():
            return folder
    raise NpmError("The sample data are missing from this installation: install it again.")


def copy_sample_data(target: Path) -> Path:
    """Copy images, masks and truth of the sample data into a new folder.

    Parameters
    ----------
    target : Path
        A folder that is missing or empty.

    Returns
    -------
    Path
        The folder, absolute.

    Raises
    ------
    NpmError
        If the folder is not empty, or cannot be written.
    """
    from napari_npm.io import writing

    target = Path(target).resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise NpmError(f"{target} is not empty: name a new folder.")
    with writing(target):
        shutil.copytree(
            sample_data_folder(),
            target,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("*.py", "__pycache__"),
        )
    return target


def create_sample_study(folder: Path) -> Study:
    """Make a study of the sample data, with their masks and known places.

    Parameters
    ----------
    folder : Path
        Folder of the new study; the images are copied into it.

    Returns
    -------
    Study
        The study, open for writing, no step run yet.

    Raises
    ------
    NpmError
        If the folder is not empty, or cannot be written.
    """
    from napari_npm.io import writing

    folder = Path(folder).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NpmError(f"{folder} is not empty: name a new folder.")
    # made beside it and then moved: what was broken off must not pass for the whole
    made = folder.with_name(f".{folder.name}.part")
    with writing(made):
        if made.exists():
            shutil.rmtree(made)
        with Study.create(made, name="Sample study") as study:
            _fill(study)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    return Study.open(folder)


def _fill(study: Study) -> None:
    data = sample_data_folder()
    samples = tomllib.loads((data / "samples.toml").read_text(encoding="utf-8"))["samples"]
    for sample in samples:
        add_folder(
            study,
            data / "images" / sample["name"],
            sample=sample["name"],
            label=sample["label"],
            copy=True,
        )
    take_masks(study, data / "masks")
    take_masks(study, data / "truth", truth=True)
    # 30 tiles a sample leave room for groups of ten maps. The paper's decay and contour are for
    # about twenty: both go with the number of maps (docs/similarity.md).
    study.set_parameters("compare", size=10, decay=30.0, contour=1.5e-6)
