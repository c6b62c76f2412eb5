"""From a profile to a variant: which posts, from whom, with or without the offer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import orjson

from engine.audience.profile import OBJECTS, OWNER, Profile
from engine.content.choice import Candidate, candidates, choose
from engine.definitions.covering import Senders, present
from engine.definitions.schema.campaign import Campaign, FeedChoice
from engine.definitions.schema.feeds import Feed
from engine.definitions.schema.senders import ACCOUNT_OWNER
from engine.model.duration import Duration
from engine.model.post import Post
from engine.model.words import Reason


@dataclass(frozen=True, slots=True)
class VariantKey:
    """All that decides a variant: people with the same key read the same letter but for its slots.

    `posts`: row numbers by the name the template knows the feed by. `sender`, `owner`: keys of senders;
    `owner` is the customer's own person, "" where the workspace names none; each is who was there on the day of
    choosing. `tracked`: opens and clicks may be noticed. `covers`, `owner_covers`: whom the sender and the owner
    stand in for, "" where that is nobody.
    """

    posts: tuple[tuple[str, tuple[int, ...]], ...]
    sender: str
    owner: str
    offer: bool
    tracked: bool = False
    covers: str = ""
    owner_covers: str = ""

    def text(self) -> str:
        """The key as stored."""
        parts: list[object] = [list(self.posts), self.sender, self.owner, self.offer]
        if self.covers or self.owner_covers:
            parts += [self.tracked, self.covers, self.owner_covers]
        elif self.tracked:
            parts.append(True)
        return orjson.dumps(parts).decode()

    @classmethod
    def read(cls, text: str) -> VariantKey:
        """A stored key."""
        posts, sender, owner, offer, *more = orjson.loads(text)
        return cls(tuple((name, tuple(ids)) for name, ids in posts), sender, owner, offer, *more)

    def without_offer(self) -> VariantKey:
        """The same letter for somebody who gets no code."""
        return replace(self, offer=False)

    def on(self, day: date, senders: Senders) -> VariantKey:
        """The same letter from whoever is there on that day; unchanged where that is nobody else."""
        own_sender, own_owner = self.covers or self.sender, self.owner_covers or self.owner
        sender, owner = present(senders, own_sender, day), present(senders, own_owner, day)
        return replace(
            self,
            sender=sender,
            owner=owner,
            covers=own_sender if sender != own_sender else "",
            owner_covers=own_owner if owner != own_owner else "",
        )

    @property
    def post_ids(self) -> tuple[int, ...]:
        """Every post in the letter."""
        return tuple(number for _, ids in self.posts for number in ids)


@dataclass(frozen=True)
class Offered:
    """A feed's posts that may be sent in this run, newest first, and their row numbers by identity."""

    candidates: tuple[Candidate, ...]
    numbers: Mapping[str, int]


def offered(
    posts: Sequence[tuple[int, Post, datetime]], feed: Feed, wanted: FeedChoice, moment: datetime
) -> Offered:
    """What a campaign may take from a feed. `posts`: row number, post, and since when it is news."""
    since = wanted.since.before(moment) if isinstance(wanted.since, Duration) else None
    kept = candidates([(post, seen) for _, post, seen in posts], moment, max_age=feed.max_age, since=since)
    return Offered(kept, {post.identity: number for number, post, _ in posts})


@dataclass(frozen=True)
class Chooser:
    """What a campaign's choice depends on, the same for everybody in the run.

    `offered`: posts by the campaign's name for the feed. `fields`: the profile's fields in their order (see
    `profile_fields`). `today`: the day of the run on the project's calendar. `tracked`: the campaign notices
    opens or clicks of whoever does not object.
    """

    campaign: Campaign
    offered: Mapping[str, Offered]
    senders: Senders
    fields: tuple[str, ...]
    today: date
    tracked: bool = False

    def choose(self, profile: Profile, seen: frozenset[int]) -> VariantKey | Reason:
        """The variant's key, or the reason why people with this profile get no letter.

        `seen`: posts (row numbers) that were in this campaign's earlier letters to them.
        """
        posts: list[tuple[str, tuple[int, ...]]] = []
        for name, wanted in self.campaign.content.feeds.items():
            numbers = self.offered[name].numbers
            choice = choose(
                self.offered[name].candidates,
                seen={identity for identity, number in numbers.items() if number in seen},
                interests=self._interests(profile, wanted),
                match=wanted.match is not None,
                pick=wanted.pick,
                at_least=wanted.at_least,
                if_fewer=wanted.if_fewer,
            )
            if choice.reason is not None:
                return choice.reason
            posts.append((name, tuple(numbers[post.identity] for post in choice.posts)))
        owner = profile.values[self.fields.index(OWNER)] if OWNER in self.fields else ""
        sender = owner if self.campaign.sender == ACCOUNT_OWNER else self.campaign.sender
        tracked = self.tracked and profile.values[self.fields.index(OBJECTS)] == ""
        key = VariantKey(tuple(posts), sender, owner, self.campaign.content.offer is not None, tracked)
        return key.on(self.today, self.senders)

    def _interests(self, profile: Profile, wanted: FeedChoice) -> tuple[str, ...]:
        return () if wanted.match is None else profile.words(self.fields.index(wanted.match))


def profile_fields(campaign: Campaign, *, owned: bool = False, tracked: bool = False) -> tuple[str, ...]:
    """What decides the variant: interests to match by, whose customer it is, and an objection to being tracked."""
    matched = [wanted.match for wanted in campaign.content.feeds.values() if wanted.match is not None]
    return tuple(dict.fromkeys([*matched, *([OWNER] if owned else []), *([OBJECTS] if tracked else [])]))
