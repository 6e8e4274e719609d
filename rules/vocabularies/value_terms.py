"""Terms over the values that a model gives: lifetime value, being alive, expected orders."""

# ruff: noqa: ARG001, ARG005 - all terms share one signature, and few need all of it

from __future__ import annotations

from fractions import Fraction

from rules.language.comparison import COMPARE, IN_WORDS
from rules.language.curves import Trend
from rules.language.reads import Reads
from rules.language.terms import Holds, Kind, Term
from rules.language.units import describe_duration
from rules.language.windows import earliest
from rules.summary.summary import Summary

_BAND = 5
_MOST_CROSSINGS = 8
_DECIMALS = 3  # that are shown of what is no money


def _value(
    name: str, label: str, within: int | None, limits: tuple[int, int | None]
) -> Term[Summary]:
    def read(summary: Summary, now: int) -> float | None:
        return summary.values.value(name, within, now)

    def until(
        summary: Summary, now: int, holds: Holds, bounds: tuple[int | Fraction, ...]
    ) -> int | None:
        return earliest(
            *(_turn(summary, name, within, now, holds, float(bound)) for bound in bounds)
        )

    return Term(
        Kind.NUMBER,
        label,
        read,
        until=until,
        trend=Trend.MONOTONE,
        whole=False,
        range=limits,
        alone=True,
        reads=Reads(orders=True, values=frozenset({name})),
        wording=lambda summary, value, now: _show(summary, name, value),
    )


def _show(summary: Summary, name: str, value: float) -> str:
    return f"{value:.{summary.values.decimals if name == 'clv' else _DECIMALS}f}"


def _turn(
    summary: Summary, name: str, within: int | None, now: int, holds: Holds, bound: float
) -> int | None:
    """When the verdict changes as the value crosses a bound."""
    values = summary.values
    before = holds(values.value(name, within, now))
    at = now
    for _ in range(_MOST_CROSSINGS):
        crossing = values.crossing(name, within, at, bound)
        if crossing is None or holds(values.value(name, within, crossing)) is not before:
            return crossing
        at = crossing
    return at


def clv() -> Term[Summary]:
    """The customer lifetime value."""
    return _value("clv", "the customer lifetime value", None, (0, None))


def alive() -> Term[Summary]:
    """The probability that the shopper buys again."""
    return _value("alive", "the probability of another order", None, (0, 1))


def expected_orders(within: int) -> Term[Summary]:
    """How many orders are expected."""
    label = f"the number of orders expected in the next {describe_duration(within)}"
    return _value("expected_orders", label, within, (0, None))


def percentile(model: str, band: int = _BAND) -> Term[Summary]:
    """The percentile of a value among all shoppers; members leave only beyond the band."""
    if not 0 <= band <= 50:
        raise ValueError("a band is from 0 to 50 percentiles")

    def ranked(sign: str, percent: int | Fraction, upright: bool | None) -> Term[Summary]:
        """Compares the value with a cut-off; `upright` is None for those who are no members."""
        if upright is not None:
            wider = upright is sign.startswith(">")
            percent = min(max(percent - band if wider else percent + band, 0), 100)
        compare = COMPARE[sign]

        def read(summary: Summary, now: int) -> bool:
            cutoff = summary.values.cutoff(model, float(percent))
            return cutoff is not None and compare(summary.values.value(model, None, now), cutoff)

        def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
            cutoff = summary.values.cutoff(model, float(percent))
            if cutoff is None:
                return None
            return _turn(
                summary, model, None, now, lambda value: holds(compare(value, cutoff)), cutoff
            )

        def show(summary: Summary, verdict: bool, now: int) -> str:
            value = summary.values.value(model, None, now)
            cutoff = summary.values.cutoff(model, float(percent))
            if cutoff is None:
                return "no model is fitted yet"
            own = "nothing" if value is None else _show(summary, model, value)
            return f"{model} is {own}, and {_show(summary, model, cutoff)} at {percent} percent"

        label = f"the percentile of {model} {IN_WORDS[sign]} {percent}"
        return Term(Kind.TRUTH, label, read, until=until, missable=False, wording=show)

    return Term(
        Kind.NUMBER,
        f"the percentile of {model}",
        lambda summary, now: None,
        whole=False,
        range=(0, 100),
        missable=False,
        ranked=ranked,
        reads=Reads(orders=True, values=frozenset({model})),
    )
