import threading
import warnings

import pytest

from napari_npm.core.errors import NpmError
from napari_npm.viewer.notify import sentence
from napari_npm.viewer.tasks import Task


def ended(task, qtbot):
    with qtbot.waitSignal(task.ended, timeout=10_000):
        task.start()


def test_a_plain_function_returns_its_value_and_reports(qtbot):
    def work(report, a, b):
        report(1, 2, "half", {"x": 0.5})
        assert threading.current_thread() is not threading.main_thread()
        return a + b

    task, seen, values = Task(work, 2, 3), [], []
    task.progress.connect(lambda *args: seen.append(args))
    task.done.connect(values.append)
    ended(task, qtbot)
    assert values == [5]
    assert seen == [(1, 2, "half", {"x": 0.5})]


def test_a_generator_returns_its_value(qtbot):
    def work(report):
        yield
        yield
        return "end"

    task, values = Task(work), []
    task.done.connect(values.append)
    ended(task, qtbot)
    assert values == ["end"]


@pytest.mark.parametrize("generator", [False, True])
def test_cancel_stops_at_the_next_item(qtbot, generator):
    reached = threading.Event()
    count = [0]

    def plain(report):
        while True:
            count[0] += 1
            report(count[0], 0)
            reached.set()

    def parts(report):
        while True:
            count[0] += 1
            reached.set()
            yield

    task, seen = Task(parts if generator else plain), []
    task.cancelled.connect(lambda: seen.append("cancelled"))
    task.done.connect(lambda _: seen.append("done"))
    task.failed.connect(lambda _: seen.append("failed"))
    task.start()
    qtbot.waitUntil(reached.is_set, timeout=10_000)
    with qtbot.waitSignal(task.ended, timeout=10_000):
        task.cancel()
    assert seen == ["cancelled"]
    assert not task.running


def test_a_user_error_is_its_own_sentence(qtbot):
    def work(report):
        raise NpmError("Mark some metal first.")

    task, said = Task(work), []
    task.failed.connect(said.append)
    ended(task, qtbot)
    assert said == ["Mark some metal first."]


def test_a_warning_is_shown_and_the_work_goes_on(qtbot, monkeypatch):
    def work(report):
        warnings.warn("few pixels", UserWarning, stacklevel=1)
        return 1

    shown, values = [], []
    monkeypatch.setattr("napari_npm.viewer.tasks.show_error", shown.append)
    task = Task(work)
    task.done.connect(values.append)
    ended(task, qtbot)
    assert (shown, values) == (["few pixels"], [1])


def test_any_other_error_is_one_line_without_a_traceback(caplog):
    said = sentence(ValueError("first line\nsecond line"))
    assert said == "Unexpected error ValueError: first line"
    assert "Unexpected error" in caplog.text
    assert sentence(OSError(28, "No space left on device", "x.tif")).startswith("No space left")
