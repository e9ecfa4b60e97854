"""How wide a phase is: the local thickness by discs that fit into it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from .runs import check_phase


def local_thickness(phase: ArrayLike) -> NDArray[np.int32]:
    """Return for each pixel of a phase the diameter of the largest disc in it that covers it.

    Hildebrand and Rüegsegger (1997), doi:10.1046/j.1365-2818.1997.1340694.x, with discs of whole
    radii R = 1, 2, ... px: the pixels nearer than R to a centre. A disc of radius R is 2 R - 1
    pixels wide, so a line of single pixels is 1 thick. What lies outside the map is taken to be
    of the phase, so parts that the edge cuts are not made thinner.

    Parameters
    ----------
    phase : array_like of bool, shape (H, W)
        True on the phase.

    Returns
    -------
    ndarray of int32, shape (H, W)
        Diameter in pixels, an odd number; 0 outside the phase. A phase that fills the map is as
        thick as the map's shorter side.

    Raises
    ------
    NpmError
        If the map is empty or has not two dimensions.
    """
    mask = check_phase(phase)
    thickness = np.zeros(mask.shape, dtype=np.int32)
    if mask.all():
        return np.full(mask.shape, min(mask.shape), dtype=np.int32)
    room = ndimage.distance_transform_edt(mask)
    thickness[mask] = 1
    for radius in range(2, int(room.max()) + 1):
        # Pixels nearer than the radius to a pixel with that much room around it.
        centres = room >= radius
        rows, columns = (
            slice(max(int(hit[0]) - radius, 0), int(hit[-1]) + radius + 1)
            for hit in (np.flatnonzero(centres.any(axis=1)), np.flatnonzero(centres.any(axis=0)))
        )
        part = (rows, columns)
        near = ndimage.distance_transform_edt(~centres[part]) < radius
        thickness[part][near] = 2 * radius - 1
    return thickness
