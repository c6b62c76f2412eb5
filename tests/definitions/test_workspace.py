"""A workspace as a whole: everything valid is there, everything wrong is told, everything has a place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.definitions.checks.everything import load_and_check, obstacles
from engine.definitions.checks.not_yet import CONSTRUCTS, blocking
from engine.definitions.context import context_names
from engine.definitions.schema.segments import All, EventCondition, Not
from engine.definitions.workspace import Workspace, concerning, load
from engine.errors import UsageError
from engine.model.problem import Problem, Severity
from tests.definitions.places import ENVIRONMENT, good_workspace


def checked(root: Path, environment: dict[str, str] = ENVIRONMENT) -> tuple[Workspace, list[Problem]]:
    workspace, problems = load_and_check(root, environment=environment)
    assert workspace is not None
    return workspace, problems


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return good_workspace(tmp_path)


@pytest.fixture
def workspace(root: Path) -> Workspace:
    return checked(root)[0]


def errors(problems: list[Problem]) -> list[str]:
    return [
        f"{found.file}:{found.line} {found.code}" for found in problems if found.severity is Severity.ERROR
    ]


def test_a_good_workspace_has_no_errors(root: Path) -> None:
    workspace, problems = checked(root)
    assert errors(problems) == []
    assert sorted(workspace.campaigns) == ["monthly-digest", "service-recovery", "win-back"]
    assert workspace.project.options() is not None
    assert str(workspace.campaigns["win-back"].schedule.days[0]) == "tuesday"  # type: ignore[union-attr,index]


def test_one_broken_campaign_hides_no_other(root: Path) -> None:
    file = root / "campaigns" / "win-back.yaml"
    file.write_text(file.read_text().replace("purpose: marketing", "purpose: markting"))
    workspace, problems = checked(root)
    assert sorted(workspace.campaigns) == ["monthly-digest", "service-recovery"]
    assert "win-back" in workspace.declared("campaigns")
    assert errors(problems) == ["campaigns/win-back.yaml:5 C004"]
    assert concerning(problems, workspace, "monthly-digest") == []
    assert len(concerning(problems, workspace, "win-back")) == 1


def test_one_broken_segment_hides_no_other_and_is_no_unknown_name(root: Path) -> None:
    file = root / "config" / "segments.yaml"
    file.write_text(file.read_text().replace("without_later:", "without_latr:"))
    workspace, problems = checked(root)
    assert "open-complaint" not in workspace.segments
    assert "newsletter-readers" in workspace.segments
    assert errors(problems) == ["config/segments.yaml:26 C002"]


def test_a_broken_project_leaves_nothing_to_run_but_still_tells_the_rest(root: Path) -> None:
    (root / "config" / "project.yaml").write_text("project: x\nformat: 9\n")
    (root / "config" / "offers.yaml").write_text("offers: 3\n")
    workspace, problems = load_and_check(root, environment={})
    assert workspace is None
    assert errors(problems) == ["config/offers.yaml:1 C006", "config/project.yaml:2 C004"]


def test_definitions_may_share_a_file_or_be_spread_over_several(root: Path) -> None:
    segments, offers = root / "config" / "segments.yaml", root / "config" / "offers.yaml"
    segments.write_text(segments.read_text() + offers.read_text())
    offers.unlink()
    (root / "config" / "more.yaml").write_text("segments:\n  extra: { any: [ { segment: staff } ] }\n")
    workspace, problems = checked(root)
    assert errors(problems) == []
    assert "come-back-15" in workspace.offers
    assert workspace.file_of("segments", "extra") == "config/more.yaml"


def test_a_name_in_two_files_is_a_problem_that_names_both(root: Path) -> None:
    (root / "campaigns" / "again.yaml").write_text((root / "campaigns" / "win-back.yaml").read_text())
    (root / "config" / "more.yaml").write_text("segments:\n  staff: { any: [ { segment: best-ten } ] }\n")
    _, problems = checked(root)
    told = {found.file: found.help for found in problems if found.code == "X001"}
    assert "again.yaml" in told["campaigns/win-back.yaml"]
    assert "config/more.yaml, line 2" in told["config/segments.yaml"]


def test_what_stops_a_campaign_is_its_own_file_and_the_shared_ones(root: Path) -> None:
    file = root / "campaigns" / "win-back.yaml"
    file.write_text(file.read_text().replace("winback-1.html", "winback-9.html"))
    workspace, problems = load(root, environment=ENVIRONMENT)
    assert workspace is not None
    assert obstacles(workspace, problems, "monthly-digest") == []
    assert [found.code for found in obstacles(workspace, problems, "win-back")] == ["X019"]
    project = root / "config" / "project.yaml"
    project.write_text(project.read_text().replace('"1 Reading Lane, London N1 1AA, United Kingdom"', '""'))
    workspace, problems = load(root, environment=ENVIRONMENT)
    assert workspace is not None
    assert [found.code for found in obstacles(workspace, problems, "monthly-digest")] == ["X050"]


def test_every_value_has_a_place_by_its_path(workspace: Workspace) -> None:
    subject = workspace.place("campaigns", "monthly-digest", "content", "subject")
    assert (subject.file, subject.line, subject.column) == ("campaigns/monthly-digest.yaml", 16, 12)
    assert workspace.position("campaigns/monthly-digest.yaml", ("content", "subject")) == (16, 12)
    cap = workspace.place("policy", "caps", 0, "at_most")
    assert (cap.file, cap.line) == ("config/policy.yaml", 3)
    not_written = workspace.place("campaigns", "monthly-digest", "content", "text")
    assert (not_written.line, not_written.column) == (11, 1)


def test_included_values_have_their_place_in_the_included_file(root: Path) -> None:
    (root / "config" / "parts").mkdir()
    (root / "config" / "parts" / "company.yaml").write_text("name: Acme Ltd\naddres: 1 Reading Lane\n")
    file = root / "config" / "project.yaml"
    lines = [line if not line.startswith("company:") else "company: !include parts/company.yaml" for line in
             file.read_text().splitlines()]  # fmt: skip
    file.write_text("\n".join(lines))
    _, problems = load_and_check(root, environment=ENVIRONMENT)
    assert errors(problems) == ["config/parts/company.yaml:2 C002"]


def test_secrets_come_from_the_environment_or_the_secrets_file(root: Path) -> None:
    (root / "config" / "secrets.yaml").write_text(
        "POSTMARK_TOKEN: 0123\nTOUCHBASE_SIGNING_KEY: from-the-file\n"
    )
    workspace, problems = checked(root, {"TOUCHBASE_SIGNING_KEY": "from-the-environment"})
    assert not [found for found in problems if found.code == "X061"]
    assert workspace.project.signing_key is not None
    assert workspace.project.signing_key.reveal() == "from-the-environment"
    postmark = workspace.project.options("postmark")
    assert postmark is not None
    assert postmark.plain() == {"token": "0123", "stream": "broadcast", "per_second": 50}


def test_an_unset_secret_is_never_handed_out_empty(root: Path) -> None:
    workspace, _ = checked(root, {"POSTMARK_TOKEN": "", "TOUCHBASE_SIGNING_KEY": "x"})
    postmark = workspace.project.options("postmark")
    assert postmark is not None
    with pytest.raises(UsageError, match="POSTMARK_TOKEN is not set"):
        postmark.plain()


def test_no_problem_and_no_definition_shows_a_secret(root: Path) -> None:
    secret = "hush-4711"
    (root / "config" / "secrets.yaml").write_text(f"POSTMARK_TOKEN: {secret}\nLIST: [{secret}]\n")
    workspace, problems = checked(root, {"TOUCHBASE_SIGNING_KEY": secret})
    assert [found.code for found in problems if found.file == "config/secrets.yaml"] == ["Y014"]
    assert secret not in repr(workspace.project)
    assert secret not in repr(problems)


def test_segments_are_a_tree_of_closed_types(workspace: Workspace) -> None:
    rule = workspace.segments["lapsed-180-days"].rule
    assert isinstance(rule, All)
    assert [type(part).__name__ for part in rule.all] == [
        "EventCondition",
        "EventCondition",
        "SubscribedCondition",
    ]
    first = rule.all[0]
    assert isinstance(first, EventCondition)
    assert first.count is not None
    assert first.count.at_least == 2
    inner = workspace.segments["staff"].rule.all[0].any[2]  # type: ignore[union-attr]
    assert isinstance(inner, Not)
    assert inner.not_[0].field == "tier"  # type: ignore[union-attr]


def test_what_is_not_carried_out_yet_is_said_and_keeps_a_campaign_from_being_sent(root: Path) -> None:
    workspace, problems = checked(root)
    said = {found.code for found in problems if found.code.startswith("N")}
    assert said == {construct.code for construct in CONSTRUCTS}
    digest = {found.code for found in blocking(workspace, workspace.campaigns["monthly-digest"])}
    assert digest == set()
    service = {found.code for found in blocking(workspace, workspace.campaigns["service-recovery"])}
    assert {"N002", "N003", "N004"} <= service


def test_a_plain_letter_may_go_although_it_has_a_schedule_and_a_goal(root: Path) -> None:
    (root / "config" / "policy.yaml").unlink()
    file = root / "campaigns" / "monthly-digest.yaml"
    kept = [line for line in file.read_text().splitlines() if not line.startswith("cadence")]
    file.write_text("\n".join(kept))
    workspace, _ = checked(root)
    campaign = workspace.campaigns["monthly-digest"]
    assert blocking(workspace, campaign) == []


def test_the_names_of_a_template_are_described(workspace: Workspace) -> None:
    names = context_names(workspace, workspace.campaigns["monthly-digest"])
    customer, posts, offer = names["customer"], names["posts"], names["offer"]
    assert isinstance(customer, dict)
    assert customer["first_name"] == "text"
    assert customer["tier"] == "one_of"
    assert isinstance(customer["owner"], dict)
    assert isinstance(posts, list)
    assert {"id", "url", "title", "summary", "content", "image", "author", "published", "topics"} <= set(
        posts[0]
    )
    assert isinstance(offer, dict)
    assert {"title", "code", "expires", "terms"} <= set(offer)
    assert {"sender", "campaign", "company", "unsubscribe_url", "preferences_url", "web_url", "now"} <= set(
        names
    )
    assert "offer" not in context_names(workspace, workspace.campaigns["service-recovery"])


PIECES = st.sampled_from(
    ["\n", "\n  ", "\n- ", ": ", "- ", "[", "]", "{", "}", "{{", "'", '"', "#", "&a", "*a", "!env X", "!secret X", "|", ">",
     "\t", "\x00", "é", "\u2028", "null", "true", "0x", "1e999", "9" * 400, "!include x", "!include ../x", "?", "%", "@", "<<", "---", "all:", "not:", "steps:"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.sampled_from(["campaigns/monthly-digest.yaml", "campaigns/service-recovery.yaml",
                             "config/segments.yaml", "config/project.yaml", "config/offers.yaml"]),
       where=st.floats(0, 1), cut=st.integers(0, 12), piece=PIECES)  # fmt: skip
def test_no_damage_to_a_file_breaks_the_reading(
    root: Path, file: str, where: float, cut: int, piece: str
) -> None:
    path = root / file
    whole = path.read_text(encoding="utf-8")
    at = int(len(whole) * where)
    try:
        path.write_text(whole[:at] + piece + whole[at + cut :], encoding="utf-8")
        _, problems = load_and_check(root, environment=ENVIRONMENT)
        for found in problems:
            assert found.message
            assert found.code != "C099"
            assert found.line <= path.read_text(encoding="utf-8").count("\n") + 2 or found.file != file
    finally:
        path.write_text(whole, encoding="utf-8")


def test_reading_needs_no_checks(root: Path) -> None:
    workspace, problems = load(root, environment=ENVIRONMENT)
    assert workspace is not None
    assert problems == []
