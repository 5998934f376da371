"""What one alert must do, as a table row: when it fires, what it says, when it is silent again, and what leaves it silent."""

from dataclasses import dataclass, field

Series = dict[str, str]
CALL = 'service_name="checkout",environment="prod",provider="openai",model="gpt-4o",operation="chat"'
CALL_LABELS = {"environment": "prod", "service_name": "checkout", "provider": "openai", "model": "gpt-4o"}


@dataclass(frozen=True)
class Case:
    """One alert. Times are promtool's; `series` are promtool's input series."""

    alert: str
    fires_at: str
    silent_again_at: str
    series: Series
    labels: dict[str, str]
    summary: str
    description: str
    step: str = "1m"
    fires_without_data: bool = False
    fires_too: dict[str, tuple[str, Series]] = field(default_factory=dict)
    stays_silent: dict[str, tuple[str, Series]] = field(default_factory=dict)


def call(family: str, values: str, **labels: str) -> Series:
    """A series of the one call that most cases are about."""
    further = "".join(f',{name}="{value}"' for name, value in labels.items())
    return {f"{family}{{{CALL}{further}}}": values}


def requests(**by_class: str) -> Series:
    """llm_requests_total by error class: `requests(none="0+94x60", rate_limit="0+6x60")`."""
    return {name: values for each in by_class for name, values in call("llm_requests_total", by_class[each], error_class=each).items()}
