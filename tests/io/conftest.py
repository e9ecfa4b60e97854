"""Files as microscopes write them, made small and synthetic."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

FEI_TEXT = {
    "User": {"Date": "05/18/2020", "Time": "01:26:29 PM", "UserText": "paste A"},
    "System": {"SystemType": "Test G4"},
    "Beam": {"HV": 5000, "Beam": "EBeam", "Scan": "EScan"},
    "EBeam": {"HV": 5000, "HFW": 1.28e-06, "WD": 0.004, "BeamCurrent": 2e-10},
    "Scan": {"PixelWidth": 2e-08, "PixelHeight": 2e-08, "Dwelltime": 3e-07},
    "Image": {
        "DigitalContrast": 1,
        "DigitalBrightness": 0,
        "DigitalGamma": 1,
        "ResolutionX": 64,
        "ResolutionY": 48,
    },
    "Detectors": {"Number": 1, "Name": "CBS", "Mode": "BSE"},
    "CBS": {"Contrast": 60.5, "Brightness": 41.25},
    "PrivateFei": {"TimeOfCreation": "18.05.2020 13:26:29", "DatabarHeight": 0},
}
ZEISS_TEXT = {
    "AP_WD": "WD = 3.9 mm",
    "AP_BRIGHTNESS": "Brightness = 47.5 %",
    "AP_CONTRAST": "Contrast = 28.0 %",
    "AP_PIXEL_SIZE": "Pixel Size = 5.825 nm",
    "AP_IMAGE_PIXEL_SIZE": "Image Pixel Size = 93.2 nm",
    "AP_WIDTH": "Width = 5.965 µm",
    "AP_ACTUALKV": "EHT = 5.00 kV",
    "AP_GAMMA": "Gamma = 1.000",
    "DP_DETECTOR_CHANNEL": "Signal A = InLens",
    "AP_DATE": "Date :25 Sep 2018",
    "AP_TIME": "Time :8:20:42",
}


@pytest.fixture
def micrograph() -> NDArray[np.uint8]:
    """48 x 64 grey values from 20 to 219: nothing saturated, every row different."""
    return np.random.default_rng(1).integers(20, 220, (48, 64), dtype=np.uint8)


@pytest.fixture
def write_fei(tmp_path: Path) -> Callable[..., Path]:
    """Write an FEI TIFF; keyword arguments replace keys of sections (None removes one)."""

    def write(pixels: NDArray[Any], code: int = 34682, **sections: dict[str, Any]) -> Path:
        lines = []
        for name, section in {**FEI_TEXT, **sections}.items():
            lines.append(f"[{name}]")
            merged = {**FEI_TEXT.get(name, {}), **section}
            lines += [f"{key}={value}" for key, value in merged.items() if value is not None]
        tag = (code, "s", 0, "\r\n".join(lines), True)
        path = tmp_path / "fei.tif"
        # A 96 dpi resolution, as these files have, which must never become a pixel size.
        options: dict[str, Any] = {"resolution": (96, 96), "resolutionunit": "INCH"}
        tifffile.imwrite(path, pixels, extratags=[tag], metadata=None, **options)
        return path

    return write


@pytest.fixture
def write_zeiss(tmp_path: Path) -> Callable[..., Path]:
    """Write a Zeiss palette TIFF with a red overlay colour at grey value 40."""

    def write(pixels: NDArray[Any], **entries: str | None) -> Path:
        merged = {**ZEISS_TEXT, **entries}
        lines = ["0", "5.824988e-09"]
        for key, value in merged.items():
            lines += [key, value] if value is not None else []
        ramp = np.arange(256, dtype=np.uint16) * 257
        colormap = np.stack([ramp] * 3)
        colormap[:, 40] = (65535, 0, 0)
        text = "\r\n".join(lines).encode("cp1252")
        path = tmp_path / "zeiss.tif"
        tifffile.imwrite(
            path,
            pixels,
            photometric="palette",
            colormap=colormap,
            extratags=[(34118, 2, len(text) + 1, text + b"\0", True)],
            metadata=None,
        )
        return path

    return write


@pytest.fixture
def plain(tmp_path: Path) -> Callable[..., Path]:
    """Write a TIFF without any metadata."""

    def write(pixels: NDArray[Any], name: str = "a.tif", **options: Any) -> Path:
        path = tmp_path / name
        tifffile.imwrite(path, pixels, metadata=None, **options)
        return path

    return write
