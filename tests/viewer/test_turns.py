import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from napari_npm.viewer.tasks import Task
from napari_npm.viewer.turns import Turns


def parts(seen, count=3, name=""):
    for number in range(count):
        seen.append(f"{name}{number}")
        yield


def test_each_part_has_a_turn_of_its_own(qtbot):
    turns, seen = Turns(), []
    turns.run(parts(seen))
    assert seen == ["0"]
    assert turns.running
    QTimer.singleShot(0, lambda: seen.append("another"))
    with qtbot.waitSignal(turns.ended, timeout=10_000):
        pass
    assert seen.index("another") < seen.index("2")
    assert not turns.running


def test_what_is_asked_for_last_takes_the_place_of_what_is_left(qtbot):
    turns, seen = Turns(), []
    turns.run(parts(seen, name="a"))
    with qtbot.waitSignal(turns.ended, timeout=10_000):
        turns.run(parts(seen, 2, "b"))
    assert seen == ["a0", "b0", "b1"]
    turns.run(parts(seen, name="c"))
    turns.drop()
    qtbot.wait(20)
    assert seen[3:] == ["c0"]


def test_a_part_that_fails_ends_the_turns():
    def broken():
        raise OSError("no room")
        yield

    turns, ends = Turns(), []
    turns.ended.connect(lambda: ends.append(1))
    with pytest.raises(OSError, match="no room"):
        turns.run(broken())
    assert not turns.running
    assert ends == [1]


class Taker(QWidget):
    """A widget that takes a result in parts."""

    def __init__(self, task, seen):
        super().__init__()
        self.task, self.seen = task, seen

    def take(self, value):
        """Note what was taken, and whether the task had ended by then."""
        for number in range(value):
            self.seen.append(number)
            yield


def test_a_task_ends_after_the_last_part_of_its_result(qtbot):
    task, seen = Task(lambda _: 3), []
    taker = Taker(task, seen)
    qtbot.addWidget(taker)
    task.then(taker.take)
    task.ended.connect(lambda: seen.append("end"))
    with qtbot.waitSignal(task.ended, timeout=10_000):
        task.start()
    assert seen == [0, 1, 2, "end"]
    plain = Task(lambda _: 3)
    plain.then(seen.append)
    plain.ended.connect(lambda: seen.append("end"))
    with qtbot.waitSignal(plain.ended, timeout=10_000):
        plain.start()
    qtbot.wait(20)
    assert seen[4:] == [3, "end"]


@pytest.mark.parametrize("early", [True, False])
def test_a_widget_that_is_gone_takes_nothing_more(qtbot, early):
    task, seen = Task(lambda _: 3), []
    taker = Taker(task, seen)
    task.then(taker.take)
    if early:
        taker.deleteLater()
        qtbot.wait(20)
    else:
        task.done.connect(taker.deleteLater)
    with qtbot.waitSignal(task.ended, timeout=10_000):
        task.start()
    assert seen == ([] if early else [0])
