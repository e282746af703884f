"""Hypothesis profiles: `ci` is the default and always draws the same examples; `search` looks further.

`pytest tests/generative --hypothesis-profile=search` looks for new examples for some minutes.
"""

from hypothesis import HealthCheck, settings

SLOW_BY_DESIGN = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "ci", max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=SLOW_BY_DESIGN
)
settings.register_profile("search", max_examples=5000, deadline=None, suppress_health_check=SLOW_BY_DESIGN)
settings.load_profile("ci")
