"""Everything Qt and napari: dock widgets, layer building, jobs."""

import warnings

# napari silences this about its own random colours by catch_warnings, which another thread that
# uses it too, as numba does while it compiles, undoes: the user would be notified of it.
NAPARIS_OWN = "Conversion from CIE-LAB, via XYZ to sRGB"
warnings.filterwarnings("ignore", NAPARIS_OWN, UserWarning)
