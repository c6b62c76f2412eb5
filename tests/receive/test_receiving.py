"""News of letters, on both databases: once, forward only, the same whatever order it comes in."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from engine.errors import StoreLocked
from engine.flows.receive.receiving import receive
from engine.flows.receive.understanding import Ears
from engine.model.address import address_hash
from engine.model.heard import Bounce, Heard, News
from engine.store import customers, subscriptions, suppressions, tables, workers
from engine.store.database import Database
from engine.store.ledger import call, queue
from engine.store.ledger.call import Consent, Ending
from tests.builders import NOW, TOPIC, add_customers, add_run
from tests.receive.world import INSTALL, PROVIDER, TOPICS, bounced, later, told, world


def test_news_told_twice_counts_once(database: Database) -> None:
    here = world(database)
    ana = here.customers[0]
    delivery = here.send()[ana]
    dead = bounced(delivery, detail="550 5.1.1 user unknown")
    assert [each.action for each in here.hear(dead, dead)] == ["suppress", "known"]
    assert [each.action for each in here.hear(dead)] == ["known"]
    assert here.suppressed("c1@example.org") == [("all", "bounced")]
    assert [name for name, _ in here.events(ana)] == ["bounced"]
    assert here.effects() == ["applied"]
    assert here.state(delivery) == "bounced"


def test_the_same_identity_of_two_providers_is_two_pieces_of_news(database: Database) -> None:
    here = world(database)
    delivery = here.send()[here.customers[0]]
    with database.write() as connection:
        for provider in ("postmark", "mailgun"):
            item = told(delivery, News.OPENED, identity="1")
            receive(connection, Ears(provider, INSTALL, TOPICS), [item], NOW)
    assert len(here.events(here.customers[0])) == 2


@pytest.mark.parametrize(
    ("news", "state"),
    [
        (News.DEFERRED, "accepted"),
        (News.OPENED, "accepted"),
        (News.CLICKED, "accepted"),
        (News.UNSUBSCRIBED, "accepted"),
        (News.REPLIED, "accepted"),
        (News.AUTO_REPLIED, "accepted"),
        (News.DELIVERED, "delivered"),
        (News.BOUNCED, "bounced"),
        (News.REFUSED, "bounced"),
        (News.COMPLAINED, "complained"),
    ],
)
@pytest.mark.parametrize("before", ["submitting", "uncertain"])
def test_any_news_proves_that_a_letter_was_accepted(
    database: Database, before: str, news: News, state: str
) -> None:
    here = world(database, 1)
    delivery = here.send(state=before)[here.customers[0]]
    here.hear(told(delivery, news, provider_id="its-own-id"))
    assert here.state(delivery) == state
    with database.read() as connection:
        assert connection.execute(select(tables.deliveries.c.provider_id)).scalar_one() == "its-own-id"


def test_f25_news_before_the_answer_is_not_undone_by_the_answer(database: Database) -> None:
    """F-25: the webhook says delivered before the API's own answer is written down."""
    add_customers(database, 1)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        with database.write() as connection:
            claim = queue.claim(connection, run, variant, 1, worker, NOW)
            letters = [(row, b"slots", f"key-{row.delivery}") for row in claim.rows]
            intent = call.intend(connection, claim, PROVIDER, Consent(TOPIC), letters, NOW)
        delivery = claim.rows[0].delivery
        with database.write() as connection:
            receive(connection, Ears(PROVIDER, INSTALL, TOPICS), [told(delivery, News.DELIVERED)], NOW)
        with database.write() as connection:
            answer = [(delivery, "from-the-answer")]
            lost = call.settle(connection, claim, intent.call, answer, [], Ending("accepted"), NOW)
            row = connection.execute(select(tables.deliveries)).mappings().one()
    assert lost == ()
    assert (row["state"], row["provider_id"]) == ("delivered", "from-the-answer")


@pytest.mark.parametrize(
    "reference",
    [
        "ffffffff-1",
        "0a1b2c3d-999999",
        "0a1b2c3d-0",
        "0a1b2c3d-",
        "test-20261123",
        "'; DROP TABLE heard",
        "ü\x00-1",
    ],
)
def test_news_of_letters_that_are_not_ours_is_kept_and_changes_nothing(
    database: Database, reference: str
) -> None:
    here = world(database)
    here.send()
    stranger = Heard(
        News.BOUNCED,
        NOW,
        "1",
        reference=reference,
        address="c1@example.org",
        bounce=Bounce.INVALID,
        detail="c1@example.org unknown",
    )
    (answer,) = here.hear(stranger)
    assert (answer.action, here.effects()) == ("ignore", ["orphan"])
    assert here.suppressed("c1@example.org") == []
    with database.read() as connection:
        assert connection.execute(select(tables.heard.c.detail)).scalar_one() is None


def test_without_our_id_the_address_and_the_providers_id_find_the_letter(database: Database) -> None:
    here = world(database)
    ana = here.customers[0]
    old = here.send("digest", "2026-12", at=NOW - timedelta(days=30))[ana]
    new = here.send("offers", at=NOW - timedelta(days=1))[ana]
    with database.write() as connection:
        table = tables.deliveries
        connection.execute(table.update().where(table.c.id == old).values(provider_id="old"))
    said = {"address": "C1@Example.ORG", "bounce": Bounce.SOFT}
    here.hear(Heard(News.BOUNCED, NOW, "1", provider_id="old", **said))
    assert (here.state(old), here.state(new)) == ("bounced", "accepted")
    (unknown,) = here.hear(Heard(News.BOUNCED, NOW, "2", provider_id="nobody's", **said))
    assert unknown.action == "ignore"
    (newest,) = here.hear(Heard(News.BOUNCED, NOW, "3", **said))
    assert (newest.campaign, here.state(new)) == ("offers", "bounced")


def test_a_letter_of_long_ago_is_not_what_news_without_an_id_is_about(database: Database) -> None:
    here = world(database)
    delivery = here.send(at=NOW - timedelta(days=90))[here.customers[0]]
    (answer,) = here.hear(Heard(News.BOUNCED, NOW, "1", address="c1@example.org", bounce=Bounce.INVALID))
    assert here.state(delivery) == "accepted"
    assert (answer.action, answer.customer) == ("suppress", here.customers[0])


def test_a_mail_counts_for_an_address_that_nobody_has_and_a_webhook_does_not(database: Database) -> None:
    here = world(database)
    dead = Heard(News.BOUNCED, NOW, "1", address="old@example.net", bounce=Bounce.INVALID)
    assert here.hear(dead)[0].action == "ignore"
    assert here.suppressed("old@example.net") == []
    assert here.hear(dead, by_mail=True)[0].action == "suppress"
    assert here.suppressed("old@example.net") == [("all", "bounced")]


def test_a_complaint_stops_all_marketing_for_good_and_no_service_letter(database: Database) -> None:
    here = world(database)
    ana = here.customers[0]
    delivery = here.send()[ana]
    here.hear(told(delivery, News.COMPLAINED))
    assert here.suppressed("c1@example.org") == [("marketing", "complained")]
    with database.write() as connection:
        assert subscriptions.subscribe_imported(connection, [(ana, "offers")], "people.csv", NOW) == 0
        assert call.look(connection, [ana], Consent("", marketing=False), NOW) == {}
        subscriptions.join(connection, ana, TOPIC, "reader page", NOW)
    assert here.suppressed("c1@example.org") == [("marketing", "complained")]


def test_f49_an_import_brings_back_nobody_who_bounced_complained_or_left(database: Database) -> None:
    """F-49: re-import of unsubscribed, bounced and complained people."""
    here = world(database)
    sent = here.send()
    ana, bob, cleo = here.customers
    here.hear(bounced(sent[ana]), told(sent[bob], News.COMPLAINED), told(sent[cleo], News.UNSUBSCRIBED))
    again = add_customers(database, 3)
    twins = add_customers(database, 3, values=[{"email": f"C{n}@EXAMPLE.org"} for n in (1, 2, 3)], start=11)
    with database.read() as connection:
        assert call.look(connection, [*again, *twins], Consent(TOPIC), NOW).keys() == {*again, *twins}


def test_leaving_by_the_providers_link_leaves_the_letters_topic(database: Database) -> None:
    here = world(database)
    ana, bob, cleo = here.customers
    for customer in here.customers:
        with database.write() as connection:
            subscriptions.join(connection, customer, "offers", "test", NOW)
    digest, unknown = here.send(), here.send("no-topic")
    here.hear(
        told(digest[ana], News.UNSUBSCRIBED),
        told(digest[bob], News.UNSUBSCRIBED, topic="offers"),
        told(unknown[cleo], News.UNSUBSCRIBED, topic="a list of the provider's"),
    )
    assert here.topics(ana) == {"newsletter": False, "offers": True}
    assert here.topics(bob) == {"newsletter": True, "offers": False}
    assert here.topics(cleo) == {"newsletter": False, "offers": False}
    assert here.suppressed("c3@example.org")[0] == ("marketing", "unsubscribed")


def test_what_a_machine_does_is_flagged_and_changes_no_consent(database: Database) -> None:
    here = world(database)
    ana = here.customers[0]
    delivery = here.send()[ana]
    here.hear(
        told(delivery, News.OPENED, machine=True),
        told(delivery, News.UNSUBSCRIBED, machine=True),
        told(delivery, News.CLICKED, url="https://example.org/"),
    )
    assert here.topics(ana) == {TOPIC: True}
    fields = dict(here.events(ana))
    assert '"machine": true' in fields["opened"]
    assert "machine" not in fields["clicked"]
    assert "https://example.org/" in fields["clicked"]


def test_nobody_is_signed_up_by_a_provider(database: Database) -> None:
    here = world(database)
    ana = here.customers[0]
    delivery = here.send()[ana]
    with database.write() as connection:
        subscriptions.leave(connection, ana, TOPIC, "reader page", NOW)
    here.hear(told(delivery, News.SUBSCRIBED))
    assert here.topics(ana) == {TOPIC: False}


def test_a_closed_mailbox_is_given_up_the_second_time_a_week_later(database: Database) -> None:
    here = world(database)
    ana = here.customers[0]
    first, second = here.send("digest")[ana], here.send("offers")[ana]
    (answer,) = here.hear(bounced(first, Bounce.DISABLED))
    assert (answer.action, here.suppressed("c1@example.org")) == ("note", [])
    (answer,) = here.hear(bounced(second, Bounce.DISABLED, days=7))
    assert (answer.action, here.suppressed("c1@example.org")) == ("suppress", [("all", "bounced")])


def test_soft_bounces_pause_and_a_letter_that_arrives_ends_the_pause(database: Database) -> None:
    here = world(database, 1)
    (ana,) = here.customers
    names = ["digest", "offers", "news", "digest", "offers"]
    sent = [here.send(name, str(place))[ana] for place, name in enumerate(names)]
    end = later(32 + 60)
    answers = [
        here.hear(bounced(delivery, Bounce.SOFT, days=place * 8), now=later(40))[0].action
        for place, delivery in enumerate(sent)
    ]
    assert answers == ["note", "note", "note", "note", "pause"]
    with database.read() as connection:
        (pause,) = suppressions.of_address(connection, address_hash("c1@example.org"))
        assert (pause.scope, pause.reason, pause.until) == ("marketing", "soft_bounces", end)
        assert call.look(connection, [ana], Consent(TOPIC), end - timedelta(seconds=1))
        assert not call.look(connection, [ana], Consent(TOPIC), end)
    here.hear(told(sent[3], News.DELIVERED, days=25))
    assert here.suppressed("c1@example.org") == []


def test_policy_and_content_bounces_never_close_an_address(database: Database) -> None:
    here = world(database, 1)
    (ana,) = here.customers
    for place in range(8):
        delivery = here.send("digest", str(place))[ana]
        (answer,) = here.hear(bounced(delivery, Bounce.POLICY, days=place * 9))
        assert answer.action == "note"
    assert here.suppressed("c1@example.org") == []


def test_news_takes_back_only_what_news_made(database: Database) -> None:
    here = world(database, 1)
    delivery = here.send()[here.customers[0]]
    address = address_hash("c1@example.org")
    with database.write() as connection:
        suppressions.add(connection, address, "all", "manual", "Priya", NOW)
    here.hear(bounced(delivery, Bounce.SOFT), told(delivery, News.DELIVERED, days=1))
    assert here.suppressed("c1@example.org") == [("all", "manual")]


def test_a_complaint_outweighs_leaving_and_the_other_way_round(database: Database) -> None:
    here = world(database, 2)
    sent = here.send("no-topic")
    for customer, order in zip(here.customers, (0, 1), strict=True):
        both = [told(sent[customer], News.UNSUBSCRIBED), told(sent[customer], News.COMPLAINED)]
        for item in both[::-1] if order else both:
            here.hear(item)
    for email in ("c1@example.org", "c2@example.org"):
        assert ("marketing", "complained") in here.suppressed(email)


def test_a_complaint_follows_a_person_who_has_another_address_by_now(database: Database) -> None:
    here = world(database, 1)
    delivery = here.send()[here.customers[0]]
    with database.write() as connection:
        moved = [("c1", "new@example.net")]
        customers.upsert(connection, (), ("customer_id", "email"), moved, NOW)
    here.hear(told(delivery, News.COMPLAINED), told(delivery, News.DELIVERED))
    assert here.suppressed("new@example.net") == [("marketing", "complained")]


def test_an_event_from_the_future_is_from_now(database: Database) -> None:
    here = world(database, 1)
    delivery = here.send()[here.customers[0]]
    here.hear(told(delivery, News.OPENED, days=3650))
    with database.read() as connection:
        assert connection.execute(select(tables.events.c.at)).scalar_one() == NOW


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 100_000, "‮evil", "\r\nBcc: all"])
def test_whatever_others_write_is_kept_within_bounds(database: Database, text: str) -> None:
    here = world(database, 1)
    delivery = here.send()[here.customers[0]]
    item = told(
        delivery,
        News.CLICKED,
        identity=text,
        detail=text,
        url=text,
        address=text,
        provider_id=text,
        topic=text,
    )
    assert [each.action for each in here.hear(item)] == ["note"]
    assert [each.action for each in here.hear(item)] == ["known"]
    with database.read() as connection:
        assert len(connection.execute(select(tables.heard.c.detail)).scalar_one() or "") <= 500


PIECES = [
    (0, News.DELIVERED, None, 0.5),
    (0, News.BOUNCED, Bounce.SOFT, 1.0),
    (0, News.OPENED, None, 0.6),
    (1, News.BOUNCED, Bounce.SOFT, 9.0),
    (1, News.BOUNCED, Bounce.DISABLED, 10.0),
    (2, News.BOUNCED, Bounce.SOFT, 18.0),
    (2, News.BOUNCED, Bounce.DISABLED, 18.5),
    (2, News.DELIVERED, None, 17.0),
    (3, News.BOUNCED, Bounce.SOFT, 27.0),
    (3, News.UNSUBSCRIBED, None, 28.0),
    (4, News.BOUNCED, Bounce.SOFT, 36.0),
    (4, News.COMPLAINED, None, 37.0),
    (4, News.REFUSED, Bounce.SUPPRESSED, 38.0),
    (1, News.CLICKED, None, 11.0),
]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_f63_any_order_and_any_repetition_end_the_same(database: Database, data: st.DataObject) -> None:
    """F-63: reordered and repeated news, in calls of any size, leaves the same ledger, consent and history."""
    pieces = data.draw(st.lists(st.sampled_from(PIECES), unique=True, min_size=2), label="news")
    repeated = data.draw(st.lists(st.sampled_from(pieces), max_size=5), label="told again")
    order = data.draw(st.permutations([*pieces, *repeated]), label="order")
    cuts = data.draw(st.lists(st.integers(1, 5), min_size=1), label="calls")
    with database.read() as connection:
        before = connection.execute(select(func.count()).select_from(tables.customers)).scalar_one()
    here = world(database, 0)
    here.customers = add_customers(database, 2, start=before + 1)
    names = ["digest", "offers", "news", "digest", "offers"]
    runs = [here.send(name, f"{before} {place}", people=here.customers) for place, name in enumerate(names)]

    def news(customer: int) -> list[Heard]:
        return [
            told(runs[run][customer], what, days=day, bounce=why, detail=f"{what} {day}")
            for run, what, why, day in (order if customer == here.customers[0] else sorted(pieces, key=str))
        ]

    first, second = here.customers
    left = news(first)
    while left:
        size = cuts[len(left) % len(cuts)]
        here.hear(*left[:size], now=later(60))
        left = left[size:]
    here.hear(*news(second), now=later(60))

    def end(customer: int, email: str) -> object:
        with database.read() as connection:
            found = suppressions.of_address(connection, address_hash(email))
        return (
            [here.state(run[customer]) for run in runs],
            here.topics(customer),
            sorted(name for name, _ in here.events(customer)),
            sorted((each.scope, each.reason, each.until) for each in found),
            [(each.at, each.detail) for each in found if each.source.startswith("heard from")],
        )

    assert end(first, f"c{before + 1}@example.org") == end(second, f"c{before + 2}@example.org")


def test_t27_ten_thousand_events_46_times_over_and_from_several_sides_count_once(database: Database) -> None:
    """T-27: repeated, duplicated within a call, unknown, told by several processes at the same time."""
    here = world(database, 50)
    sent = here.send()
    known = [
        told(delivery, News.OPENED, identity=f"open {number}")
        for number, delivery in enumerate(sent.values())
    ]
    strangers = [
        Heard(News.BOUNCED, NOW, f"stranger {number}", reference=f"ffffffff-{number}", bounce=Bounce.INVALID)
        for number in range(200)
    ]
    call_once = [*known, *strangers] * 40
    assert len(call_once) == 10_000
    errors: list[BaseException] = []

    def tell_until_heard() -> None:
        # Where another one's call takes longer than a writer waits, a provider comes again.
        for _ in range(20):
            with suppress(StoreLocked):
                here.hear(*call_once)
                return
        raise AssertionError("nobody came to a turn")

    def tell() -> None:
        try:
            for _ in range(2):
                tell_until_heard()
        except BaseException as error:
            errors.append(error)

    tellers = [threading.Thread(target=tell) for _ in range(3)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    assert not errors
    for _ in range(40):
        here.hear(*known, *strangers)
    assert sorted(here.effects()) == ["noted"] * 50 + ["orphan"] * 200
    assert all(here.events(customer) == here.events(customer)[:1] for customer in sent)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.suppressions)).scalar_one() == 0
