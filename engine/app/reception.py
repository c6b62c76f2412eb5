"""The reception: what the web part does for readers and providers, each visit in a transaction of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from engine import clock
from engine.app import running
from engine.app.desk import Desk
from engine.app.hearing import marketing_topics
from engine.flows.compose.photos import KINDS, photo_file
from engine.flows.readers import choosing, knowing, replaying
from engine.flows.readers.noticing import is_machine
from engine.flows.receive.receiving import receive
from engine.flows.receive.understanding import Ears
from engine.model.address import address_hash
from engine.model.heard import Heard, News
from engine.model.reader import Chosen, ReaderPage, Topic
from engine.providers.base import Hears, SpendsProofs
from engine.store import links, proofs
from engine.templating.links import Signer
from engine.templating.links import link as address_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from engine.model.letter import Letter

PAGE, ONE_CLICK = "preference page", "one-click unsubscribe"
"""Where a reader's word came from, as the history of consent tells it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody opened a letter or followed a link. `target`: where the link leads."""

    heard: Heard | None
    target: str = ""


class Reception:
    """Answers for one opened workspace; threads may share it.

    Attributes:
        role: what this process is there for: `web` alone, or the daemon's `daemon` or `standby`.
        draining: it is about to stop, and new visitors should be sent elsewhere.
    """

    def __init__(self, desk: Desk) -> None:
        self.role = "web"
        self.draining = False
        self.follow(desk)

    def follow(self, desk: Desk) -> None:
        """Answer by this workspace from now on: its files were edited."""
        self.desk = desk
        with desk.database.read() as connection:
            self.install = running.install(connection)
            self.signer: Signer = running.signer(desk, connection)
        self.topics = marketing_topics(desk.workspace)
        token = desk.workspace.project.metrics.token
        self.metrics_token = token.reveal() if token is not None else ""
        self.ears: dict[str, Hears | None] = {}
        # Columns for the declared fields are made before the first visitor comes.
        assert desk.fields is not None

    def page(self, purpose: str, token: str) -> ReaderPage | None:
        """A reader's page; None for a link that is not ours. `purpose`: unsubscribe or preferences."""
        with self.desk.database.read() as connection:
            found = self._reader(connection, purpose, token)
            return self._page(connection, found, clock.now()) if found is not None else None

    def leave(
        self, purpose: str, token: str, topic: str | None, *, one_click: bool = False
    ) -> ReaderPage | None:
        """Takes the reader off a topic; None means the topic of the letter, "" all marketing.

        Leaving twice, or when nothing is held about the reader any more, is fine and changes nothing.
        """
        now = clock.now()
        with self.desk.database.write() as connection:
            found = self._reader(connection, purpose, token)
            if found is None:
                return None
            if found.customer is not None:
                wanted = self._topic(found) if topic is None else topic
                source = ONE_CLICK if one_click else PAGE
                choosing.leave(connection, found.customer, wanted, source, now)
            return self._page(connection, found, now)

    def pause(self, purpose: str, token: str, months: int) -> ReaderPage | None:
        """No marketing for so many months; 0 ends a pause."""
        now = clock.now()
        with self.desk.database.write() as connection:
            found = self._reader(connection, purpose, token)
            if found is not None and found.customer is not None:
                if months > 0:
                    choosing.pause(connection, found.customer, months, PAGE, now)
                else:
                    choosing.resume(connection, found.customer, PAGE, now)
            return self._page(connection, found, now) if found is not None else None

    def choose(self, token: str, wanted: Chosen) -> ReaderPage | None:
        """What the reader wrote into the form of their page."""
        now = clock.now()
        with self.desk.database.write() as connection:
            found = self._reader(connection, "preferences", token)
            if found is not None and found.customer is not None:
                offered = self.desk.workspace.project.topics
                choosing.choose(connection, found.customer, wanted, offered, PAGE, now)
            return self._page(connection, found, now) if found is not None else None

    def letter(self, token: str) -> Letter | None:
        """The letter exactly as it was sent."""
        with self.desk.database.read() as connection:
            found = self._reader(connection, "web", token)
            return replaying.replay(connection, found.delivery) if found is not None else None

    def photo(self, sender: str) -> tuple[bytes, str] | None:
        """A sender's picture and its media type; None where the workspace has none of its own."""
        found = self.desk.workspace.senders.get(sender)
        path = photo_file(self.desk.root, found) if found is not None else None
        return (path.read_bytes(), KINDS[path.suffix]) if path is not None else None

    def opened(self, token: str, method: str, headers: Mapping[str, str]) -> Visit:
        """Somebody fetched the picture of one pixel."""
        with self.desk.database.read() as connection:
            found = self._reader(connection, "open", token)
            return Visit(self._noticed(connection, found, News.OPENED, method, headers, 0, ""))

    def clicked(self, token: str, number: int, method: str, headers: Mapping[str, str]) -> Visit:
        """Somebody followed a link; `target` is "" for a link that is not ours."""
        with self.desk.database.read() as connection:
            found = self._reader(connection, "click", token)
            if found is None or found.delivery.variant is None:
                return Visit(None)
            target = links.target(connection, found.delivery.variant, number) or ""
            if not target:
                return Visit(None)
            noticed = self._noticed(connection, found, News.CLICKED, method, headers, number, target)
            return Visit(noticed, target)

    def ear(self, name: str) -> Hears | None:
        """The provider of that name, if it tells us what became of letters; it keeps what it learned."""
        if name not in self.ears:
            provider = self.desk.provider(name) if name in self.desk.workspace.project.providers else None
            self.ears[name] = provider if isinstance(provider, Hears) else None
            if isinstance(provider, SpendsProofs):
                provider.spends = partial(self._spend, name)
        return self.ears[name]

    def news(self, provider: str, heard: Sequence[Heard]) -> None:
        """Takes what a provider tells, or what we noticed ourselves, in one transaction."""
        ears = Ears(provider, self.install, self.topics)
        with self.desk.database.write() as connection:
            receive(connection, ears, heard, clock.now())

    def _spend(self, provider: str, proof: str, event: str, now: datetime) -> bool:
        """Whether the proof served no other event, here or in any other process."""
        with self.desk.database.write() as connection:
            return proofs.spend(connection, provider, proof, event, now)

    def ready(self) -> None:
        """Whether the database answers. Raises StoreError."""
        with self.desk.database.read() as connection:
            running.install(connection)

    def _noticed(
        self,
        connection: Connection,
        found: knowing.Reader | None,
        news: News,
        method: str,
        headers: Mapping[str, str],
        number: int,
        target: str,
    ) -> Heard | None:
        """What to write down, or None for a reader who does not want to be noticed."""
        if found is None or found.customer is None or not knowing.chosen(connection, found.customer).tracked:
            return None
        now, sent = clock.now(), found.delivery.submitted_at
        seconds = (now - sent).total_seconds() if sent is not None else None
        minute = int(now.timestamp()) // 60
        return Heard(
            news=news,
            at=now,
            # A reader who opens a letter twice in a minute opened it once.
            identity=f"{found.delivery.id}.{number}.{minute}",
            reference=f"{self.install}-{found.delivery.id}",
            url=target,
            agent=headers.get("user-agent", "")[:200],
            machine=is_machine(method, headers, seconds),
        )

    def _reader(self, connection: Connection, purpose: str, token: str) -> knowing.Reader | None:
        reference = self.signer.verify(purpose, token)
        install, _, number = (reference or "").partition("-")
        if install != self.install or not number.isdecimal():
            return None
        return knowing.reader(connection, int(number))

    def _topic(self, found: knowing.Reader) -> str:
        """The topic of the letter's campaign; a campaign that is gone or has none counts as all marketing."""
        campaign = self.desk.workspace.campaigns.get(found.campaign)
        return (campaign.topic or "") if campaign is not None else ""

    def _page(self, connection: Connection, found: knowing.Reader, now: datetime) -> ReaderPage:
        project = self.desk.workspace.project
        company = project.company
        page = ReaderPage(
            company=company.name if company is not None else project.project,
            postal=company.address if company is not None else "",
            language=project.language,
            tracking=project.tracking.opens or project.tracking.clicks,
        )
        if found.customer is None:
            return page
        topics = knowing.topics_of(connection, found.customer, project.topics)
        chosen = knowing.chosen(connection, found.customer)
        campaign = self.desk.workspace.campaigns.get(found.campaign)
        token = self.signer.suffix("preferences", f"{self.install}-{found.delivery.id}")
        return replace(
            page,
            known=True,
            address=knowing.masked(found.address),
            campaign=campaign.name if campaign is not None else "",
            topic=_of_letter(topics, self._topic(found)),
            topics=topics,
            paused_until=knowing.paused_until(connection, address_hash(found.address), now),
            time_zone=chosen.time_zone,
            own_language=chosen.language,
            tracked=chosen.tracked,
            preferences=address_of(project.public_url, "preferences", token),
        )


def _of_letter(topics: Collection[Topic], name: str) -> Topic | None:
    return next((topic for topic in topics if topic.name == name), None)
