"""Characteristic regions dock: where most relevance is, and where it changes steeply."""

from collections.abc import Generator
from typing import Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QLabel, QSlider

from napari_npm.core.errors import NpmError

from .current import Current, current_image, current_subject
from .dock import guarded
from .image_work import layout
from .layers import Kind, Subject, camera, find, kind_of, present, put, source_of, values_of
from .mask_layers import blank, outlined, put_below, show_crop
from .region_table import RegionTable
from .regions_work import Features, layer_features, regions_of
from .step_dock import StepDock
from .study_work import tiles_text
from .tasks import Latest
from .turns import Turns

# A region that is gone to is at least so large on the screen, px; a pixel at most so large.
_SEEN_PX, _PIXEL_PX = 50.0, 6.0


class RegionsDock(StepDock):
    """Characteristic regions and boundary features of relevance maps."""

    def build(self) -> None:
        """Lay the dock out."""
        self.found: Features | None = None
        self._subject: Subject | None = None
        self._asked: Any = None
        self._showing = False
        # Whether regions were on show of the image before: those of the next are found too.
        self._wanted = False
        group = self.group("Characteristic regions and boundaries")
        self._build_share(group)
        self.form = self.step_form("regions", folded=self._folded())
        group.addWidget(self.form)
        self.find_button = self.button(
            "Find in image", self.find, "Regions in green, boundary features in yellow"
        )
        self.all_button = self.job_button(
            "Find in all", self.find_all, "Run all that is left up to this step"
        )
        self.row(group, self.find_button, self.all_button)
        self.result = self.note()
        group.addWidget(self.result)
        self._build_table()
        self.form.fields["share"].changed.connect(self._share_typed)
        self.form.changed.connect(self._changed)
        self._share_typed()
        self._live, self._turns = Latest(self), Turns(self)
        self._live.done.connect(lambda found: self._turns.run(self._found(found)))
        self._live.failed.connect(self.say)
        self.viewer.mouse_drag_callbacks.append(self._clicked)
        self.viewer.layers.events.inserted.connect(self._inserted)

    def _build_share(self, group: Any) -> None:
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, 100)
        self.slider.setToolTip(
            "Share of a tile's relevance that the regions hold; the image follows while you drag"
        )
        self.share_label = QLabel()
        self.share_label.setMinimumWidth(44)
        self.row(group, QLabel("Share of relevance"), self.slider, self.share_label)
        self.slider.valueChanged.connect(self._slid)

    def _folded(self) -> tuple[str, ...]:
        from napari_npm.study.settings import SETTINGS

        shown = ("min_area_px", "fill_holes_px")
        return tuple(name for name in SETTINGS["regions"].model_fields if name not in shown)

    def _build_table(self) -> None:
        group = self.group("Regions of this image")
        self.table_note = self.note("A click on a row goes to the region, and the other way round.")
        group.addWidget(self.table_note)
        self.table = RegionTable()
        self.table.chosen.connect(self.go_to)
        self.table.said.connect(self.say)
        group.addWidget(self.table)
        self.save_button = self.button(
            "Save table…", self.table.save, "Write the regions of this image as CSV"
        )
        self.save_button.setEnabled(False)
        group.addWidget(self.save_button)

    def refresh(self) -> None:
        """Forget the regions of an image that is no longer on show."""
        if self.found is None:
            return
        subject = current_subject(self.viewer)
        same = subject is not None and subject == self._subject
        if not same or find(self.viewer, Kind.REGIONS, subject) is None:
            self._wanted = not same
            self._live.drop()
            self._forget()

    def _inserted(self, event: Any) -> None:
        """Find the regions of relevance that came with another image."""
        if not isalive(self) or kind_of(event.value) is not Kind.RELEVANCE:
            return
        if self._wanted and self.isVisible() and self.session.study is not None:
            self._wanted = False
            QTimer.singleShot(0, self._changed)

    def _forget(self) -> None:
        if self._subject is not None:
            blank(self.viewer, Kind.REGION, self._subject)
        self.found = self._asked = None
        self.table.show_regions(None)
        self.save_button.setEnabled(False)
        self.result.clear()

    # the share

    def _slid(self, value: int) -> None:
        self.share_label.setText(f"{value} %")
        if not self._showing:
            self.form.fields["share"].set_value(value / 100)

    def _share_typed(self) -> None:
        self._showing = True
        self.slider.setValue(max(1, round(100 * self.form.fields["share"].value())))
        self._showing = False
        self.share_label.setText(f"{100 * self.form.fields['share'].value():.3g} %")

    def _changed(self) -> None:
        """Follow the form where the current image has relevance."""
        try:
            self._asked = self._request()
        except NpmError:
            return
        self._live.ask(regions_of, *self._asked[1:])

    # finding

    def _request(self) -> tuple[Any, ...]:
        """Return subject, relevance, map, places, parameters and pixel size to work on."""
        image = current_image(self.viewer)
        layer = find(self.viewer, Kind.RELEVANCE, image.subject)
        if layer is None:
            raise NpmError(
                f"{image.subject.name} has no relevance yet: explain it in the Relevance dock."
            )
        relevance = np.asarray(values_of(layer))
        source = find(self.viewer, source_of(layer) or Kind.MULF, image.subject)
        values = None if source is None else np.asarray(source.data)
        if values is not None and values.shape != relevance.shape:
            values = None
        parameters = self.form.parameters().model_dump()
        shape = (relevance.shape[0], relevance.shape[1])
        places = layout(shape, self.session.study, image.subject.image_id)
        size = image.subject.pixel_size_nm
        return image.subject, relevance, values, places, parameters, size

    @guarded
    def find(self) -> None:
        """Find the regions of the current image's relevance in the background."""
        self._asked = self._request()
        self._live.drop()
        self.run_task("Finding regions…", regions_of, *self._asked[1:], done=self._found)

    def _found(self, found: Features) -> Generator[None, None, None]:
        """Show what was found, in turns."""
        if self._asked is None or self._asked[0] != current_subject(self.viewer):
            return
        first, subject = self.found is None, self._asked[0]
        # None while layers change: see `refresh`.
        self.found, self._subject = None, subject
        if first or find(self.viewer, Kind.REGIONS, subject) is None:
            boundary = put(self.viewer, Kind.BOUNDARY, subject, found.boundary)
            boundary.visible = False
            yield
            gone = find(self.viewer, Kind.RELEVANCE, subject) is None
            if gone or subject != current_subject(self.viewer):
                return
            layer = put(self.viewer, Kind.REGIONS, subject, found.regions)
            present(self.viewer, subject, Kind.RELEVANCE, Kind.REGIONS)
        else:
            put_below(self.viewer, Kind.BOUNDARY, subject, found.boundary)
            layer = put_below(self.viewer, Kind.REGIONS, subject, found.regions)
        layer.features = layer_features(found)
        blank(self.viewer, Kind.REGION, subject)
        self.found = found
        self.table.show_regions(found)
        self.table.name = f"{subject.name}_regions".replace("/", "-").replace(" ", "_")
        self.save_button.setEnabled(len(found) > 0)
        self._tell(found)

    def _tell(self, found: Features) -> None:
        split = ""
        if not np.isnan(found.boundary_high):
            high = 100 * found.boundary_high
            split = f", {high:.1f} % of them in HP and {100 - high:.1f} % in LP"
        self.result.setText(
            f"Characteristic regions hold {100 * found.reached:.1f} % of the relevance on "
            f"{100 * found.area:.2f} % of the area; {len(found)} have at least {found.small} px "
            f"and are in the table. Boundary features cover "
            f"{100 * found.boundary_area:.2f} % of the area{split}. "
            f"Means over {tiles_text(found.tiles)}."
        )
        assert self._subject is not None
        self.say(f"Regions of {self._subject.name} found; the boundary layer is there, hidden.")

    # table and canvas

    def go_to(self, region: int) -> None:
        """Show a region in the middle of the canvas, outlined."""
        if self.found is None or self._subject is None:
            return
        layer = find(self.viewer, Kind.REGIONS, self._subject)
        if layer is None or layer.data.shape != self.found.regions.shape:
            return
        box = self.found.boxes[region - 1]
        self._outline(region)
        middle = [(side.start + side.stop - 1) / 2 for side in box]
        centre = layer.data_to_world(middle)
        step = float(layer.scale[-1])
        across = max(side.stop - side.start for side in box) * step
        least = min(_SEEN_PX / across, _PIXEL_PX / step)
        view = camera(self.viewer)
        view.zoom = max(view.zoom, least)
        view.center = (*tuple(view.center)[:-2], *centre[-2:])

    def _outline(self, region: int) -> None:
        assert self.found is not None
        assert self._subject is not None
        box = self.found.boxes[region - 1]
        inside = np.pad(self.found.regions[box] == region, 1)
        # Around the region, so that its own outline stays seen.
        drawn = outlined(np.pad(_grown(inside), 1), 1)[1:-1, 1:-1]
        wider = tuple(slice(side.start - 1, side.stop + 1) for side in box)
        image = Current(self._subject, self.found.regions, None)
        show_crop(self.viewer, Kind.REGION, image, drawn, wider).visible = True

    def _clicked(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        """Show the row of a region that was clicked on; a drag moves the image as usual."""
        if not isalive(self):
            viewer.mouse_drag_callbacks.remove(self._clicked)
            return
        start, button = np.array(event.pos, float), event.button
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged |= bool(np.abs(np.array(event.pos, float) - start).max() > 3)
            yield
        if not dragged and button == 1 and self.found is not None and self._subject is not None:
            layer = find(viewer, Kind.REGIONS, self._subject)
            if layer is not None and layer.visible:
                row, column = (int(at) for at in np.round(layer.world_to_data(event.position))[-2:])
                self.choose_at(row, column)

    def choose_at(self, row: int, column: int) -> None:
        """Mark the region at a pixel in the table and outline it."""
        if self.found is None or self._subject is None:
            return
        rows, columns = self.found.regions.shape
        region = 0
        if 0 <= row < rows and 0 <= column < columns:
            region = int(self.found.regions[row, column])
        region = region if region <= len(self.found) else 0
        self.table.select(region)
        if region:
            self._outline(region)
        else:
            blank(self.viewer, Kind.REGION, self._subject)

    @guarded
    def find_all(self) -> None:
        """Find the regions of all images of the study as a job."""
        self.run_steps("Finding regions in all images", "run", "--until", "regions")


def _grown(inside: Any) -> Any:
    from scipy import ndimage

    return ndimage.binary_dilation(inside, np.ones((3, 3)))
