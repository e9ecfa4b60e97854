"""The commands: one for each step, and those that act on a whole study."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_npm.study.classify_settings import ClassifyParameters
from napari_npm.study.review import Review
from napari_npm.study.step import Step
from napari_npm.study.steps import STEPS

from . import classifying, commands, exporting, presets
from . import methods as methods_
from .options import given, step_options
from .reporting import reporter

STEP_PANEL = "Steps, in order"
STUDY_PANEL = "Studies"

app = typer.Typer(
    help="From SEM images of metal-intruded cement paste to where an additive changed them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

StudyFolder = Annotated[Path, typer.Argument(help="Folder of the study.", show_default=False)]
AsJson = Annotated[
    bool, typer.Option("--json", help="Write JSON lines; the line `cancel` on input stops.")
]
Force = Annotated[bool, typer.Option("--force", help="Repeat what is already done.")]
Only = Annotated[
    str | None,
    typer.Option(
        help="Work only on images, models or figures whose names start so; commas between several.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Threads or processes for image-wise work.", show_default=False),
]
Scheduler = Annotated[
    str,
    typer.Option(help="threads, processes, synchronous, or the address of a dask scheduler."),
]


def _images(text: str) -> Any:
    return typer.Option(metavar="IMAGES", help=text, show_default=False)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


_COMMON = [
    _keyword(
        "reset",
        Annotated[bool, typer.Option("--reset", help="Forget this step's own settings first.")],
        False,
    ),
    _keyword("only", Only, None),
    _keyword("force", Force, False),
    _keyword("workers", Workers, None),
    _keyword("scheduler", Scheduler, "threads"),
    _keyword("json_", AsJson, False),
]


def _step_command(step: Step[Any]) -> Callable[..., None]:
    """Return the command of a step, with an option for each of its parameters."""
    extra = commands.EXTRA.get(step.name)
    options = extra.options if extra else presets.OPTIONS if step.name == "figures" else {}

    def command(**values: Any) -> None:
        with reporter(values["json_"]) as report:
            changes = given(values, step.Parameters)
            if step.name == "figures" and presets.wants_preset(values, changes):
                presets.write(values["study"], values["preset"], values["output"], report)
                return
            commands.run_step(
                values["study"],
                step.name,
                changes,
                {name: values[name] for name in (extra.options if extra else ())},
                report,
                reset=values["reset"],
                only=values["only"],
                force=values["force"],
                workers=values["workers"],
                scheduler=values["scheduler"],
            )

    own = [
        inspect.Parameter("study", inspect.Parameter.KEYWORD_ONLY, annotation=StudyFolder),
        *(_keyword(name, *option) for name, option in options.items()),
        *step_options(step.Parameters),
        *_COMMON,
    ]
    command.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in own}
    command.__doc__ = step.summary
    return command


for _step in STEPS.values():
    app.command(_step.name, rich_help_panel=STEP_PANEL, help=_step.summary)(_step_command(_step))


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop.", is_eager=True)
    ] = False,
) -> None:
    if version:
        from napari_npm import __version__

        typer.echo(f"napari-npm {__version__}")
        raise typer.Exit


@app.command(rich_help_panel=STUDY_PANEL)
def new(
    study: StudyFolder,
    name: Annotated[str | None, typer.Option(help="Name of the study.", show_default=False)] = None,
) -> None:
    """Make a new, empty study."""
    commands.new(study, name)


@app.command(rich_help_panel=STUDY_PANEL)
def run(
    study: StudyFolder,
    until: Annotated[str | None, typer.Option(help="Last step to run.", show_default=False)] = None,
    force: Force = False,
    workers: Workers = None,
    scheduler: Scheduler = "threads",
    json_: AsJson = False,
) -> None:
    """Do all that is left to do in a study."""
    with reporter(json_) as report:
        commands.run_all(study, until, report, force=force, workers=workers, scheduler=scheduler)


@app.command(rich_help_panel=STUDY_PANEL)
def info(study: StudyFolder, json_: AsJson = False) -> None:
    """Show a study's samples, settings and what is done."""
    commands.info(study, json_)


@app.command(rich_help_panel=STUDY_PANEL)
def review(
    study: StudyFolder,
    accept: Annotated[str | None, _images("Take proposed masks as they are.")] = None,
    reject: Annotated[
        str | None, _images("Turn masks down: remove their unhydrated cement, keep references.")
    ] = None,
    correct: Annotated[str | None, _images("Call masks corrected by hand.")] = None,
    again: Annotated[str | None, _images("Give masks free for the next proposal.")] = None,
    undo: Annotated[str | None, _images("Undo the last edit of masks.")] = None,
    redo: Annotated[str | None, _images("Do an undone edit of masks again.")] = None,
    list_: Annotated[
        Review | None,
        typer.Option("--list", help="List only the images in this state.", show_default=False),
    ] = None,
    json_: AsJson = False,
) -> None:
    """Accept or reject proposed masks, and list how far each image's mask is.

    IMAGES are names with commas between several; a pattern such as 'S1-*' takes in those that
    nobody has judged yet.
    """
    said = {"accept": accept, "reject": reject, "correct": correct, "again": again}
    commands.review(study, said, {"undo": undo, "redo": redo}, list_, json_)


def _classify(**values: Any) -> None:
    with reporter(values["json_"]) as report:
        classifying.classify(
            values["study"],
            values["images"],
            given(values, ClassifyParameters),
            values["unhydrated"],
            values["out"],
            report,
        )


_own = [
    inspect.Parameter("study", inspect.Parameter.KEYWORD_ONLY, annotation=StudyFolder),
    *(_keyword(name, *option) for name, option in classifying.OPTIONS.items()),
    *step_options(ClassifyParameters),
    _keyword("json_", AsJson, False),
]
_classify.__signature__ = inspect.Signature(_own)  # type: ignore[attr-defined]
_classify.__annotations__ = {one.name: one.annotation for one in _own}
app.command("classify", rich_help_panel=STUDY_PANEL, help=classifying.HELP)(_classify)


@app.command("export-model", rich_help_panel=STUDY_PANEL)
def export_model(
    study: Annotated[
        Path, typer.Argument(help="Folder of a study, or of one model.", show_default=False)
    ],
    onnx: Annotated[Path, typer.Option(help="ONNX file to write.", show_default=False)],
    model: Annotated[
        str | None,
        typer.Option(help="Model of the study, such as mulf.", show_default=False),
    ] = None,
) -> None:
    """Write a trained model as an ONNX file, for programs that do without this package."""
    exporting.export_model(study, model, onnx)


@app.command(rich_help_panel=STUDY_PANEL)
def methods(
    study: StudyFolder,
    output: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="Folder to write to; methods in the study's folder by default.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write methods, references, and scripts of the commands that rebuild every result."""
    methods_.methods(study, output)


@app.command(rich_help_panel=STUDY_PANEL)
def sample(
    folder: Annotated[Path, typer.Argument(help="Folder to make.", show_default=False)],
) -> None:
    """Write the sample data (three samples with known truth) into a folder."""
    commands.sample(folder)


@app.command(rich_help_panel=STUDY_PANEL)
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder of the demo study.")] = Path("demo"),
    quick: Annotated[
        bool, typer.Option("--quick", help="Few epochs and short distances: a try, no result.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Make a study of the sample data, run every step and write its report."""
    with reporter(json_) as report:
        commands.demo(folder, report, quick=quick)


@app.command("open", rich_help_panel=STUDY_PANEL)
def open_(study: StudyFolder) -> None:
    """Open a study in napari."""
    commands.open_viewer(study)
