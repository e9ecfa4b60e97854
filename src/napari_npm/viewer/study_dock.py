"""NPM study dock: open or make a study, go through its images, run what is left."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from . import dialogs, notify
from .dock import guarded
from .forms import Form
from .image_table import ImageTable
from .step_dock import StepDock
from .study_work import add_folder, new_study, sample_study, short_path


class StudyDock(StepDock):
    """The study of this viewer: its images with their state, and its steps."""

    follows_image = False

    def build(self) -> None:
        """Lay the dock out."""
        self.start_box = self._start_box()
        self.study_box = self._study_box()
        self.column.addWidget(self.start_box)
        self.column.addWidget(self.study_box, stretch=1)
        self.session.states_changed.connect(self._states_changed)
        self.session.reviews_changed.connect(self._states_changed)
        self.session.image_changed.connect(self._image_changed)
        self.session.job_started.connect(self._job_state)
        self.session.job_ended.connect(self._job_state)

    def _start_box(self) -> QWidget:
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        self.welcome = self.note()
        layout.addWidget(self.welcome)
        self.open_button = self.button(
            "Open study…", self.open_study, "Open the folder of a study (it holds study.toml)"
        )
        self.new_button = self.button(
            "New from images…",
            self.new_from_folder,
            "Make a study and take a folder of images into it: subfolders are samples, their "
            "subfolders specimens",
        )
        self.empty_button = self.button("New empty…", self.new_empty, "Make a study without images")
        self.sample_button = self.button(
            "Sample study",
            self.open_sample,
            "A small study with known truth, to try every step on",
        )
        self.row(layout, self.open_button, self.sample_button)
        self.row(layout, self.new_button, self.empty_button)
        return box

    def _study_box(self) -> QWidget:
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        self.table = ImageTable()
        self.table.chosen.connect(self.session.show)
        layout.addWidget(self.table, stretch=1)
        self.previous_button = self.button(
            "◀ Previous", self.previous_image, "Show the previous image"
        )
        self.next_button = self.button("Next ▶", self.next_image, "Show the next image")
        self.add_button = self.button(
            "Add…", self.add_images, "Take another folder of images into this study"
        )
        self.row(layout, self.previous_button, self.next_button, self.add_button)
        self.run_button = self.job_button(
            "Run all that is left",
            self.run_all,
            "Run every step that is not done yet, up to the report",
        )
        layout.addWidget(self.run_button)
        self.step_box = QComboBox()
        self.step_box.setToolTip("A step of the method, with its parameters below")
        self.step_button = self.job_button(
            "Run to here", self.run_step, "Run what is left up to and including this step"
        )
        self.row(layout, self.step_box, self.step_button)
        self.pages: list[QWidget] = []
        self._fill_steps(layout)
        return box

    def _fill_steps(self, column: QVBoxLayout) -> None:
        from napari_npm.study.steps import STEPS

        for name, step in STEPS.items():
            if name == "import":
                continue
            self.step_box.addItem(step.title, name)
            page = QWidget()
            layout = QVBoxLayout(page)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(self.note(step.summary))
            page.hide()
            column.addWidget(page)
            self.pages.append(page)
        self.step_box.currentIndexChanged.connect(self._step_chosen)
        self._step_chosen(0)

    def _step_chosen(self, place: int) -> None:
        page = self.pages[place]
        step = self.step_box.itemData(place)
        if step not in self.forms:
            form = self.step_form(step)
            if self.session.study is not None:
                form.set_values(self.session.study.parameters(step))
            page.layout().addWidget(form)
        for other in self.pages:
            other.setVisible(other is page)

    def refresh(self) -> None:
        """Show the study."""
        study = self.session.study
        self.study_box.setVisible(study is not None)
        if study is None:
            self.welcome.setText(
                "<b>No study is open.</b> A study keeps images of several samples with their "
                "masks, maps, models and results in one folder."
            )
            return
        images, samples = len(study.images), len(study.samples)
        place = short_path(study.folder)
        self.welcome.setText(f"<b>{study.name}</b> · {samples} samples, {images} images<br>{place}")
        self.table.images.set_images(study.images)
        self._states_changed()
        self.table.select(self.session.image_id)
        self._job_state()

    def _states_changed(self) -> None:
        self.table.images.set_states(self.session.states)
        self.table.images.set_reviews(self.session.reviews)

    def _image_changed(self) -> None:
        self.table.select(self.session.image_id)

    def _job_state(self) -> None:
        self._job_buttons_state()
        job = self.session.job
        if job is not None:
            if self.follow(job):
                self.busy(f"{job.title}…")
        elif self.task is None:
            self.idle()

    # studies

    @guarded
    def open_study(self) -> None:
        """Ask for a study's folder and open it."""
        folder = dialogs.choose_folder(self, "Folder of the study")
        if folder is not None:
            self.open(folder)

    def open(self, folder: Path, make: Callable[..., Any] | None = None) -> None:
        """Open the study in a folder, or make one there."""
        self.session.refuse_during_job()
        self.busy(f"Opening {folder.name}…")
        task = self.session.open(folder, make=make)
        task.progress.connect(self.show_progress)
        task.failed.connect(self.say)
        task.done.connect(self._opened)
        task.ended.connect(self.idle)

    def _opened(self, study: Any) -> None:
        count = len(study.images)
        if count:
            self.say(f"Opened {study.name}: {count} images. Click one to show it.")
        else:
            self.say("The study has no images yet: add a folder of images.")

    @guarded
    def new_empty(self) -> None:
        """Ask for a folder and make an empty study there."""
        folder = dialogs.choose_folder(self, "Empty folder for the new study")
        if folder is not None:
            self.open(folder, new_study)

    @guarded
    def new_from_folder(self) -> None:
        """Ask for images and for a place, and make a study of them."""
        images = dialogs.choose_folder(self, "Folder of images (subfolders are samples)")
        if images is None:
            return
        folder = dialogs.choose_folder(self, "Empty folder for the new study")
        if folder is None:
            return
        self._images_to_add = images
        self.open(folder, new_study)
        self.session.study_changed.connect(self._add_first)

    def _add_first(self) -> None:
        self.session.study_changed.disconnect(self._add_first)
        if self.session.study is not None:
            self._take(self._images_to_add)

    @guarded
    def open_sample(self) -> None:
        """Open the sample study, made on first use in the user's documents."""
        from platformdirs import user_documents_path

        self.open(user_documents_path() / "napari-npm sample study", sample_study)

    @guarded
    def add_images(self) -> None:
        """Ask for a folder of images and take them into the study."""
        self.session.refuse_during_job()
        self.session.require_study()
        images = dialogs.choose_folder(self, "Folder of images (subfolders are samples)")
        if images is not None:
            self._take(images)

    def _take(self, images: Path) -> None:
        study = self.session.require_study()
        self.run_task("Taking the images in…", add_folder, study, images, done=self._added)

    def _added(self, result: tuple[int, tuple[tuple[Path, str], ...]]) -> None:
        added, skipped = result
        text = f"{added} images taken."
        if skipped:
            text += f" {len(skipped)} left out: " + " ".join(
                f"{path.name} {reason}" for path, reason in skipped[:5]
            )
            notify.show_error(text)
        self.say(text)
        self.session.study_changed.emit()
        self.session.refresh_states()
        if not self.session.image_id:
            self.session.step_image(0)

    # images and steps

    @guarded
    def previous_image(self) -> None:
        """Show the previous image."""
        self.session.step_image(-1)

    @guarded
    def next_image(self) -> None:
        """Show the next image."""
        self.session.step_image(1)

    @guarded
    def run_all(self) -> None:
        """Run every step that is left."""
        self.run_steps("Running all that is left", "run")

    @guarded
    def run_step(self) -> None:
        """Run what is left up to the chosen step."""
        step = self.step_box.currentData()
        self.run_steps(f"Running to {self.step_box.currentText()}", "run", "--until", step)

    def form_of(self, step: str) -> Form:
        """Return a step's form, choosing its page."""
        self.step_box.setCurrentIndex(self.step_box.findData(step))
        return self.forms[step]
