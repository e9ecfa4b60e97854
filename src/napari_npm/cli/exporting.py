"""Writing what a study made for other programs."""

from pathlib import Path

import typer

from napari_npm.study.model import FILE_NAME
from napari_npm.study.study import Study


def export_model(folder: Path, model: str | None, onnx: Path) -> None:
    """Write a model of a study, or the one in a folder, as an ONNX file."""
    from napari_npm.study.exporting import export_model

    is_study = (folder / FILE_NAME).exists() or not (folder / "weights.safetensors").exists()
    source = Study.open(folder, write=False) if is_study else folder
    apart = export_model(source, onnx, model=model)
    if apart is None:
        typer.echo(f"Wrote {onnx}; install onnxruntime to have its logits compared.")
    else:
        typer.echo(f"Wrote {onnx}; its logits differ from the network's by {apart:.1e} at most.")
