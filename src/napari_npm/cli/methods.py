"""Writing what a paper needs besides its figures."""

from pathlib import Path

import typer

from napari_npm.study.study import Study


def methods(folder: Path, output: Path | None) -> None:
    """Write methods, references and the scripts that rebuild a study, and say where."""
    from napari_npm.study.reproducing import write_methods

    for path in write_methods(Study.open(folder, write=False), output):
        typer.echo(f"Wrote {path}")
