"""The closed vocabularies: intents, purposes, delivery states and the reasons a letter is not sent."""

from __future__ import annotations

from enum import StrEnum


class Intent(StrEnum):
    """What a campaign wants from, or for, the reader."""

    GIVE = "give"
    INFORM = "inform"
    ASK = "ask"
    THANK = "thank"
    APOLOGISE = "apologise"
    SELL = "sell"


class Purpose(StrEnum):
    """Marketing needs consent and obeys policy; service is what a customer must be told."""

    MARKETING = "marketing"
    SERVICE = "service"


class State(StrEnum):
    """Where a delivery is. See docs/concepts.md for the drawing."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    RETRY_WAIT = "retry_wait"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    HELD_OUT = "held_out"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ACCEPTED_STATES = frozenset({State.ACCEPTED, State.DELIVERED, State.BOUNCED, State.COMPLAINED})
PENDING_STATES = frozenset({State.PLANNED, State.CLAIMED, State.SUBMITTING, State.RETRY_WAIT})
SKIPPED_STATES = frozenset({State.SKIPPED, State.EXPIRED, State.CANCELLED})


class Reason(StrEnum):
    """Why somebody does not get a letter: short, stable words for files, tables and `why`."""

    NOT_SELECTED = "not_selected"
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    NOT_SUBSCRIBED = "not_subscribed"
    EXCLUDED = "excluded"
    HOLDOUT = "holdout"
    NO_ADDRESS = "no_address"
    SHARED_ADDRESS = "shared_address"
    ONE_PER_ACCOUNT = "one_per_account"
    NO_NEW_POSTS = "no_new_posts"
    TOO_FEW_POSTS = "too_few_posts"
    FEED_UNREADABLE = "feed_unreadable"
    OFFER_EXHAUSTED = "offer_exhausted"
    OFFER_TAKEN = "offer_taken"
    BUDGET = "budget"
    NOT_CHOSEN = "not_chosen"
    MISSING_VALUE = "missing_value"
    TEMPLATE_ERROR = "template_error"
    UNSAFE_HEADER = "unsafe_header"
    ALREADY_SENT = "already_sent"
    TOO_LATE = "too_late"
    CAP = "cap"
    CADENCE = "cadence"
    BALANCE = "balance"
    ORDER = "order"
    QUIET_HOURS = "quiet_hours"
    SENDER_FULL = "sender_full"
    SUNSET = "sunset"
    SENDER_REFUSED = "sender_refused"
    HOLD = "hold"
    REFUSED_BY_PROVIDER = "refused_by_provider"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    LEFT_AUDIENCE = "left_audience"
    OWNER_TASK = "owner_task"
