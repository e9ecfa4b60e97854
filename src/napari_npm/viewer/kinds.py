"""What the plugin's layers show, and the names and colours of the mask's labels."""

from enum import StrEnum

from napari_npm.core.masking import Label


class Kind(StrEnum):
    """What a layer shows; the first word of its name."""

    IMAGE = "BSE"
    MASK = "Mask"
    MULF = "MulF"
    MICF = "MicF"
    LPHP = "LP/HP"
    RELEVANCE = "Relevance"
    DIFFERENCE = "Class difference"
    CLASSES = "Most probable class"
    PROBABILITY = "Probability"
    REGIONS = "Regions"
    REGION = "Chosen region"
    BOUNDARY = "Boundary"
    COMPARED = "Compared with"
    PATTERN = "Shared pattern"
    PATTERN_CONTOUR = "Contour of shared pattern"
    PREVIEW = "Preview"
    CLIPPED = "Clipped"
    REFERENCES = "Proposed references"
    STROKES = "Strokes"
    PROPOSED_UC = "Proposed UC"
    GRAIN = "Grain"
    LASSO = "Lasso"


LABEL_NAMES: dict[int, str] = {
    Label.UNHYDRATED: "unhydrated cement (UC)",
    Label.CSH: "reference C-S-H",
    Label.METAL: "reference metal",
}
# Okabe-Ito colours, which colour-blind readers can tell apart.
LABEL_COLOURS: dict[int, str] = {
    Label.UNHYDRATED: "#E69F00",
    Label.CSH: "#56B4E9",
    Label.METAL: "#CC79A7",
}
# For classes, in their order: Okabe-Ito again, blue and orange first.
CLASS_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")


def class_colour(number: int) -> str:
    """Return the colour of a class; after the last one they begin again."""
    return CLASS_COLOURS[number % len(CLASS_COLOURS)]


# For samples in plots, by the same colours: seen on a dark ground and on white.
SAMPLE_COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442")
