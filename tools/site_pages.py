"""Pages of the guide's site that are made from the program while the site is built.

A hook of MkDocs (see mkdocs.yml): the command line from the commands themselves, the Python
reference from the names that each package exports, the keys from the table that binds them. None
of them is kept as a file, so none can be out of date.
"""

import ast
import importlib
import inspect
import re
import types
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "study": "Studies, their steps, and what is done with them.",
    "core": "The numerics: arrays in, arrays and small dataclasses out.",
    "io": "Reading SEM images, and writing images, maps and tables.",
    "figures": "The figures of the paper, as matplotlib figures.",
}

_STATUS = (
    "`napari-npm COMMAND --help` shows the same. A command ends with status 0 when all went well, 2"
    " with one sentence when something has to be put right, and 130 when it was stopped; the same"
    " command then goes on.\n"
)

_PALETTE = (
    "The panel *Keys and help* shows the same. napari's command palette (Ctrl+Shift+P) finds every"
    " panel and action by name. On macOS, Ctrl is Command and Alt is Option.\n"
)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages to those of the docs folder."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> dict[str, str]:
    """Return the text of each page by its path."""
    found = {"commands.md": commands_page(), "keys.md": keys_page()}
    for package, summary in PACKAGES.items():
        found[f"python/{package}.md"] = reference_page(package, summary)
    return found


def plain(text: str) -> str:
    """Return a text with the characters that Markdown would read as marks escaped."""
    joined = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", joined.replace("&", "&amp;").replace("<", "&lt;"))


def commands_page() -> str:
    """Return the page on the command line: every command, argument and option."""
    import typer

    from napari_npm.cli.app import app

    group: Any = typer.main.get_command(app)
    kinds = {
        one.name or one.callback.__name__: _kinds(one.callback)
        for one in app.registered_commands
        if one.callback is not None
    }
    panels: dict[str, list[str]] = {}
    for name, command in group.commands.items():
        panels.setdefault(command.rich_help_panel, []).append(name)
    lines = [
        "# Command line\n",
        _STATUS,
        "Without a command:\n",
        *_options(group, {}),
    ]
    for panel, names in panels.items():
        lines.append(f"\n## {panel}\n")
        lines += [f"- [{name}](#{name}): {_summary(group.commands[name])}" for name in names]
    for name in (name for names in panels.values() for name in names):
        command = group.commands[name]
        arguments = " ".join(
            f"[{(one.metavar or one.name)}]" if not one.required else (one.metavar or one.name)
            for one in command.params
            if one.param_type_name == "argument"
        )
        lines += [f"\n## {name}\n", f"`napari-npm {name} {arguments.upper()} [OPTIONS]`\n"]
        lines += [plain(part) + "\n" for part in (command.help or "").split("\n\n")]
        lines += _options(command, kinds[name])
    return "\n".join(lines) + "\n"


def _summary(command: Any) -> str:
    return plain((command.help or "").split("\n\n")[0])


def _options(command: Any, kinds: dict[str, str]) -> list[str]:
    lines = ["| Option | Value | |", "| --- | --- | --- |"]
    for one in command.params:
        if one.param_type_name == "argument":
            names = (one.metavar or one.name).upper()
        else:
            names = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
        kind = getattr(one, "metavar", None) or kinds.get(one.name, "")
        lines.append(f"| {names} | {plain(kind)} | {plain(one.help or '')} |")
    return lines


def _kinds(function: Any) -> dict[str, str]:
    """Return in words what each option of a command takes, nothing for a flag."""
    signature = inspect.signature(function)
    return {name: _kind(one.annotation) for name, one in signature.parameters.items()}


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _kind(next(part for part in get_args(annotation) if part is not type(None)))
    if get_origin(annotation) is Literal:
        return ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is list:
        return f"{_kind(get_args(annotation)[0])}, several"
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return ", ".join(str(one.value) for one in annotation)
    words = {bool: "", int: "whole number", float: "number", str: "text", Path: "file or folder"}
    return words[annotation]


def keys_page() -> str:
    """Return the page on keys: docks, actions and the tools of the mask."""
    from napari_npm.viewer.actions import ACTIONS
    from napari_npm.viewer.catalogue import DOCKS
    from napari_npm.viewer.mask_keys import KEYS

    lines = [
        "# Keys\n",
        _PALETTE,
    ]
    for head, rows in (
        ("Panels", [(one.key, f"{plain(one.name)}: {plain(one.help)}") for one in DOCKS]),
        ("In the whole window", [(one.key, plain(one.title)) for one in ACTIONS]),
        ("On the mask page, while the image has the focus", [(k, plain(w)) for k, w in KEYS]),
    ):
        lines += [f"\n## {head}\n", "| Key | |", "| --- | --- |"]
        lines += [f"| {key.replace('|', '&#124;')} | {words} |" for key, words in rows]
    return "\n".join(lines) + "\n"


def exported(package: str) -> list[str]:
    """Return the public names of a package, in the order of its stub."""
    stub = ROOT / "src" / "napari_npm" / package / "__init__.pyi"
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    return [
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


def reference_page(package: str, summary: str) -> str:
    """Return the page on a package: what it exports, by the module that defines it."""
    module = importlib.import_module(f"napari_npm.{package}")
    text = f"{summary} Names are imported from `napari_npm.{package}`.\n"
    lines = [f"# napari_npm.{package}\n", text]
    for name in exported(package):
        found = getattr(module, name)
        home = getattr(found, "__module__", None)
        if home is None or not (inspect.isclass(found) or inspect.isroutine(found)):
            home = _home(package, name)
        lines.append(f"::: {home}.{found.__name__ if hasattr(found, '__name__') else name}\n")
    return "\n".join(lines)


def _home(package: str, name: str) -> str:
    """Return the module that the stub takes a constant from."""
    stub = ROOT / "src" / "napari_npm" / package / "__init__.pyi"
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and any(one.name == name for one in node.names):
            return f"napari_npm.{package}.{node.module}"
    raise LookupError(name)
