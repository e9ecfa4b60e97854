"""A trained network as an ONNX file, for programs that do without torch.

The graph is written node by node rather than traced: it needs `onnx` alone, is the same whatever
the version of torch, and holds the batch norms as they are.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_npm.core.errors import NpmError

from .models import load_model
from .study import Study

if TYPE_CHECKING:
    from torch import nn

    from napari_npm.core.network import NanoporosityNet

TOLERANCE = 1e-4
"""How far logits may be off (absolute, for logits of order 1) before a file is refused."""
_OPSET, _IR = 17, 8
_IN_FILE = ("maps", "classes", "class_labels", "pixel_size_nm", "input", "split", "test")


def export_model(source: Study | Path, path: Path, *, model: str | None = None) -> float | None:
    """Write a trained model as an ONNX file.

    Input ``maps`` (N, C, H, W) float32 porosity in [0, 1], output ``logits`` (N, classes); any
    number of images at a time, and any size of at least one pixel after the last block where the
    network ends in global average pooling. Names of the classes, kinds of map, pixel size and the
    rest of the card stand in the file's metadata.

    Parameters
    ----------
    source : Study or Path
        A study, or the folder of one model.
    path : Path
        The file to write, ending in ``.onnx``.
    model : str, optional
        Which model of the study; needed where it has several.

    Returns
    -------
    float or None
        Largest difference of a logit between file and network on random maps, or None where
        `onnxruntime` is not there to run the file.

    Raises
    ------
    NpmError
        If `onnx` is not installed, the model is not there or damaged, or the file does not give
        the network's logits.
    """
    from napari_npm.io import write_bytes

    from .model_cards import read_card

    _require_onnx()
    folder = _model_folder(source, model)
    if path.suffix.lower() != ".onnx":
        raise NpmError(f"{path} does not end in .onnx: give the file such a name.")
    network = load_model(folder)
    data = onnx_bytes(network, read_card(folder))
    apart = difference(network, data)
    if apart is not None and not apart <= TOLERANCE:
        raise NpmError(
            f"{path} was not written: its logits are off by up to {apart:.1e}; please report this."
        )
    write_bytes(path, data)
    return apart


def onnx_bytes(network: "NanoporosityNet", card: Mapping[str, Any]) -> bytes:
    """Return a network as the bytes of an ONNX file.

    Parameters
    ----------
    network : NanoporosityNet
        In eval mode; left as it is.
    card : mapping
        Facts for the file's metadata.
    """
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph()
    name = "maps"
    for module in network.modules():
        if not list(module.children()):
            name = graph.add(module, name)
    graph.nodes[-1].output[0] = "logits"
    config = network.config
    size: list[Any] = ["height", "width"]
    if config.head == "flatten":
        size = [config.input_size] * 2
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "nanoporosity network",
            [
                helper.make_tensor_value_info(
                    "maps", TensorProto.FLOAT, ["images", config.in_channels, *size]
                )
            ],
            [
                helper.make_tensor_value_info(
                    "logits", TensorProto.FLOAT, ["images", network.n_classes]
                )
            ],
            graph.weights,
        ),
        producer_name="napari-npm",
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR,
    )
    facts = {name: card[name] for name in _IN_FILE if name in card}
    helper.set_model_props(
        made,
        {
            **{
                name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                for name, value in facts.items()
            },
            "network": json.dumps(config.to_dict()),
        },
    )
    onnx.checker.check_model(made, full_check=True)
    data: bytes = made.SerializeToString()
    return data


def difference(network: "NanoporosityNet", data: bytes) -> float | None:
    """Return how far a file's logits are from a network's on random maps, one and three at a time.

    None where `onnxruntime` is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        return None
    import torch

    # the random maps are its own: a caller's draws stay as they are
    rng = np.random.default_rng(0)
    config = network.config
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    apart = 0.0
    for n in (1, 3):
        maps = rng.random((n, config.in_channels, config.input_size, config.input_size))
        values = maps.astype(np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(values)).numpy()
        (found,) = session.run(["logits"], {"maps": values})
        apart = max(apart, float(np.abs(found - wanted).max()))
    return apart


class _Graph:
    """Nodes and weights of an ONNX graph, added module by module."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, module: "nn.Module", source: str) -> str:
        """Add a module that reads a value; return the name of what it gives."""
        from torch import nn

        kind = type(module)
        if kind is nn.Conv2d:
            return self._conv(module, source)
        if kind is nn.BatchNorm2d:
            weights = [
                self._weight(getattr(module, name))
                for name in ("weight", "bias", "running_mean", "running_var")
            ]
            return self._node("BatchNormalization", [source, *weights], epsilon=module.eps)
        if kind is nn.ReLU:
            return self._node("Relu", [source])
        if kind in (nn.MaxPool2d, nn.AvgPool2d):
            side = [int(module.kernel_size)] * 2  # type: ignore[arg-type]
            name = "MaxPool" if kind is nn.MaxPool2d else "AveragePool"
            return self._node(name, [source], kernel_shape=side, strides=side)
        if kind is nn.AdaptiveAvgPool2d:
            return self._node("GlobalAveragePool", [source])
        if kind is nn.Flatten:
            return self._node("Flatten", [source], axis=1)
        if kind is nn.Linear:
            weights = [self._weight(module.weight), self._weight(module.bias)]
            return self._node("Gemm", [source, *weights], transB=1)
        if kind is nn.Identity:
            return source
        raise NpmError(f"A network with {kind.__name__} cannot be written as ONNX.")

    def _conv(self, module: Any, source: str) -> str:
        from onnx import numpy_helper

        pads = [int(module.padding[0]), int(module.padding[1])] * 2
        if module.padding_mode != "zeros":
            mode = {"reflect": "reflect", "replicate": "edge"}[module.padding_mode]
            around = np.array([0, 0, *pads[:2], 0, 0, *pads[2:]], dtype=np.int64)
            name = f"pads{len(self.weights)}"
            self.weights.append(numpy_helper.from_array(around, name))
            source = self._node("Pad", [source, name], mode=mode)
            pads = [0, 0, 0, 0]
        weights = [self._weight(module.weight)]
        if module.bias is not None:
            weights.append(self._weight(module.bias))
        return self._node("Conv", [source, *weights], pads=pads)

    def _weight(self, values: Any) -> str:
        from onnx import numpy_helper

        name = f"weight{len(self.weights)}"
        array = np.ascontiguousarray(values.detach().cpu().numpy())
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def _node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name


def _require_onnx() -> None:
    from importlib.util import find_spec

    if find_spec("onnx") is None:
        raise NpmError(
            "Writing ONNX needs the package onnx: install it with `pip install 'napari-npm[onnx]'`."
        )


def _model_folder(source: Study | Path, model: str | None) -> Path:
    if not isinstance(source, Study):
        return source
    names = source.models
    if not names:
        raise NpmError(f"{source.folder} has no trained model: run the train step first.")
    if model is None and len(names) > 1:
        raise NpmError(f"The study has the models {', '.join(names)}: say which one with --model.")
    if model is not None and model not in names:
        raise NpmError(f"The study has no model {model!r}: choose from {', '.join(names)}.")
    return source.models_folder / (model or names[0])
