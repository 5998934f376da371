"""One builder per kind of panel, so that every panel has unit, description, decimals and a legend that reads.

In: titles, queries, thresholds. Out: panels of Grafana's Foundation SDK. Knows no metric.
"""

import re
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import bargauge, common, dashboard, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as look
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as heatmap_model
from grafana_foundation_sdk.models import table as table_model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from . import queries as promql

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, YELLOW, RED, BLUE, GREY, AMBER = "green", "dark-yellow", "red", "blue", "#8E8E99", "orange"
# The least width in pixels of a column with numbers: `228.6 ms`.
SMALLEST = 76
# Wider columns have a width of their own, because Grafana gives the others equal parts of the rest.
LARGEST = 95
# Labels whose values may be long: tables and legends show them without their middle.
SHORTENED = ("model", "service_name", "error_code", "scope", "chosen")
WIDTHS = {"provider": 117, "environment": 100, "error_class": 128, "status_code": 62, "window": 72, "resource": 112, "account": 82}
Steps = tuple[tuple[float | None, str], ...]
PLAIN: Steps = ((None, BLUE),)
PER_HOUR = "$/h"
# Seconds that mean "not at all", so that a good state is a value with a word, not an empty panel.
NEVER = 1e12
# The words for no number, and how alarming each is.
WORDS = {
    promql.NO_CALLS: ("no calls", GREY),
    promql.NO_DATA_YET: ("no data from Tollgate", GREY),
    promql.NO_DATA: ("no data from Tollgate", RED),
    promql.TOO_FEW_CALLS: ("too few calls", GREY),
    promql.NO_LIMITS: ("no limits seen", GREY),
    promql.NO_BUDGET: ("no budget set", GREY),
    promql.NO_FAILURES: ("no failures", GREEN),
    promql.NO_STREAMS: ("no streams", GREY),
    promql.NO_REQUESTS: ("no requests", GREY),
    promql.TOLD_BY_NONE: ("no span tells", GREY),
    promql.NO_TOOLS: ("no fees", GREY),
    promql.NO_RETRIES: ("none seen", GREY),
}
# A colour for each class of error, none twice; red is for what waiting does not mend.
CLASS_COLORS = {
    "rate_limit": "#FF9830",
    "quota_exhausted": "#C4162A",
    "overloaded": "#F2CC0C",
    "context_length": "#B877D9",
    "content_filter": "#8F3BB8",
    "authentication": "#FF7383",
    "permission": "#FFA6B0",
    "model_not_found": "#A352CC",
    "invalid_request": "#3274D9",
    "timeout": "#73BF69",
    "server_error": "#F2495C",
    "connection": "#37872D",
    "cancelled": "#8E8E99",
    "unknown": "#8AB8FF",
}
# Of a plot or table, which cannot tell which of them it is: the tiles at the top do.
EMPTY = "no calls, or no data from Tollgate"
NO_DOLLARS = "no dollars known, no calls, or no data from Tollgate"
UNTOLD = "no span tells, no calls, or no data from Tollgate"
NO_STREAMS_SEEN = "no streams, no calls, or no data from Tollgate"
UNLIMITED = "no limits seen, or no data from Tollgate"
OTHERS = "others"


@dataclass(frozen=True)
class Query:
    """One PromQL query of a panel."""

    expr: str
    legend: str = ""
    exemplars: bool = False
    interval: str | None = None


@dataclass(frozen=True)
class Column:
    """One number of a table: its query, header, unit, and how its cells look."""

    expr: str
    title: str
    unit: str
    decimals: int | None = None
    steps: Steps = PLAIN
    cell: str = "auto"
    width: int | None = None
    maximum: float | None = None
    never: bool = False


@dataclass(frozen=True)
class Labels:
    """The label columns of a table, in order, with their headers."""

    headers: dict[str, str]
    links: dict[str, str] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)

    def width(self, label: str) -> int:
        """Pixels of a column: what its longest value takes, which for SHORTENED labels is known."""
        return self.widths.get(label, 194 if label in SHORTENED else WIDTHS.get(label, 110))


def rising(warning: float, critical: float) -> Steps:
    """Green, then yellow from `warning`, red from `critical`."""
    return ((None, GREEN), (warning, YELLOW), (critical, RED))


def falling(critical: float, warning: float) -> Steps:
    """Red below `critical`, yellow below `warning`, else green."""
    return ((None, RED), (critical, YELLOW), (warning, GREEN))


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=color) for value, color in steps])
    )


def target(query: Query, position: int) -> prometheus.Dataquery:
    built = prometheus.Dataquery().expr(query.expr).range().ref_id(chr(ord("A") + position)).datasource(DATASOURCE)
    if query.legend:
        built = built.legend_format(query.legend)
    if query.exemplars:
        built = built.exemplar(True)
    return built


def instant(expr: str, position: int) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .expr(expr)
        .instant()
        .format(PromQueryFormat.TABLE)
        .ref_id(chr(ord("A") + position))
        .datasource(DATASOURCE)
    )


def common_parts(panel, title: str, description: str, unit: str, decimals: int | None, steps: Steps):
    panel = panel.title(title).description(description).datasource(DATASOURCE).unit(unit).thresholds(thresholds(steps))
    return panel if decimals is None else panel.decimals(decimals)


def reduced(calculation: str) -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs([calculation]).values(False)


def tile(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    decimals: int | None = None,
    steps: Steps = PLAIN,
    named: bool = False,
    since: str | None = None,
    without: dict[str, str] | None = None,
    words: dict[float, tuple[str, str]] | None = None,
    link: str | None = None,
):
    """One number (or a few, named), large, or the word for its absence.

    `since` sets a beginning that the time picker does not move; `without` counts calls that have no such number, by why.
    """
    panel = common_parts(stat.Panel(), title, description, unit, decimals, steps)
    panel = (
        panel.reduce_options(reduced("lastNotNull"))
        .graph_mode(look.BigValueGraphMode.NONE)
        .color_mode(look.BigValueColorMode.VALUE)
        .justify_mode(look.BigValueJustifyMode.AUTO)
        .text_mode(look.BigValueTextMode.VALUE_AND_NAME if named else look.BigValueTextMode.VALUE)
        .wide_layout(False)
        .no_value(WORDS[-3][0])
        .mappings(worded(WORDS | (words or {})))
    )
    counted = [Query(expr) for expr in (without or {}).values()]
    for position, query in enumerate((*queries, *counted)):
        panel = panel.with_target(once(query, position))
    for position, why in enumerate(without or {}, start=len(queries)):
        properties = {"unit": f"suffix: calls, {why}", "decimals": 0, "color": {"mode": "fixed", "fixedColor": AMBER}}
        panel = panel.override_by_query(chr(ord("A") + position), [model.DynamicConfigValue(*each) for each in properties.items()])
    if since:
        panel = panel.time_from(since).hide_time_override(True)
    return panel.data_links([dashboard.DashboardLink("Open").url(link)]) if link else panel


def worded(words: dict[float, tuple[str, str]]) -> list:
    """Numbers that are shown as words."""
    options = {f"{number:.0f}": model.ValueMappingResult(text=text, color=color, index=index) for index, (number, (text, color)) in enumerate(words.items())}
    nothing = model.ValueMappingResult(text=WORDS[-3][0], color=RED, index=len(words))
    special = model.DashboardSpecialValueMapOptions(match=model.SpecialValueMatch.NULL_AND_NAN, result=nothing)
    return [model.ValueMap(options=options), model.SpecialValueMap(options=special)]


def never_is(text: str) -> dict:
    """Shows NEVER, and what is near it, as a word."""
    return {"type": "range", "options": {"from": NEVER / 10, "to": None, "result": {"text": text, "color": GREEN}}}


def once(query: Query, position: int) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .expr(query.expr)
        .instant()
        .legend_format(query.legend or "__auto")
        .ref_id(chr(ord("A") + position))
        .datasource(DATASOURCE)
    )


def lines(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    decimals: int | None = None,
    steps: Steps | None = None,
    stacked: bool = False,
    maximum: float | None = None,
    interval: str | None = None,
    logarithmic: bool = False,
    link: str | None = None,
    colors: dict[str, str] | None = None,
    guide: str | None = None,
    rest: str | None = None,
    daily: bool = False,
    added_up: str | None = None,
    empty: str | None = None,
):
    """Series over time. `steps` are drawn as dashed lines, so that an alert's threshold is seen beside the data.

    `guide` names a series that is a ceiling, drawn as a dashed line; `rest` is the query of what the others leave out.
    `daily` makes a point a day, and a bar where it is stacked; `added_up` names a series shown as its running sum.
    Names stand below: beside a plot they would take half of a narrow screen.
    """
    if unit == PER_HOUR:
        # Axes of a unit without prefixes say `0 $/h` for what is little; dollars have as many decimals as they need.
        title, unit = f"{title}, {PER_HOUR}", "currencyUSD"
    panel = common_parts(timeseries.Panel(), title, description, unit, decimals, steps or PLAIN)
    panel = (
        panel.draw_style(look.GraphDrawStyle.LINE)
        .line_width(1)
        .fill_opacity(25 if stacked else 0)
        .show_points(look.VisibilityMode.AUTO)
        .point_size(5)
        .span_nulls(120_000)
        .min(0)
        .no_value(empty or absence(unit))
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
        .legend(common.VizLegendOptions().display_mode(look.LegendDisplayMode.LIST).placement(look.LegendPlacement.BOTTOM).show_legend(True))
        .tooltip(common.VizTooltipOptions().mode(look.TooltipDisplayMode.MULTI).sort(look.SortOrder.DESCENDING))
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(look.StackingMode.NORMAL).group("A"))
    if steps:
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(look.GraphThresholdsStyleMode.DASHED))
    if maximum is not None:
        panel = panel.axis_soft_max(maximum)
    if logarithmic:
        panel = panel.scale_distribution(common.ScaleDistributionConfig().type(look.ScaleDistribution.LOG).log(10))
    if interval:
        panel = panel.interval(interval)
    if daily:
        panel = panel.interval("1d").max_data_points(60)
    if daily and stacked:
        panel = panel.draw_style(look.GraphDrawStyle.BARS).bar_alignment(look.BarAlignment.AFTER).fill_opacity(70)
    if added_up:
        panel = panel.transformations(running_sum(added_up))
    every = (*queries, Query(rest, OTHERS)) if rest else queries
    for name, color in (({OTHERS: GREY} if rest else {}) | (colors or {})).items():
        panel = panel.override_by_name(name, [fixed(color)])
    if guide:
        dashed = model.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]})
        panel = panel.override_by_name(guide, [fixed(RED), dashed, model.DynamicConfigValue("custom.fillOpacity", 0)])
    for position, query in enumerate(every):
        panel = panel.with_target(target(query, position))
    return panel.data_links([dashboard.DashboardLink("Open").url(link)]) if link else panel


def absence(unit: str) -> str:
    """The words of an empty panel: failed and unpriced calls have no dollars either."""
    return NO_DOLLARS if unit in ("currencyUSD", PER_HOUR) else EMPTY


def running_sum(name: str) -> list[model.DataTransformerConfig]:
    """A series by name, replaced by what it adds up to."""
    adding = {"mode": "cumulativeFunctions", "cumulative": {"field": name, "reducer": "sum"}, "alias": f"{name} so far", "replaceFields": False}
    return [
        model.DataTransformerConfig("joinByField", options={"byField": "Time", "mode": "outer"}),
        model.DataTransformerConfig("calculateField", options=adding),
        model.DataTransformerConfig("organize", options={"excludeByName": {name: True}, "indexByName": {}, "renameByName": {}}),
    ]


def bills(title: str, description: str, *queries: Query):
    """Dollars as an invoice lists them: a row a day, a column a series, and their sums."""
    panel = common_parts(table.Panel(), title, description, "currencyUSD", 4, PLAIN).no_value(NO_DOLLARS).min_width(100).interval("1d").max_data_points(60)
    panel = panel.cell_height(look.TableCellHeight.SM).show_header(True).sort_by([common.TableSortByFieldState().display_name("Day, UTC").desc(True)])
    day = {"unit": "time:YYYY-MM-DD", "custom.width": 110}
    panel = panel.override_by_name("Day, UTC", [model.DynamicConfigValue(*each) for each in day.items()])
    # A provider without a call on a day; the words above are for a table without rows.
    panel = panel.override_by_field_type("number", [model.DynamicConfigValue("noValue", "–")])
    for position, query in enumerate(queries):
        panel = panel.with_target(target(query, position))
    adding = {"mode": "reduceRow", "reduce": {"reducer": "sum"}, "alias": "All", "replaceFields": False}
    return panel.transformations(
        [
            model.DataTransformerConfig("joinByField", options={"byField": "Time", "mode": "outer"}),
            model.DataTransformerConfig("calculateField", options=adding),
            model.DataTransformerConfig("organize", options={"excludeByName": {}, "indexByName": {}, "renameByName": {"Time": "Day, UTC"}}),
        ]
    ).footer(common.TableFooterOptions().show(True).reducer(["sum"]))


def fixed(color: str) -> model.DynamicConfigValue:
    return model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": color})


def bars(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    decimals: int | None = None,
    steps: Steps = PLAIN,
    maximum: float | None = None,
    empty: str | None = None,
):
    """Series side by side, as they are now, in the order of the queries. All legends are alike."""
    panel = common_parts(bargauge.Panel(), title, description, unit, decimals, steps)
    panel = (
        panel.reduce_options(reduced("lastNotNull"))
        .orientation(look.VizOrientation.HORIZONTAL)
        .display_mode(look.BarGaugeDisplayMode.BASIC)
        .show_unfilled(True)
        .min(0)
        .no_value(empty or absence(unit))
    )
    # Grafana leaves the name of a single bar out unless it is set.
    panel = panel.display_name(re.sub(r"{{(\w+)}}", r"${__field.labels.\1}", queries[0].legend))
    for position, query in enumerate(queries):
        panel = panel.with_target(once(query, position))
    return panel if maximum is None else panel.max(maximum)


def heat(title: str, description: str, unit: str, query: Query, *, decimals: int | None = None):
    """A histogram over time; its exemplars are points that lead to traces."""
    panel = common_parts(heatmap.Panel(), title, description, "reqps", None, PLAIN).no_value(absence(unit))
    return (
        panel.calculate(False)
        .color(heatmap_color())
        .y_axis(axis_of(unit, decimals))
        .cell_gap(1)
        .show_legend()
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .with_target(target(query, 0).format(PromQueryFormat.HEATMAP))
    )


def heatmap_color():
    return heatmap.HeatmapColorOptions().mode(heatmap_model.HeatmapColorMode.SCHEME).scheme("Oranges").steps(64).exponent(0.5)


def axis_of(unit: str, decimals: int | None):
    axis = heatmap.YAxisConfig().unit(unit).axis_placement(look.AxisPlacement.LEFT)
    return axis if decimals is None else axis.decimals(decimals)


def grid(title: str, description: str, labels: Labels, *columns: Column, sort: str, empty: str = EMPTY, ascending: bool = False):
    """One row per set of labels, one column per query. `sort` is the header that orders the rows."""
    panel = common_parts(table.Panel(), title, description, "short", None, PLAIN)
    panel = panel.no_value(empty).cell_height(look.TableCellHeight.SM).show_header(True).min_width(SMALLEST)
    long = [label for label in labels.headers if label in SHORTENED]
    panel = panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(not ascending)])
    for position, column in enumerate(columns):
        panel = panel.with_target(instant(promql.shortened(column.expr, *long), position)).override_by_name(column.title, cells(column))
    for label, header in labels.headers.items():
        panel = panel.override_by_name(header, names(labels, label))
    for label in long:
        # A click needs the whole name, the eye does not.
        panel = panel.override_by_name(label, [model.DynamicConfigValue("custom.hidden", True)])
    return panel.transformations(joined(labels, columns))


def names(labels: Labels, label: str) -> list[model.DynamicConfigValue]:
    """How the cells of a label look."""
    link = labels.links.get(label)
    properties = {
        "noValue": "–",
        "custom.width": labels.width(label),
        "links": [{"title": "Open", "url": link}] if link else None,
    }
    return [model.DynamicConfigValue(name, value) for name, value in properties.items() if value is not None]


def cells(column: Column) -> list[model.DynamicConfigValue]:
    """How the cells of a column look."""
    options = {
        "auto": {"type": "auto"},
        "color": {"type": "color-text"},
        "gauge": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
        "background": {"type": "color-background", "mode": "basic"},
    }[column.cell]
    steps = [{"value": value, "color": color} for value, color in column.steps]
    properties = {
        "unit": column.unit,
        "decimals": column.decimals,
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom.cellOptions": options,
        "custom.align": "left" if column.cell == "gauge" else "right",
        "custom.width": column.width or (header_width(column.title) if header_width(column.title) > LARGEST else None),
        "min": 0 if column.cell == "gauge" else None,
        "max": column.maximum,
        "noValue": "–",
        "mappings": [
            {"type": "special", "options": {"match": "null+nan", "result": {"text": "–", "color": GREY}}},
            *([never_is("–")] if column.never else []),
        ],
    }
    return [model.DynamicConfigValue(name, value) for name, value in properties.items() if value is not None]


def header_width(title: str) -> int:
    """Pixels that a column needs to show its header and the arrow of its order."""
    return max(SMALLEST, 7 * len(title) + 40)


def joined(labels: Labels, columns: tuple[Column, ...]) -> list[model.DataTransformerConfig]:
    """One frame of all queries, with our headers in our order."""
    value = (lambda position: f"Value #{chr(ord('A') + position)}") if len(columns) > 1 else (lambda _: "Value")
    names = {value(position): column.title for position, column in enumerate(columns)}
    shown = {(f"short_{label}" if label in SHORTENED else label): header for label, header in labels.headers.items()}
    order = [*shown, *names]
    return [
        *([model.DataTransformerConfig("merge", options={})] if len(columns) > 1 else []),
        model.DataTransformerConfig(
            "organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: index for index, name in enumerate(order)},
                "renameByName": shown | names,
            },
        ),
    ]
