"""NPM study dock: the study of this viewer, its images, what to do next, and all other docks."""

from functools import partial
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from napari_npm.core.wording import several

from .catalogue import STUDY_DOCK
from .dock import attempt, guarded
from .dock_buttons import DockButtons
from .dropping import Drops
from .forms import Form
from .image_filter import FilterRow
from .image_table import ImageTable
from .next_box import NextBox
from .opening_dock import OpeningDock
from .start_page import StartPage
from .step_pages import StepPages
from .study_work import short_path


class StudyDock(OpeningDock):
    """The workbench: where a study is opened, looked through and run, and other docks opened."""

    follows_image = False
    remembered = ("filter.field", "filter.box", "steps.box")

    def build(self) -> None:
        """Lay the dock out."""
        self.start_page = self._start_page()
        self.study_box = self._study_box()
        self.column.addWidget(self.start_page)
        self.column.addWidget(self.study_box, stretch=1)
        Drops(self).dropped.connect(self.take_dropped)
        self.session.states_changed.connect(self._states_changed)
        self.session.reviews_changed.connect(self._states_changed)
        self.session.job_started.connect(self._job_state)
        self.session.job_ended.connect(self._job_state)

    def _start_page(self) -> QWidget:
        self.sample_button = self.button(
            "Open sample study", self.open_sample, "Made on first use in your documents folder"
        )
        self.new_button = self.button(
            "New study from folder…", self.new_from_folder, "Choose images, then an empty folder"
        )
        self.open_button = self.button(
            "Open study…", self.open_study, "Open the folder of a study (it holds study.toml)"
        )
        self.empty_button = self.button(
            "New empty study…", self.new_empty, "Choose a folder for it"
        )
        return StartPage(
            (
                (
                    self.sample_button,
                    "Three samples with a change planted at known places, to try every step on.",
                ),
                (
                    self.new_button,
                    "Subfolders are samples, theirs specimens. The images are never changed.",
                ),
                (self.open_button, "Go on with a study where you left it."),
                (self.empty_button, "Images are added later."),
            )
        )

    def _study_box(self) -> QWidget:
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._title_row())
        self.next_box = NextBox(self.session, self.add_images, self.run_to)
        layout.addWidget(self.next_box)
        self.filter = FilterRow()
        layout.addWidget(self.filter)
        self.table = ImageTable()
        self.filter.changed.connect(self.table.sorted.ask)
        self.table.chosen.connect(self.session.show)
        self.table.listed.connect(self._listed)
        layout.addWidget(self.table, stretch=1)
        self.previous_button = self.button(
            "◀ Previous", self.previous_image, "Show the previous image of the list (Alt+Left)"
        )
        self.next_button = self.button(
            "Next ▶", self.next_image, "Show the next image of the list (Alt+Right)"
        )
        self.count = QLabel()
        self.row(layout, self.previous_button, self.next_button, self.count)
        self.dock_buttons = DockButtons(self.viewer, STUDY_DOCK)
        layout.addWidget(self.dock_buttons)
        self.run_button = self.job_button(
            "Run all that is left",
            self.run_all,
            "Run every step that is not done yet, up to the report",
        )
        layout.addWidget(self.run_button)
        self.steps = StepPages(self)
        self.steps_fold = self.folded("One step, with its parameters", self.steps)
        layout.addWidget(self.steps_fold)
        return box

    def _title_row(self) -> QHBoxLayout:
        self.title = self.note()
        self.menu_button = QPushButton("Study")
        self.menu_button.setToolTip("Open, make, extend or close a study")
        menu = QMenu(self.menu_button)
        for text, slot in (
            ("Add images…", self.add_images),
            ("Open study…", self.open_study),
            ("New study from folder…", self.new_from_folder),
            ("New empty study…", self.new_empty),
            ("Open sample study", self.open_sample),
            ("Close study", self.close_study),
        ):
            menu.addAction(text).triggered.connect(slot)
        self.menu_button.setMenu(menu)
        row = QHBoxLayout()
        row.addWidget(self.title, stretch=1)
        row.addWidget(self.menu_button)
        return row

    # what is shown

    def refresh(self) -> None:
        """Show the study, or the ways to begin."""
        study = self.session.study
        self.study_box.setVisible(study is not None)
        self.start_page.setVisible(study is None)
        self.table.images.set_study(study)
        self.next_box.refresh()
        if study is None:
            return
        self.steps.fill()
        images, samples = several(len(study.images), "image"), several(len(study.samples), "sample")
        self.title.setText(
            f"<b>{study.name}</b> · {samples}, {images}<br>{short_path(study.folder)}"
        )
        self._states_changed()
        self.table.select(self.session.image_id)
        self._job_state()

    def _states_changed(self) -> None:
        self.table.images.set_states(self.session.states)
        self.table.images.set_reviews(self.session.reviews)

    def _listed(self, image_ids: tuple[str, ...]) -> None:
        self.session.listed = image_ids
        study = self.session.study
        if study is not None:
            # Qt moves the mark on to a row that is left.
            self.table.select(self.session.image_id)
            total, shown = len(study.images), len(image_ids)
            self.count.setText("" if shown == total else f"{shown} of {several(total, 'image')}")

    def _job_state(self) -> None:
        self._job_buttons_state()
        job = self.session.job
        if job is not None:
            if self.follow(job):
                self.busy(f"{job.title}…")
        elif self.task is None:
            self.idle()

    # images and steps

    @guarded
    def previous_image(self) -> None:
        """Show the previous image of the list."""
        self.session.step_image(-1)

    @guarded
    def next_image(self) -> None:
        """Show the next image of the list."""
        self.session.step_image(1)

    @guarded
    def run_all(self) -> None:
        """Run every step that is left."""
        self.run_steps("Running all that is left", "run")

    def run_to(self, step: str, title: str = "") -> None:
        """Run what is left up to a step."""
        from napari_npm.study.steps import STEPS

        title = f"Running to {title or STEPS[step].title}"
        attempt(self, partial(self.run_steps, title, "run", "--until", step))

    def settings(self) -> dict[str, Any]:
        """Return what is remembered: also how the images are sorted."""
        header = self.table.horizontalHeader()
        order = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        return {**super().settings(), "sorted": [header.sortIndicatorSection(), order]}

    def take_settings(self, settings: dict[str, Any]) -> None:
        """Set what was remembered."""
        super().take_settings(settings)
        column, descending = settings.get("sorted", (-1, False))
        if -1 <= int(column) < self.table.images.columnCount():
            order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            self.table.sortByColumn(int(column), order)

    def form_of(self, step: str) -> Form:
        """Return a step's form, choosing its page."""
        return self.steps.form_of(step)
