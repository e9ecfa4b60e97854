import subprocess
import sys
from pathlib import Path

import pytest
from npe2 import PluginManifest

import napari_npm
from napari_npm.viewer.actions import ACTIONS
from napari_npm.viewer.catalogue import DOCKS

MANIFEST = Path(napari_npm.__file__).parent / "napari.yaml"


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_file(MANIFEST)


def test_every_command_can_be_imported(manifest):
    for command in manifest.contributions.commands:
        module, name = command.python_name.split(":")
        assert callable(getattr(__import__(module, fromlist=[name]), name))


def test_the_docks_of_the_method_are_offered_in_order(manifest):
    names = [widget.display_name for widget in manifest.contributions.widgets]
    assert names == [entry.name for entry in DOCKS]


def test_every_action_is_a_command_with_a_menu_entry(manifest):
    titles = {one.id.partition(".")[2]: one.title for one in manifest.contributions.commands}
    entries = {item.command for item in manifest.contributions.menus["napari-npm/study"]}
    for action in ACTIONS:
        assert titles[action.run.__name__] == action.title
        assert f"napari-npm.{action.run.__name__}" in entries


def test_importing_the_manifests_modules_stays_light(manifest):
    modules = sorted({one.python_name.split(":")[0] for one in manifest.contributions.commands})
    heavy = ("torch", "numba", "matplotlib", "napari", "scipy.ndimage", "scipy.interpolate")
    code = (
        f"import sys, importlib\nfor name in {modules!r}: importlib.import_module(name)\n"
        f"found = [name for name in {heavy!r} if name in sys.modules]\n"
        "assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_samples_open_with_their_masks(viewer):
    viewer.open_sample("napari-npm", "tiles")
    names = [layer.name for layer in viewer.layers]
    assert sum(name.startswith("BSE") for name in names) == 3
    assert sum(name.startswith("Mask") for name in names) == 3
    assert all(str(layer.units[-1]) == "micrometer" for layer in viewer.layers)


def test_the_sample_mosaic_opens(viewer):
    viewer.open_sample("napari-npm", "mosaic")
    assert viewer.layers[0].data.shape == (1536, 1536)
