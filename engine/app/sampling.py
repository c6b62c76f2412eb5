"""Wiring for one sample letter to an address of one's own: the ledger is not touched."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from engine.app import running, showing
from engine.app.desk import Desk
from engine.errors import LetterError, Refused, UsageError
from engine.model.letter import Batch, Letter, Mailbox, Verdict


def send_test(desk: Desk, campaign: str, address: str, at: str | None) -> dict[str, object]:
    """Send the letter of the first who would get one to this address instead. Refused where nobody would."""
    if desk.campaign(campaign).by_owner:
        raise Refused(
            f"{campaign} sends no letters: the customers' own people get tasks",
            help=f"`touchbase preview {campaign} --for EMAIL` shows the draft",
        )
    made = running.with_feeds(desk, running.draft(desk, campaign, at))
    found = showing.one_letter(desk, made, None)
    if found is None:
        raise Refused(f"nobody would get {campaign}, so there is no sample", help="see `touchbase plan`")
    return _send(desk, found.letter, address, found.delivery.address)


def _send(desk: Desk, letter: Letter, address: str, sample: str) -> dict[str, object]:
    """Marked as a test. Raises LetterError when it is not taken."""
    own = replace(
        letter,
        to=Mailbox("", address),
        subject=f"[Test] {letter.subject}",
        reference=f"test-{desk.now:%Y%m%d%H%M%S}",
    )
    provider = desk.provider()
    try:
        message = provider.wire.encode(own)
    except LetterError as error:
        help = "write it like `--test you@example.com`"
        raise UsageError(f"the sample cannot be made: {error.message}", help=help) from error
    key = f"{own.reference}.0"
    batch = Batch(
        [message],
        [1],
        [own.reference],
        [key],
        [address],
        [own.sender.address],
        frame=provider.wire.frame(own),
    )

    async def go() -> list[Any]:
        await provider.open()
        try:
            return list(await provider.send(batch))
        finally:
            await provider.close()

    outcome = asyncio.run(go())[0]
    if outcome.verdict != Verdict.ACCEPTED:
        raise LetterError(
            f"the provider did not take the sample: {outcome.detail}", reason="refused_by_provider"
        )
    return {"to": address, "sample": sample, "provider_id": outcome.provider_id}
