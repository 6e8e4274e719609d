"""The rule language of segments and offers, and the mergeable summaries that it reads. Pure.

    rule = compile_rule('count("order_completed", within="60d") > 5', SEGMENT_VOCABULARY)
    verdict = rule.evaluate(combine(summaries), now)      # Verdict(value, changes_at)
    rule.explain(combine(summaries), now)                 # ["true: … (7)"]

    rule = compile_rule('"high_value" in segments and context.device == "mobile"',
                        ELIGIBILITY_VOCABULARY)
    rule.evaluate(Situation(traits=…, segments=frozenset({"high_value"}), context=…), now)

`compile_rule` raises RuleError (`line`, `column`, `message`; its text has all three) and nothing
else; `evaluate`, `explain` and `describe` never raise. docs/reference/rules.md is the language for
people.
"""

from rules.facts import EMPTY_FACTS, Fact, Facts, ListedFacts
from rules.field_names import MOST_TYPES, SeenFields, fields_in, fields_of
from rules.fields import purpose_name
from rules.language.consent import reads_without_consent
from rules.language.deciders import Decider, Memo, decider
from rules.language.errors import RuleError
from rules.language.form import FormError, rule_form, rule_text
from rules.language.formula import Formula, compile_formula
from rules.language.reads import Reads
from rules.language.rule import Rule, Verdict, compile_rule
from rules.language.shop import ANY_SHOP, ShopContext
from rules.language.vocabulary import Vocabulary
from rules.recorded_values import recorded_names, take_recorded_values
from rules.summary.archive import bring_back, put_away, standing_orders
from rules.summary.book import DaySums, StandingOrder
from rules.summary.occasion import Occasion
from rules.summary.order_keys import OrderKeys, home_apart, key_apart, order_key
from rules.summary.orders import (
    OrderAccount,
    OrderState,
    apply_to_order,
    money_of,
    refunded_amount,
    refunded_money,
)
from rules.summary.profile import profile_view
from rules.summary.reducers import order_of
from rules.summary.summary import FACTS, Summary, combine
from rules.summary.uncounted_refunds import uncounted_currencies
from rules.vocabularies.eligibility import ELIGIBILITY_VOCABULARY, Situation
from rules.vocabularies.segments import SEGMENT_VOCABULARY

__all__ = [
    "ANY_SHOP",
    "ELIGIBILITY_VOCABULARY",
    "EMPTY_FACTS",
    "FACTS",
    "MOST_TYPES",
    "SEGMENT_VOCABULARY",
    "DaySums",
    "Decider",
    "Fact",
    "Facts",
    "FormError",
    "Formula",
    "ListedFacts",
    "Memo",
    "Occasion",
    "OrderAccount",
    "OrderKeys",
    "OrderState",
    "Reads",
    "Rule",
    "RuleError",
    "SeenFields",
    "ShopContext",
    "Situation",
    "StandingOrder",
    "Summary",
    "Verdict",
    "Vocabulary",
    "apply_to_order",
    "bring_back",
    "combine",
    "compile_formula",
    "compile_rule",
    "decider",
    "fields_in",
    "fields_of",
    "home_apart",
    "key_apart",
    "money_of",
    "order_key",
    "order_of",
    "profile_view",
    "purpose_name",
    "put_away",
    "reads_without_consent",
    "recorded_names",
    "refunded_amount",
    "refunded_money",
    "rule_form",
    "rule_text",
    "standing_orders",
    "take_recorded_values",
    "uncounted_currencies",
]
