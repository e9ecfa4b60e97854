"""The methods paragraph: what was done, in words and numbers that a paper can take over."""

from collections.abc import Mapping
from typing import Any

from napari_npm.core.wording import agree, several
from napari_npm.study.leaks import leak_note
from napari_npm.study.provenance import read_provenance, versions
from napari_npm.study.steps.simulate import ELASTIC, materials_of
from napari_npm.study.study import Study
from napari_npm.study.wiring import MAP_NAMES

from .citations import with_citations
from .correlation import correlate_sentence
from .evaluation import evaluation_sentence
from .masks import mask_sentence
from .regions import regions_sentence
from .relevance import explain_sentence
from .similarity import compare_sentence

_BLOCKS = ("no", "one", "two", "three", "four", "five", "six", "seven")


def methods_paragraph(study: Study) -> str:
    """Return a paragraph that states every parameter of the steps that were run.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    str
        Plain text, one sentence a step, with a citation at the first mention of each work.
    """
    sentences = [_data(study)]
    for step, tell in _TELLERS.items():
        if study.state(step).finish is not None:
            sentences.append(tell(study, study.parameters(step)))
    sentences.append(_software(study))
    return with_citations(" ".join(filter(None, sentences)))


def ran_with(study: Study) -> dict[str, dict[str, str]]:
    """Return the versions with which each step that ran was last done, by step.

    A step of which nothing is on record (its provenance was removed) is left out.
    """
    found: dict[str, dict[str, str]] = {}
    for line in read_provenance(study.folder):
        if line.get("outcome") in ("done", "part"):
            found[str(line["step"])] = line["versions"]
    return {step: one for step, one in found.items() if study.state(step).finish is not None}


def _software(study: Study) -> str:
    """Tell with which versions the steps ran, and which of them ran with others than the rest."""
    used = {step: one for step, one in ran_with(study).items() if step in _TELLERS}
    groups: dict[str, list[str]] = {}
    for step in used:
        groups.setdefault(_packages(used[step]), []).append(step)
    if len(groups) < 2:
        return f"All steps were run with {next(iter(groups), _packages(versions()))}."
    most, *others = sorted(groups, key=lambda named: -len(groups[named]))
    told = "; ".join(f"{' and '.join(groups[named])} with {named}" for named in others)
    return f"The steps were run with {most}, except {told}."


def _packages(found: Mapping[str, str]) -> str:
    names = ("napari-npm", "numpy", "scipy", "scikit-image", "numba", "torch", "zennit")
    packages = ", ".join(f"{name} {found[name]}" for name in names if name in found)
    return f"Python {found['python']} and {packages}"


def _data(study: Study) -> str:
    parts = [
        f"{sample.name} ({sample.label}): "
        + several(sum(tile.sample == sample.name for tile in study.tiles), "tile")
        + " of "
        + several(len({i.specimen for i in study.images if i.sample == sample.name}), "specimen")
        for sample in study.samples
    ]
    voltages = sorted({image.kv for image in study.images if image.kv is not None})
    beam = f" at {', '.join(f'{kv:g}' for kv in voltages)} kV" if voltages else ""
    return (
        f"Backscattered-electron images{beam} with a pixel size of"
        f" {study.pixel_size_nm:g} nm were divided into tiles of 384 x 384 px"
        f" ({'; '.join(parts)})."
    )


def _simulate(study: Study, p: Any) -> str:
    if study.parameters("calibrate").model_dump()["curve"] is not None:
        return ""
    ionisation = {
        "joy": "11.5 Z eV below Z = 13 and 9.76 Z + 58.5 Z^-0.19 eV above",
        "berger-seltzer": "of Berger and Seltzer",
        "sternheimer": "9.76 Z + 58.5 Z^-0.19 eV for all elements",
    }[p.ionisation]
    detector = {
        "count": "counting each backscattered electron once",
        "energy": "weighting each backscattered electron by its energy",
        "threshold": f"weighting each backscattered electron by its energy above"
        f" {p.threshold_kev:g} keV",
    }[p.detector]
    binder, metal = materials_of(p)
    tilt = f", tilted by {p.tilt_deg:g}°" if p.tilt_deg else " at normal incidence"
    return (
        f"The response of homogeneous mixtures of {binder.name} ({_composition(binder)},"
        f" {binder.density:g} g/cm³) and {metal.name} ({_composition(metal)},"
        f" {metal.density:g} g/cm³) was simulated by Monte Carlo at {p.points} metal volume"
        f" fractions for a beam of {p.energy_kev:g} keV{tilt}, with {ELASTIC[p.elastic]}, the"
        f" stopping power of Joy and Luo with mean ionisation energies {ionisation}, to a standard"
        f" error of {p.standard_error:g} in the backscatter coefficient (seed {p.seed}),"
        f" {detector}."
    )


def _composition(material: Any) -> str:
    parts = ", ".join(f"{name} {100 * share:.1f}" for name, share in material.weights)
    return f"{parts} wt%"


def _calibrate(_: Study, p: Any) -> str:
    levels = (
        f"given grey levels ({p.g_csh:g} and {p.g_metal:g})"
        if p.g_csh is not None and p.g_metal is not None
        else "the mean grey levels of reference areas of metal-free C-S-H and of metal, taken by"
        f" {p.references} where there were some and from the next wider scope elsewhere"
    )
    curve = f"the response curve of {p.curve}" if p.curve else "this response"
    return (
        "Unhydrated cement was masked and set to zero porosity; elsewhere grey values were turned"
        f" into equivalent porosity with {curve} between {levels}, values outside that range being"
        " set to 0 or 1 (MulF). Its standard uncertainty was propagated to first order from the"
        " standard errors of both levels, the statistical error of the curve and a model error of"
        f" {p.model_error:g} in the normalised response."
    )


def _smooth(_: Study, p: Any) -> str:
    width = f"{p.sigma_px:g} px" if p.sigma_um is None else f"{p.sigma_um:g} µm"
    return (
        f"MicF maps were obtained by Gaussian smoothing with a standard deviation of {width},"
        f" tile by tile with {p.edge} edges."
    )


def _describe(_: Study, p: Any) -> str:
    return (
        "Pores were the connected regions"
        f" ({p.connectivity}-connectivity, at least {p.min_pore_px} px) above the isodata"
        f" threshold of the 256-level MulF map; means were compared at {p.confidence:.0%} by the"
        " Tukey-Kramer procedure on specimen means and on tiles, and without equal variances by"
        " Welch's analysis of variance and the Games-Howell procedure."
    )


def _split(study: Study, p: Any) -> str:
    rows = study.record("split", "split").rows
    counts = {
        part: sum(row["part"] == part for row in rows) for part in ("train", "validation", "test")
    }
    how = {
        "specimen": "whole specimens being kept together",
        "image": "whole images being kept together",
        "fold": f"whole specimens being kept together, as fold {p.fold} of {p.folds} of a"
        " cross-validation",
        "tile": "tiles being drawn at random, so that neighbouring tiles may stand on both sides",
        "list": "as listed beforehand",
    }[p.by]
    chosen = f", {counts['validation']} for choosing the best epoch" if counts["validation"] else ""
    seed = "" if p.by == "list" else f" (seed {p.seed})"
    leak = leak_note(study)
    return (
        f"{several(counts['train'], 'tile')} {agree(counts['train'], 'was', 'were')} used for"
        f" training{chosen} and {counts['test']} for the test,"
        f" {how}{seed}." + ("" if leak is None else f" {leak}")
    )


def _train(study: Study, p: Any) -> str:
    jitter = [
        f"{name} jitter of {size:g}"
        for name, size in (("brightness", p.jitter_offset), ("contrast", p.jitter_gain))
        if size
    ]
    changes = ["the symmetries of the square", *jitter] if p.augment else jitter
    augment = f"with augmentation by {' and '.join(changes)}" if changes else "without augmentation"
    parts = {row["part"] for row in study.record("split", "split").rows}
    p = p.in_effect()
    best = (
        f"; the best epoch on the validation tiles was kept, and training ended after"
        f" {several(p.patience, 'epoch')} without a better one"
        if "validation" in parts and p.patience
        else "; the best epoch on the validation tiles was kept"
        if "validation" in parts
        else "; the network of the last epoch was kept"
    )
    names = {**MAP_NAMES, "both": "MulF and MicF maps as two channels"}
    return (
        f"A network of {_BLOCKS[len(p.widths)]} 3 x 3 convolutions"
        f" ({', '.join(map(str, p.widths))} feature maps) with batch normalisation, ReLU and 2 x 2"
        f" {p.pooling} pooling ({p.padding} padding, {p.head} head) was trained on"
        f" {' and on '.join(names[kind] for kind in p.maps)} maps for"
        f" {several(p.epochs, 'epoch')} on the cross-entropy, every class weighing the same, with"
        f" AdamW (highest learning rate {p.learning_rate:g}, cosine schedule, weight decay"
        f" {p.weight_decay:g}, batch size {p.batch_size}, seed {p.seed}, {p.precision})"
        f" {augment}{best}. The statistics of batch normalisation were estimated anew from training"
        " maps at the end."
    ).replace("channels maps for", "channels for")


def _predict(_: Study, p: Any) -> str:
    return (
        f"Accuracies are those of the test tiles with {p.confidence:.0%} intervals"
        f" ({p.resamples} bootstrap resamples over specimens where there are several)."
    )


def _threshold(_: Study, __: Any) -> str:
    return (
        "Low- and high-porosity parts were separated by the isodata threshold of each map on 256"
        " grey levels, the lowest root where there were several."
    )


_TELLERS = {
    "mask": mask_sentence,
    "simulate": _simulate,
    "calibrate": _calibrate,
    "smooth": _smooth,
    "describe": _describe,
    "split": _split,
    "train": _train,
    "predict": _predict,
    "evaluate": evaluation_sentence,
    "explain": explain_sentence,
    "threshold": _threshold,
    "regions": regions_sentence,
    "correlate": correlate_sentence,
    "compare": compare_sentence,
}
