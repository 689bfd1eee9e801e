"""Prints the commands that the page gives for checking without Keyferry."""

import sys
from html.parser import HTMLParser


class Commands(HTMLParser):
    """The text of every `pre` of class `run`."""

    def __init__(self):
        super().__init__()
        self.inside, self.found = False, []

    def handle_starttag(self, tag, attributes):
        if tag == "pre" and dict(attributes).get("class") == "run":
            self.inside = True
            self.found.append("")

    def handle_endtag(self, tag):
        if tag == "pre":
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found[-1] += data


reader = Commands()
reader.feed(open(sys.argv[1], encoding="utf-8").read())
if len(reader.found) != 2:
    sys.exit("error: the page does not give two blocks of commands")
print("\n".join(reader.found))
