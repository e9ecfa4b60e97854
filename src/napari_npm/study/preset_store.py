"""The figure presets that a study keeps in its file."""

import re

from napari_npm.core.errors import NpmError

from .figure_settings import FigurePreset
from .masks import StudyMasks
from .model import FILE_NAME


class StudyPresets(StudyMasks):
    """A study's figure presets, by name."""

    @property
    def figure_presets(self) -> dict[str, FigurePreset]:
        """The presets by name, in the order in which they were first kept.

        Raises
        ------
        NpmError
            If one of them, changed by hand, is none: it can still be set anew or removed.
        """
        return {name: self.figure_preset(name) for name in self.figure_preset_names}

    @property
    def figure_preset_names(self) -> tuple[str, ...]:
        """Names of the presets, also of those that cannot be read."""
        return tuple(self._content.figure_presets)

    def figure_preset(self, name: str) -> FigurePreset:
        """Return one preset.

        Raises
        ------
        NpmError
            If there is none of that name, or `study.toml` holds values that no preset may have.
        """
        if name not in self._content.figure_presets:
            known = ", ".join(self.figure_preset_names)
            raise NpmError(
                f"The study has no figure preset {name!r}: "
                + (f"choose one of {known}." if known else "save one in the Export figure dock.")
            )
        try:
            return FigurePreset.checked(self._content.figure_presets[name])
        except NpmError as error:
            raise NpmError(
                f"The figure preset {name!r} in {self.folder / FILE_NAME} cannot be used"
                f" ({str(error).rstrip('.')}): correct it there, or save it anew."
            ) from error

    def set_figure_preset(self, name: str, preset: FigurePreset) -> None:
        """Keep a preset in the study; one of that name is replaced.

        Raises
        ------
        NpmError
            If the name cannot be a file's name, the study is read only, or the disk refuses.
        """
        kept = preset.model_dump(mode="json", exclude_none=True)
        checked = _checked_name(name)
        if self._content.figure_presets.get(checked) != kept:
            self.save(figure_presets={**self._content.figure_presets, checked: kept})

    def remove_figure_preset(self, name: str) -> None:
        """Forget a preset; nothing happens where there is none of that name."""
        rest = {key: one for key, one in self._content.figure_presets.items() if key != name}
        if len(rest) < len(self._content.figure_presets):
            self.save(figure_presets=rest)


def _checked_name(name: str) -> str:
    """Return a preset's name if figures can be called so on every system."""
    plain = name.strip()
    if not plain or plain.strip(".") != plain or re.search(r'[\x00-\x1f\\/:*?"<>|]', plain):
        raise NpmError(
            f"A figure preset cannot be called {name!r}, as its figures are called so too: leave"
            ' out \\ / : * ? " < > | and dots at the ends.'
        )
    return plain
