"""Where a click leads: another dashboard with the chosen variables and time, narrowed to what was clicked."""

KEPT = "${environment:queryparam}&${service:queryparam}&${__url_time_range}"


def of_series(uid: str) -> str:
    """From a series that carries provider and model."""
    return f"/d/{uid}?{KEPT}&var-provider=${{__field.labels.provider}}&var-model=${{__field.labels.model}}"


def of_row(uid: str) -> str:
    """From a table row with the column Provider and the hidden one of the whole model's name."""
    return f"/d/{uid}?{KEPT}&var-provider=${{__data.fields.Provider}}&var-model=${{__data.fields.model}}"


def of_service(uid: str) -> str:
    """From a table row with the hidden column of the whole service's name."""
    return (
        f"/d/{uid}?${{environment:queryparam}}&${{provider:queryparam}}&${{model:queryparam}}&${{__url_time_range}}"
        "&var-service=${__data.fields.service_name}"
    )


def to(uid: str) -> str:
    """From a panel as a whole."""
    return f"/d/{uid}?{KEPT}&${{provider:queryparam}}&${{model:queryparam}}"
