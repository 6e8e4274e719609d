"""The experiments and holdouts of an offers.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial

from chassis.config.mistakes import read_all, read_both
from chassis.config.yaml_document import Entry
from rules.language.units import parse_duration
from services.offers.domain.assignment import HashNamespace, Split
from services.offers.domain.experiments import (
    AnalysisPlan,
    Experiment,
    Guard,
    Holdout,
    Participation,
    Trials,
    Variant,
)

TRIAL_FIELDS = ("experiments", "holdouts")
METRICS = ("conversions", "revenue", "clicks", "refunds")
_PARTICIPATION = ("hash_attribute", "fallback_attribute", "seed")
_PLAN = ("primary", "window", "planned", "guards")
_ADDRESSES = ("email", "phone")
_STATUS = ("draft", "running", "stopped")


def read_trials(
    root: Mapping[str, Entry],
    placements: Iterable[str],
    offers: Iterable[str],
    hashable: Collection[str] | None = None,
) -> Trials:
    """The experiments and holdouts in the fields of an offers.yaml with these offers.

    `hashable` are the identifiers that may be hashed, if that is to be checked.
    """
    known, places, ids = sorted(set(offers)), list(placements), set[str]()
    taken: dict[str, str] = {}
    holdouts, experiments = read_both(
        lambda: read_all(
            partial(_read_holdout, item, places, known, ids) for item in _items(root, "holdouts")
        ),
        lambda: read_all(
            partial(_read_experiment, item, known, ids, taken)
            for item in _items(root, "experiments")
        ),
    )
    if hashable is not None:
        items = [*_items(root, "holdouts"), *_items(root, "experiments")]
        trials: list[Holdout | Experiment] = [*holdouts, *experiments]
        read_all(
            partial(_check_attributes, item, trial.participation.hash_attributes, hashable)
            for item, trial in zip(items, trials, strict=True)
        )
    return Trials(tuple(experiments), tuple(holdouts))


def _check_attributes(item: Entry, attributes: Iterable[str], hashable: Collection[str]) -> None:
    """Refuse what no request can have: nobody would ever take part."""
    fields = item.fields()
    for name in ("hash_attribute", "fallback_attribute"):
        if name in fields:
            fields[name].choice(hashable)
    for attribute in attributes:
        if attribute not in hashable:
            item.refuse(
                f"splits by `{attribute}`, which identity.yaml does not have; write the"
                f" `hash_attribute`, such as {next(iter(hashable), 'device_id')}"
            )


def _items(fields: Mapping[str, Entry], name: str) -> list[Entry]:
    return fields[name].items() if name in fields else []


def _read_holdout(item: Entry, placements: list[str], offers: list[str], ids: set[str]) -> Holdout:
    fields = item.record(
        required=("id", "share"),
        optional=("placements", "exempt", *_PARTICIPATION, *_PLAN),
    )
    holdout_id = _read_id(fields["id"], ids)
    share = _read_percent(fields["share"], 1, 99)
    split = Split(_read_seed(fields, holdout_id), (share, 1 - share))
    return Holdout(
        holdout_id,
        Participation(_read_attributes(fields), split),
        frozenset(each.choice(placements) for each in _items(fields, "placements")),
        frozenset(each.choice(offers) for each in _items(fields, "exempt")),
        _read_plan(fields),
    )


def _read_experiment(
    item: Entry, offers: list[str], ids: set[str], taken: dict[str, str]
) -> Experiment:
    fields = item.record(
        required=("id", "variants"),
        optional=("status", "winner", "coverage", "namespace", *_PARTICIPATION, *_PLAN),
    )
    experiment_id = _read_id(fields["id"], ids)
    variants, weights = _read_variants(fields["variants"], offers)
    _take_offers(fields["variants"], experiment_id, variants, taken)
    status = fields["status"].choice(_STATUS) if "status" in fields else "running"
    split = Split(
        _read_seed(fields, experiment_id),
        tuple(weight / sum(weights) for weight in weights),
        _read_percent(fields["coverage"]) if "coverage" in fields else 1.0,
        _read_namespace(fields["namespace"]) if "namespace" in fields else None,
    )
    return Experiment(
        experiment_id,
        variants,
        Participation(_read_attributes(fields), split),
        status == "running",
        _read_winner(fields, status, variants),
        _read_plan(fields),
    )


def _read_id(entry: Entry, ids: set[str]) -> str:
    name = entry.word()
    if name in ids:
        entry.refuse(f"`{name}` appears twice; give each experiment and each holdout its own id")
    ids.add(name)
    return name


def _read_variants(entry: Entry, offers: list[str]) -> tuple[tuple[Variant, ...], list[int]]:
    variants: list[Variant] = []
    weights: list[int] = []
    for item in entry.items():
        fields = item.record(required=("name", "weight"), optional=("offers",))
        name = fields["name"].word()
        if any(other.name == name for other in variants):
            fields["name"].refuse(f"`{name}` appears twice; rename one")
        named = frozenset(each.choice(offers) for each in _items(fields, "offers"))
        variants.append(Variant(name, named))
        weights.append(fields["weight"].whole(1, 10_000))
    if len(variants) < 2:
        entry.refuse("must list at least two variants, the control first")
    if not any(variant.offers for variant in variants):
        entry.refuse("must name the `offers` of at least one variant, else nothing differs")
    return tuple(variants), weights


def _take_offers(
    entry: Entry, experiment: str, variants: Iterable[Variant], taken: dict[str, str]
) -> None:
    """Refuse an offer that another experiment has: two would not know of each other."""
    for offer in sorted(frozenset().union(*(variant.offers for variant in variants))):
        if offer in taken:
            entry.refuse(f"`{offer}` is in the experiment `{taken[offer]}` already; copy the offer")
        taken[offer] = experiment


def _read_winner(
    fields: Mapping[str, Entry], status: str, variants: Iterable[Variant]
) -> str | None:
    if "winner" not in fields:
        return None
    winner = fields["winner"].choice([variant.name for variant in variants])
    if status != "stopped":
        fields["winner"].refuse("is for an experiment that has ended: write `status: stopped`")
    return winner


def _read_seed(fields: Mapping[str, Entry], default: str) -> str:
    return fields["seed"].text(200) if "seed" in fields else default


def _read_attributes(fields: Mapping[str, Entry]) -> tuple[str, ...]:
    named = [name for name in ("hash_attribute", "fallback_attribute") if name in fields]
    attributes = [_read_attribute(fields[name]) for name in named]
    if named == ["fallback_attribute"]:
        attributes.insert(0, "device_id")
    return tuple(dict.fromkeys(attributes)) or ("device_id",)


def _read_attribute(entry: Entry) -> str:
    name = entry.word()
    if name in _ADDRESSES:
        entry.refuse(f"`{name}` can be typed by anybody; write `device_id` or `user_id`")
    return name


def _read_namespace(entry: Entry) -> HashNamespace:
    fields = entry.record(required=("name", "from", "to"))
    start, end = _read_percent(fields["from"]), _read_percent(fields["to"])
    if end <= start:
        fields["to"].refuse(
            f"must be above `from`, {start * 100:.0f}: they are percents of all shoppers"
        )
    return HashNamespace(fields["name"].text(200), start, end)


def _read_plan(fields: Mapping[str, Entry]) -> AnalysisPlan:
    default = AnalysisPlan()
    return AnalysisPlan(
        fields["primary"].choice(METRICS) if "primary" in fields else default.primary,
        _read_window(fields["window"]) if "window" in fields else default.window,
        fields["planned"].whole(10, 1_000_000_000)
        if "planned" in fields
        else default.planned_units,
        tuple(_read_guard(item) for item in _items(fields, "guards")),
    )


def _read_window(entry: Entry) -> int:
    try:
        return parse_duration(entry.text(32))
    except ValueError as error:
        entry.refuse(str(error))


def _read_guard(entry: Entry) -> Guard:
    fields = entry.record(required=("metric", "margin"))
    return Guard(fields["metric"].choice(METRICS), _read_percent(fields["margin"]))


def _read_percent(entry: Entry, least: int = 0, most: int = 100) -> float:
    """A share that is written in percent."""
    if type(entry.scalar()) is not int:
        entry.refuse(f"must be percent: a whole number from {least} to {most}, such as 5")
    return entry.whole(least, most) / 100
