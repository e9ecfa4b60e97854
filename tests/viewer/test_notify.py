import pytest
from napari.utils.notifications import notification_manager

from napari_npm.core.errors import NpmError
from napari_npm.viewer.catalogue import DOCKS
from napari_npm.viewer.notify import Burst, docks_in, show_error
from napari_npm.viewer.session import plain


@pytest.fixture
def notifications(qapp):
    """The notifications of this test alone, as they come."""
    for burst in qapp.findChildren(Burst):
        burst.setParent(None)
    seen = []
    notification_manager.notification_ready.connect(seen.append)
    yield seen
    notification_manager.notification_ready.disconnect(seen.append)


def test_the_first_is_shown_at_once_and_a_burst_after_it_as_one(notifications, qtbot):
    assert show_error(NpmError("A is dark.")) == "A is dark."
    assert [one.message for one in notifications] == ["A is dark."]
    for text in ("B is dark.", "C is dark.", "B is dark."):
        show_error(text)
    assert len(notifications) == 1
    qtbot.waitUntil(lambda: len(notifications) == 2, timeout=10_000)
    assert notifications[1].message == "B is dark. (2 times)\nC is dark."


def test_of_a_long_burst_the_rest_is_counted_and_logged(notifications, qtbot, caplog):
    for number in range(9):
        show_error(f"Image {number} is dark.")
    qtbot.waitUntil(lambda: len(notifications) == 2, timeout=10_000)
    lines = notifications[1].message.split("\n")
    assert lines[0] == "Image 1 is dark."
    assert lines[-1] == "… and 3 more, in the log."
    assert len(lines) == 6
    assert "Image 8 is dark." in caplog.text


def test_a_sentence_that_names_a_dock_has_a_button_that_opens_it(notifications, viewer, qtbot):
    show_error("No study is open: open or create one in the NPM study dock first.")
    ((words, act),) = notifications[0].actions
    assert words == "Open NPM study"
    act(None)
    qtbot.wait(50)
    assert any(name.startswith("NPM study") for name in plain(viewer).window.dock_widgets)


@pytest.mark.parametrize("name", [entry.name for entry in DOCKS])
def test_every_dock_is_found_by_its_name_alone(name):
    assert docks_in(f"Go to the {name} dock.") == (name,)
    assert docks_in(f"{name} is a word.") == ()
