"""What a line of pip, uv, conda or mamba asks for."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
# Options of `pip install` and `conda install` that take the next word for their value.
VALUED = frozenset(
    [
        "-c",
        "--constraint",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-t",
        "--target",
        "--platform",
        "--python-version",
        "--implementation",
        "--abi",
        "--no-binary",
        "--only-binary",
        "--prefix",
        "--root",
        "--src",
        "--upgrade-strategy",
        "--timeout",
        "--retries",
        "--proxy",
        "--cert",
        "--client-cert",
        "--trusted-host",
        "--cache-dir",
        "--log",
        "--progress-bar",
        "--config-settings",
        "-C",
        "--global-option",
        "--exists-action",
        "--report",
        "--channel",
        "-n",
        "--name",
        "-p",
        "--solver",
        "--python",
        "--index",
        "--default-index",
    ]
)
FILES = frozenset({"-r", "--requirement", "--requirements", "--file"})
INSTALLS = frozenset({"install", "add", "update", "upgrade", "create"})
PROGRAMS = {
    "pip": "pip",
    "pip2": "pip",
    "pip3": "pip",
    "conda": "conda",
    "mamba": "mamba",
    "micromamba": "mamba",
    "uv": "uv",
}
PYTHON = re.compile(
    r"(?:.*/)?python[\d.]*\Z|\{?sys\.executable\}?\Z|\$\{?PYTHON\}?\Z|\{sys\.executable\}\Z"
)
PIP = re.compile(r"(?:.*/)?pip[\d.]*\Z")
CONDA = re.compile(r"(?:[\w.-]+::)?([A-Za-z0-9][\w.-]*)(?:(==?)([\w.!+*]+)(?:=[\w.*]+)?)?\Z")
GLUED = re.compile(r"[=<>!~]=|[<>]\d|@")
# The shell's redirections; `a>=1` and `a > 1` without quotation marks are none that is meant.
REDIRECTED = re.compile(r"(?:^|\s)[12&]?>{1,2}(?!=)\s*(?:&[12]|(?![\d\s])\S+)")
CONTROL = re.compile(r"\A[;&|]+\Z")
ADDRESS = re.compile(
    r"(?:[a-z+]+://|git@|\.{1,2}(?:/|\Z)|/|~/)|.*(?:\.whl|\.tar\.gz|\.zip)(?:#.*)?\Z"
)
EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One word of a line: a requirement, a file of requirements, or what is wrong with it.

    `name` is normalised; it is "" for an address or a path that tells none.
    """

    text: str
    name: str = ""
    file: bool = False
    problem: str = ""


def split_commands(text: str) -> list[list[str]]:
    """The commands of a shell's line, each as its words, less where their output goes."""
    if ">" in text:
        text = REDIRECTED.sub("", text)
    if not any(character in text for character in "'\"\\#;&|"):
        return [words] if (words := text.split()) else []
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    commands: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word.startswith("#"):
                break
            if CONTROL.match(word):
                commands.append([])
            else:
                commands[-1].append(word)
    except ValueError:  # a quotation mark that is not closed
        return [words] if (words := text.split()) else []
    return [command for command in commands if command]


def find_tool(words: list[str]) -> tuple[str, list[str]] | None:
    """The tool that a command starts and the words after its name; None: another program."""
    while words and (words[0] in ("sudo", "env", "time", "-H") or re.match(r"[A-Z_]+=", words[0])):
        words = words[1:]
    if not words:
        return None
    if PYTHON.match(words[0]):
        module = words[2] if len(words) > 2 and words[1] == "-m" else ""
        return (PROGRAMS[module], words[3:]) if module in PROGRAMS else None
    if PIP.match(words[0]):
        return "pip", words[1:]
    tool = PROGRAMS.get(words[0])
    return (tool, words[1:]) if tool else None


def read_install(tool: str, words: list[str]) -> Iterator[Asked]:
    """What the words after the tool's name ask to install; nothing where they install nothing."""
    if tool == "uv" and words[:1] == ["pip"]:
        words = words[1:]
    while words and words[0].startswith("-"):
        words = words[1:]
    if not words or words[0] not in INSTALLS:
        return
    yield from _read_words(_joined(words[1:]), conda=tool in ("conda", "mamba"))


def read_requirement(text: str, *, conda: bool = False) -> Asked:
    """One requirement of PEP 508, address or path; for conda, one of its match specifications."""
    if PLAIN.match(text):
        return Asked(text=text, name=canonicalize_name(text))
    if "$" in text or ("{" in text and "}" in text):
        return Asked(text=text, problem="it is put together when it runs")
    if conda and (spec := CONDA.match(text)):
        name, operator, version = spec.groups()
        exact = f"=={version}" if operator == "==" else f"=={version}.*"
        wanted = exact.replace("*.*", "*") if version else ""
        return Asked(text=f"{name}{wanted}", name=canonicalize_name(name))
    if ADDRESS.match(text) and not re.match(r"[A-Za-z0-9._-]+(?:\[[^]]*\])?\s*@", text):
        return Asked(text=text, name=_name_of_address(text))
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return Asked(text=text, problem="it is no requirement")
    return Asked(text=text, name=canonicalize_name(requirement.name))


def read_requirements_file(text: str) -> Iterator[Asked]:
    """The lines of a file of requirements (pip's documentation, "Requirements File Format")."""
    for line in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"(?:^|\s)#.*", "", line).strip()  # noqa: PLW2901
        if not line:
            continue
        if line.startswith("-"):
            words = split_commands(line.replace("=", " ", 1) if line.startswith("--") else line)[0]
            yield from _read_words(words, conda=False)
            continue
        yield read_requirement(re.sub(r"\s--hash=\S+", "", line).strip())


def _joined(words: list[str]) -> list[str]:
    """`a == 1` and `name @ address` without quotation marks are one requirement each."""
    made: list[str] = []
    glue = False
    for word in words:
        if made and (glue or GLUED.match(word)) and not made[-1].startswith("-"):
            made[-1] += f" {word}" if word.startswith("@") or made[-1].endswith("@") else word
            glue = word[-1] in "=<>~!@"
            continue
        made.append(word)
        glue = False
    return made


def _read_words(words: list[str], *, conda: bool) -> Iterator[Asked]:
    waiting = iter(words)
    for word in waiting:
        option, _, value = word.partition("=")
        if word in FILES:
            yield Asked(text=next(waiting, ""), file=True)
        elif option in FILES and value:
            yield Asked(text=value, file=True)
        elif word.startswith("-r") and len(word) > 2 and not conda:
            yield Asked(text=word[2:], file=True)
        elif word in ("-e", "--editable"):
            yield read_requirement(next(waiting, "."))
        elif word in VALUED:
            next(waiting, None)
        elif not word.startswith("-"):
            asked = read_requirement(word.rstrip(","), conda=conda)
            if not (conda and asked.name in ("python", "pip")):
                yield asked


def _name_of_address(text: str) -> str:
    egg = EGG.search(text)
    if egg:
        return canonicalize_name(egg[1])
    filename = re.split(r"[?#]", text)[0].rpartition("/")[2]
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[0]
        if filename.endswith((".tar.gz", ".zip")) and "git+" not in text:
            return parse_sdist_filename(filename)[0]
    except ValueError:
        pass
    return ""
