"""smooth: MulF to MicF nanoporosity maps by Gaussian smoothing (paper, section 2.1)."""

from collections.abc import Sequence
from typing import Any

from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_array
from napari_npm.study.settings import SmoothParameters
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.wiring import map_inputs


class Smooth(Step[SmoothParameters]):
    """Remove the nanoscale features of MulF maps."""

    name = "smooth"
    title = "Smooth"
    summary = "Remove nanoscale features by Gaussian smoothing: MicF nanoporosity maps."
    needs = ("calibrate",)
    Parameters = SmoothParameters

    def items(self, study: Study, parameters: SmoothParameters) -> Sequence[Item]:
        """One item an image."""
        return [Item(image.id, map_inputs(study, image.id, "mulf")) for image in study.images]

    def kept(self, study: Study, parameters: SmoothParameters, item: Item) -> bool:
        """Tell whether the image's MicF tiles are still there."""
        return study.stack("micf").has(study.tiles_of(item.id))

    def prepare(self, study: Study, parameters: SmoothParameters) -> None:
        """Make room for the MicF maps."""
        study.stack("micf").prepare(study.tiles, "float32", study.pixel_size_nm)

    def compute(
        self,
        study: Study,
        parameters: SmoothParameters,
        item: Item,
        progress: Progress,
    ) -> Any:
        """Return the smoothed tiles of an image."""
        from napari_npm.core.smoothing import microscale, sigma_in_px

        sigma = parameters.sigma_px
        if parameters.sigma_um is not None:
            sigma = sigma_in_px(parameters.sigma_um, study.pixel_size_nm)
        maps = study.stack("mulf").read(study.tiles_of(item.id))
        return microscale(maps, sigma, edge=parameters.edge)

    def store(
        self,
        study: Study,
        parameters: SmoothParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Write the tiles of the image's MicF map."""
        study.stack("micf").write(study.tiles_of(item.id), result)
        return Stored(hash_array(result))
