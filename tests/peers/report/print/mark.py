"""Prints a copy of a script page that a printer of Chromium's can be held against: without its policy, with a word at the beginning and at
the end of each step that is too small to move anything, and with a style sheet more."""

import re
import sys

page, more = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2]
page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
word = '<span style="position:absolute;font-size:1px">{}-{}.</span>'


def marked(step):
    start, number, content = step.groups()
    return start + word.format("begin", number) + content + word.format("end", number) + "</section>"


page, steps = re.subn(r'(<section class="step" id="step-(\d+)">)(.*?)</section>', marked, page, flags=re.DOTALL)
if not steps:
    sys.exit("error: the page has no steps")
sys.stdout.write(page.replace("</style>", more + "</style>"))
