"""The parameters of classifying new images."""

from typing import Literal

from .parameters import Parameters, parameter


class ClassifyParameters(Parameters):
    """Which network is asked, how new images become porosity, and what is made of the answer."""

    model: str | None = parameter(
        None,
        "Name of a model of the study, or a folder with one; the only one, or mulf, by default.",
    )
    stride_px: int | None = parameter(
        None,
        "Distance of neighbouring windows; 384 puts them side by side, half a window by default.",
        unit="px",
        ge=1,
        le=384,
    )
    maps: bool = parameter(
        False,
        "The files are MulF porosity maps already: floating point from 0 to 1, or grey integers"
        " from 0 (n = 0) to the highest value of the type (n = 1).",
    )
    g_csh: float | None = parameter(
        None, "Grey value of C-S-H without metal (n = 0) in the new images."
    )
    g_metal: float | None = parameter(None, "Grey value of the metal (n = 1) in the new images.")
    pixel_size_nm: float | None = parameter(
        None, "Pixel size of files that carry none.", unit="nm", gt=0, le=1e6
    )
    any_pixel_size: bool = parameter(
        False, "Also take images of another pixel size than those that the model learnt from."
    )
    relevance: bool = parameter(
        False, "Also write where the network looked, for the whole image without seams."
    )
    target: str | None = parameter(
        None, "Class to explain; the most probable one of each image by default."
    )
    centre_bias: Literal["crops", "none"] = parameter(
        "crops",
        "What is left of the centre bias of the relevance after blending the windows is divided"
        " out by the mean of all windows of the image (crops), or left (none).",
    )
    batch_size: int = parameter(8, "Windows a step.", ge=1, le=1024)
