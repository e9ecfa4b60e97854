"""A trained network on disk: weights as safetensors, a card as JSON; never unpickled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_npm.core.errors import NpmError

if TYPE_CHECKING:
    from torch import Tensor

    from napari_npm.core.network import NanoporosityNet

WEIGHTS = "weights.safetensors"
CARD = "card.json"
CHECKPOINT = "checkpoint.safetensors"


def save_tensors(path: Path, tensors: Mapping[str, "Tensor"], facts: Mapping[str, Any]) -> None:
    """Write named tensors and JSON facts into one safetensors file, atomically."""
    from safetensors.torch import save

    from napari_npm.io import write_bytes

    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_bytes(path, save(ready, metadata={"facts": json.dumps(facts, default=str)}))


def load_tensors(path: Path) -> tuple[dict[str, "Tensor"], dict[str, Any]]:
    """Read what `save_tensors` wrote.

    Raises
    ------
    NpmError
        If the file is missing, damaged or of another kind.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get("facts", "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise NpmError(
            f"{path} is not a readable model file ({error}): train the model again."
        ) from error


def save_model(folder: Path, model: "NanoporosityNet", card: Mapping[str, Any]) -> None:
    """Write a trained network and its card into a folder.

    Parameters
    ----------
    folder : Path
        Where; made if missing.
    model : NanoporosityNet
        The network.
    card : mapping
        Facts for a reader: classes, data, split, seed, versions, figures.
    """
    from napari_npm.io import write_json

    facts = {"n_classes": model.n_classes, "network": model.config.to_dict()}
    write_json(folder / CARD, {**facts, **card})
    save_tensors(folder / WEIGHTS, model.state_dict(), facts)


def load_model(folder: Path) -> "NanoporosityNet":
    """Read a network that `save_model` wrote, in eval mode.

    Raises
    ------
    NpmError
        If the files are missing, damaged, or not of this kind of network.
    """
    from napari_npm.core.network import NanoporosityNet, NetworkConfig

    tensors, facts = load_tensors(folder / WEIGHTS)
    try:
        model = NanoporosityNet(facts["n_classes"], NetworkConfig.from_dict(facts["network"]))
        model.load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError) as error:
        raise NpmError(
            f"{folder} does not hold a network of this program: choose another model or train one."
        ) from error
    return model.eval()
