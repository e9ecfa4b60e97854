"""What the README and the guide show works: Python is run, commands and their options exist."""

import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer

from napari_npm.cli.app import app
from napari_npm.core import Label
from napari_npm.io import write_image
from napari_npm.study import STEPS, Study, add_images, run
from napari_npm.study.settings import SETTINGS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(document: Path, language: str) -> list[str]:
    """Return the fenced blocks of a language, in order."""
    fenced = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return fenced.findall(document.read_text(encoding="utf-8"))


def commands() -> list[str]:
    """Return every `napari-npm ...` line that a document shows."""
    lines = [
        line.partition("  #")[0].strip()
        for document in DOCUMENTS
        for block in blocks(document, "sh")
        for line in block.splitlines()
    ]
    return sorted({line for line in lines if line.startswith("napari-npm")})


@pytest.mark.parametrize(
    "document", [d for d in DOCUMENTS if blocks(d, "python")], ids=lambda d: d.name
)
def test_python_in_documents_runs(document: Path, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "example"}
    for number, block in enumerate(blocks(document, "python"), 1):
        exec(compile(block, f"{document.name}, block {number}", "exec"), names)


def test_documents_show_commands() -> None:
    assert any(line.startswith("napari-npm demo") for line in commands())


@pytest.mark.parametrize("line", commands())
def test_command_in_documents_exists(line: str) -> None:
    group = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    own = {option for parameter in group.params for option in parameter.opts}
    while words and words[0].startswith("-"):
        assert words.pop(0) in {*own, "--help", "--version"}
    command = group.commands[words[0]]
    known = {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    used = {word.partition("=")[0] for word in words[1:] if word.startswith("-")}
    assert used <= {*known, "--help"}


def test_step_of_the_guide_runs(tmp_path, monkeypatch, rng) -> None:
    (block,) = blocks(ROOT / "docs" / "extending.md", "python")
    names: dict[str, object] = {"__name__": "example"}
    exec(block, names)
    monkeypatch.setitem(STEPS, "coverage", names["Coverage"]())
    monkeypatch.setitem(SETTINGS, "coverage", names["CoverageParameters"])
    pixels = rng.integers(50, 200, (384, 384), dtype=np.uint8)
    pixels[:20], pixels[20:40] = 50, 200
    labels = np.zeros_like(pixels)
    labels[:20], labels[20:40] = Label.CSH, Label.METAL
    write_image(tmp_path / "a.tif", pixels, pixel_size_nm=52.0)
    with Study.create(tmp_path / "study") as study:
        add_images(study, "S1", [tmp_path / "a.tif"])
        study.set_mask(study.images[0].id, labels)
        study.set_parameters("coverage", level=0.25)
        done = run(study, ["simulate", "import", "mask", "calibrate", "coverage"])
        again = run(study, ["coverage"])
        maps = study.stack("mulf").read(study.tiles)
        shares = study.table("coverage")["share"]
    assert done[-1].computed == 1
    assert (again[-1].computed, again[-1].skipped) == (0, 1)
    assert shares.tolist() == pytest.approx([np.mean(maps > 0.25)])


def test_ten_lines_are_ten_lines() -> None:
    (block,) = blocks(ROOT / "README.md", "python")
    assert sum(bool(line.strip()) for line in block.splitlines()) <= 10


def test_page_of_steps_is_up_to_date() -> None:
    script = ROOT / "tools" / "write_steps.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def site_pages() -> dict[str, str]:
    """Return the pages that are made from the program while the site is built."""
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "tools" / "site_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


def test_page_on_the_command_line_has_every_option() -> None:
    page = site_pages()["commands.md"]
    for name, command in typer.main.get_command(app).commands.items():
        _, _, after = page.partition(f"\n## {name}\n")
        section = after.partition("\n## ")[0]
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                if option.startswith("-"):
                    assert f"`{option}`" in section, f"{name} {option}"
        assert all(line.count(" | ") == 2 for line in section.splitlines() if line[:3] == "| `")


def test_page_on_keys_has_every_panel_and_action() -> None:
    from napari_npm.viewer.actions import ACTIONS
    from napari_npm.viewer.catalogue import DOCKS
    from napari_npm.viewer.mask_keys import KEYS

    page = site_pages()["keys.md"]
    for entry in DOCKS:
        assert f"| {entry.key} | {entry.name}: " in page
    for action in ACTIONS:
        assert f"| {action.key} | {action.title} |" in page
    assert page.count("\n| ") == len(DOCKS) + len(ACTIONS) + len(KEYS) + 2 * 3


def test_reference_has_every_public_name() -> None:
    pages = site_pages()
    for package in ("core", "io", "figures", "study"):
        page = pages[f"python/{package}.md"]
        for name in importlib.import_module(f"napari_npm.{package}").__all__:
            assert re.search(rf"^::: napari_npm\.[\w.]+\.{name}$", page, re.MULTILINE), name


def test_site_shows_every_page_of_the_guide() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    shown = re.findall(r"^ +- [^:]+: ([\w/-]+\.md)$", text, re.MULTILINE)
    there = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert len(shown) == len(set(shown))
    assert set(shown) == there | set(site_pages())


def test_every_step_has_its_meaning_limits_and_questions() -> None:
    text = (ROOT / "docs" / "meaning.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert [section.partition("\n")[0] for section in sections] == list(STEPS)
    for section in sections:
        heads = re.findall(r"^\*\*([^*]+)\.\*\*", section, re.MULTILINE)
        assert heads == ["Meaning", "Limits", "A referee will ask"], section[:20]
