"""Write ``docs/quirks.md``: what each definition of a feature makes of the published algorithm's quirks.

python -m docs.make_quirks
"""

from __future__ import annotations

from pathlib import Path

from allentk.features import QUIRKS

PAGE = Path(__file__).resolve().with_name("quirks.md")


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Quirks of the published features",
        "",
        'Made by `python -m docs.make_quirks` from `allentk.features.QUIRKS`. `definition="allen"` is the',
        "default; where both columns say the same, both definitions do it.",
        "",
        '| what | the reference programs | `"allen"` | `"allentk"` |',
        "|---|---|---|---|",
    ]
    lines += [
        f"| {quirk.feature} | {quirk.published} | {quirk.allen} | {quirk.allentk} |"
        for quirk in QUIRKS
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
