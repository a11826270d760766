"""The demo: invented news in five languages, made so that every outcome shows."""

from workers.demo.events import DemoEvent, Expected, demo_events

__all__ = ["DemoEvent", "Expected", "demo_events"]
