"""Whether networks find a planted change, and relevance its places: for docs/localisation.md.

    python benchmarks/localisation.py FOLDER [--only PART] [--write]

Phantoms of three classes carry a change of known strength in known places. For each experiment a
network is trained, unless FOLDER holds it (about 4 minutes each on an idle core), tested on
specimens it has not seen, and its relevance is held against the places by several rules.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from planted_networks import LEARN, VALIDATE, WORDS, Experiment, network, phantoms
from scipy.ndimage import gaussian_filter

from napari_npm.core.band_energy import band_energy
from napari_npm.core.baselines import histogram_baseline, texture_baseline
from napari_npm.core.localisation import localisation
from napari_npm.core.nearest import nearest_mean
from napari_npm.core.network import NanoporosityNet
from napari_npm.core.prediction import predict
from napari_npm.core.relevance import explain

SMOOTH_PX = 4.0
DOCS = Path(__file__).resolve().parents[1] / "docs" / "localisation.md"
GRADED = (
    Experiment("nano", 0),
    Experiment("nano", 0, "micf"),
    Experiment("nano", 0.5),
    Experiment("nano", 1),
    Experiment("nano", 1, "micf"),
    Experiment("nano", 2),
    Experiment("nano", 2, "micf"),
    Experiment("micro", 1),
    Experiment("micro", 1, "micf"),
    Experiment("nano+one place", 2),
)
ABLATION = (
    Experiment("nano", 1),
    Experiment("nano", 1, seed=1),
    Experiment("nano", 1, tag="avg"),
    Experiment("nano", 1, tag="avg", seed=1),
    Experiment("nano", 1, tag="rep"),
    Experiment("nano", 1, tag="avgrep"),
    Experiment("nano", 1, tag="flat"),
    Experiment("nano", 2),
    Experiment("nano", 2, tag="avg"),
    Experiment("nano", 2, tag="avg", seed=1),
)
DEPTH = (
    Experiment("nano", 0, tag="avg4"),
    Experiment("nano", 1, tag="avg4"),
    Experiment("nano", 1, tag="avg4", seed=1),
    Experiment("nano", 2, "micf", tag="avg4"),
    Experiment("nano", 2, tag="avg4"),
    Experiment("nano", 2, tag="avg4", seed=1),
    Experiment("nano", 2, tag="avg4", tile=384),
    Experiment("nano", 2, tag="max4"),
)
RULES = (
    Experiment("nano", 1),
    Experiment("nano", 2),
    Experiment("nano", 2, tag="avg"),
    Experiment("nano", 2, tag="avg", seed=1),
)


def accuracies(data: dict[str, np.ndarray], model: NanoporosityNet) -> list[float]:
    """Return test accuracy of the network, porosity, grey histogram and texture."""
    labels, maps = data["labels"], data["read"]
    learn, test = (
        np.flatnonzero(part) for part in (data["groups"] < LEARN, data["groups"] >= VALIDATE)
    )
    network = (predict(model, maps[test]).argmax(1) == labels[test]).mean()
    plain = nearest_mean(maps.mean((1, 2)), labels, fit=learn, evaluate=test).predicted
    parts = maps[learn], labels[learn], maps[test], labels[test]
    return [
        float(network),
        float((plain == labels[test]).mean()),
        histogram_baseline(*parts).accuracy,
        texture_baseline(*parts).accuracy,
    ]


def tested(data: dict[str, np.ndarray], every: int) -> np.ndarray:
    """Return test tiles of the changed classes; in the reference class nothing is to be found."""
    return np.flatnonzero((data["groups"] >= VALIDATE) & (data["labels"] > 0))[::every]


def measured(
    maps: np.ndarray, data: dict[str, np.ndarray], tiles: np.ndarray, smooth: float = 0.0
) -> str:
    """Return AUC, AUC without unhydrated cement, average precision and pointing, as columns."""
    rows = []
    for values, tile in zip(maps, tiles, strict=True):
        if smooth:
            values = gaussian_filter(values, smooth)
        places, free = data["places"][tile], ~data["unhydrated"][tile]
        whole = localisation(values, places)
        rows.append(
            (
                whole.auc,
                localisation(values, places, free).auc,
                whole.average_precision,
                whole.pointing,
            )
        )
    auc, without, precision, pointing = np.mean(rows, 0)
    return f"{auc:.3f} | {without:.3f} | {precision:.2f} | {pointing:.2f}"


def graded(folder: Path) -> Iterator[str]:
    """Accuracy and localisation by strength."""
    yield (
        "| Planted | Strength | Maps | Network | Porosity | Histogram | Texture |"
        " AUC, paper's rule | AUC, contrastive, turned, smoothed |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for one in GRADED:
        data = phantoms(one, folder)
        model = network(one, data, folder)
        shares = " | ".join(f"{100 * share:.0f} %" for share in accuracies(data, model))
        tiles = tested(data, 3)
        labels = data["labels"][tiles]
        plain = explain(model, data["read"][tiles], labels).relevance
        best = explain(
            model, data["read"][tiles], labels, rule="contrastive", average="d4"
        ).relevance
        first, second = measured(plain, data, tiles), measured(best, data, tiles, SMOOTH_PX)
        yield (
            f"| {one.variant} | {one.strength:g} | {one.maps} | {shares} |"
            f" {first.split(' | ')[0]} | {second.split(' | ')[0]} |"
        )


def ablation(folder: Path) -> Iterator[str]:
    """How the network is built: accuracy, localisation, grid in the maps."""
    yield (
        "| Pooling, padding, head | Strength | Seed | Accuracy | AUC, paper's rule |"
        " AUC, contrastive, turned | Grid |"
    )
    yield "|---|---|---|---|---|---|---|"
    for one in ABLATION:
        data = phantoms(one, folder)
        model = network(one, data, folder)
        test = data["groups"] >= VALIDATE
        accuracy = (predict(model, data["read"][test]).argmax(1) == data["labels"][test]).mean()
        tiles = tested(data, 3)
        labels = data["labels"][tiles]
        plain = explain(model, data["read"][tiles], labels).relevance
        best = explain(
            model, data["read"][tiles], labels, rule="contrastive", average="d4"
        ).relevance
        auc = [measured(maps, data, tiles).split(" | ")[0] for maps in (plain, best)]
        yield (
            f"| {WORDS[one.tag]} | {one.strength:g} | {one.seed} | {100 * accuracy:.0f} % |"
            f" {auc[0]} | {auc[1]} | {grid(plain):.2f} |"
        )


def depth(folder: Path) -> Iterator[str]:
    """Networks of four blocks in place of seven: accuracy and localisation."""
    yield (
        "| Network | Tile, px | Maps | Strength | Seed | Accuracy | Map | AUC | AUC without UC |"
        " Average precision | Pointing |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for one in DEPTH:
        data = phantoms(one, folder)
        model = network(one, data, folder)
        test = data["groups"] >= VALIDATE
        accuracy = (predict(model, data["read"][test]).argmax(1) == data["labels"][test]).mean()
        tiles = tested(data, 4)
        read, labels = data["read"][tiles], data["labels"][tiles]
        plain = explain(model, read, labels).relevance
        alone = explain(model, read, labels, rule="contrastive").relevance
        turned = explain(model, read, labels, rule="contrastive", average="d4").relevance
        name = (
            f"{WORDS[one.tag]} | {one.tile} | {one.maps} | {one.strength:g} | {one.seed} |"
            f" {100 * accuracy:.0f} %"
        )
        for what, maps, smooth in (
            ("alpha1-beta0 (the paper's)", plain, 0.0),
            ("the same, smoothed 4 px", plain, SMOOTH_PX),
            ("contrastive", alone, 0.0),
            ("contrastive, turned", turned, 0.0),
            ("contrastive, turned, smoothed 4 px", turned, SMOOTH_PX),
        ):
            yield f"| {name} | {what} | {measured(maps, data, tiles, smooth)} |"


def grid(maps: np.ndarray) -> float:
    """Return the spread (SD over mean) of mean relevance over the 8 x 8 places of a grid."""
    mean = maps.mean(0)
    rows, columns = (size // 8 for size in mean.shape)
    cells = mean.reshape(rows, 8, columns, 8).mean((0, 2))
    return float(cells.std() / cells.mean())


def rules(folder: Path) -> Iterator[str]:
    """Rules and corrections side by side."""
    yield "| Network | Map | AUC | AUC without UC | Average precision | Pointing |"
    yield "|---|---|---|---|---|---|"
    for one in RULES:
        data = phantoms(one, folder)
        model = network(one, data, folder)
        tiles = tested(data, 4)
        read, labels = data["read"][tiles], data["labels"][tiles]
        name = f"{WORDS[one.tag]}, strength {one.strength:g}, seed {one.seed}"

        def row(
            what: str,
            maps: np.ndarray,
            smooth: float = 0.0,
            name: str = name,
            data=data,
            tiles=tiles,
        ) -> str:
            return f"| {name} | {what} | {measured(maps, data, tiles, smooth)} |"

        paper = explain(model, read, labels, difference=True)
        yield row("alpha1-beta0 (the paper's)", paper.relevance)
        yield row("the same, smoothed 4 px", paper.relevance, SMOOTH_PX)
        yield row("its class difference", paper.difference)
        yield row("alpha1-beta0, z-box", explain(model, read, labels, input_rule="zbox").relevance)
        yield row(
            "alpha1-beta0 against the others",
            explain(model, read, labels, against="others").relevance,
        )
        yield row("alpha1-beta0, turned", explain(model, read, labels, average="d4").relevance)
        yield row(
            "gradient x input", explain(model, read, labels, rule="gradient x input").relevance
        )
        yield row(
            "integrated gradients",
            explain(model, read, labels, rule="integrated gradients").relevance,
        )
        yield row("contrastive", explain(model, read, labels, rule="contrastive").relevance)
        turned = explain(model, read, labels, rule="contrastive", average="d4").relevance
        yield row("contrastive, turned", turned)
        yield row("contrastive, turned, smoothed 4 px", turned, SMOOTH_PX)
        energy = np.array(
            [
                band_energy(one, valid=~grain)
                for one, grain in zip(read, data["unhydrated"][tiles], strict=True)
            ]
        )
        yield row("band energy (no network)", energy)
        yield row("porosity itself", read)


PARTS = {"graded": graded, "ablation": ablation, "depth": depth, "rules": rules}


def main() -> None:
    """Print the tables, and write them between their marks in the docs where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where phantoms and networks are kept")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--write", action="store_true", help=f"write into {DOCS.name}")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in given.only or PARTS:
        lines = []
        print(f"\n{name}")
        for line in PARTS[name](given.folder):
            print(line, flush=True)
            lines.append(line)
        if given.write:
            before, mark, rest = DOCS.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
            _, end, after = rest.partition(f"<!-- end of {name} -->")
            text = before + mark + "\n" + "\n".join(lines) + "\n\n" + end + after
            DOCS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
