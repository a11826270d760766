"""Benchmarks: see docs/benchmarks.md."""

import importlib.util
import sys

if missing := [name for name in ("confluent_kafka", "psutil") if importlib.util.find_spec(name) is None]:
    sys.exit(f"The benchmarks need {' and '.join(missing)}: pip install -e '.[dev,embedded]'")
