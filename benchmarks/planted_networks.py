"""Phantoms with a planted change, and the networks trained to tell their classes apart."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file, save_file

from napari_npm.core import control, planted, specimen
from napari_npm.core.calibration import calibrate
from napari_npm.core.masking import Label
from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.core.smoothing import microscale
from napari_npm.core.training import train

TILE, SPECIMENS, TILES, SEED = 256, 12, 5, 11
LEARN, VALIDATE = 7, 8  # specimens below these numbers; the rest test


@dataclass(frozen=True)
class Experiment:
    """What is planted, what the network reads, and how it is built."""

    variant: str
    strength: float
    maps: str = "mulf"
    tag: str = "base"
    seed: int = 0
    tile: int = TILE

    @property
    def name(self) -> str:
        return f"{self.data}-{self.maps}-{self.tag}-{self.seed}"

    @property
    def data(self) -> str:
        size = "" if self.tile == TILE else f"-{self.tile}px"
        return f"{self.variant}-{self.strength:g}{size}".replace("+", "_").replace(" ", "-")


BUILDS = {
    "base": {},
    "avg": {"pooling": "average"},
    "rep": {"padding": "replicate"},
    "avgrep": {"pooling": "average", "padding": "replicate"},
    "flat": {"head": "flatten"},
    "avg4": {"pooling": "average", "widths": (16, 32, 64, 128)},
    "max4": {"widths": (16, 32, 64, 128)},
}
WORDS = {
    "base": "max, zeros, gap",
    "avg": "average, zeros, gap",
    "rep": "max, replicate, gap",
    "avgrep": "average, replicate, gap",
    "flat": "max, zeros, flatten",
    "avg4": "average, zeros, gap, four blocks",
    "max4": "max, zeros, gap, four blocks",
}


def phantoms(one: Experiment, folder: Path) -> dict[str, np.ndarray]:
    """Return maps, places, unhydrated cement, labels and specimens of all tiles."""
    path = folder / f"{one.data}.npz"
    if not path.exists():
        variant, _, kind = one.variant.partition("+")
        config = replace(planted(variant, strength=one.strength), tile=one.tile, reference_every=0)
        config = control(config, kind) if kind else config
        found = [
            phantom
            for label in range(3)
            for number in range(SPECIMENS)
            for phantom in specimen(config, label, number, n_tiles=TILES, seed=SEED)
        ]
        grains = np.array([one.labels == Label.UNHYDRATED for one in found])
        maps = [
            calibrate(one.bse, one.g_csh, one.g_metal, unhydrated=grain).porosity
            for one, grain in zip(found, grains, strict=True)
        ]
        np.savez(
            path,
            maps=np.array(maps, np.float16),
            places=np.array([one.places for one in found]),
            unhydrated=grains,
            labels=np.array([one.class_index for one in found]),
            groups=np.array([one.specimen for one in found]),
        )
    data = dict(np.load(path))
    data["maps"] = data["maps"].astype(np.float32)
    data["read"] = microscale(data["maps"], 10.0) if one.maps == "micf" else data["maps"]
    return data


def network(one: Experiment, data: dict[str, np.ndarray], folder: Path) -> NanoporosityNet:
    """Train, or load what was trained before."""
    config = NetworkConfig(input_size=one.tile, **BUILDS[one.tag])
    path = folder / f"{one.name}.safetensors"
    learn, validate = data["groups"] < LEARN, data["groups"] == LEARN
    if not path.exists():
        maps, labels = data["read"], data["labels"]
        found = train(
            maps[learn],
            labels[learn],
            validation=(maps[validate], labels[validate]),
            config=config,
            epochs=30,
            batch_size=8,
            seed=one.seed,
        )
        save_file(found.model.state_dict(), path, metadata={"about": json.dumps(asdict(one))})
    model = NanoporosityNet(3, config)
    model.load_state_dict(load_file(path))
    return model.eval()
