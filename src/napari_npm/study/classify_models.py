"""The network that is asked about new images, and what it reads of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .classify_sources import Source
from .settings import SmoothParameters
from .study import Study
from .wiring import MODEL_MAPS

if TYPE_CHECKING:
    from napari_npm.core.network import NanoporosityNet


@dataclass(frozen=True)
class Model:
    """A trained network with what its card tells.

    Attributes
    ----------
    name : str
        As the study calls it, or its folder's name.
    folder : Path
        Where it lies.
    network : NanoporosityNet
        In eval mode.
    maps : str
        What it reads: ``"mulf"``, ``"micf"`` or ``"both"``.
    classes : tuple of str
        What it tells apart.
    pixel_size_nm : float or None
        Of the maps that it learnt from; None where that is not known.
    """

    name: str
    folder: Path
    network: "NanoporosityNet"
    maps: str
    classes: tuple[str, ...]
    pixel_size_nm: float | None


class ModelView:
    """What a network reads of a porosity map: MulF, MicF or both, made for each window alone.

    A window is smoothed by itself, as the tiles were that the network learnt from: smoothed with
    its neighbourhood it would differ from them near its edges.

    Parameters
    ----------
    porosity : ndarray, (H, W)
        The MulF map.
    maps : str
        ``"mulf"``, ``"micf"`` or ``"both"``.
    sigma_px : float
        Standard deviation of the smoothing.
    edge : str
        What lies beyond the edge of a window, as in `core.smoothing.microscale`.
    """

    def __init__(
        self, porosity: NDArray[np.float32], maps: str, sigma_px: float, edge: Any
    ) -> None:
        self._porosity = porosity
        self._kinds = MODEL_MAPS[maps]
        self._smoothing = sigma_px, edge
        one = len(self._kinds) == 1
        self.shape = porosity.shape if one else (len(self._kinds), *porosity.shape)

    def __getitem__(self, part: Any) -> NDArray[np.float32]:
        from napari_npm.core.smoothing import microscale

        mulf = self._porosity[part]
        sigma, edge = self._smoothing
        channels = [
            mulf if kind == "mulf" else microscale(mulf, sigma, edge=edge) for kind in self._kinds
        ]
        return channels[0] if len(channels) == 1 else np.stack(channels)


def load(study: Study, name: str | None) -> Model:
    """Load a model of a study by name, or one in a folder of its own.

    Raises
    ------
    NpmError
        If there is none, several and none named, or it is damaged.
    """
    from .model_cards import read_card
    from .models import WEIGHTS, load_model, read_facts

    names = study.models
    if name is None:
        if not names:
            raise NpmError(
                f"{study.folder} has no trained model: run the train step, or name a folder with"
                " one."
            )
        name = "mulf" if "mulf" in names else names[0]
    if name in names:
        folder, network = study.models_folder / name, study.load_model(name)
    else:
        folder = Path(name).parent if Path(name).name == WEIGHTS else Path(name)
        if not (folder / WEIGHTS).is_file():
            known = f" ({', '.join(names)})" if names else ""
            raise NpmError(
                f"{name} is neither a model of the study{known} nor a folder with a trained model."
            )
        network = load_model(folder)
        folder = folder.resolve()
    facts: Mapping[str, Any] = {**read_card(folder), **read_facts(folder)}
    maps = str(facts.get("maps", "mulf"))
    if maps not in MODEL_MAPS or len(MODEL_MAPS[maps]) != network.config.in_channels:
        raise NpmError(f"{folder} does not tell which maps it reads: choose another model.")
    classes = tuple(str(one) for one in facts.get("classes", ()))
    if len(set(classes)) != network.n_classes:
        classes = tuple(f"class {number}" for number in range(1, network.n_classes + 1))
    size = facts.get("pixel_size_nm")
    size = float(size) if isinstance(size, int | float) and size > 0 else None
    return Model(folder.name, folder, network, maps, classes, size)


def view_of(study: Study, model: Model, source: Source) -> ModelView:
    """Return what a model reads of an image, as the study makes its maps."""
    from napari_npm.core.smoothing import sigma_in_px

    smooth = study.parameters("smooth")
    assert isinstance(smooth, SmoothParameters)
    sigma = smooth.sigma_px
    if smooth.sigma_um is not None:
        sigma = sigma_in_px(smooth.sigma_um, source.pixel_size_nm)
    return ModelView(source.porosity, model.maps, sigma, smooth.edge)
