"""A trial: every campaign's letter is made once with sample posts and people, so that mistakes show beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader

from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.senders import ACCOUNT_OWNER
from engine.definitions.workspace import Workspace
from engine.errors import LetterError, Refused, TemplateError, UsageError
from engine.flows.compose.composer import Composer
from engine.flows.compose.mistakes import mistake_of
from engine.flows.compose.names import unknown_names
from engine.flows.compose.proof import proof_problems
from engine.flows.compose.samples import CODE, link, sample_people, sample_posts
from engine.model.problem import Problem, Severity
from engine.model.words import Reason
from engine.providers.mime_wire import MimeWire
from engine.templating.compile import Compiled
from engine.templating.endless import coming_to_an_end
from engine.templating.environment import make_environment
from engine.templating.filler.filler import Filler
from engine.templating.links import Signer
from engine.templating.lint.finding import Facts
from engine.templating.lint.origins import MarkingLoader

SAMPLE_KEY = "a key for letters nobody gets"


class Trial:
    """Tries the letters of one workspace; templates are read once for all of them. `now`: when they are made."""

    def __init__(self, workspace: Workspace, now: datetime) -> None:
        self.workspace = workspace
        self.now = now
        self.loader = MarkingLoader(FileSystemLoader(workspace.root / "templates"))
        self.environment = make_environment(None, loader=self.loader)

    def problems(self, name: str) -> list[Problem]:
        """Errors and warnings about one campaign's template, subject, preheader and finished letter.

        What the linter only notes is for `preview`, where somebody looks at the letter itself.
        """
        return list(dict.fromkeys(self._problems(self.workspace.campaigns[name])))

    def _problems(self, campaign: Campaign) -> Iterator[Problem]:
        workspace, content = self.workspace, campaign.content
        zone = ZoneInfo(workspace.project.time_zone)
        maker = Composer(workspace, campaign, Signer([SAMPLE_KEY]), {}, "check", zone, self.environment)
        owner = workspace.account_owner.otherwise if workspace.account_owner is not None else ""
        sender = owner if campaign.sender == ACCOUNT_OWNER else campaign.sender
        posts = {
            name: sample_posts(wanted.feed, wanted.pick, self.now) for name, wanted in content.feeds.items()
        }
        unknown = list(unknown_names(workspace, campaign, self.environment))
        yield from unknown
        try:
            made = maker.compile(
                posts, sender=sender, owner=owner, with_offer=bool(content.offer), moment=self.now
            )
        except TemplateError as error:
            mistake = mistake_of(workspace, campaign, error)
            if (mistake.file, mistake.line) not in {(problem.file, problem.line) for problem in unknown}:
                yield mistake
            return
        except (LetterError, Refused, UsageError) as error:
            place = workspace.place("campaigns", campaign.campaign)
            yield Problem(place.file, place.line, place.column, "T001", error.message, error.help)
            return
        yield from made.findings
        yield from self._proof(campaign, made)

    def _proof(self, campaign: Campaign, made: Compiled) -> Iterator[Problem]:
        """What is wrong with the letter of somebody with every field, and of somebody with hardly any."""
        filler = Filler(made.program, MimeWire(utf8_addresses=True), self.environment)
        if campaign.content.template is None:
            yield from self._drafts(campaign, filler)
            return
        facts = Facts(
            code=self._code(campaign),
            unsubscribe_url=link("unsubscribe_url"),
            preferences_url=link("preferences_url"),
            web_url=link("web_url"),
        )
        for person in sample_people(self.workspace.customers.fields, filler.inputs):
            try:
                with coming_to_an_end(campaign.content.template or ""):
                    letter = filler.letter(filler.slots(person))
            except TemplateError as error:
                yield mistake_of(self.workspace, campaign, error)
                return
            except LetterError as error:
                if error.reason != Reason.MISSING_VALUE:
                    yield self._failure(campaign, error)
                continue
            found = proof_problems(self.workspace, campaign, letter, self.loader.files, facts)
            yield from (problem for problem in found if problem.severity is not Severity.NOTE)

    def _drafts(self, campaign: Campaign, filler: Filler) -> Iterator[Problem]:
        """The same for a text without a page around it, which has nothing to be proof-read."""
        for person in sample_people(self.workspace.customers.fields, filler.inputs):
            try:
                filler.letter(filler.slots(person))
            except TemplateError as error:
                yield mistake_of(self.workspace, campaign, error)
                return
            except LetterError as error:
                if error.reason != Reason.MISSING_VALUE:
                    yield self._failure(campaign, error)

    def _failure(self, campaign: Campaign, error: LetterError) -> Problem:
        """A template that fails for a sample customer may fail for real ones; they would be skipped."""
        return Problem(
            f"templates/{_file_of(campaign)}", 0, 0, "T004", f"for a sample customer: {error.message}",
            "customers for whom it fails are skipped", Severity.WARNING,
        )  # fmt: skip

    def _code(self, campaign: Campaign) -> str:
        """The offer's code where no template mentions one, so that the linter misses it; else ""."""
        offer = self.workspace.offers.get(campaign.content.offer or "")
        if offer is None or offer.code is None:
            return ""
        sources = [self.loader.get_source(self.environment, name)[0] for name in self.loader.files]
        return "" if any(".code" in source for source in sources) else offer.code.shared or CODE


def _file_of(campaign: Campaign) -> str:
    """The template that says most of it."""
    draft = campaign.task.text if campaign.task is not None else None
    return campaign.content.template or draft or ""
