"""One builder per kind of panel, so that every panel has unit, description, decimals and a legend that reads.

In: titles, queries, thresholds. Out: panels of Grafana's Foundation SDK. Knows no metric.
"""

from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import bargauge, common, dashboard, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as look
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as heatmap_model
from grafana_foundation_sdk.models import table as table_model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, YELLOW, RED, BLUE, GREY = "green", "#EAB839", "red", "blue", "text"
Steps = tuple[tuple[float | None, str], ...]
PLAIN: Steps = ((None, BLUE),)
PER_HOUR = "$/h"
# Seconds that mean "not at all", so that a good state is a value with a word, not an empty panel.
NEVER = 1e12


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
    widths: dict[str, int] = field(default_factory=lambda: {"model": 180, "provider": 120, "environment": 110, "service_name": 160})


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
    today: bool = False,
    interval: str | None = None,
    empty: str = "no traffic",
    never: str | None = None,
    link: str | None = None,
):
    """One number (or a few, named), large. `today`: since midnight, whatever the time picker says."""
    panel = common_parts(stat.Panel(), title, description, unit, decimals, steps)
    panel = (
        panel.reduce_options(reduced("lastNotNull"))
        .graph_mode(look.BigValueGraphMode.NONE)
        .color_mode(look.BigValueColorMode.VALUE)
        .justify_mode(look.BigValueJustifyMode.AUTO)
        .text_mode(look.BigValueTextMode.VALUE_AND_NAME if named else look.BigValueTextMode.VALUE)
        .no_value(empty)
        .min(0)
    )
    if named:
        panel = panel.text(common.VizTextDisplayOptions().title_size(14).value_size(32))
    for position, query in enumerate(queries):
        panel = panel.with_target(once(query, position))
    if today:
        panel = panel.time_from("now/d").hide_time_override(True)
    if interval:
        panel = panel.interval(interval)
    if never:
        panel = panel.override_by_field_type("number", [model.DynamicConfigValue("mappings", [never_is(never)])])
    return panel.data_links([dashboard.DashboardLink("Open").url(link)]) if link else panel


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
    legend: tuple[str, ...] = ("lastNotNull", "max"),
    side: bool = False,
    narrow: bool = False,
    maximum: float | None = None,
    interval: str | None = None,
    logarithmic: bool = False,
    link: str | None = None,
    colors: dict[str, str] | None = None,
    guide: str | None = None,
    empty: str = "no traffic",
):
    """Series over time. `steps` are drawn as dashed lines, so that an alert's threshold is seen beside the data.

    `narrow` panels name their series in a line; `guide` names a series that is a ceiling, drawn as a dashed line.
    """
    panel = common_parts(timeseries.Panel(), title, description, unit, decimals, steps or PLAIN)
    panel = (
        panel.draw_style(look.GraphDrawStyle.LINE)
        .line_width(1)
        .fill_opacity(25 if stacked else 0)
        .show_points(look.VisibilityMode.AUTO)
        .point_size(3)
        .span_nulls(120_000)
        .min(0)
        .no_value(empty)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
        .legend(legend_of(() if narrow else legend[:1] if side else legend, side))
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
    for name, color in (colors or {}).items():
        panel = panel.override_by_name(name, [fixed(color)])
    if guide:
        dashed = model.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]})
        panel = panel.override_by_name(guide, [fixed(RED), dashed, model.DynamicConfigValue("custom.fillOpacity", 0)])
    for position, query in enumerate(queries):
        panel = panel.with_target(target(query, position))
    return panel.data_links([dashboard.DashboardLink("Open").url(link)]) if link else panel


def fixed(color: str) -> model.DynamicConfigValue:
    return model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": color})


def legend_of(calculations: tuple[str, ...], side: bool) -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(look.LegendDisplayMode.TABLE if calculations else look.LegendDisplayMode.LIST)
        .placement(look.LegendPlacement.RIGHT if side else look.LegendPlacement.BOTTOM)
        .calcs(list(calculations))
        .show_legend(True)
    )


def bars(
    title: str,
    description: str,
    unit: str,
    query: Query,
    *,
    decimals: int | None = None,
    steps: Steps = PLAIN,
    maximum: float | None = None,
    empty: str = "no traffic",
    order: str | None = None,
):
    """Series side by side, as they are now; `order`, a label with a number in it, sorts them by that number."""
    panel = common_parts(bargauge.Panel(), title, description, unit, decimals, steps)
    panel = (
        panel.reduce_options(reduced("lastNotNull"))
        .orientation(look.VizOrientation.HORIZONTAL)
        .display_mode(look.BarGaugeDisplayMode.BASIC)
        .show_unfilled(True)
        .min(0)
        .no_value(empty)
    )
    panel = by_number(panel, query, order) if order else panel.with_target(once(query, 0))
    return panel if maximum is None else panel.max(maximum)


def by_number(panel: bargauge.Panel, query: Query, label: str) -> bargauge.Panel:
    """One bar a row, in the order of the first number in a label: 8k before 32k before 200k."""
    expr = f'label_replace({query.expr}, "first_number", "$1", "{label}", "([0-9]+).*")'
    steps = {
        "convertFieldType": {"conversions": [{"targetField": "first_number", "destinationType": "number"}], "fields": {}},
        "sortBy": {"fields": {}, "sort": [{"field": "first_number", "desc": False}]},
        "organize": {"excludeByName": {"Time": True, "first_number": True}, "indexByName": {}, "renameByName": {}},
    }
    return (
        panel.with_target(instant(expr, 0))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(True))
        .transformations([model.DataTransformerConfig(name, options=options) for name, options in steps.items()])
    )


def heat(title: str, description: str, unit: str, query: Query, *, decimals: int | None = None):
    """A histogram over time; its exemplars are points that lead to traces."""
    panel = common_parts(heatmap.Panel(), title, description, "reqps", None, PLAIN)
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


def grid(title: str, description: str, labels: Labels, *columns: Column, sort: str, empty: str = "nothing", ascending: bool = False):
    """One row per set of labels, one column per query. `sort` is the header that orders the rows."""
    panel = common_parts(table.Panel(), title, description, "short", None, PLAIN)
    panel = panel.no_value(empty).cell_height(look.TableCellHeight.SM).show_header(True).min_width(70)
    panel = panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(not ascending)])
    for position, column in enumerate(columns):
        panel = panel.with_target(instant(column.expr, position)).override_by_name(column.title, cells(column))
    for label, header in labels.headers.items():
        panel = panel.override_by_name(header, names(labels, label))
    return panel.transformations(joined(labels, columns))


def names(labels: Labels, label: str) -> list[model.DynamicConfigValue]:
    """How the cells of a label look."""
    link = labels.links.get(label)
    properties = {
        "noValue": "–",
        "custom.width": labels.widths.get(label),
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
        "custom.width": column.width,
        "min": 0 if column.cell == "gauge" else None,
        "max": column.maximum,
        "noValue": "–",
        "mappings": [
            {"type": "special", "options": {"match": "null+nan", "result": {"text": "–", "color": GREY}}},
            *([never_is("–")] if column.never else []),
        ],
    }
    return [model.DynamicConfigValue(name, value) for name, value in properties.items() if value is not None]


def joined(labels: Labels, columns: tuple[Column, ...]) -> list[model.DataTransformerConfig]:
    """One frame of all queries, with our headers in our order."""
    value = (lambda position: f"Value #{chr(ord('A') + position)}") if len(columns) > 1 else (lambda _: "Value")
    names = {value(position): column.title for position, column in enumerate(columns)}
    order = [*labels.headers, *names]
    return [
        *([model.DataTransformerConfig("merge", options={})] if len(columns) > 1 else []),
        model.DataTransformerConfig(
            "organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: index for index, name in enumerate(order)},
                "renameByName": labels.headers | names,
            },
        ),
    ]
