"""What the labels of a mask mean."""

from enum import IntEnum


class Label(IntEnum):
    """Pixel values of a mask (`masks/<image>.tif` of a study); 0 is unlabelled."""

    UNHYDRATED = 1
    CSH = 2
    METAL = 3
