"""What a reader must be warned of, after a step and in the report."""

from napari_npm.core.wording import agree, several

from .references import NAMES
from .study import Study

_KV_APART = 0.02  # a microscope's display may be off by as much


def energy_warnings(study: Study, energy_kev: float) -> list[str]:
    """Return a sentence if images were taken at another voltage than was simulated.

    Parameters
    ----------
    study : Study
        With the images.
    energy_kev : float
        Energy of the simulated beam.
    """
    other = [
        image.kv
        for image in study.images
        if image.kv is not None and abs(image.kv - energy_kev) > _KV_APART * energy_kev
    ]
    if not other:
        return []
    values = " and ".join(f"{kv:g}" for kv in sorted(set(other)))
    sentence = (
        f"{len(other)} of {several(len(study.images), 'image')}"
        f" {agree(len(other), 'was', 'were')} taken at {values} kV, but the response is that"
        f" of {energy_kev:g} keV: set energy_kev of simulate, or leave these images out."
    )
    return [sentence]


def saturation_warnings(study: Study, limit: float) -> list[str]:
    """Return a sentence for each reference that is saturated in more than a share of its pixels.

    Parameters
    ----------
    study : Study
        Whose calibrate step has run.
    limit : float
        The share.
    """
    records = study.state("calibrate").records
    rows = {image: record.rows[0] for image, record in records.items()}
    found = []
    for name, words in NAMES.items():
        key = f"{name}_saturated"
        bad = {image: row[key] for image, row in rows.items() if row[key] > limit}
        if bad:
            worst = max(bad, key=lambda image: bad[image])
            found.append(
                f"The {words} reference of {len(bad)} of {several(len(rows), 'image')} is"
                f" saturated in more than {limit:.1%} of its pixels ({bad[worst]:.1%} in"
                f" {worst}): its grey level is wrong by as much as was cut off."
            )
    return found
