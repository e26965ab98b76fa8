"""The page on the command line, from the commands themselves. What --help prints depends on typer; this does not."""

from typing import Any

from typer.main import get_command

from qrecipe.cli.main import app

INTRODUCTION = """\
# The command line

`qrecipe COMMAND …`. `-h` or `--help` describes every command, `--version` prints the version.

stdout is data: tables, JSON, paths of what was built. stderr is talk: progress, warnings, errors. A table that does
not go to a terminal is plain text, one line a row.

| exit code | meaning |
|---|---|
| 0 | done; there may be warnings |
| 1 | the input is at fault, a target was left unbuilt because its plug-in is missing, or `verify` found a difference |
| 2 | usage: an unknown command or option, a value that is none |
| 130, 143 | interrupted by Ctrl-C, ended by SIGTERM; nothing was left under a final name |

What `--json` prints is on [a page of its own](json.md). `qrecipe --install-completion` makes your shell complete
commands, options, shipped recipes and files; `--show-completion` shows how.

Memory is given in bytes or with a unit, `512MB` or `2GiB`. `--set` takes only variables that the recipe has.
[How to read errors](errors-how-to-read.md)."""
PRINTS = {
    "build": ("paths of the files built, one a line, or JSON", "the plan as a table, progress, a summary"),
    "plan": ("the table, or [JSON](plan.md)", "warnings"),
    "explain": ("the explanation, one paragraph a target, or JSON", "nothing"),
    "check": ("a line with the counts, or JSON with all findings", "the findings"),
    "new": ("the recipe, or with `--output` its path", "nothing"),
    "tui": ("the application", "why it cannot start"),
    "import": ("the recipe, or with `--output` its path", "warnings about what the other tool passes over"),
    "imatrix": ("the table, or JSON; with `--output` its path", "warnings about experts and weights without data"),
    "inspect": ("the table, the lock, its recipe, or JSON", "warnings about the file"),
    "verify": ("the table of values and the verdict, or JSON", "progress, the differences"),
    "eval": ("a table, Markdown, or JSON", "progress, warnings"),
    "types": ("the table, or JSON", "nothing"),
    "plugins": ("the table, or JSON", "what is wrong with plug-ins"),
    "schema": ("the schema", "nothing"),
}


def command_line_page() -> str:
    commands: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    assert list(commands) == list(PRINTS), "say in PRINTS what the new command prints"
    return "\n\n".join((INTRODUCTION, *(_section(name, command) for name, command in commands.items()))) + "\n"


def _section(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join(("qrecipe", name, *(_argument(each) for each in arguments), "[OPTIONS]"))
    rows = [(f"`{_metavar(each)}`", each.help) for each in arguments]
    rows += [(f"`{_spelled(each)}`", each.help + _default(each)) for each in options]
    stdout, stderr = PRINTS[name]
    return (
        f"## {name}\n\n`{usage}`\n\n{command.help}\n\n| argument, option | meaning |\n|---|---|\n"
        + "".join(f"| {left} | {right} |\n" for left, right in rows)
        + f"\nstdout: {stdout}. stderr: {stderr}."
    )


def _argument(argument: Any) -> str:
    return _metavar(argument) if argument.required else f"[{_metavar(argument)}]"


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _spelled(option: Any) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    return names if option.is_flag else f"{names} {_metavar(option)}"


def _default(option: Any) -> str:
    return f" Default: `{option.default}`." if isinstance(option.default, str) else ""
