"""The list of verbs, each loaded only when it is called, so that --help stays quick."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

import engine

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# verb: (module under engine.cli, one line for --help)
VERBS: dict[str, tuple[str, str]] = {
    "init": ("editing", "Make a workspace that sends a first letter to its outbox at once."),
    "check": ("editing", "Find every problem, by file and line."),
    "schema": ("editing", "Write JSON Schemas for editors."),
    "import": ("importing", "Read customers or events from a CSV file."),
    "segments": ("people", "Count segments; list one; say why a person is in or out."),
    "feeds": ("feeds", "How each feed was found; look at them now; release held posts."),
    "plan": ("sending", "Show who gets what, who does not, and why; keep it for approval."),
    "approve": ("approving", "Let a saved plan be sent."),
    "preview": ("sending", "Show one person's letter."),
    "send": ("sending", "Send a campaign now; running it twice sends nothing twice."),
    "why": ("people", "The decision for one person and campaign, and every fact behind it."),
    "history": ("people", "Every touch and event of a customer, newest first."),
    "accounts": ("accounts", "Customers who belong together, what they are there, and whose."),
    "sunset": ("sunsetting", "Who does nothing with our letters, and what becomes of them."),
    "log": ("touching", "Write down a call, a visit, a gift: a touch by a person."),
    "gifts": ("giving", "Who got a gift this year and who did not; the budget; codes that wait."),
    "scoreboard": ("scoreboard", "How well customers are kept, person by person and for the team."),
    "tasks": ("tasking", "What people are to do for customers, overdue first."),
    "task": ("tasking", "Give a person something to do for a customer."),
    "done": ("tasking", "Close a task: what was done is a touch."),
    "silent": ("silence", "Who has not heard from us in time, and what prevents it."),
    "snooze": ("tasking", "Put a task out of sight for a while."),
    "owners": ("owning", "How many customers each person has; give those of nobody to somebody."),
    "assign": ("owning", "Give one customer to one person by hand."),
    "tiers": ("tiers", "How many are in each tier, who moves and why; let it take effect."),
    "tier": ("tiers", "Give one person a tier by hand."),
    "digest": ("digests", "What a sender is told of their customers and tasks; send it."),
    "status": ("overseeing", "What needs a person, what runs, what comes next."),
    "doctor": ("examining", "Is everything that sending needs as it should be."),
    "runs": ("sending", "The runs so far, or one run's numbers."),
    "worker": ("running", "One more sender on the same PostgreSQL."),
    "resolve": ("resolving", "What became of uncertain letters; a person's word on the rest."),
    "run": (
        "running",
        "Carry the schedules out and serve the web part: the daemon. --once: what is due now.",
    ),
    "pause": ("halting", "Send nothing of a campaign until it is resumed."),
    "resume": ("halting", "Let a paused campaign go on."),
    "cancel": ("halting", "End a run for good; what has left stays sent."),
    "hear": ("hearing", "Read bounces, complaints and automatic answers from mails."),
    "heard": ("hearing", "Bounces held back because they look like a storm; confirm or release them."),
    "suppress": ("persons", "Write to an address no more, or lift that again."),
    "forget": ("persons", "Erase everything held on a person."),
    "export": ("persons", "Everything held on a person."),
    "serve": ("serving", "The web part alone: readers' pages, webhooks, tracking."),
    "backup": ("backing_up", "Write the database into a file, while everything goes on."),
    "completion": ("completing", "Let the shell complete commands, campaigns and segments."),
    "demo": ("demonstrating", "The example workspace end to end, offline."),
}


class Verbs(click.Group):
    """Loads a verb's module when the verb is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        module = import_module(f"engine.cli.{VERBS[name][0]}")
        command = getattr(module, f"{name}_command")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and name not in VERBS and not name.startswith("-") and not context.resilient_parsing:
            context.fail(f"There is no command `{name}`.{_nearest(name)}")
        return super().resolve_command(context, args)

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs, whose modules are not loaded for it."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=line)
            for name, (_, line) in VERBS.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, context, incomplete)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, VERBS, n=1)
    return f" Did you mean `{close[0]}`?" if close else f" Choose from: {', '.join(VERBS)}."


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A first walk: touchbase init my-letters, cd my-letters, touchbase send hello.",
)
@click.version_option(engine.__version__, prog_name="touchbase")
def touchbase() -> None:
    """Newsletters and staying in touch: YAML campaigns, personal letters, one ledger."""
