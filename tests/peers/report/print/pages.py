"""pages.py PDF DIGEST STEPS WORD: the print shows the digest on its first page, every step on one page and a word on every page."""

import re
import sys

from pypdf import PdfReader

file, digest, steps, word = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
# Ligatures are the printer's own.
pages = [page.extract_text().replace("\ufb01", "fi").replace("\ufb02", "fl") for page in PdfReader(file).pages]

groups = [digest[at : at + 4] for at in range(0, 64, 4)]
rows = [" ".join(groups[at : at + 4]) for at in range(0, 16, 4)]
missing = [row for row in rows if row not in pages[0]]
if missing:
    sys.exit(f"error: the first page lacks {missing}")

begins, ends = {}, {}
for number, text in enumerate(pages, 1):
    for found, into in ("begin", begins), ("end", ends):
        into.update((int(step), number) for step in re.findall(rf"{found}-(\d+)\.", text))
wanted = list(range(1, steps + 1))
if sorted(begins) != wanted or sorted(ends) != wanted:
    sys.exit(f"error: {len(begins)} steps begin and {len(ends)} end, not {steps}")
cut = [step for step in wanted if begins[step] != ends[step]]
if cut:
    sys.exit(f"error: steps {cut} are cut by the end of a page")

bare = [number for number, text in enumerate(pages, 1) if word not in text]
if bare:
    sys.exit(f"error: {word!r} is not on pages {bare}")
print(len(pages))
