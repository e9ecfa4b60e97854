"""The repository agrees with itself: versions, manifest, targets, docstrings, paths."""

import ast
import importlib
import inspect
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import napari_npm

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "napari_npm"
MAX_LINES = {"src": 320, "tests": 400}


def tracked_files() -> list[Path]:
    """Return the files that git holds."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def texts() -> dict[str, str]:
    """Return the tracked text files by name."""
    found = {}
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" not in content:
            found[path.relative_to(ROOT).as_posix()] = content.decode("utf-8")
    return found


def public_names() -> list[tuple[str, str]]:
    """Return (package, name) for every name that a stub exports."""
    names = []
    for stub in sorted(PACKAGE.rglob("__init__.pyi")):
        package = ".".join(("napari_npm", *stub.parent.relative_to(PACKAGE).parts))
        for node in ast.parse(stub.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                names += [(package, alias.asname or alias.name) for alias in node.names]
    return names


def test_top_level_manifest_points_into_the_package() -> None:
    link = ROOT / "napari.yaml"
    assert link.is_symlink()
    assert link.resolve() == (PACKAGE / "napari.yaml").resolve()


def test_version_is_the_same_everywhere() -> None:
    version = napari_npm.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert project["version"] == version
    assert f"\nversion: {version}\n" in citation
    assert re.findall(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)[0] == version


def test_make_commands_in_the_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    used = set()
    for name, text in texts().items():
        if name.endswith(".md"):
            fenced = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
            used |= set(re.findall(r"^make ([a-z]+)", fenced, re.MULTILINE))
            used |= set(re.findall(r"`make ([a-z]+)", text))
    assert {"demo", "test"} <= used
    assert used <= targets


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
    broken = [
        f"{name}: {target}"
        for name, text in texts().items()
        if name.endswith(".md")
        for target in link.findall(text)
        if not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []


def test_every_requirement_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")

    def plain(requirement: str) -> str:
        return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()

    pinned = {plain(line) for line in pins.splitlines() if not line.startswith("#")}
    assert {plain(name) for name in wanted} - pinned == set()


def test_no_path_of_a_machine() -> None:
    # A path into somebody's home or scratch folder works nowhere else.
    machine = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|work|Users|mnt)/\w|\b[A-Z]:\\Users\\")
    outside = re.compile(r"\.\./shared")
    found = []
    for name, text in texts().items():
        for number, line in enumerate(text.splitlines(), 1):
            if machine.search(line) or (outside.search(line) and name != ".ci/run"):
                found.append(f"{name}:{number}: {line.strip()[:80]}")
    assert found == []


def test_files_stay_short() -> None:
    too_long = {}
    for name, text in texts().items():
        limit = MAX_LINES.get(name.split("/")[0], 320)
        if name.endswith(".py") and text.count("\n") > limit:
            too_long[name] = text.count("\n")
    assert too_long == {}


@pytest.mark.parametrize(("package", "name"), public_names())
def test_public_name_is_documented(package: str, name: str) -> None:
    value = getattr(importlib.import_module(package), name)
    if inspect.isclass(value) or callable(value) or inspect.ismodule(value):
        assert (inspect.getdoc(value) or "").strip(), f"{package}.{name} has no docstring"
    if package == "napari_npm.core" and inspect.isfunction(inspect.unwrap(value)):
        check_sections(inspect.unwrap(value))


def check_sections(function: object) -> None:
    """Assert that parameters and results are described where there are any."""
    text = inspect.getdoc(function) or ""
    signature = inspect.signature(function)
    if signature.parameters:
        assert "\nParameters\n----------\n" in text, f"{function} does not describe its parameters"
    if signature.return_annotation not in (None, "None"):
        described = re.search(r"\n(Returns|Yields)\n-+\n", text)
        assert described, f"{function} does not describe what it returns"
