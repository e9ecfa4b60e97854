"""How fast the variants of the network learn and are explained: for docs/localisation.md.

    python benchmarks/network_speed.py [--size 256] [--threads 1] [--rounds 5]

The variants of the ablation in `planted_networks.py`, on phantoms' tiles of its size, batch 8.
Milliseconds of processor time a map, the least of all rounds, and in brackets their ratio to the
first variant's: on one thread that is hardly changed by what else the machine does. Rounds are
interleaved, each variant once a round.
Learning is a step with gradients and AdamW on batches made before; relevance is the fused engine's
alpha1-beta0 map for the predicted class, and the same with all classes for their difference.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from planted_networks import BUILDS, WORDS

from napari_npm.core import planted, specimen
from napari_npm.core._allocator import freed_memory_kept
from napari_npm.core._distributed import Team
from napari_npm.core._memory import Portion
from napari_npm.core._training_loop import seeded_network
from napari_npm.core._training_step import Learner
from napari_npm.core.network import NetworkConfig
from napari_npm.core.prediction import predict
from napari_npm.core.relevance import Explainer

BATCH = 8
SETTINGS = {"n_classes": 3, "precision": "float32", "learning_rate": 1e-4, "weight_decay": 1e-2}
COLUMNS = ("Learning", "Prediction", "Relevance", "With difference")


def works(tag: str, maps: np.ndarray) -> list[Callable[[], object]]:
    """Return what is timed of a variant, in the order of `COLUMNS`."""
    config = NetworkConfig(input_size=maps.shape[-1], **BUILDS[tag])
    labels = np.arange(len(maps)) % 3
    one = Learner(
        seeded_network(3, config, 0),
        labels,
        SETTINGS,
        torch.device("cpu"),
        Team(),
        Portion(BATCH),
    )
    one.model.train()
    indices = np.arange(len(maps))
    images = maps[:, None]

    def learn() -> None:
        one.step(images, indices, indices, 1e-4)

    learn()  # batch norm has statistics from here on
    still = seeded_network(3, config, 0)
    still.load_state_dict(one.model.state_dict())
    still.eval()
    plain = Explainer(still, engine="fused", batch_size=BATCH)
    both = Explainer(still, engine="fused", difference=True, batch_size=BATCH)
    return [
        learn,
        lambda: predict(still, maps, batch_size=BATCH),
        lambda: plain(maps),
        lambda: both(maps),
    ]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    some = specimen(planted("nano"), 1, 0, n_tiles=BATCH, seed=1)
    maps = np.stack([one.porosity[: given.size, : given.size] for one in some]).astype(np.float32)
    made = {tag: works(tag, maps) for tag in BUILDS}
    seconds: dict[str, list[list[float]]] = {tag: [[] for _ in COLUMNS] for tag in made}
    with freed_memory_kept():
        for number in range(given.rounds + 1):
            for column in range(len(COLUMNS)):
                for tag, own in made.items():
                    began = time.process_time()
                    own[column]()
                    if number:  # the first round reserves memory
                        seconds[tag][column].append(time.process_time() - began)
    print(f"torch {torch.__version__}, {given.threads} threads, batch {BATCH}, {maps.shape[-1]} px")
    print(f"| Pooling, padding, head | {' | '.join(f'{name}, ms a map' for name in COLUMNS)} |")
    print("|---" * (1 + len(COLUMNS)) + "|")
    first = next(iter(made))
    for tag, own in seconds.items():
        cells = [
            f"{min(times) / BATCH * 1e3:.1f} ({min(times) / min(base):.2f})"
            for times, base in zip(own, seconds[first], strict=True)
        ]
        print(f"| {WORDS[tag]} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
