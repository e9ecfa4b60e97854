"""What the points and cells of a plot stand for, and where they lie: no Qt in here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

# A point is pointed at from so far away, px of the screen.
_REACH = 9.0


@dataclass(frozen=True)
class Spot:
    """A point or cell of a plot: the images it stands for, what to say of it, and its place."""

    images: tuple[str, ...]
    text: str
    at: tuple[float, float]
    place: tuple[int, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A place to mark, in data coordinates: a ring, or a box where it has a size."""

    x: float
    y: float
    width: float = 0.0
    height: float = 0.0


class Frame:
    """How the data of a panel lie in a picture of the screen.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        The panel, drawn.
    ratio : float
        Pixels of the picture for one of the screen.
    """

    def __init__(self, axes: Any, ratio: float) -> None:
        self._axes, self._ratio = axes, ratio
        self._height = float(axes.figure.bbox.height)

    def to_picture(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Return where places in data coordinates lie, px from the upper left."""
        points = np.stack(np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float)), axis=-1)
        right, up = np.moveaxis(self._axes.transData.transform(points), -1, 0)
        return right / self._ratio, (self._height - up) / self._ratio

    def to_data(self, x: float, y: float) -> tuple[float, float]:
        """Return the data coordinates of a place in the picture."""
        place = (x * self._ratio, self._height - y * self._ratio)
        right, up = self._axes.transData.inverted().transform(place)
        return float(right), float(up)

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a place in the picture lies within the panel."""
        place = (x * self._ratio, self._height - y * self._ratio)
        return bool(self._axes.bbox.contains(*place))


class Links(Protocol):
    """What the points or cells of one panel stand for."""

    panel: int

    def spot_at(self, frame: Frame, x: float, y: float) -> Spot | None:
        """Return what lies at a place in the picture."""

    def marks(self, image: str) -> list[Mark]:
        """Return what stands for an image."""

    def step(self, spot: Spot | None, image: str, right: int, up: int) -> Spot | None:
        """Return the neighbour of a spot, or of what stands for the current image."""


class Points:
    """Points that stand for images.

    Parameters
    ----------
    x, y : array-like, (N,)
        Their places, NaN where there is none.
    images : sequence of str
        The image of each.
    texts : sequence of str, optional
        What to say of each; the image's name by default.
    panel : int
        The panel of the figure that they lie in.
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        images: Sequence[str],
        texts: Sequence[str] | None = None,
        panel: int = 0,
    ) -> None:
        self.x, self.y = np.asarray(x, float), np.asarray(y, float)
        self.images = tuple(images)
        self._texts = tuple(images if texts is None else texts)
        self.panel = panel

    def spot(self, number: int) -> Spot:
        """Return one of the points."""
        at = float(self.x[number]), float(self.y[number])
        return Spot((self.images[number],), self._texts[number], at, (number,))

    def spot_at(self, frame: Frame, x: float, y: float) -> Spot | None:
        """Return the nearest point within reach."""
        right, down = frame.to_picture(self.x, self.y)
        away = np.hypot(right - x, down - y)
        if not away.size or np.isnan(away).all() or np.nanmin(away) > _REACH:
            return None
        return self.spot(int(np.nanargmin(away)))

    def marks(self, image: str) -> list[Mark]:
        """Return the points of an image."""
        return [
            Mark(x, y)
            for x, y, own in zip(self.x.tolist(), self.y.tolist(), self.images, strict=True)
            if own == image and x == x and y == y
        ]

    def step(self, spot: Spot | None, image: str, right: int, up: int) -> Spot | None:
        """Return the next point along x (left, right) or y (up, down)."""
        along = self.x if right else self.y
        order = [n for n in np.argsort(along, kind="stable").tolist() if along[n] == along[n]]
        if not order:
            return None
        if spot is None and image in self.images:
            number = self.images.index(image)
        else:
            number = order[0] if spot is None else spot.place[0]
        place = order.index(number) + right + up
        return self.spot(order[min(max(place, 0), len(order) - 1)])


class Cells:
    """Cells of a square matrix of images: a cell stands for the two of its row and column.

    Parameters
    ----------
    images : sequence of str
        Image of each row, and of each column, in their order.
    values : ndarray, (N, N)
        What the cells show.
    names : sequence of str, optional
        What each is called; its image by default.
    """

    panel = 0

    def __init__(
        self, images: Sequence[str], values: Any, names: Sequence[str] | None = None
    ) -> None:
        self.images = tuple(images)
        self._names = self.images if names is None else tuple(names)
        self._values = values

    def spot(self, row: int, column: int) -> Spot:
        """Return a cell."""
        first, second = self.images[row], self.images[column]
        names = self._names[row], self._names[column]
        text = names[0] if row == column else f"{names[0]} – {names[1]}"
        text += f"\ndifference {self._values[row, column]:.3g}"
        images = (first,) if row == column else (first, second)
        return Spot(images, text, (float(column), float(row)), (row, column))

    def spot_at(self, frame: Frame, x: float, y: float) -> Spot | None:
        """Return the cell at a place."""
        column, row = (round(at) for at in frame.to_data(x, y))
        inside = 0 <= row < len(self.images) and 0 <= column < len(self.images)
        return self.spot(row, column) if inside else None

    def marks(self, image: str) -> list[Mark]:
        """Return row and column of an image."""
        count = len(self.images)
        found = []
        for place in (n for n, own in enumerate(self.images) if own == image):
            found += [Mark(-0.5, place - 0.5, count, 1), Mark(place - 0.5, -0.5, 1, count)]
        return found

    def step(self, spot: Spot | None, image: str, right: int, up: int) -> Spot | None:
        """Return the neighbouring cell; rows go down."""
        if not self.images:
            return None
        if spot is None:
            place = self.images.index(image) if image in self.images else 0
            return self.spot(place, place)
        row, column = spot.place
        last = len(self.images) - 1
        return self.spot(min(max(row - up, 0), last), min(max(column + right, 0), last))


class Values:
    """Cells of a heat map that stand for no image; they tell their value.

    Parameters
    ----------
    x, y : ndarray
        Middles of the columns and rows, rising evenly.
    say : callable
        ``say(row, column)`` returns what to say of a cell.
    panel : int
        The panel of the figure.
    """

    def __init__(self, x: Any, y: Any, say: Callable[[int, int], str], panel: int = 0) -> None:
        self._x, self._y, self._say, self.panel = np.asarray(x), np.asarray(y), say, panel

    def spot(self, row: int, column: int) -> Spot:
        """Return a cell."""
        at = float(self._x[column]), float(self._y[row])
        return Spot((), self._say(row, column), at, (row, column))

    def spot_at(self, frame: Frame, x: float, y: float) -> Spot | None:
        """Return the cell nearest to a place."""
        right, up = frame.to_data(x, y)
        return self.spot(
            int(np.argmin(np.abs(self._y - up))), int(np.argmin(np.abs(self._x - right)))
        )

    def marks(self, image: str) -> list[Mark]:  # noqa: ARG002 - as the others
        """Return nothing: no cell stands for an image."""
        return []

    def step(self, spot: Spot | None, image: str, right: int, up: int) -> Spot | None:  # noqa: ARG002
        """Return the neighbouring cell."""
        if spot is None:
            return self.spot(0, 0)
        row, column = spot.place
        return self.spot(
            min(max(row + up, 0), len(self._y) - 1), min(max(column + right, 0), len(self._x) - 1)
        )
