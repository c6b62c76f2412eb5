"""What a template sees: plain data, with everything about the person marked as personal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.project import Company, Project
from engine.model.post import Post
from engine.templating.specialise import Personal

BUILT_IN_FIELDS = ("email", "customer_id", "time_zone", "language", "tags", "topics", "previous_owner")
PERSONAL_LINKS = ("unsubscribe_url", "preferences_url", "web_url")


@dataclass(frozen=True, slots=True)
class Signed:
    """A sender as a template sees it. `signature`: ready HTML, already safe. `photo`: an address in the web, or
    "". `covering_for`: the name of whoever they stand in for, or ""."""

    key: str
    name: str
    email: str
    reply_to: str
    title: str
    phone: str
    signature: object
    photo: str = ""
    covering_for: str = ""


def static_context(
    project: Project,
    company: Company,
    campaign: Campaign,
    *,
    fields: Iterable[str],
    posts: Mapping[str, Sequence[Post]],
    offer: Mapping[str, object] | None,
    sender: Signed,
    owner: Signed | None,
    moment: datetime,
) -> dict[str, object]:
    """The names of a template for one variant.

    `posts`: by the name the campaign gives each feed. `offer`: its terms, with the code where everybody has the
    same one; None for people who get none. `owner`: the customer's own person, None where the workspace names
    none. `moment`: when the run was planned.
    """
    customer: dict[str, object] = {name: Personal(f"customer.{name}") for name in (*BUILT_IN_FIELDS, *fields)}
    customer["owner"] = _sender(owner) if owner is not None else None
    context: dict[str, object] = {
        "customer": customer,
        "sender": _sender(sender),
        "offer": {"code": Personal("offer.code"), **offer} if offer is not None else None,
        "campaign": {
            "id": campaign.campaign,
            "title": campaign.name,
            "purpose": str(campaign.purpose),
            "intent": str(campaign.intent) if campaign.intent else "",
            "topic": campaign.topic or "",
            "topic_title": project.topics.get(campaign.topic or "", ""),
        },
        "company": {"name": company.name, "address": company.address},
        "now": moment.astimezone(ZoneInfo(project.time_zone)),
        "language": project.language,
        **{name: Personal(name) for name in PERSONAL_LINKS},
    }
    for name, chosen in posts.items():
        context[name] = [_post(post) for post in chosen]
    return context


def _sender(sender: Signed) -> dict[str, object]:
    return {name: value for name, value in asdict(sender).items() if name != "key"}


def _post(post: Post) -> dict[str, object]:
    return {
        "id": post.id,
        "url": post.url,
        "title": post.title,
        "summary": post.summary,
        "content": post.content,
        "image": post.image,
        "author": post.author,
        "published": post.published,
        "topics": list(post.topics),
        "topic": post.topic,
    }
