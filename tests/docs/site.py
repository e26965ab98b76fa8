r"""What mkdocs is told besides mkdocs.yml, so that one set of links serves the repository's view and the site.

Links in the pages lead from file to file of the repository. On the site, those that stay among its pages lead to
them, those that leave (a script, the licence) lead to the repository on the web; code is left as it stands, but for
`\|` in tables, which mkdocs wants plain. The pages at the top of the repository (PAGES) are the site's as well.
"""

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
_CODE_OR_LINK = re.compile(
    r"(?P<code>^```.*?^```$|`[^`\n]+`)|(?P<text>\[[^\]]*\])\((?!\w+:)(?P<path>[^)#\s]+)(?P<anchor>#[\w-]+)?\)",
    re.DOTALL | re.MULTILINE,
)


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages from the top of the repository."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - the tests of links do without the docs extra

    for name in PAGES:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Turn the links of a page, which hold in the repository, into those that hold on the site."""
    name = page.file.src_uri
    return for_the_site(markdown, name if name in PAGES else f"docs/{name}", config.extra["repository"])


def for_the_site(markdown: str, where: str, repository: str) -> str:
    """Return the text of the repository's file `where` with its links as the site has them."""

    def link(found: re.Match[str]) -> str:
        if found["code"]:
            in_table = markdown[markdown.rfind("\n", 0, found.start()) + 1] == "|"
            return found[0].replace("\\|", "|") if in_table else found[0]
        target = os.path.normpath(os.path.join(os.path.dirname(where), found["path"]))  # noqa: PTH118, PTH120 - names only
        return f"{found['text']}({_address(target, where, repository)}{found['anchor'] or ''})"

    return _CODE_OR_LINK.sub(link, markdown)


def _address(target: str, where: str, repository: str) -> str:
    if not target.startswith("docs/") and target not in PAGES:
        return repository + target
    here = os.path.dirname(where.removeprefix("docs/"))  # noqa: PTH120 - likewise
    return Path(os.path.relpath(target.removeprefix("docs/"), here or ".")).as_posix()
