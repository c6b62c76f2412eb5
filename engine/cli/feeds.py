"""The verb feeds: how each feed was found, looking at them now, and a person's word on held posts."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.completing import offer_entries
from engine.cli.frame import opened, plural, print_json, shared
from engine.model.feed_report import FeedLine


@click.command(
    "feeds",
    epilog="Examples: touchbase feeds · touchbase feeds --read · touchbase feeds blog --release",
)
@click.argument("name", required=False, shell_complete=offer_entries("feeds"))
@click.option("--read", "read", is_flag=True, help="Look now: at this feed, or at all whose time has come.")
@click.option("--release", is_flag=True, help="Posts held because too many looked new at once are news now.")
@click.option("--dismiss", is_flag=True, help="Those posts are known and will never be sent.")
@shared
def feeds_command(
    name: str | None, read: bool, release: bool, dismiss: bool, workspace: Path | None, as_json: bool
) -> int:
    """Show how each feed was last found, or one feed with its posts."""
    if (release or dismiss) and (not name or release == dismiss):
        raise click.UsageError("write touchbase feeds NAME with either --release or --dismiss")
    with opened(workspace) as app:
        if release or dismiss:
            settled = app.settle_posts(name or "", announce=release)
            if not as_json:
                click.echo(f"{plural(settled, 'post')} {'released' if release else 'dismissed'}")
        found = app.feeds(name, read=read)
    if as_json:
        print_json([line.as_json() for line in found])
    else:
        for line in found:
            _show(line)
    return 1 if read and any(line.is_failing for line in found) else 0


def _show(line: FeedLine) -> None:
    when = f"{line.read_at:%Y-%m-%d %H:%M} UTC" if line.read_at else "never"
    click.echo(f"{line.feed}  last read {when}, {plural(line.news, 'post')} that may be sent")
    if line.is_failing:
        times = f"{plural(line.failures, 'failure')} in a row"
        click.echo(f"  ! {'gone for good' if line.state == 'gone' else times}: {line.failure}")
    if line.moved_to:
        click.echo(f"  ! moved for good to {line.moved_to}; write that address into config/feeds.yaml")
    for reason, number in line.waiting.items():
        click.echo(f"  · {plural(number, 'post waits', 'posts wait')}: {reason}")
    for post in line.posts:
        date = f"{post.published:%Y-%m-%d}" if post.published else "no date   "
        click.echo(f"  {date}  {post.standing:<5}  {post.title}  {post.url}".rstrip())
