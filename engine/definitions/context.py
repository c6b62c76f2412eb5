"""The names a template of one campaign may use, as a nested description."""

from __future__ import annotations

from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.customers import BUILT_IN
from engine.definitions.workspace import Workspace

# A name's description: what it holds in a word, its own names, or (in a list of one) those of each item.
Description = str | dict[str, "Description"] | list["Description"]

SENDER: dict[str, Description] = dict.fromkeys(
    ("name", "email", "reply_to", "title", "phone", "signature", "photo", "covering_for"), "text"
)
POST: dict[str, Description] = {
    **dict.fromkeys(("id", "url", "title", "summary", "content", "image", "author", "topic"), "text"),
    "published": "moment",
    "topics": "list",
}
OFFER: dict[str, Description] = {"title": "text", "code": "text", "expires": "date", "terms": "text"}
CAMPAIGN: dict[str, Description] = dict.fromkeys(
    ("id", "title", "purpose", "intent", "topic", "topic_title"), "text"
)
LINKS = ("unsubscribe_url", "preferences_url", "web_url")


def context_names(
    workspace: Workspace, campaign: Campaign, *, offer: str | None = None
) -> dict[str, Description]:
    """Every name by what it holds: a word (`text`, `number` …), a dict of names, or a list of one dict.

    `offer`: the offer of a step; without it the campaign's own. `offer` is among the names only where one is.
    """
    customer: dict[str, Description] = {
        name: str(kind.kind) for name, kind in {**BUILT_IN, **workspace.customers.fields}.items()
    }
    names: dict[str, Description] = {
        "customer": {"previous_owner": "text", **customer, "owner": SENDER},
        "sender": SENDER,
        "campaign": CAMPAIGN,
        "company": {"name": "text", "address": "text"},
        "now": "moment",
        "language": "text",
        **dict.fromkeys(LINKS, "text"),
    }
    for name in campaign.content.feeds:
        names[name] = [POST]
    chosen = workspace.offers.get(offer or campaign.content.offer or "")
    if chosen is not None:
        own: dict[str, Description] = dict.fromkeys(chosen.fields, "text")
        money = {key: "number" for key in ("percent_off", "amount_off") if getattr(chosen, key) is not None}
        names["offer"] = {**own, **money, **OFFER}
    return names
