"""The composer of one campaign: compiles its variants, and makes letters of them for one way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from engine.content.offers import expiry
from engine.definitions.schema.campaign import Campaign
from engine.definitions.workspace import Workspace
from engine.errors import LetterError, Refused
from engine.flows.compose.context import static_context
from engine.flows.compose.drafts import title_header
from engine.flows.compose.persons import LINKS, Persons
from engine.flows.compose.signatures import signed
from engine.model.letter import Mailbox
from engine.model.post import Post
from engine.model.words import Purpose
from engine.templating import links, tracking
from engine.templating.compile import Compiled, compile_letter
from engine.templating.drafting import compile_draft
from engine.templating.environment import LetterEnvironment, make_environment
from engine.templating.filler.filler import Filler
from engine.templating.program import Program

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from engine.providers.base import Wire
    from engine.store.persons import Column


@dataclass(frozen=True)
class Composer:
    """What compiling and filling depend on.

    `columns`: every personal value the store can read. `install`: a short id of this database, so that two
    workspaces never give two letters the same reference. `templates`: what reads them; without it, the
    workspace's folder.
    """

    workspace: Workspace
    campaign: Campaign
    signer: links.Signer
    columns: Mapping[str, Column]
    install: str
    zone: ZoneInfo
    templates: LetterEnvironment | None = None
    environment: LetterEnvironment = field(init=False)

    def __post_init__(self) -> None:
        found = self.templates or make_environment(self.workspace.root / "templates")
        object.__setattr__(self, "environment", found)

    def compile(
        self,
        posts: Mapping[str, Sequence[Post]],
        *,
        sender: str,
        owner: str,
        with_offer: bool,
        moment: datetime,
        tracked: bool = False,
        covers: str = "",
        owner_covers: str = "",
    ) -> Compiled:
        """One variant. `moment`: when its run was planned; codes are valid from then.

        `tracked`: its readers let opens and clicks be noticed, as far as the campaign wants to. `covers`,
        `owner_covers`: whom the sender and the owner stand in for, "" where that is nobody.

        Raises TemplateError with file and line, Refused where the company's address is missing.
        """
        project, content = self.workspace.project, self.campaign.content
        if project.company is None or not project.company.address.strip():
            raise Refused(
                "a letter needs the company's postal address", help="write `company:` in config/project.yaml"
            )
        who = signed(self.workspace, sender, covers)
        context = static_context(
            project,
            project.company,
            self.campaign,
            fields=self.workspace.customers.fields,
            posts=posts,
            offer=self._offer(moment) if with_offer else None,
            sender=who,
            owner=signed(self.workspace, owner, owner_covers) if owner else None,
            moment=moment,
        )
        if content.template is None:
            return self._draft(context, who.name, who.email, moment)
        assert content.subject is not None
        made = compile_letter(
            self.environment,
            template=content.template,
            text_template=content.text or "",
            subject=content.subject,
            preheader=content.preheader,
            context=context,
            sender=Mailbox(who.name, who.email),
            reply_to=Mailbox(who.name, who.reply_to) if who.reply_to else None,
            headers=(*self._headers(who.email), *title_header(self.campaign)),
            campaign=self.campaign.campaign,
            message_id_domain=domain_of(who.email),
            date=format_datetime(moment),
        )
        if not tracked:
            return made
        opens, clicks = self.campaign.tracking.under(project.tracking)
        program, targets = tracking.tracked(made.program, opens=opens, clicks=clicks)
        return replace(made, program=program, targets=targets)

    def _draft(self, context: dict[str, object], name: str, address: str, moment: datetime) -> Compiled:
        """A task without a letter: its title, and the text it is to help with."""
        task = self.campaign.task
        assert task is not None
        return compile_draft(
            self.environment,
            title=task.title,
            text_template=task.text or "",
            headers=title_header(self.campaign),
            context=context,
            sender=Mailbox(name, address),
            campaign=self.campaign.campaign,
            message_id_domain=domain_of(address),
            date=format_datetime(moment),
        )

    def _offer(self, moment: datetime) -> dict[str, object]:
        name = self.campaign.content.offer
        assert name is not None
        offer = self.workspace.offers[name]
        ends = expiry(offer.valid_for, offer.until, moment, self.zone)
        money = {"percent_off": offer.percent_off, "amount_off": offer.amount_off}
        shared = offer.code.shared if offer.code is not None else None
        return {
            **offer.fields,
            **{key: value for key, value in money.items() if value is not None},
            "name": name,
            "title": offer.title,
            "terms": offer.terms,
            "expires": ends.astimezone(self.zone).date() if ends else None,
            **({"code": shared} if shared is not None else {}),
            **({"code": ""} if offer.code is None else {}),
        }

    def _headers(self, address: str) -> tuple[tuple[str, str], ...]:
        topic = self.campaign.topic or self.campaign.campaign
        return links.list_headers(
            self.campaign.purpose is Purpose.MARKETING,
            list_name=self.workspace.project.topics.get(topic, self.campaign.name),
            list_id=f"{topic}.{domain_of(address)}",
        )

    def filler(self, program: Program, wire: Wire, *, finished: bool = True) -> tuple[Filler, Persons]:
        """What fills the program for one way out, and what orders a person's values for it. `finished`: see Filler."""
        filler = Filler(program, wire, self.environment, finished=finished)
        purposes = [LINKS[name] for name in filler.inputs if name in LINKS]
        made = self.signer.links(self.workspace.project.public_url, purposes)
        return filler, Persons(filler.inputs, self.columns, made, self.reference, program.message_id_domain)

    def reference(self, delivery: int) -> str:
        """Our opaque id of a delivery: all that a provider is told about the person."""
        return f"{self.install}-{delivery}"


def domain_of(address: str) -> str:
    """What stands after the @."""
    domain = address.rpartition("@")[2]
    try:
        return domain.encode("idna").decode()
    except UnicodeError as error:
        raise LetterError(f"`{address}` has no usable domain", reason="unsafe_header") from error
