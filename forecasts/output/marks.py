"""The marks that every chart of the product is made of: SVG text, without a browser, a library or the network."""

from collections.abc import Callable
from html import escape

import numpy as np

BLUE = "#4c78a8"
Scale = Callable[[np.ndarray], np.ndarray]


def scale(figures: np.ndarray, first: float, last: float) -> Scale:
    """A linear scale from values to pixels: the smallest at `first`, the largest at `last`."""
    low, size = float(figures.min()), float(figures.max() - figures.min()) or 1.0
    return lambda values: first + (values - low) / size * (last - first)


def line(x: np.ndarray, y: np.ndarray, style: str) -> str:
    """A line through the points whose y is a number."""
    is_known = ~np.isnan(y)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x[is_known], y[is_known], strict=True))
    return f'<polyline points="{points}" fill="none" {style}/>'


def area(x: np.ndarray, low: np.ndarray, high: np.ndarray, opacity: float) -> str:
    """The surface between two bounds, where both are numbers."""
    is_known = ~np.isnan(low + high)
    outline = [
        *zip(x[is_known], high[is_known], strict=True),
        *zip(x[is_known][::-1], low[is_known][::-1], strict=True),
    ]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in outline)
    return f'<polygon points="{points}" fill="{BLUE}" opacity="{opacity}"/>'


def box(left: float, top: float, width: float, height: float, colour: str) -> str:
    """A filled rectangle."""
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    """Words at a point. anchor: start, middle or end."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" text-anchor="{anchor}">{escape(words)}</text>'


def drawing(marks: list[str], width: int, height: int, label: str = "") -> str:
    """The marks as one SVG element. label: what it shows, for those who cannot see it."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    spoken = f' role="img" aria-label="{escape(label)}"' if label else ""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif"{spoken}>{"".join(marks)}</svg>'
