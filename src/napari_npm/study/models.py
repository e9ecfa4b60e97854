"""A trained network on disk: weights as safetensors, a card as JSON; never unpickled."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_npm.core.errors import NpmError

from .hashing import hash_file

if TYPE_CHECKING:
    from torch import Tensor

    from napari_npm.core.network import NanoporosityNet

WEIGHTS = "weights.safetensors"
CARD = "card.json"
CHECKPOINT = "checkpoint.safetensors"

_IN_WEIGHTS = ("maps", "classes", "pixel_size_nm")
"""Facts of the card that are kept with the weights too: one file is then enough to use them."""
_BYTES = 2**33  # no network of this package comes near; a file beyond it is not read to be hashed
_PER_BLOCK, _HEAD = 6, 2
_KINDS = {"F32", "I64"}
_DIGEST = "digest"


def save_tensors(path: Path, tensors: Mapping[str, "Tensor"], facts: Mapping[str, Any]) -> None:
    """Write named tensors and JSON facts into one safetensors file, atomically.

    A digest of both is kept with them, as the format itself notices no changed bit.
    """
    from safetensors.torch import save

    from napari_npm.io import write_bytes

    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    plain = json.loads(json.dumps(facts, default=str))
    text = json.dumps({**plain, _DIGEST: _digest(ready, json.dumps(plain))})
    # one entry: safetensors writes several in random order, and equal weights as unequal files
    write_bytes(path, save(ready, metadata={"facts": text}))


def load_tensors(path: Path) -> tuple[dict[str, "Tensor"], dict[str, Any]]:
    """Read what `save_tensors` wrote.

    Raises
    ------
    NpmError
        If the file is missing, damaged or of another kind.
    """
    from safetensors import SafetensorError, safe_open

    _require_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get("facts", "{}"))
            # copied out of the file: a mapped one could not be replaced while it is in use
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        if not isinstance(facts, dict):
            raise ValueError("its description is no table")
        if facts.pop(_DIGEST, "") not in ("", _digest(tensors, json.dumps(facts))):
            raise ValueError("its content is not what was written")
    except (OSError, SafetensorError, ValueError, RuntimeError, RecursionError) as error:
        raise NpmError(_unreadable(path, error)) from error
    return tensors, facts


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
    from .model_cards import write_card

    facts = {"n_classes": model.n_classes, "network": model.config.to_dict()}
    known = {name: card[name] for name in _IN_WEIGHTS if name in card}
    path = folder / WEIGHTS
    save_tensors(path, model.state_dict(), {**facts, **known})
    write_card(folder, {**facts, "weights": hash_file(path), **card})


def load_model(folder: Path) -> "NanoporosityNet":
    """Read a network that `save_model` wrote, in eval mode.

    The file is foreign until shown otherwise: names, shapes and types are compared with what its
    description promises before anything of that size is made, and nothing in it is ever run.

    Raises
    ------
    NpmError
        If the files are missing, damaged, or not of this kind of network.
    """
    import torch

    from napari_npm.core.network import NanoporosityNet, NetworkConfig

    path = folder / WEIGHTS
    shapes, facts = _described(path)
    try:
        classes, network = facts["n_classes"], facts["network"]
        widths = network["widths"]
        if type(classes) is not int or not all(type(width) is int for width in widths):
            raise TypeError("a size is no whole number")
        if len(shapes) != _PER_BLOCK * len(widths) + _HEAD:
            raise ValueError(f"{len(shapes)} arrays for {len(widths)} blocks")
        with torch.device("meta"):
            model = NanoporosityNet(classes, NetworkConfig.from_dict(network))
        wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        if wanted != shapes:
            raise ValueError("its arrays are not those of its description")
        tensors, _ = load_tensors(path)
        if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
            raise NpmError(
                f"{folder} holds weights that are not numbers (NaN or infinite): choose another"
                " model or train it again."
            )
        model.load_state_dict(tensors, assign=True)
    except NpmError as error:
        if str(folder) in str(error):
            raise
        raise NpmError(_foreign(folder)) from error
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError) as error:
        raise NpmError(_foreign(folder)) from error
    return model.eval()


def read_facts(folder: Path) -> dict[str, Any]:
    """Return what the weights file of a model says of itself, without reading the weights.

    Raises
    ------
    NpmError
        If it is missing or damaged.
    """
    return _described(folder / WEIGHTS)[1]


def check_pixel_size(facts: Mapping[str, Any], pixel_size_nm: float, name: str) -> None:
    """Refuse maps of another pixel size than a model's: a texture at another scale is another one.

    Parameters
    ----------
    facts : mapping
        The model's card, or `read_facts`; one that tells no pixel size takes all.
    pixel_size_nm : float
        Pixel size of the maps in nm.
    name : str
        What the model is called, for the message.

    Raises
    ------
    NpmError
        If the pixel sizes differ.
    """
    from .importing import PIXEL_SIZE_TOLERANCE

    own = facts.get("pixel_size_nm")
    if not isinstance(own, int | float) or own <= 0:
        return
    if abs(pixel_size_nm / own - 1) > PIXEL_SIZE_TOLERANCE:
        raise NpmError(
            f"These maps have {pixel_size_nm:g} nm a pixel, but the model {name} learnt from maps"
            f" of {own:g} nm: rescale the images to that pixel size, or train on these."
        )


def _require_file(path: Path) -> None:
    """Refuse what is no plain file: a folder, or a pipe that would be waited for."""
    if not path.is_file():
        raise NpmError(f"There is no model file {path}: train a model, or choose another folder.")
    if path.stat().st_size > _BYTES:
        raise NpmError(f"{path} is too large to be a model of this program: choose another one.")


def _described(path: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, Any]]:
    """Return the shapes and the facts in a file of tensors, read from its header alone."""
    from safetensors import SafetensorError, safe_open

    _require_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get("facts", "{}"))
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            shapes = {name: tuple(one.get_shape()) for name, one in slices.items()}
            kinds = {one.get_dtype() for one in slices.values()}
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise NpmError(_unreadable(path, error)) from error
    if not isinstance(facts, dict) or not kinds <= _KINDS:
        raise NpmError(_foreign(path.parent))
    facts.pop(_DIGEST, None)
    return shapes, facts


def _digest(tensors: Mapping[str, "Tensor"], text: str) -> str:
    import torch

    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _unreadable(path: Path, error: BaseException) -> str:
    words = str(error).split("\n")[0].strip() or type(error).__name__
    return f"{path} is not a readable model file ({words[:200]}): train the model again."


def _foreign(folder: Path) -> str:
    return f"{folder} does not hold a network of this program: choose another model or train one."
