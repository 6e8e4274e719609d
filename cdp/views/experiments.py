"""What `cdp experiments report` prints: in words first, then the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cdp.views.report import facts_table, one_line, table_with, when
from rules.language.units import show_money

MONEY = frozenset({"revenue", "refunds"})
_VERBS = {"revenue": "is"}
_LEAST_SHOWN = 0.0005
_VERDICTS = {
    "better": "{variant} is better than {control}: {metric} {lift}.",
    "costly": "{variant} is better than {control}: {metric} {lift}. But a guard is worse.",
    "worse": "{variant} is worse than {control}: {metric} {lift}.",
    "undecided": "{variant} and {control} cannot be told apart{yet}: {metric} {lift}.",
    "not_believable": "Nothing can be said of {variant}: the split is not as it should be.",
}
# Of an experiment that is running: one that is stopped has ended, and a holdout goes on.
_ADVICE = {"better": " End it, and take {variant}.", "worse": " End it."}
_STYLES = {
    "better": "bold green",
    "costly": "yellow",
    "worse": "bold red",
    "not_believable": "bold red",
}
_GUARDS = {
    "fine": ("{metric} of {variant} {verb} no worse than the margin of {margin}.", "green"),
    "worse": ("{metric} of {variant} {verb} worse: {lift}.", "bold red"),
    "unclear": ("{metric} of {variant} may yet be worse than the margin of {margin}.", "yellow"),
}


def report_view(report: Mapping[str, Any]) -> RenderableType:
    """The report of an experiment or a holdout."""
    if not report["shoppers"]:
        return Text(
            f"Nobody has taken part in {report['experiment']} yet: nothing was reported as shown"
            " (offers.record_outcomes) in the slots that `experiments` of a decision names for it."
        )
    return Group(*_words(report), _facts(report), _variants(report), _effects(report))


def percent(share: float | None) -> str:
    """A relative lift with its sign, such as +3.1 %."""
    return "?" if share is None else f"{share:+.1%}".replace("%", " %")


def span(interval: Mapping[str, Any]) -> str:
    """An interval of relative lifts."""
    if interval["low"] is None or interval["high"] is None:
        return "not known yet"
    return f"{percent(interval['low'])} to {percent(interval['high'])}"


def _words(report: Mapping[str, Any]) -> Iterator[Text]:
    control, metric = report["variants"][0]["variant"], report["primary"]
    effects = {(each["variant"], each["metric"]): each for each in report["effects"]}
    if report["sample_ratio"]["is_mismatch"]:
        yield Text(
            "The variants do not have the shares of shoppers that they should"
            f" (p = {report['sample_ratio']['p_value']:.2g}): something loses or adds some, or the"
            " shares were changed while it was running. Find out what before you believe any"
            " figure.",
            style="bold red",
        )
    spoiled = {each["variant"] for each in report["guards"] if each["verdict"] == "worse"}
    for each in report["verdicts"]:
        variant, verdict = each["variant"], each["verdict"]
        if verdict == "better" and variant in spoiled:
            verdict = "costly"
        words = _compared(report, effects[variant, metric])
        sentence = _VERDICTS[verdict]
        if report["kind"] == "experiment" and report["is_running"]:
            sentence += _ADVICE.get(verdict, "")
        sentence = sentence.format(
            variant=variant,
            control=control,
            metric=metric,
            lift=words,
            yet=" yet" if report["is_running"] else "",
        )
        yield Text(sentence, style=_STYLES.get(verdict, ""))
    for guard in report["guards"]:
        sentence, style = _GUARDS[guard["verdict"]]
        text = sentence.format(
            metric=guard["metric"],
            variant=guard["variant"],
            verb=_VERBS.get(guard["metric"], "are"),
            margin=f"{guard['margin']:.0%}".replace("%", " %"),
            lift=_compared(report, guard),
        )
        yield Text(f"Guard: {text}", style=style)
    for remark in report["remarks"]:
        yield Text(f"Look at this: {one_line(remark)}", style="yellow")


def _estimate(lift: Mapping[str, Any]) -> str:
    """A lift, if there is one: without anything in the control there is none."""
    return percent(None if lift["low"] is None else lift["estimate"])


def _compared(report: Mapping[str, Any], effect: Mapping[str, Any]) -> str:
    """The lift with its interval, or what each of both has where there is none."""
    if effect["lift"]["low"] is not None:
        return f"{_estimate(effect['lift'])} ({span(effect['always_valid_lift'])})"
    metric, currency = effect["metric"], report["currency"]
    control, *others = report["variants"]
    [variant] = [each for each in others if each["variant"] == effect["variant"]]
    means = [each["means"][metric] for each in (variant, control)]
    amounts = [
        (_money(mean, currency) or "0") if metric in MONEY else f"{mean:.2%}".replace("%", " %")
        for mean in means
    ]
    return " against ".join(amounts)


def _facts(report: Mapping[str, Any]) -> Table:
    power = report["power"]
    left = power["days_left"]
    facts = {
        report["kind"]: report["experiment"],
        "since": when(report["since"]),
        "counted": f"what was done within {report['window_days']:g} days of the first exposure",
        "shoppers": f"{report['shoppers']:,} of {power['planned_shoppers']:,} planned",
        "left out": f"{report['conflicts']:,} who saw two variants",
        "split": f"p {_probability(report['sample_ratio']['p_value'], '= ')}",
    }
    if left is not None:
        facts["days left"] = f"{left:,} at this pace"
    if power["detectable_lift"] is not None:
        facts["can be seen"] = (
            f"a lift of {percent(power['detectable_lift'])} by now,"
            f" {percent(power['detectable_lift_as_planned'])} with all shoppers (4 times of 5)"
        )
    return facts_table(facts)


def _variants(report: Mapping[str, Any]) -> Table:
    table = table_with(
        "variant", "shoppers", "conversions", "revenue", "revenue of one", "clicks", "refunds"
    )
    currency = report["currency"]
    for each in report["variants"]:
        totals, means = each["totals"], each["means"]
        table.add_row(
            each["variant"],
            f"{each['shoppers']:,}",
            f"{totals['conversions']:,.0f} ({means['conversions']:.2%})",
            _money(totals["revenue"], currency),
            _money(means["revenue"], currency),
            f"{totals['clicks']:,.0f} ({means['clicks']:.2%})",
            _money(totals["refunds"], currency),
        )
    return table


def _effects(report: Mapping[str, Any]) -> Table:
    table = table_with(
        "variant", "metric", "lift", "looked at once", "looked at all the time", "p", "CUPED"
    )
    for each in report["effects"]:
        adjusted = each["adjusted"]
        table.add_row(
            each["variant"],
            each["metric"],
            _estimate(each["lift"]),
            span(each["lift"]),
            span(each["always_valid_lift"]),
            _probability(each["p_value"]),
            _adjusted(adjusted, each["metric"], report["currency"]) if adjusted else "",
        )
    return table


def _adjusted(adjusted: Mapping[str, Any], metric: str, currency: str | None) -> str:
    """The difference by CUPED, and how much of the variance that removes."""
    if metric in MONEY:
        amount = _money(adjusted["estimate"], currency)
    else:
        amount = f"{adjusted['estimate']:+.2%}"
    removed = f"{adjusted['removed']:.0%}".replace("%", " %")
    probability = _probability(adjusted["p_value"])
    return f"{amount}, p {probability}, removes {removed} of the variance"


def _probability(p: float, equals: str = "") -> str:
    """To three places; never a 0, which no p-value is."""
    return "< 0.001" if p < _LEAST_SHOWN else f"{equals}{p:.3f}"


def _money(amount: float, currency: str | None) -> str:
    return "" if currency is None else show_money(round(amount), currency)
