"""What MkDocs is told beside mkdocs.yml: pages from other folders, GitHub's Markdown, no script in a page.

MkDocs calls these functions by their names while it builds.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
FROM_ELSEWHERE = {
    "README.md": "about.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-policy.md",
    "models/brain_tumour/card.md": "card-brain-tumour.md",
    "models/pneumonia/card.md": "card-pneumonia.md",
    "models/pneumonia/alternatives/resnet50/card.md": "card-pneumonia-resnet50.md",
    "models/suitability/card.md": "card-suitability.md",
    "models/acquisition/card.md": "card-acquisition.md",
    "dashboard/assets/logo.svg": "logo.svg",
    "dashboard/manuals/manuals.css": "manuals.css",
}
"""Files of the repository that are no part of docs/, and what they are called in the site."""

FOR_PEOPLE = {"clinicians.md", "department-heads.md", "mlops.md", "administrators.md"}
"""What a search puts first; tables of figures hold a word often and explain nothing."""
_FIRST = 4.0
_HOMES = {name: place for place, name in FROM_ELSEWHERE.items()}
_LINK = re.compile(r"(?<=\]\()([^)\s:#]+)")
_FENCE = re.compile(r"\s*(```|~~~)")
_ITEM = re.compile(r"(?:[-*+]|\d+\.) ")
_INLINE_SCRIPT = re.compile(r"<script>(.+?)</script>", re.DOTALL)
_SCRIPTS = "assets/pages"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files that lie elsewhere."""
    for place, name in FROM_ELSEWHERE.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / place)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make GitHub's Markdown of a page into what Python-Markdown reads in the same way."""
    if page.file.src_uri in FOR_PEOPLE:
        page.meta["search"] = {"boost": _FIRST}
    home = _HOMES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    return _LINK.sub(lambda link: _in_site(link[1], home), with_lists_apart(markdown))


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Move the theme's inline scripts into files: the server's policy forbids them in a page."""
    return _without_inline_scripts(_for_everybody(output), Path(config.site_dir))


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """Do the same for pages that are no page of docs/."""
    return _without_inline_scripts(output, Path(config.site_dir))


def with_lists_apart(markdown: str) -> str:
    """Put an empty line before a list that follows a paragraph, as Python-Markdown needs it."""
    lines: list[str] = []
    fenced, before = False, ""
    for line in markdown.split("\n"):
        if not fenced and _ITEM.match(line) and before and not _continues_list(before):
            lines.append("")
        fenced ^= bool(_FENCE.match(line))
        lines.append(line)
        before = line
    return "\n".join(lines)


def _continues_list(before: str) -> bool:
    return bool(_ITEM.match(before)) or before.startswith((" ", "\t", "#"))


def _in_site(target: str, home: str) -> str:
    """A link of the file at `home`, a path in the repository, as a link of the site."""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(home), target))
    return FROM_ELSEWHERE.get(place, place.removeprefix("docs/"))


def _for_everybody(html: str) -> str:
    """Name the search for who hears the page, and let a keyboard scroll wide tables."""
    html = html.replace('role="dialog"', 'role="dialog" aria-label="Search"')
    opened = '<div class="table-scroll" tabindex="0" role="region" aria-label="Table"><table>'
    return html.replace("<table>", opened).replace("</table>", "</table></div>")


def _without_inline_scripts(html: str, site: Path) -> str:
    def moved(script: re.Match[str]) -> str:
        name = f"{_SCRIPTS}/{hashlib.sha256(script[1].encode()).hexdigest()[:8]}.js"
        place = site / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(script[1], encoding="utf-8")
        return f'<script src="{name}"></script>'

    return _INLINE_SCRIPT.sub(moved, html)
