"""report: one self-contained HTML page with every figure, table and parameter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.folder import command
from napari_npm.study.hashing import hash_file, hash_value
from napari_npm.study.settings import SETTINGS, ReportParameters
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study

FILE_NAME = "report.html"


class Report(Step[ReportParameters]):
    """Write the report and the methods paragraph."""

    name = "report"
    title = "Report"
    summary = "Write one self-contained HTML page with results, figures and a methods paragraph."
    needs = ("describe",)
    parallel = False
    Parameters = ReportParameters

    def items(self, study: Study, parameters: ReportParameters) -> Sequence[Item]:
        """One item: the report, which depends on all that was made and set."""
        from napari_npm.study.provenance import versions

        steps = [name for name in SETTINGS if name != self.name]
        ends = {name: study.state(name).finish for name in steps}
        inputs = {
            "steps": {name: end.key for name, end in ends.items() if end is not None},
            "parameters": [study.parameters(name).model_dump(mode="json") for name in steps],
            "samples": [[sample.name, sample.label] for sample in study.samples],
            "masks": study.reviews(),
            "versions": versions(),
            "page": hash_file(study.folder / FILE_NAME)
            if (study.folder / FILE_NAME).exists()
            else "none",
        }
        return [Item("report", inputs)]

    def compute(
        self, study: Study, parameters: ReportParameters, item: Item, progress: Progress
    ) -> tuple[str, str]:
        """Return the page and the methods paragraph."""
        import jinja2

        from napari_npm.study.provenance import versions
        from napari_npm.study.reporting import headlines, methods_paragraph, sections
        from napari_npm.study.reporting.pictures import pictures
        from napari_npm.study.reporting.staleness import stale_sentence

        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("napari_npm.study", "reporting"),
            autoescape=True,
            trim_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        methods = methods_paragraph(study)
        page = environment.get_template("report.html.j2").render(
            study=study,
            stale=stale_sentence(study),
            sections=sections(study),
            headlines=headlines(study),
            pictures=lambda section: pictures(study, section.figures),
            methods=methods,
            settings=_settings(study),
            versions=versions(),
        )
        return page, methods

    def store(self, study: Study, parameters: ReportParameters, item: Item, result: Any) -> Stored:
        """Write `report.html` and `results/methods.txt`."""
        from napari_npm.io import write_text

        page, methods = result
        write_text(study.folder / FILE_NAME, page)
        write_text(study.results_folder / "methods.txt", methods + "\n")
        inputs = self.items(study, parameters)[0].inputs
        return Stored(hash_value(page), inputs=inputs)

    def warnings(self, study: Study, parameters: ReportParameters) -> Sequence[str]:
        """Say which results in the report are not those of the study's present state."""
        from napari_npm.study.reporting.staleness import stale_sentence

        said = stale_sentence(study)
        return [] if said is None else [said]


def _settings(study: Study) -> list[Any]:
    """Return the parameters of every step that ran, and the versions, as tables."""
    from napari_npm.study.parameters import unit_of
    from napari_npm.study.provenance import versions
    from napari_npm.study.reporting.parts import Table

    rows = []
    for name, kind in SETTINGS.items():
        if study.state(name).finish is None:
            continue
        values = study.parameters(name)
        for key, field in kind.model_fields.items():
            value = getattr(values, key)
            text = "not set" if value is None else f"{value} {unit_of(field)}".strip()
            rows.append((name, key, text))
    found = tuple(versions().items())
    return [
        Table("Parameters", ("Step", "Parameter", "Value"), tuple(rows)),
        Table("Versions", ("Package", "Version"), found),
    ]


def report_path(study: Study) -> Path:
    """Return where the report is.

    Raises
    ------
    NpmError
        If none was written yet.
    """
    path = study.folder / FILE_NAME
    if not path.exists():
        raise NpmError(f"There is no report yet: run {command('run', study.folder)}.")
    return path
