import subprocess
import sys

SCRIPT = """
import time
import napari
from napari_npm.viewer.session import session_of
from napari_npm.viewer.tasks import Task

def slow(report):
    time.sleep(6)

viewer = napari.Viewer(show=False)
session = session_of(viewer)
session.start(Task(slow, parent=session))
viewer.close()
"""


def test_a_script_may_end_without_napari_run_while_work_goes_on():
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "deleted" not in ended.stderr
