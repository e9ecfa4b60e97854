"""Captions of the fields of a form, and words for the values to choose from: no Qt, no napari."""

from typing import Any

# Names that a scientist would not write with underscores and small letters.
_WORDS = {
    "csh": "C-S-H",
    "uc": "UC",
    "lp": "LP",
    "hp": "HP",
    "mulf": "MulF",
    "micf": "MicF",
    "dpi": "DPI",
    "um": "µm",
    "kv": "kV",
    "kev": "keV",
    "anova": "ANOVA",
}
# Symbols that are not made of words.
_SYMBOLS = {
    "g_csh": "G<sub>CSH</sub>",
    "g_metal": "G<sub>m</sub>",
    "sigma_px": "σ in px",
    "sigma_um": "σ in µm",
    "r_max_px": "r<sub>max</sub>",
}
_UNIT_WORDS = {"px", "um", "um2", "nm", "kv", "kev", "deg", "mm"}

# What the name alone does not say, step by step. Short: the dock is narrow.
_CAPTIONS = {
    "split": {
        "by": "Keep together",
        "test_fraction": "Share that tests",
        "validation_fraction": "Share that validates",
        "folds": "Number of folds",
        "fold": "Fold that tests",
        "train_per_class": "Tiles a sample to learn",
        "list_file": "List of parts (CSV)",
        "allow_leaks": "Go on despite leaks",
    },
    "train": {
        "maps": "Learn from",
        "epochs": "Epochs, at most",
        "patience": "Epochs without gain",
        "augment": "Turn and mirror tiles",
        "batch_size": "Tiles a step",
        "padding": "Beyond the edge",
        "head": "Last layer reads",
        "widths": "Feature maps a block",
        "jitter_offset": "Vary brightness by",
        "jitter_gain": "Vary contrast by",
        "device": "Compute on",
    },
    "evaluate": {
        "maps": "Learn from",
        "seeds": "Seeds for each map",
        "splits": "Split of each training",
        "controls": "Run the controls",
        "shuffles": "Shuffled trainings",
        "jitter_offset": "Shift brightness by",
        "jitter_gain": "Change contrast by",
        "jitter_tiles": "Tiles to shift",
        "bins": "Bins of confidence",
    },
    "explain": {
        "target": "Explain the class",
        "against": "Compare with",
        "rule": "Rule",
        "input_rule": "Rule of the first layer",
        "undefined": "Relevance in UC",
        "average": "Average over turns",
        "difference": "Class difference too",
        "correction": "Correct centre bias",
        "field_tiles": "Tiles a mean map",
        "field_sigma_px": "Smooth mean maps by",
        "stride_px": "Seamless, every",
        "engine": "Computed by",
        "batch_size": "Tiles a step",
    },
    "figure": {
        "figure": "The paper's figure",
        "tiles": "Tiles, not whole images",
        "pick": "Pick at random",
        "seed": "Seed of the pick",
        "overlays": "Laid over",
        "low": "Colours from porosity",
        "high": "Colours to porosity",
        "scale_bar": "Scale bar in panels",
        "scale_bar_um": "Its length",
        "column": "Width",
        "width_mm": "Other width",
        "raw_data": "Write the data too",
    },
    "correlate": {
        "whole": "In whole maps",
        "regions": "Inside the regions",
    },
    "compare": {
        "tiles": "Compare tiles",
        "normalise": "Scale maps to sum 1",
        "method": "Order found by",
        "seeds": "Seeds for stability",
        "grouping": "Groups by",
        "number": "Groups",
        "size": "Maps a group",
        "contour": "Level of the contour",
        "decay": "Dim what differs by",
        "connectivity": "Neighbours of a pixel",
    },
    "faithfulness": {
        "tiles": "Test tiles",
        "block_px": "Side of a block",
        "random_orders": "Random orders",
        "fill": "Blocks become",
        "blur_px": "Blur",
        "measure": "Follow the",
        "layer_draws": "Draws of each layer",
        "noise_sigma": "Noise (porosity)",
        "noise_draws": "Draws of noise",
        "share": "Relevance in regions",
        "batch_size": "Maps at a time",
    },
}
# Values as the field writes them; all others as the command line does.
_VALUES = {
    "mulf": "MulF",
    "micf": "MicF",
    "both": "both together",
    "d4": "d4 (eight turns)",
    "side_by_side": "side by side",
    "bse": "BSE",
    "lp_hp": "LP/HP",
    "png": "PNG",
    "tif": "TIFF",
    "svg": "SVG",
    "pdf": "PDF",
}


def title_of(name: str, unit: str = "", step: str = "") -> str:
    """Return a field's caption: the step's own, or its name without the unit after the value."""
    if name in _CAPTIONS.get(step, {}):
        return _CAPTIONS[step][name]
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    words = name.split("_")
    if unit and len(words) > 1 and words[-1] in _UNIT_WORDS:
        words = words[:-1]
    said = [_WORDS.get(word, word) for word in words]
    return " ".join([said[0] if words[0] in _WORDS else said[0].capitalize(), *said[1:]])


def named_captions() -> dict[str, tuple[str, ...]]:
    """Return the parameters of each step that have a caption of their own."""
    return {step: tuple(captions) for step, captions in _CAPTIONS.items()}


def value_words(value: Any) -> str:
    """Return how a value to choose is written."""
    return "none" if value is None else _VALUES.get(value, str(value))
