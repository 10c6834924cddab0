"""The charts of the report, as SVG that needs no script and follows the page's colors."""

# pyright: basic
# pygal has no type information.

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from itertools import cycle
from xml.etree.ElementTree import Element, SubElement

import pygal
from pygal.graph.graph import Graph
from pygal.style import Style

from .sales import Sales, Totals
from .wording import money, month_name

PALETTE = ("#31708e", "#e0777d", "#5fad7a", "#b48ead", "#f0b65a", "#7d8ca3", "#c58b5b", "#68b0ab")

_LEVEL_LABELS = 12  # as many months fit side by side

_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="var(--soft)",
    foreground_strong="var(--soft)",
    foreground_subtle="var(--line)",
    guide_stroke_color="var(--line)",
    major_guide_stroke_color="var(--line)",
    guide_stroke_dasharray="0",
    major_guide_stroke_dasharray="0",
    font_family="inherit",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    value_font_size=13,
    opacity="1",
    opacity_hover="1",
    stroke_width="0",
    colors=PALETTE,
)


def month_chart(sales: Sales) -> str:
    """Draw revenue by month, one color a region."""
    chart = pygal.StackedBar(
        **_options(width=920, height=380),
        legend_at_bottom=True,
        legend_at_bottom_columns=5,
        value_formatter=lambda value: money(Decimal(value)),
        max_scale=6,
        x_label_rotation=45 if len(sales.months) > _LEVEL_LABELS else 0,
    )
    chart.x_labels = [month_name(month) for month in sales.months]
    for region in sales.by_region:
        chart.add(region, [float(value) for value in sales.region_months(region)])
    return _svg(chart, "Revenue by month and region")


def ranking_chart(name: str, totals: Totals, colors: Sequence[str]) -> str:
    """Draw one bar a name, the largest on top; the colors repeat."""
    chart = pygal.HorizontalBar(
        **_options(width=460, height=30 + 36 * len(totals)),
        show_legend=False,
        show_x_labels=False,
        show_y_guides=False,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda value: money(Decimal(value)),
        # Room for the amount that is written at the end of the longest bar.
        range=(0, float(max(totals.values(), default=1)) * 1.2),
    )
    chart.x_labels = list(reversed(totals))
    bars = [
        {"value": float(total), "color": color}
        for total, color in zip(totals.values(), cycle(colors), strict=False)
    ]
    chart.add(None, bars[::-1])
    return _svg(chart, f"Revenue by {name}")


def _options(*, width: int, height: int) -> dict[str, object]:
    return {
        "style": _STYLE,
        "width": width,
        "height": height,
        "margin": 4,
        "spacing": 14,
        "js": (),
        "disable_xml_declaration": True,
        "rounded_bars": 2,
        "truncate_legend": -1,
        "truncate_label": -1,
        "classes": ("chart",),
    }


def _svg(chart: Graph, name: str) -> str:
    chart.add_xml_filter(partial(_described, name=name))
    return chart.render(is_unicode=True)


def _described(root: Element, name: str) -> Element:
    """Name the chart, let the browser show a bar's amount, and drop the script that would."""
    root.set("role", "img")
    root.set("aria-label", name)
    for title in root.findall("title"):
        title.text = name
    for definitions in root.findall("defs"):
        for script in definitions.findall("script"):
            definitions.remove(script)
    for bar in root.findall(".//g[@class='bar']"):
        notes = {note.get("class"): note.text for note in bar.findall("desc")}
        SubElement(bar, "title").text = f"{notes.get('x_label', '')}: {notes['value']}"
    return root
