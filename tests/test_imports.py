"""Importing, asking for help and reading the manifest stay quick: nothing heavy is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

import napari_npm
from napari_npm.study.steps import STEPS

HEAVY = {"torch", "numba", "matplotlib", "napari", "PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy"}
PACKAGE = Path(napari_npm.__file__).parent

# Run the statements, then print which heavy packages are in memory.
PROBE = """
import sys
{statements}
print("loaded:", *sorted({{name.partition(".")[0] for name in sys.modules}} & {heavy!r}))
"""

HELP = """
import runpy
for arguments in {commands!r}:
    sys.argv = ["napari-npm", *arguments, "--help"]
    try:
        runpy.run_module("napari_npm", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        assert not end.code, end.code
    else:
        raise AssertionError("the help did not end the program")
"""


def heavy_imports_of(statements: str) -> set[str]:
    """Return the heavy packages that a fresh interpreter has loaded after the statements."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(statements=statements, heavy=HEAVY)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("loaded:")
    return set(last.split()[1:])


def light_modules() -> list[str]:
    """Every package of ours, every step, and the modules that the command line starts with."""
    folders = [path.parent for path in PACKAGE.rglob("__init__.py")]
    names = [".".join(("napari_npm", *folder.relative_to(PACKAGE).parts)) for folder in folders]
    steps = (PACKAGE / "study" / "steps").glob("[!_]*.py")
    return sorted([*names, *(f"napari_npm.study.steps.{path.stem}" for path in steps)])


def heavy_among(statements: list[str]) -> dict[str, set[str]]:
    """Return what each statement brings, looked for one by one only if together they bring any."""
    if not heavy_imports_of("\n".join(statements)):
        return {}
    return {one: heavy_imports_of(one) for one in statements}


def test_imports_are_light() -> None:
    assert heavy_among([f"import {module}" for module in light_modules()]) == {}


def test_help_is_light() -> None:
    commands = [[], *([name] for name in (*STEPS, "run", "demo", "open"))]
    assert heavy_among([HELP.format(commands=[command]) for command in commands]) == {}


def test_manifest_is_light() -> None:
    manifest = PACKAGE / "napari.yaml"
    read = f"from npe2 import PluginManifest\nPluginManifest.from_file({str(manifest)!r})"
    assert heavy_imports_of(read) == set()


def test_docks_bring_nothing_heavy_but_napari() -> None:
    modules = manifest_modules(of_widgets=True)
    assert len(modules) > 1
    # The window is there when a dock is opened, with Qt and numba, which napari itself imports.
    window = heavy_imports_of("import napari.viewer, napari.qt.threading, qtpy.QtWidgets")
    lines = "\n".join(f"import {name}" for name in modules)
    assert heavy_imports_of(lines) <= window
    assert not {"torch", "matplotlib"} & window


def test_readers_and_samples_are_light() -> None:
    modules = manifest_modules(of_widgets=False)
    assert modules
    assert heavy_imports_of("\n".join(f"import {name}" for name in modules)) == set()


def manifest_modules(*, of_widgets: bool) -> list[str]:
    """Return the modules of the manifest's widgets, or of its other commands."""
    from npe2 import PluginManifest

    offered = PluginManifest.from_file(PACKAGE / "napari.yaml").contributions
    widgets = {widget.command for widget in offered.widgets or ()}
    names = {
        command.python_name.partition(":")[0]
        for command in offered.commands or ()
        if command.python_name and (command.id in widgets) == of_widgets
    }
    return sorted(names)


@pytest.mark.parametrize("name", ["matplotlib", "torch"])
def test_the_probe_notices_a_heavy_import(tmp_path: Path, name: str) -> None:
    (tmp_path / "innocent.py").write_text(f"import {name}\n", encoding="utf-8")
    assert name in heavy_imports_of(f"sys.path.insert(0, {str(tmp_path)!r})\nimport innocent")
