"""A provider's double as a process of its own: `python -m benchmarks.counterparts NAME` prints its address and serves."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys

from tests.doubles import brevo, mailersend, mailgun, mailjet, postmark, resend, sendgrid, ses, sparkpost
from tests.doubles.api import Api, serve_alone

APIS: dict[str, type[Api]] = {
    "brevo": brevo.Brevo,
    "mailersend": mailersend.Mailersend,
    "mailgun": mailgun.Mailgun,
    "mailjet": mailjet.Mailjet,
    "postmark": postmark.Postmark,
    "resend": resend.Resend,
    "sendgrid": sendgrid.Sendgrid,
    "ses": ses.Ses,
    "sparkpost": sparkpost.Sparkpost,
}


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counterparts")
    parser.add_argument("name", choices=APIS)
    api = APIS[parser.parse_args().name]()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_alone(api, 0))


if __name__ == "__main__":
    sys.exit(main())
