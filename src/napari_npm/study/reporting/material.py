"""The section of a report on the images."""

from napari_npm.study.study import Study

from .parts import Section, Table


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
