"""A workspace whose readers live all over the world, on either database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Desk, laid_out

READERS = """\
customer_id,E-mail,first_name,time_zone,topics
c1,kiri@mail.example,Kiri,Pacific/Kiritimati,newsletter
c2,toshi@mail.example,Toshi,Asia/Tokyo,newsletter
c3,ana@mail.example,Ana,Europe/London,newsletter
c4,nora@mail.example,Nora,America/New_York,newsletter
c5,nowhere@mail.example,Noa,,newsletter
"""
WEEKLY = """\
campaign: weekly
status: active
purpose: marketing
topic: newsletter
audience: { include: [newsletter-readers] }
schedule: { every: week, days: [tue], at: "09:30", time_zone: recipient }
content: { template: note.html, subject: "Hello {{ customer.first_name }}", preheader: "One thing we forgot to say last week, and one we did not" }
sender: team
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """Five readers on four clocks, one of them unknown, and a weekly letter at half past nine."""
    made = laid_out(tmp_path / "workspace")
    if request.param == "postgresql":
        made.environment["TOUCHBASE_DATABASE_URL"] = str(request.getfixturevalue("postgres_url"))
    made.write("readers.csv", READERS)
    made.write("campaigns/weekly.yaml", WEEKLY)
    template = (made.root / "templates/letter.html").read_text(encoding="utf-8")
    start, rest = template.split("{% for post in posts %}")
    end = rest.split("{% endif %}")[1]
    made.write("templates/note.html", start + end)
    made.json("import", "customers", "readers.csv")
    return made
