"""How well and how fast masks are proposed: intersection over union (IoU) and seconds.

    python benchmarks/masking.py [--images FOLDER]

Strokes are simulated as a user would draw them: short curved lines 5 to 8 px wide at random places
within a phase. The first three go to a grain of unhydrated cement, to C-S-H and to calcium
hydroxide, the later ones to either class in turn ("told"); or only the first is told and the others
lie anywhere outside cement ("blind"). FOLDER holds images of your own as <name>.bmp, .png or .tif
with <name>.mask.png beside them (not 0: unhydrated cement).
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_npm.core import (
    PhantomConfig,
    RegionGrower,
    Stroke,
    mosaic,
    propose_unhydrated,
    specimen,
    train_pixel_classifier,
)
from napari_npm.core._pixel_features import strip_features, strips
from napari_npm.core.phantom import Phantom
from napari_npm.core.pieces import filter_pieces

SPECIMENS = 12
GEL, CEMENT, HYDROXIDE, METAL = range(4)
TOLD = (CEMENT, GEL, HYDROXIDE, CEMENT, GEL, CEMENT, METAL, HYDROXIDE, CEMENT, GEL)
BLIND = (CEMENT, None, None, CEMENT, None, CEMENT, None, CEMENT, None, None)


@dataclass(frozen=True)
class Scene:
    """An image, its cement, and its phases as far as they are known."""

    image: np.ndarray
    cement: np.ndarray
    phases: np.ndarray

    @classmethod
    def of(cls, phantom: Phantom) -> "Scene":
        phases = np.full(phantom.bse.shape, GEL)
        phases[phantom.porosity == 0] = HYDROXIDE
        phases[phantom.labels == 2] = GEL
        phases[phantom.pores] = METAL
        phases[phantom.labels == 1] = CEMENT
        return cls(phantom.bse, phantom.labels == 1, phases)


def one_stroke(rng: np.random.Generator, region: np.ndarray) -> np.ndarray:
    """Draw a line that turns slowly and stays inside a region, as far as there is room."""
    radius = rng.uniform(2.5, 4.0)
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    room = depth > min(radius, depth.max() - 0.5)
    y, x = np.argwhere(room)[rng.integers(np.count_nonzero(room))].astype(float)
    direction, turn = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.03)
    away = np.ones(region.shape, dtype=bool)
    away[int(y), int(x)] = False
    for _ in range(int(rng.uniform(30, 60))):
        direction += turn + rng.normal(0, 0.05)
        j, i = y + np.sin(direction), x + np.cos(direction)
        row, column = round(j), round(i)
        inside = 0 <= row < region.shape[0] and 0 <= column < region.shape[1]
        if inside and room[row, column]:
            y, x = j, i
            away[row, column] = False
        else:
            direction += np.pi / 2
    return (ndimage.distance_transform_edt(away) <= radius) & region


def draw(scene: Scene, count: int, order: tuple[int | None, ...], seed: int) -> np.ndarray:
    """Draw the first strokes of an order."""
    rng = np.random.default_rng(seed)
    strokes = np.zeros(scene.image.shape, np.uint8)
    for phase in order[:count]:
        region = ~scene.cement if phase is None else scene.phases == phase
        if not region.any():
            region = ~scene.cement
        marked = one_stroke(rng, region)
        strokes[marked] = Stroke.UNHYDRATED if phase == CEMENT else Stroke.OTHER
    return strokes


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    return np.count_nonzero(found & truth) / max(np.count_nonzero(found | truth), 1)


def summary(values: list[float]) -> str:
    good = np.mean(np.array(values) >= 0.9)
    return f"median {np.median(values):.3f}  lowest {min(values):.3f}  >= 0.9: {100 * good:3.0f} %"


def enough(phantom: Phantom) -> bool:
    """Whether a grain is there to draw in: cement on at least 3 % of the image."""
    return bool(np.mean(phantom.labels == 1) > 0.03)


def groups() -> Iterator[tuple[Scene, Scene]]:
    """Two tiles each of many specimens."""
    config = PhantomConfig()
    for number in range(SPECIMENS):
        tiles = specimen(config, number % 3, number, n_tiles=6, seed=11)
        first, second = [t for k, t in enumerate(tiles) if k % 3 and enough(t)][:2]
        yield Scene.of(first), Scene.of(second)


def learning(pairs: list[tuple[Scene, Scene]]) -> None:
    print(f"\nIoU of the proposal on phantom tiles of 384 x 384, {len(pairs)} specimens")
    for name, order in (("told", TOLD), ("blind", BLIND)):
        for count in (3, 10):
            results: dict[str, list[float]] = {"same image": [], "same sample": [], "another": []}
            for k, (first, second) in enumerate(pairs):
                learnt = train_pixel_classifier([first.image], [draw(first, count, order, k)])
                other = pairs[(k + 1) % len(pairs)][1]
                for where, scene in zip(results, (first, second, other), strict=True):
                    found = propose_unhydrated(scene.image, learnt)
                    results[where].append(iou(found, scene.cement))
            for where, values in results.items():
                print(f"{name:<6}{count:>3} strokes, {where:<12} {summary(values)}")


def correcting(pairs: list[tuple[Scene, Scene]]) -> None:
    """Three strokes, then each in the largest piece that is still wrong, as a user goes on."""
    results: dict[int, list[float]] = {3: [], 4: [], 5: [], 7: []}
    for k, (scene, _) in enumerate(pairs):
        strokes = draw(scene, 3, TOLD, k)
        rng = np.random.default_rng(1000 + k)
        for count in range(3, 8):
            learnt = train_pixel_classifier([scene.image], [strokes])
            found = propose_unhydrated(scene.image, learnt)
            if count in results:
                results[count].append(iou(found, scene.cement))
            # Rims a pixel wide are not what anybody would stroke.
            pieces, _ = ndimage.label(ndimage.binary_opening(found != scene.cement, iterations=2))
            sizes = np.bincount(pieces.ravel())
            if sizes.size > 1:
                wrong = pieces == 1 + np.argmax(sizes[1:])
                marked = one_stroke(rng, wrong)
                kind = Stroke.UNHYDRATED if scene.cement[marked].mean() > 0.5 else Stroke.OTHER
                strokes[marked] = kind
    for count, values in results.items():
        print(f"corrected, {count} strokes, same image   {summary(values)}")


def no_cement(pairs: list[tuple[Scene, Scene]]) -> None:
    """What is proposed where there is nothing to propose."""
    config = PhantomConfig(unhydrated_fraction=0.0)
    shares = []
    for k, (first, _) in enumerate(pairs):
        learnt = train_pixel_classifier([first.image], [draw(first, 10, TOLD, k)])
        empty = specimen(config, k % 3, k, n_tiles=2, seed=11)[1]
        shares.append(float(np.mean(propose_unhydrated(empty.bse, learnt))))
    share, most = 100 * np.mean(shares), 100 * max(shares)
    print(
        f"images without cement, 10 strokes elsewhere: {share:.1f} % proposed, at most {most:.1f} %"
    )


def features(image: np.ndarray) -> np.ndarray:
    parts = [strip_features(strip) for _, strip in strips(image.astype(np.float32))]
    return np.concatenate(parts, axis=1)


def learners() -> dict[str, Callable[[], object]]:
    options = {"min_samples_leaf": 20, "class_weight": "balanced", "random_state": 0}
    return {
        "extra trees, 50": lambda: ExtraTreesClassifier(50, **options),
        "random forest, 50": lambda: RandomForestClassifier(50, **options),
        "gradient boosting": lambda: HistGradientBoostingClassifier(
            max_iter=50, class_weight="balanced", random_state=0
        ),
        "linear discriminant": LinearDiscriminantAnalysis,
        "logistic regression": lambda: make_pipeline(
            StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=500)
        ),
    }


def alternatives(pairs: list[tuple[Scene, Scene]]) -> None:
    print("\nlearners on the same features, same image; seconds for 2048 x 1768 px, one thread")
    for name, make in learners().items():
        for count in (3, 10):
            values, seconds = [], 0.0
            for k, (scene, _) in enumerate(pairs):
                strokes = draw(scene, count, TOLD, k)
                known = features(scene.image)
                learnt = make().fit(known[:, strokes > 0].T, strokes[strokes > 0] == 1)
                start = time.process_time()
                chance = learnt.predict_proba(known.reshape(len(known), -1).T)[:, 1]
                seconds += time.process_time() - start
                chance = ndimage.gaussian_filter(chance.reshape(strokes.shape), 1)
                options = {"open_px": 1, "fill_area_px": 100, "min_area_px": 100}
                found = filter_pieces(chance >= 0.5, scene.image, **options)
                values.append(iou(found, scene.cement))
            seconds *= 2048 * 1768 / (len(pairs) * scene.image.size)
            print(f"{name:<20}{count:>3} strokes  {summary(values)}  {seconds:6.2f} s")


def speed(pairs: list[tuple[Scene, Scene]]) -> None:
    print("\nCPU seconds for 2048 x 1768 px (divide by the threads)")
    scene = pairs[0][0]
    strokes = draw(scene, 10, TOLD, 0)
    learnt = train_pixel_classifier([scene.image], [strokes])
    image = mosaic(PhantomConfig(), 0, 0, shape=(1768, 2048), seed=0).bse

    def timed(name: str, work: Callable[[], object]) -> float:
        work()
        start, wall = time.process_time(), time.perf_counter()
        work()
        seconds, wall = time.process_time() - start, time.perf_counter() - wall
        print(f"{name:<34} {seconds:8.4f} s   ({wall:.4f} s by the clock)")
        return seconds

    own = timed("probability", lambda: learnt.probability(image))
    timed("proposal", lambda: propose_unhydrated(image, learnt))
    timed("training", lambda: train_pixel_classifier([scene.image], [strokes]))
    known = features(scene.image)
    peer = ExtraTreesClassifier(
        50, min_samples_leaf=20, class_weight="balanced", random_state=0
    ).fit(known[:, strokes > 0].T, strokes[strokes > 0] == 1)
    every = features(image)
    flat = np.ascontiguousarray(every.reshape(len(every), -1).T)
    theirs = timed("scikit-learn, trees alone", lambda: peer.predict_proba(flat))
    print(f"ratio, features and offset included {theirs / own:.1f}")
    grower = RegionGrower(image)
    timed("region growing: prepare an image", lambda: RegionGrower(image))
    at = iter(range(100, 1000, 100))
    timed("region growing: a new seed", lambda: grower.region((500, next(at)), 10.0))
    timed("region growing: a new tolerance", lambda: grower.region((500, 200), 10.0))


def growing(pairs: list[tuple[Scene, Scene]]) -> None:
    """Click once in each grain that is more than 8 px thick, at a random place 4 px inside."""
    values, best = [], []
    rng = np.random.default_rng(0)
    for scene, _ in pairs:
        grower = RegionGrower(scene.image)
        grains, count = ndimage.label(scene.cement)
        depth = ndimage.distance_transform_edt(scene.cement)
        for number in range(1, count + 1):
            places = np.argwhere((grains == number) & (depth > 4))
            if len(places) < 50:
                continue
            seed = tuple(int(at) for at in places[rng.integers(len(places))])
            start = grower.suggest(seed)
            tries = [
                iou(grower.region(seed, start * factor), grains == number)
                for factor in (1.0, 0.6, 0.8, 1.25, 1.5, 2.0)
            ]
            values.append(tries[0])
            best.append(max(tries))
    print(f"\nregion growing, {len(values)} clicks at the suggested tolerance: {summary(values)}")
    print(f"{'':<44}after moving it: {summary(best)}")


def own_images(folder: Path) -> None:
    from napari_npm.io import read_sem

    scenes = {}
    for mask in sorted(folder.glob("*.mask.png")):
        name = mask.name.removesuffix(".mask.png")
        paths = [p for p in folder.iterdir() if p.stem == name and p != mask]
        cement = np.asarray(read_sem(mask).pixels) > 0
        image = np.asarray(read_sem(paths[0]).pixels)
        scenes[name] = Scene(image, cement, np.where(cement, CEMENT, GEL))
    order = (CEMENT, None, None, CEMENT, None, CEMENT, None, CEMENT, None, None)
    print("\nimages of your own, 5 draws each, smallest grain 60 px")
    for name, scene in scenes.items():
        for count in (3, 10):
            for where, other in scenes.items():
                values, start = [], time.perf_counter()
                for seed in range(5):
                    learnt = train_pixel_classifier(
                        [scene.image], [draw(scene, count, order, seed)]
                    )
                    found = propose_unhydrated(other.image, learnt, min_area_px=60, fill_area_px=30)
                    values.append(iou(found, other.cement))
                seconds = (time.perf_counter() - start) / 5
                print(f"{name} on {where}, {count:>2} strokes  {summary(values)}  {seconds:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the proposal of masks.")
    parser.add_argument("--images", type=Path)
    folder = parser.parse_args().images
    pairs = list(groups())
    speed(pairs)
    growing(pairs)
    learning(pairs)
    correcting(pairs)
    no_cement(pairs)
    alternatives(pairs)
    if folder is not None:
        own_images(folder)


if __name__ == "__main__":
    main()
