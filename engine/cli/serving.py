"""The verb serve: the web part alone."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, print_json, shared


@click.command("serve", epilog="Example: touchbase serve --port 8025")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="0 takes any free one."
)
@shared
def serve_command(host: str, port: int, workspace: Path | None, as_json: bool) -> None:
    """Serve readers' pages, letters in the browser, tracking and webhooks, until it is stopped.

    Put a web server with TLS in front of it, and its address into `public_url`.
    """

    def started(address: str) -> None:
        if as_json:
            print_json({"address": address})
        else:
            click.echo(f"serving {address}; stop with Ctrl-C", err=True)

    with opened(workspace) as app:
        from engine import logs
        from engine.web.serving import serve

        logs.set_up("info")
        serve(app.reception(), host, port, started)
