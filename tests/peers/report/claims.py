"""Every claim of `keyferry report --json` stands in the document that a browser made of the page, with its standing and its id."""

import json
import re
import sys
from html.parser import HTMLParser

WORDS = {"holds": "PASS", "open": "NOT SHOWN", "refused": "FAIL", "not-allowed": "FAIL"}


class Items(HTMLParser):
    """The text of every list item that is a claim's."""

    def __init__(self):
        super().__init__()
        self.items, self.claim = {}, None

    def handle_starttag(self, tag, attributes):
        if tag == "li":
            self.claim = dict(attributes).get("id")

    def handle_endtag(self, tag):
        if tag == "li":
            self.claim = None

    def handle_data(self, data):
        if self.claim:
            self.items[self.claim] = self.items.get(self.claim, "") + data


reader = Items()
reader.feed(open(sys.argv[1], encoding="utf-8").read())
found = sorted(re.sub(r"^\d+", "", text) for text in reader.items.values())
wanted = sorted(
    f"{WORDS[claim['standing']]}{claim['sentence']} [{claim['id']}]" for claim in json.load(open(sys.argv[2]))["claims"]
)
if found != wanted or not wanted:
    sys.exit(f"error: {len(found)} claims on the page, {len(wanted)} in the answer, not the same")
