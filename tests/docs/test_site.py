"""The site has every page, and its links are those of the repository."""

import re
from pathlib import Path

import pytest

from tests.docs.site import PAGES, for_the_site

ROOT = Path(__file__).parents[2]
AWAY = "https://example.org/blob/main/"


def test_every_page_is_in_the_navigation_once():
    nav = re.findall(r"^ +- [^:]+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    pages = [str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")]
    assert sorted(nav) == sorted([*pages, *PAGES])


@pytest.mark.parametrize(
    ("where", "markdown", "expected"),
    [
        ("docs/a/b.md", "[x](c.md)", "[x](c.md)"),
        ("docs/a/b.md", "[x](../d/e.md#f-g)", "[x](../d/e.md#f-g)"),
        ("docs/a/b.md", "[x](#here)", "[x](#here)"),
        ("docs/a/b.md", "[x](https://x.org/y.md)", "[x](https://x.org/y.md)"),
        ("docs/a/b.md", "[x\ny](../../tests/z.py)", f"[x\ny]({AWAY}tests/z.py)"),
        ("docs/a/b.md", "[x](../../ARCHITECTURE.md)", "[x](../ARCHITECTURE.md)"),
        ("docs/README.md", "[x](../CONTRIBUTING.md)", "[x](CONTRIBUTING.md)"),
        ("CONTRIBUTING.md", "[x](docs/a/b.md#c)", "[x](a/b.md#c)"),
        ("CONTRIBUTING.md", "[x](LICENSE)", f"[x]({AWAY}LICENSE)"),
        ("docs/a/b.md", "`[x](../../y)`", "`[x](../../y)`"),
        ("docs/a/b.md", "a\n| `x \\| y` | z \\| |\n`\\|`", "a\n| `x | y` | z \\| |\n`\\|`"),
        ("docs/a/b.md", "```md\n[x](../../y)\n```\n[x](../../y)", f"```md\n[x](../../y)\n```\n[x]({AWAY}y)"),
    ],
)
def test_links_lead_where_they_lead_in_the_repository(where, markdown, expected):
    assert for_the_site(markdown, where, AWAY) == expected
