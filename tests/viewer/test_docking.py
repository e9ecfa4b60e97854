from napari_npm.viewer.docking import frame_of


def test_a_dock_opened_later_is_a_tab_over_the_others(make_napari_viewer_proxy, qtbot):
    viewer = make_napari_viewer_proxy(show=True)
    _, study = viewer.window.add_plugin_dock_widget("napari-npm", "NPM study")
    qtbot.waitUntil(study.isVisible)
    _, mask = viewer.window.add_plugin_dock_widget("napari-npm", "Mask and calibrate")
    tabs = study.window().tabifiedDockWidgets
    qtbot.waitUntil(lambda: frame_of(mask) in tabs(frame_of(study)))
    qtbot.waitUntil(lambda: mask.isVisible() and study.visibleRegion().isEmpty())


def test_a_floating_dock_stays_by_itself(dock, qtbot):
    study = dock("NPM study")
    frame_of(study).setFloating(True)
    mask = dock("Mask and calibrate")
    qtbot.wait(100)
    assert mask.window().tabifiedDockWidgets(frame_of(mask)) == []
