"""The sections of a report on images, calibration and porosity statistics."""

from napari_npm.study.study import Study

from .parts import Section, Table, mean_sd, number, records

_DESCRIPTOR = {"porosity": "porosity", "pore_area_nm2": "average pore size"}


def data(study: Study) -> Section:
    """Tell what images the study holds."""
    section = Section("Images")
    rows = []
    for sample in study.samples:
        images = [image for image in study.images if image.sample == sample.name]
        tiles = sum(tile.sample == sample.name for tile in study.tiles)
        specimens = len({image.specimen for image in images})
        kv = sorted({f"{image.kv:g}" for image in images if image.kv is not None})
        rows.append(
            (
                sample.name,
                sample.label,
                str(len(images)),
                str(specimens),
                str(tiles),
                f"{tiles * (384 * study.pixel_size_nm / 1000) ** 2:,.0f}",
                ", ".join(kv) or "not stated",
            )
        )
    columns = ("Sample", "Label", "Images", "Specimens", "Tiles", "Area (µm²)", "Beam (kV)")
    section.tables.append(Table("Samples", columns, tuple(rows)))
    section.paragraphs.append(f"Pixel size {study.pixel_size_nm:g} nm; tiles of 384 x 384 px.")
    if len(study.images) > 1 and all(image.specimen == image.id for image in study.images):
        section.paragraphs.append(
            "No specimens were named: each image counts as a specimen of its own. If several"
            " images come from one piece of material, name it, or the test is too kind."
        )
    warned: dict[str, list[str]] = {}
    for image in study.images:
        for warning in image.warnings:
            warned.setdefault(warning, []).append(image.id)
    if warned:
        lines = tuple(
            (text, str(len(ids)), ", ".join(ids[:3]) + (" …" if len(ids) > 3 else ""))
            for text, ids in warned.items()
        )
        section.tables.append(Table("Warnings", ("Warning", "Images", "Such as"), lines))
    return section


def statistics(study: Study) -> Section | None:
    """Tell what porosity statistics alone say about the samples."""
    table = study.table("describe")
    if table is None:
        return None
    rows = [
        (
            str(sample),
            mean_sd(part["porosity"], ".3f"),
            mean_sd(part["pore_area_nm2"], ",.0f"),
            mean_sd(part["pore_diameter_nm"], ",.0f"),
        )
        for sample, part in table.groupby("sample", sort=False)
    ]
    columns = ("Sample", "Porosity", "Average pore size (nm²)", "Equivalent diameter (nm)")
    section = Section(
        "Statistics alone",
        [],
        [Table("Mean ± SD over tiles", columns, tuple(rows))],
        ["descriptors", "fractions"],
    )
    nearest = records(study, "nearest_mean")
    if nearest:
        parts = [f"{one['accuracy']:.1%} by {_DESCRIPTOR[one['descriptor']]}" for one in nearest]
        section.paragraphs.append(
            f"Giving each tile to the sample with the nearest mean is right for"
            f" {' and '.join(parts)} (all tiles, as in the paper)."
        )
    lines = tuple(
        (
            _DESCRIPTOR[one["descriptor"]],
            "specimen means" if one["level"] == "specimen" else "tiles",
            f"{one['first']} - {one['second']}",
            number(one["first_mean"]),
            number(one["second_mean"]),
            number(one["difference"]),
            number(one["critical_range"]),
            "different" if one["different"] else "not different",
        )
        for one in records(study, "tukey_kramer")
    )
    if lines:
        confidence = records(study, "tukey_kramer")[0]["confidence"]
        heads = ("Descriptor", "Test on", "Pair", "First", "Second", "Difference", "CR", "Means")
        section.tables.append(
            Table(f"Tukey-Kramer comparison at {confidence:.0%} confidence", heads, lines)
        )
        section.paragraphs.append(
            "Tiles of one specimen are not independent, so the test on tiles finds differences"
            " too easily; the one on specimen means is the one to trust."
        )
    return section
