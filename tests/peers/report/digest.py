"""digest.py FILE DIGEST: the first fingerprint in the document that a browser made of a script is that digest, in groups and in words."""

import sys
from html.parser import HTMLParser
from pathlib import Path


class Prints(HTMLParser):
    """The text of every `pre`, by its class."""

    def __init__(self):
        super().__init__()
        self.inside, self.found = None, {"hex": [], "words": []}

    def handle_starttag(self, tag, attributes):
        name = dict(attributes).get("class")
        if tag == "pre" and name in self.found:
            self.inside = name
            self.found[name].append("")

    def handle_endtag(self, tag):
        if tag == "pre":
            self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.found[self.inside][-1] += data


def rest(block):
    """A block without the number at the beginning of each line."""
    return [part for line in block.splitlines() for part in line.split()[1:]]


reader = Prints()
reader.feed(open(sys.argv[1], encoding="utf-8").read())
if len(reader.found["hex"]) != 3 or len(reader.found["words"]) != 3:
    sys.exit("error: the document does not have three fingerprints")
digest = "".join(rest(reader.found["hex"][0]))
if digest != sys.argv[2]:
    sys.exit(f"error: the document has {digest}, the plan {sys.argv[2]}")
words = (Path(__file__).resolve().parents[3] / "src/console/pgp_words.txt").read_text(encoding="ascii").split()
spoken = bytes(words.index(word) // 2 for word in rest(reader.found["words"][0]))
if spoken.hex() != digest:
    sys.exit(f"error: the words say {spoken.hex()}")
