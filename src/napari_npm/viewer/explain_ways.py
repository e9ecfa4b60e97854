"""Explaining an image tile by tile, or without seams, for worker threads."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .classify_work import tile_of
from .image_work import Origins, join

# Tiles between two chances to stop.
_BATCH = 2
_KINDS = ("mulf", "micf")


@dataclass(frozen=True)
class Work:
    """One image to explain: model, maps, places of the tiles, settings, question."""

    choice: Any
    model: Any
    maps: NDArray[Any]
    origins: Origins
    parameters: Any
    target: int | None
    against: Any
    study: Any
    image_id: str | None

    @property
    def settings(self) -> dict[str, Any]:
        """What an `Explainer` is told."""
        names = ("rule", "engine", "input_rule", "undefined", "average", "precision", "difference")
        return {name: getattr(self.parameters, name) for name in names}

    def field(self, origin: tuple[int, int]) -> Any:
        """Return the mean map that corrects a tile, None where none was asked for.

        Raises
        ------
        NpmError
            If there is none for this model, image and settings.
        """
        from napari_npm.study.centre_fields import field_of

        if self.parameters.correction != "flat-field":
            return None
        study, name = self.study, self.choice.name
        own = study is not None and self.choice.folder.parent == study.models_folder
        if not own or self.image_id is None or not self._fields_fit():
            raise NpmError(
                "The flat-field correction divides by the mean map of other specimens, which the "
                "study makes for one model and one choice of settings: choose an image and a "
                "model of the study, and run Explain all images with these settings first."
            )
        tiles = study.tiles_of(self.image_id)
        tile = next((one for one in tiles if one.origin == origin), tiles[0])
        return field_of(study, name, tile, self.parameters.seed)

    def _fields_fit(self) -> bool:
        """Tell whether the study's mean maps are those of this model and of these settings."""
        from napari_npm.study.centre_fields import field_key, field_paths, key_of_fields

        study, name = self.study, self.choice.name
        if not all(path.exists() for path in field_paths(study, name)):
            return False
        return key_of_fields(study, name) == field_key(study, self.parameters, name)


def tile_by_tile(
    report: Progress, work: Work
) -> Generator[None, None, tuple[Any, Any, list[dict[str, Any]]]]:
    """Explain each tile by itself; return relevance, class difference and a row a tile."""
    from napari_npm.core.relevance import Explainer

    explainer = Explainer(work.model, batch_size=_BATCH, **work.settings)
    side, maps, origins = tile_of(work.choice), work.maps, work.origins
    pieces, differences, rows = [], [], []
    for start in range(0, len(origins), _BATCH):
        report(start, len(origins), f"tile {start + 1} of {len(origins)}")
        part = origins[start : start + _BATCH]
        tiles = np.stack([maps[..., r : r + side, c : c + side] for r, c in part])
        asked = None if work.target is None else np.full(len(part), work.target)
        found = explainer(tiles.astype(np.float32, copy=False), asked, work.against)
        for number, origin in enumerate(part):
            relevance = found.relevance[number]
            difference = None if found.difference is None else found.difference[number]
            field = work.field(origin)
            if field is not None:
                relevance, difference = _flattened(relevance, difference, field)
            pieces.append(relevance)
            differences.append(difference)
            rows.append(_row(found, number))
        yield
    shape = maps.shape[-2:]
    return (
        np.asarray(join(np.stack(pieces), origins, shape), np.float32),
        None if differences[0] is None else join(np.stack(differences), origins, shape),
        rows,
    )


def _row(found: Any, number: int) -> dict[str, Any]:
    shares = found.channel_share[number]
    return {
        "target": int(found.target[number]),
        "against": None if found.against is None else int(found.against[number]),
        "network_says": int(found.predicted[number]),
        "output": float(found.output[number]),
        "raw_sum": float(found.raw_sum[number]),
        "conservation": float(found.conservation[number]),
        "undefined": float(found.undefined[number]),
        **(
            {f"share_{kind}": float(part) for kind, part in zip(_KINDS, shares, strict=True)}
            if len(shares) > 1
            else {}
        ),
        "engine": found.engine,
        "input_rule": found.input_rule,
        "undefined_rule": found.undefined_rule,
    }


def without_seams(
    report: Progress, work: Work
) -> Generator[None, None, tuple[Any, Any, list[dict[str, Any]]]]:
    """Explain overlapping windows and blend them; return as `tile_by_tile`, a row a window."""
    from napari_npm.core.sliding import explain_image

    parameters, field = work.parameters, work.field(work.origins[0])
    found = explain_image(
        work.model,
        work.maps,
        work.target,
        tile=tile_of(work.choice),
        stride=parameters.stride_px,
        centre_bias="none" if field is None else field,
        against=work.against,
        batch_size=_BATCH,
        progress=report,
        **work.settings,
    )
    yield
    against = {None: None, "others": -1}.get(found.against, found.against)
    rows = [
        {
            "target": found.target,
            "against": against,
            "network_says": int(says),
            "output": None,
            "raw_sum": None,
            "conservation": float(kept),
            "undefined": float(met),
            "engine": parameters.engine,
            "input_rule": parameters.input_rule,
            "undefined_rule": parameters.undefined,
        }
        for says, kept, met in zip(
            found.predicted, found.conservation, found.undefined, strict=True
        )
    ]
    return found.relevance, found.difference, rows


def _flattened(relevance: Any, difference: Any, field: Any) -> tuple[Any, Any]:
    from napari_npm.core.centre_bias import flat_field

    (flat,) = flat_field(relevance[None], field)
    if difference is not None:
        # Scaled as the relevance is, so that both stay comparable.
        difference = (difference / field / (float((relevance / field).sum()) or 1.0)).astype("f4")
    return flat, difference
