"""What the figures are to reach, and what they would be on the machine to which that refers."""

from __future__ import annotations

from dataclasses import dataclass

REFERENCE_ECHO_MS = 2.0  # of nameko's echo, on that machine


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that is to be reached, from below or from above."""

    value: float
    at_least: bool

    def is_met(self, figure: float) -> bool:
        """Whether a figure reaches it."""
        return figure >= self.value if self.at_least else figure <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.value:,}"


GOALS = {
    "segments_events_per_s": Goal(3_500, at_least=True),
    "segments_state_us": Goal(250, at_least=False),
    "segment_entry_p50_ms": Goal(60, at_least=False),
    "rules_1000_over_10": Goal(1.3, at_least=False),
    "orders_10000_over_10": Goal(1.3, at_least=False),
    "evaluate_over_rule_engine": Goal(5, at_least=True),
    "evaluate_over_cel_python": Goal(5, at_least=True),
    "timer_late_p99_ms": Goal(1_000, at_least=False),
    "define_100k_s": Goal(8, at_least=False),
    "preview_1m_s": Goal(2, at_least=False),
    "clv_profiles_per_s": Goal(500_000, at_least=True),
    "end_to_end_core_us": Goal(1_000, at_least=False),
    "decide100_p50_over_echo": Goal(1.3, at_least=False),
    "decide100_p99_over_echo": Goal(1.8, at_least=False),
    "decide_http_p50_over_echo": Goal(0.8, at_least=False),
    "decide_reserve_p50_over_echo": Goal(2.5, at_least=False),
    "decide1000_p50_over_decide10": Goal(1.3, at_least=False),
    "decide_per_s_over_echo": Goal(0.7, at_least=True),
    "decide_loaded_p99_over_echo": Goal(2, at_least=False),
    "decide100_cpu_us": Goal(450, at_least=False),
    "deadline_over_p99_ms": Goal(10, at_least=False),
    "gateway_batch_events_per_s": Goal(2_000, at_least=True),
    "gateway_single_events_per_s": Goal(1_500, at_least=True),
    "gateway_cpu_us": Goal(400, at_least=False),
    "http_decide_p50_over_echo": Goal(1.8, at_least=False),
    "decision_log_bytes": Goal(1_200, at_least=False),
    "script_gzip_bytes": Goal(5_120, at_least=False),
}


def scaled(name: str, value: float, slowness: float) -> float | None:
    """A figure as it would be on the reference machine; None for a ratio, which stays the same."""
    if name.endswith("_per_s"):
        return round(value * slowness)
    if "_ms" in name or name.endswith(("_us", "_s")):
        return round(value / slowness, 2)
    return None
