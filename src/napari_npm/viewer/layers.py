"""The plugin's layers: one naming scheme, scale and units always set, replaced in place."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from .kinds import LABEL_COLOURS as LABEL_COLOURS
from .kinds import LABEL_NAMES as LABEL_NAMES
from .kinds import Kind as Kind
from .layer_styles import add_layer, follow

MICROMETRE = "µm"
PIXEL = "pixel"
_KEY = "napari_npm"
# In place of it on a layer of the previous image, which is passed over until it is filled anew.
RETIRED = "napari_npm_retired"


@dataclass(frozen=True)
class Subject:
    """The image that a layer belongs to.

    Attributes
    ----------
    name : str
        Name shown in the layer list.
    pixel_size_nm : float or None
        Pixel size in nm; None where the file does not tell it.
    image_id : str or None
        Identifier in the open study; None for a free image.
    """

    name: str
    pixel_size_nm: float | None = None
    image_id: str | None = None


def spatial(pixel_size_nm: float | None, ndim: int = 2) -> dict[str, Any]:
    """Return a layer's ``scale`` and ``units`` for a pixel size.

    Parameters
    ----------
    pixel_size_nm : float or None
        Pixel size in nm; None gives pixel units.
    ndim : int
        Dimensions of the layer; the leading ones get pixel units.
    """
    step, unit = (1.0, PIXEL) if pixel_size_nm is None else (pixel_size_nm / 1000.0, MICROMETRE)
    leading = ndim - 2
    return {"scale": (1.0,) * leading + (step,) * 2, "units": (PIXEL,) * leading + (unit,) * 2}


def layer_name(kind: Kind, subject: str, detail: str = "") -> str:
    """Name a layer by what it shows, of which class or model if any, and of which image."""
    return f"{kind} {detail} · {subject}" if detail else f"{kind} · {subject}"


def tag(
    kind: Kind, subject: Subject, values: Any = None, source: Kind | None = None
) -> dict[str, Any]:
    """Return the layer metadata by which the plugin knows its own layers, renamed or not."""
    return {_KEY: {"kind": kind, "subject": subject, "values": values, "source": source}}


def _own(layer: Any) -> dict[str, Any] | None:
    """Return what the plugin keeps with a layer, None where the layer is not its own."""
    own: dict[str, Any] | None = layer.metadata.get(_KEY)
    # A layer that napari made of one by converting it has its metadata, but cannot stand for it.
    # (Of the proxies that napari gives to plugins, `__class__` is that of the layer behind.)
    return own if own and own.get("type") in (None, layer.__class__.__name__) else None


def kind_of(layer: Any) -> Kind | None:
    """Return what a layer shows, or None for a layer that is not the plugin's."""
    own = _own(layer)
    return own["kind"] if own else None


def converted(layer: Any) -> bool:
    """Tell whether napari made a layer of one of the plugin's by converting it to another type."""
    return _KEY in layer.metadata and kind_of(layer) is None


def values_of(layer: Any) -> Any:
    """Return the numbers behind a layer that shows colours, or the layer's own data."""
    own = _own(layer)
    return layer.data if own is None or own["values"] is None else own["values"]


def see(layer: Any, visible: bool) -> None:
    """Show or hide a layer; where it already is so, napari would build its scene anew for it."""
    if layer.visible != visible:
        layer.visible = visible


def retire(layer: Any) -> None:
    """Pass a layer over, as neither the plugin's nor an image, until `recall`."""
    own = {**layer.metadata[_KEY], "visible": layer.visible}
    rest = {key: value for key, value in layer.metadata.items() if key != _KEY}
    layer.metadata = {**rest, RETIRED: own}


def retired(viewer: Any, kind: Kind) -> Any | None:
    """Return the retired layer of one kind, or None."""
    for layer in viewer.layers:
        if layer.metadata.get(RETIRED, {}).get("kind") is kind:
            return layer
    return None


def recall(layer: Any) -> bool:
    """Let a retired layer be found again and tell whether it was visible."""
    own = dict(layer.metadata[RETIRED])
    visible = bool(own.pop("visible"))
    rest = {key: value for key, value in layer.metadata.items() if key != RETIRED}
    layer.metadata = {**rest, _KEY: own}
    return visible


def visible_before(layer: Any) -> bool:
    """Tell whether a layer is visible, or was so before it was retired."""
    own = layer.metadata.get(RETIRED)
    return bool(layer.visible if own is None else own["visible"])


def source_of(layer: Any) -> Kind | None:
    """Return the kind of map a layer was made from, where that was kept."""
    own = _own(layer)
    return own["source"] if own else None


def subject_of(layer: Any) -> Subject:
    """Return the image a layer belongs to; a foreign image layer is its own subject."""
    own = layer.metadata.get(_KEY)
    if own:
        subject: Subject = own["subject"]
        return subject
    return Subject(layer.name, pixel_size_of(layer))


def pixel_size_of(layer: Any) -> float | None:
    """Return the pixel size in nm from a layer's scale and units, or None in pixel units."""
    unit = str(layer.units[-1])
    nm = {"micrometer": 1000.0, "nanometer": 1.0, "millimeter": 1e6, "meter": 1e9}.get(unit)
    return None if nm is None else float(layer.scale[-1]) * nm


def find(viewer: Any, kind: Kind, subject: Subject) -> Any | None:
    """Return the layer of one kind that belongs to a subject, or None."""
    for layer in viewer.layers:
        if kind_of(layer) is kind and _same(subject_of(layer), subject):
            return layer
    return None


def _same(a: Subject, b: Subject) -> bool:
    # All images of a study share one set of layers: next/previous must not pile them up.
    if a.image_id is not None or b.image_id is not None:
        return a.image_id is not None and b.image_id is not None
    return a.name == b.name


def current_of(viewer: Any, subject: Subject) -> bool:
    """Tell whether a subject still has a layer, its own or that of an image of its name."""
    if subject.image_id is not None:
        return any(
            kind_of(layer) is Kind.IMAGE and subject_of(layer) == subject for layer in viewer.layers
        )
    return any(subject_of(layer).name == subject.name for layer in viewer.layers)


def put(
    viewer: Any,
    kind: Kind,
    subject: Subject,
    data: Any,
    *,
    values: Any = None,
    source: Kind | None = None,
    detail: str = "",
) -> Any:
    """Show data as the subject's layer of one kind, replacing the earlier one in place.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to show it.
    kind : Kind
        What the data are; decides layer type, colormap, limits and opacity.
    subject : Subject
        The image the data belong to.
    data : ndarray
        ``(H, W)`` values or labels, or ``(H, W, 3)`` colours.
    values : ndarray, optional
        The numbers behind the colours, kept for later steps.
    source : Kind, optional
        The kind of map that the data were made from, kept for later steps.
    detail : str
        What of the kind it is, such as a class, for its name.

    Returns
    -------
    napari.layers.Layer
        The new or updated layer.
    """
    rgb = data.ndim == 3 and data.shape[-1] in (3, 4)
    layer = find(viewer, kind, subject)
    if layer is not None and bool(getattr(layer, "rgb", False)) != rgb:
        viewer.layers.remove(layer)
        layer = None
    if layer is None:
        settings = {
            "name": layer_name(kind, subject.name, detail),
            **spatial(subject.pixel_size_nm),
            "metadata": tag(kind, subject, values, source),
        }
        layer = add_layer(viewer, kind, data, rgb, settings)
    else:
        layer.data = data
        _place(layer, subject.pixel_size_nm)
        layer.name = layer_name(kind, subject.name, detail)
        layer.metadata = {**layer.metadata, **tag(kind, subject, values, source)}
        follow(layer, kind, data, rgb)
    layer.metadata[_KEY]["type"] = layer.__class__.__name__
    show_scale_bar(viewer)
    return layer


def _place(layer: Any, pixel_size_nm: float | None) -> None:
    """Give a layer scale and units; napari takes half as long as for data, changed or not."""
    placed = spatial(pixel_size_nm)
    if pixel_size_of(layer) != pixel_size_nm or tuple(layer.scale) != placed["scale"]:
        layer.scale, layer.units = placed["scale"], placed["units"]


def show_scale_bar(viewer: Any) -> None:
    """Switch the scale bar on; its unit is the layers'."""
    scale_bar(viewer).visible = True


def scale_bar(viewer: Any) -> Any:
    """Return the viewer's scale bar."""
    # napari 0.9 moved the overlay and deprecates the older place.
    canvas = getattr(viewer, "canvas", None)
    return viewer.scale_bar if canvas is None else canvas.overlays.scale_bar


def grid(viewer: Any) -> Any:
    """Return the viewer's grid of layers."""
    # napari 0.9 moved it and deprecates the older place.
    canvas = getattr(viewer, "canvas", None)
    return viewer.grid if canvas is None else canvas.grid


def camera(viewer: Any) -> Any:
    """Return the viewer's camera."""
    # napari 0.9 moved it and deprecates the older place.
    scene = getattr(viewer, "scene", None)
    return viewer.camera if scene is None else scene.camera


def present(viewer: Any, subject: Subject, *kinds: Kind) -> None:
    """Show these of the subject's layers over its grey image and hide its others.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are.
    subject : Subject
        The image.
    *kinds : Kind
        What to see; the last one becomes the active layer.
    """
    for layer in viewer.layers:
        kind = kind_of(layer)
        if kind is not None and kind is not Kind.IMAGE and _same(subject_of(layer), subject):
            see(layer, kind in kinds)
            if kind is Kind.DIFFERENCE and not layer.visible:
                # Beside the image it would keep its space there.
                layer.translate = (0.0,) * layer.ndim
    top = find(viewer, kinds[-1], subject) if kinds else None
    if top is not None:
        viewer.layers.selection.active = top


def removed(viewer: Any, subject: Subject, *kinds: Kind) -> Iterator[None]:
    """Take the subject's layers of these kinds away, each in a turn of its own: see `Turns`.

    napari takes longer to remove a layer than to add one.
    """
    for kind in kinds:
        layer = find(viewer, kind, subject)
        if layer is not None:
            viewer.layers.remove(layer)
            yield


def remove(viewer: Any, kind: Kind, subject: Subject) -> None:
    """Take the subject's layer of one kind away, if it is there."""
    layer = find(viewer, kind, subject)
    if layer is not None:
        viewer.layers.remove(layer)


def remove_all(viewer: Any, layers: Iterable[Any]) -> None:
    """Take layers away at once: napari collects all garbage at each removal, but once a batch."""
    present = [layer for layer in layers if layer is not None]
    if not present:
        return
    # napari before 0.9 knows no batches.
    batch = getattr(viewer.layers, "batched_update", nullcontext)
    with batch():
        for layer in present:
            viewer.layers.remove(layer)
