"""A piece of IPython's syntax → what it asks for, runs, and cannot do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from compat_report.model import Finding, Location, Requirement
from compat_report.reading.magic_table import MagicMeaning, read_magics
from compat_report.rules import find
from compat_report.syntax.install import (
    Asked,
    find_tool,
    read_install,
    read_requirements_file,
    split_commands,
)
from compat_report.syntax.local import LocalFiles
from compat_report.syntax.transform import Escape

# Options of %time and %timeit, and of what is like them, that come before the code.
OPTIONS = re.compile(r"(?:-(?:[nrtcpoqbvslTDi]+|-?[\w-]+)(?:\s+\d+)?\s+|-[nr]\d+\s+)*")
VALUED = re.compile(r"(?:-[a-zA-Z]\s*\S*\s+)*")
# Extensions that are part of IPython itself.
OWN = frozenset({"autoreload", "storemagic"})
# How deep files of requirements may ask for others.
DEEPEST = 10


@dataclass(slots=True, kw_only=True)
class Said:
    """All that one piece says: `code` is Python in its arguments, at `column`.

    `run` is a file to run, `module` one to import, `written` the file that the body goes to.
    """

    requirements: list[Requirement]
    findings: list[Finding]
    code: str = ""
    column: int = 0
    run: str = ""
    written: str = ""
    module: str = ""


def read_escape(escape: Escape, location: Location, files: LocalFiles) -> Said:
    """What a magic or a command of the shell means; files of requirements are read."""
    said = Said(requirements=[], findings=[])
    if escape.kind == "system":
        _read_commands(escape.text, "!", location, files, said)
    elif escape.kind in ("line", "cell"):
        _read_magic(escape, location, files, said)
    return said


def _read_magic(escape: Escape, location: Location, files: LocalFiles, said: Said) -> None:
    sign = "%%" if escape.kind == "cell" else "%"
    subject = sign + escape.name
    if escape.name.endswith("?"):
        return
    meaning = read_magics().get(escape.name)
    word = "" if meaning is None else meaning.cell if escape.kind == "cell" else meaning.line
    if meaning is None or not word:
        said.findings.append(find("unknown-magic", location, subject))
        return
    said.module = meaning.module
    match word:
        case "code":
            _read_code(escape, said)
        case "install":
            _read_tool(meaning.tool, split_commands(escape.text), location, files, said)
        case "run":
            said.run = _file_to_run(escape.text)
        case "load":
            name = escape.text.partition(" ")[0].strip("'\"-,")
            said.module = "" if name in OWN or not name.replace(".", "").isidentifier() else name
        case "file" if escape.kind == "cell":
            said.written = escape.text.rpartition(" ")[2].strip("'\"")
        case "shell":
            _read_commands(f"{escape.text}\n{escape.body}".strip(), subject, location, files, said)
        case "server" | "limited" | "language":
            said.findings.append(_finding(word, subject, meaning, escape, location))


def _finding(
    word: str, subject: str, meaning: MagicMeaning, escape: Escape, location: Location
) -> Finding:
    if word == "language":
        words = escape.text.split()
        language = words[0] if escape.name == "script" and words else meaning.language
        return find("other-language-cell", location, language)
    code = "server-magic" if word == "server" else "limited-magic"
    return find(code, location, subject, detail=meaning.why)


def _read_code(escape: Escape, said: Said) -> None:
    pattern = OPTIONS if escape.name in ("time", "timeit") else VALUED
    options = pattern.match(escape.text)
    taken = options.end() if options else 0
    said.code = escape.text[taken:]
    said.column = escape.text_column + taken
    if not said.code and escape.text and not escape.text.startswith("-"):
        said.code, said.column = escape.text, escape.text_column


def _file_to_run(text: str) -> str:
    """The file of `%run [-n -i -t -d …] FILE [arguments]`."""
    for words in split_commands(text)[:1]:
        for word in words:
            if not word.startswith("-"):
                return word
    return ""


def _read_commands(text: str, sign: str, location: Location, files: LocalFiles, said: Said) -> None:
    """Commands of a shell: those that install are requirements, others need a server.

    What stands beside one that installs, and does nothing of its own, goes with it.
    """
    commands = split_commands(text)
    tools = [find_tool(words) for words in commands]
    other = sign.startswith("%") or (bool(commands) and not any(tools))
    for words, tool in zip(commands, tools, strict=True):
        if tool is None:
            other = other or words[0] not in ("cd", "echo", "export", "true")
            continue
        if not _read_tool(tool[0], [tool[1]], location, files, said):
            other = True
        else:
            said.findings.append(find("shell-install", location, _shown("!", " ".join(words))))
    if other:
        subject = _shown(sign if sign == "!" else f"{sign} ", text)
        said.findings.append(find("shell-command", location, subject))


def _shown(sign: str, text: str) -> str:
    """The beginning of a command's first line."""
    line = text.partition("\n")[0]
    return f"{sign}{line if len(line) <= 60 else line[:59] + '…'}".strip()


def _read_tool(
    tool: str, commands: list[list[str]], location: Location, files: LocalFiles, said: Said
) -> bool:
    found = False
    for words in commands:
        begin = words[1:] if words and words[0] == tool else words
        for asked in read_install(tool, begin):
            found = True
            _add(asked, tool, location, files, said, ())
    return found


def _add(
    asked: Asked,
    tool: str,
    location: Location,
    files: LocalFiles,
    said: Said,
    within: tuple[str, ...],
) -> None:
    if asked.file:
        text = None if asked.text in within else files.read_text(asked.text)
        if text is None:
            if asked.text not in within:
                said.findings.append(find("missing-file", location, asked.text or "-r"))
        elif len(within) < DEEPEST:
            for inner in read_requirements_file(text):
                _add(inner, tool, location, files, said, (*within, asked.text))
        return
    said.findings += unclear(asked, location)
    said.requirements += required(asked, tool, location)


def required(asked: Asked, tool: str, location: Location) -> Iterator[Requirement]:
    """The requirement that was asked for, if it can be read."""
    if not asked.problem and not asked.file:
        yield Requirement(name=asked.name, text=asked.text, tool=tool, location=location)


def unclear(asked: Asked, location: Location) -> Iterator[Finding]:
    """A finding for what cannot."""
    if asked.problem:
        yield find("unclear-requirement", location, asked.text, detail=asked.problem)
