"""A dock that opens, makes and extends studies."""

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer

from napari_npm.core.wording import several

from . import dialogs, notify
from .dock import attempt, guarded
from .reader import is_study
from .step_dock import StepDock
from .study_work import Taken, add_folders, new_study, sample_study


class OpeningDock(StepDock):
    """Base of the dock from which studies are opened, by dialogs or by dropping folders."""

    def __init__(self, napari_viewer: Any) -> None:
        self._to_add: tuple[Path, ...] = ()
        super().__init__(napari_viewer)

    @guarded
    def open_study(self) -> None:
        """Ask for a study's folder and open it."""
        folder = dialogs.choose_folder(self, "Folder of the study")
        if folder is not None:
            self.open(folder)

    def open(self, folder: Path, make: Any = None) -> None:
        """Open the study in a folder, or make one there with ``make(report, folder)``."""
        self.session.refuse_during_job()
        self.busy(f"Opening {folder.name}…")
        task = self.session.open(folder, make=make)
        task.progress.connect(self.show_progress)
        task.failed.connect(self.say)
        task.done.connect(self._opened)
        task.ended.connect(self.idle)

    def _opened(self, study: Any) -> None:
        if study.images:
            self.say("Click an image to show it. All keys: F1.")
        elif not self._to_add:
            self.say("The study has no images yet: add a folder of images, or drop one here.")

    @guarded
    def close_study(self) -> None:
        """Give the study back; its layers stay."""
        self.session.refuse_during_job()
        self.session.close_study()
        self.say("")

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
        if images is not None:
            self._new_from((images,))

    def _new_from(self, folders: tuple[Path, ...]) -> None:
        folder = dialogs.choose_folder(self, "Empty folder for the new study")
        if folder is None:
            return
        self._to_add = folders
        self.open(folder, new_study)
        self.session.study_changed.connect(self._add_first)

    def _add_first(self) -> None:
        self.session.study_changed.disconnect(self._add_first)
        if self.session.study is not None:
            self._take(self._to_add)
        self._to_add = ()

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
            self._take((images,))

    def take_dropped(self, paths: tuple[Path, ...]) -> None:
        """Open the study that was dropped, or take the folders of images in."""
        attempt(self, partial(self._take_dropped, paths))

    def _take_dropped(self, paths: tuple[Path, ...]) -> None:
        self.session.refuse_during_job()
        studies = [path for path in paths if is_study(path)]
        if studies:
            self.open(studies[0])
        elif not all(path.is_dir() for path in paths):
            self.say("Drop folders here: a study, or folders of images (subfolders are samples).")
        elif self.session.study is None:
            self._new_from(paths)
        else:
            self._take(paths)

    def _take(self, folders: tuple[Path, ...]) -> None:
        study = self.session.require_study()
        self.run_task("Taking the images in…", add_folders, study, folders, done=self._added)

    def _added(self, result: Taken) -> None:
        if result.sizeless:
            # Once this task is over: the question waits, and the answer is another task.
            QTimer.singleShot(0, partial(attempt, self, partial(self._ask_size, result)))
        text = f"{several(result.added, 'image')} taken."
        # With a pixel size these are taken; where it is not told, that is said then.
        skipped = [one for one in result.skipped if one[0] not in result.sizeless]
        if skipped:
            text += f" {len(skipped)} left out: " + " ".join(
                reason if reason.startswith(path.name) else f"{path.name} {reason}"
                for path, reason in skipped[:5]
            )
            notify.show_error(text)
        self.say(text)
        self.session.study_changed.emit()
        self.session.refresh_states()
        if result.added and not self.session.image_id:
            self.session.step_image(0)

    def _ask_size(self, result: Taken) -> None:
        study, files = self.session.study, result.sizeless
        if study is None:
            return
        known = next((image.pixel_size_nm for image in study.images), None)
        size = dialogs.ask_pixel_size(self, files, known)
        if size is None:
            self.say(
                f"{several(len(files), 'image')} without a pixel size left out: add the folder"
                " again to state it."
            )
            return
        again = add_folders, study, result.folders, size, files
        self.run_task("Taking the images in…", *again, done=self._added)
