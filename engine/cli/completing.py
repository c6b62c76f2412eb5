"""The verb completion, and what the shell may offer for campaigns, segments and feeds while somebody types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from engine.cli.frame import print_json, shared

Offers = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

PROGRAM = "touchbase"
VARIABLE = "_TOUCHBASE_COMPLETE"
"""How the shell's script asks this program what fits; click's own convention."""

SHELLS = ("bash", "zsh", "fish")


def offer_campaigns(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The campaigns whose name begins like that."""
    from engine.app import glancing

    return _fitting(glancing.campaigns(_workspace(context)), begun)


def offer_entries(kind: str) -> Offers:
    """The names under a top-level key of config/ that begin like what is typed."""

    def offer(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from engine.app import glancing

        return _fitting(glancing.entries(_workspace(context), kind), begun)

    return offer


def _workspace(context: click.Context) -> Path | None:
    found = context.params.get("workspace")
    return found if isinstance(found, Path) else None


def _fitting(names: list[str], begun: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(begun)]


@click.command(
    "completion",
    epilog='Examples: eval "$(touchbase completion bash)" · touchbase completion fish > '
    "~/.config/fish/completions/touchbase.fish",
)
@click.argument("shell", type=click.Choice(SHELLS))
@shared
def completion_command(shell: str, workspace: Path | None, as_json: bool) -> None:
    """Print the script that lets a shell complete commands, options, campaigns and segments."""
    from engine.cli.commands import touchbase

    kind = get_completion_class(shell)
    assert kind is not None
    # Without `source()`, which asks the shell on this machine for its version and complains where there is none.
    made = kind(touchbase, {}, PROGRAM, VARIABLE)
    script = made.source_template % made.source_vars()
    if as_json:
        print_json({"shell": shell, "script": script})
    else:
        click.echo(script)
