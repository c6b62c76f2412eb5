"""Verb for generosity: gifts."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, shared
from engine.model.gift import GiftReport, TierGifts


@click.command("gifts", epilog="Examples: touchbase gifts · touchbase gifts --year 2027 --missing 100")
@click.option("--year", type=int, help="The calendar year (else this one).")
@click.option(
    "--missing",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Name so many of those who got no gift, in each tier.",
)
@shared
def gifts_command(year: int | None, missing: int, workspace: Path | None, as_json: bool) -> None:
    """Who got a gift this year, tier by tier, and who did not; what is spent; what became of the codes."""
    with opened(workspace) as app:
        from engine.app import giving

        report = giving.report(app.desk, year=year, named=missing)
    if as_json:
        print_json(report.as_json())
        return
    _show(report)


def _show(report: GiftReport) -> None:
    if not any(line.customers or line.gifts for line in report.tiers):
        click.echo("there are no customers yet")
        return
    width = max(len(line.tier or "no tier") for line in report.tiers)
    click.echo(
        f"{report.year:<{width}}  customers   got one   got none   on its way      spent   unused   expiring   used"
    )
    for line in report.tiers:
        codes = line.codes
        click.echo(
            f"{line.tier or 'no tier':<{width}}  {line.customers:>9,} {line.got:>9,} {line.without:>10,} "
            f"{line.waiting:>11,} {line.spent:>10,.10g} {codes.unused:>8,} {codes.expiring:>10,} {codes.used:>6,}"
        )
    click.echo("")
    for line in report.tiers:
        if line.customers and line.meant:
            click.echo(promise(line, report.year))
    limits = [("in all", report.spent, report.spend)]
    limits += [(line.tier, line.spent, line.spend) for line in report.tiers]
    for name, spent, spend in limits:
        if spend is not None:
            click.echo(f"spent of the budget, {name}: {spent:,.10g} of {spend:,.10g}")
    for offer, codes in report.offers:
        others = f" ({codes.used_by_others:,} by somebody else)" if codes.used_by_others else ""
        click.echo(
            f"offer {offer}: {plural(codes.given, 'code')} given = {codes.used:,} used{others} + {codes.unused:,} unused"
            f" ({codes.expiring:,} within 30 days of its end) + {codes.expired:,} expired"
        )


def promise(line: TierGifts, year: int) -> str:
    """That everybody of the tier got a gift, or who is missing."""
    one, many = (
        (f"{line.tier} customer", f"{line.tier} customers")
        if line.tier
        else ("customer without a tier", "customers without a tier")
    )
    if line.without == 0:
        return f"every {one} got a gift in {year}"
    rest = line.without - len(line.missing)
    more = f" and {rest:,} more" if rest and line.missing else ""
    named = f": {', '.join(line.missing)}{more}" if line.missing else ""
    return f"{line.without:,} of {plural(line.customers, one, many)} got no gift in {year}{named}"
