"""Does what a user does in the window between two commands of the guide, from the command line.

``python by_hand.py STUDY`` gives every image without a mask the sample data's, as if it had been
drawn, and makes networks, distances and figures small, so that what follows takes seconds.
"""

import sys
from pathlib import Path

from napari_npm.io import read_labels
from napari_npm.study import Study, sample_data_folder

SMALL = {
    "simulate": {"points": 3, "standard_error": 0.02},
    "train": {"epochs": 1, "widths": (4, 4, 4), "maps": ("mulf",)},
    "predict": {"resamples": 100},
    "evaluate": {"shuffles": 1, "resamples": 100},
    "faithfulness": {"tiles": 3, "steps": 4, "random_orders": 1, "noise_draws": 1},
    "correlate": {"r_max_px": 30},
    "figures": {"dpi": 60, "panels": 1},
}


def masks_and_small_networks(folder: Path) -> None:
    """Leave a study as a user who was in the window would."""
    with Study.open(folder) as study:
        for step, values in SMALL.items():
            study.set_parameters(step, **values)
        for image in study.images:
            if not study.mask(image.id).any():
                drawn = sample_data_folder() / "masks" / f"{image.id}.tif"
                study.set_mask(image.id, read_labels(drawn))


if __name__ == "__main__":
    masks_and_small_networks(Path(sys.argv[1]))
