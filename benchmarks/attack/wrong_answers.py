"""Broken plugins that answer wrongly, and those that read what they should not see."""

from __future__ import annotations

from attack.breakers import Breaker

_SCORES = {
    "transposed": "scores = scores.T",
    "a row too few": "scores = scores[1:]",
    "a column too few": "scores = scores[:, 1:]",
    "flat": "scores = scores.ravel()",
    "None": "scores = None",
    "a list": "scores = [[1]]",
    "text": "scores = scores.astype(str)",
    "objects": "scores = scores.astype(object); scores[0, 0] = 'x'",
    "objects that are numbers": "scores = scores.astype(object)",
    "complex": "scores = scores + 1j",
    "infinite": "scores[0, 0] = np.inf",
    "minus infinite": "scores[:] = -np.inf",
    "1e300": "scores = scores.astype(np.float64); scores[:, 0] = 1e300",
    "all 1e300": "scores = scores.astype(np.float64) * 1e300",
    "bytes": "scores = scores.tobytes()",
    "a generator": "scores = (row for row in scores)",
    "times": "scores = scores.astype('datetime64[s]')",
}
_FREE_SCORES = {
    "NaN": "scores[:] = np.nan",
    "NaN here and there": "scores[::2, ::3] = np.nan",
    "another sign": "scores = -scores",
    "all equal": "scores[:] = 1",
    "bool": "scores = scores > 0.01",
    "masked": "scores = np.ma.masked_array(scores, scores > 0.01)",
}
_LISTS = {
    "one item many times": "item[:] = item[:, :1]; score[:] = score[:, :1]",
    "blocked items": (
        "for j in range(len(item)):\n    seen = blocked.item[blocked.start[j] : blocked.start[j + 1]][:k]\n"
        "    item[j, : len(seen)] = seen"
    ),
    "codes out of range": "item[:, 0] = 10**6",
    "negative codes": "item[:, 0] = -7",
    "fractions": "item = item + 0.5",
    "other items": "item[:] = np.where(item >= 0, np.sort(item, axis=1), item)",
    "worst first": "item, score = item[:, ::-1].copy(), score[:, ::-1].copy()",
    "infinite scores": "score[:, 0] = np.inf",
    "scores of no number": "score[:] = np.nan",
    "scores beside nothing": "item[:, -1] = -1; score[:, -1] = 0",
    "holes": "item[:, 1] = -1; score[:, 1] = np.nan",
    "a column too few": "item, score = item[:, 1:], score[:, 1:]",
    "columns too many": "item, score = np.hstack([item, item]), np.hstack([score, score])",
    "a row too few": "item, score = item[1:], score[1:]",
    "only some": "item[:, 3:] = -1; score[:, 3:] = np.nan",
    "one row": "item, score = item[0], score[0]",
    "text": "item = item.astype(str)",
    "objects": "item = item.astype(object)",
    "complex": "score = score + 1j",
    "None inside": "item = None",
    "no lists": "return 5",
    "a pair": "return item, score",
    "scores of its own": "score = np.sort(np.linspace(0, 9, k, dtype=np.float32))[::-1] + 0 * score",
}
_PAIRS = {
    "one too few": "scores = scores[1:]",
    "1e300": "scores = scores.astype(np.float64); scores[0] = 1e300",
    "infinite": "scores[0] = np.inf",
    "complex": "scores = scores + 1j",
    "objects": "scores = scores.astype(object); scores[0] = {}",
    "text": "scores = scores.astype(str)",
    "None": "scores = None",
    "a square": "scores = np.outer(scores, scores)",
}
_FACTS = {
    "None": "None",
    "a list": "[1, 2]",
    "an object": "{'x': object()}",
    "10 MB": "{'x': 'x' * 10**7}",
    "a million": "{str(j): j for j in range(10**6)}",
    "no number": "{'x': float('nan'), 'y': float('inf')}",
    "a lone surrogate": "{'\\ud800': '\\udfff'}",
    "keys of all kinds": "{None: 1, 5: 2, (1, 2): 3}",
    "arrays": "{'x': np.arange(3), 'y': np.float32(1)}",
    "bytes": "{b'x': b'y'}",
    "its own name": "{'state': 'ok', 'files': {}, 'key': 'x', 'identity': 5}",
}
_COUNTS = ("-1", "1.5", "float('nan')", "10**400", "True", "'many'", "[]", "np.int64(5)", "np.array(5)", "2**63")
_FITS = {
    "None": "return None",
    "a number": "return 5",
    "the class": "return type(self)",
    "another object": "return object()",
    "a generator": "return (x for x in [])",
}

_READER = '''
def lists_by_user(start, item, users):
    """Return the held-out items of each user."""
    return {int(user): item[start[j] : start[j + 1]] for j, user in enumerate(users)}


def from_folders(folders, train):
    """Look for a fold with this training part in folders and a few above them."""
    looked = set()
    for folder in folders:
        for above in [Path(folder), *Path(folder).parents][:5]:
            if len(above.parts) < 4 or above in looked:
                continue
            looked.add(above)
            for path in above.rglob("*truth*item*.npy"):
                start = path.with_name(path.name.replace("item", "start"))
                users = path.with_name("queries.user.npy")
                own = path.with_name("train.item.npy")
                try:
                    if len(np.load(own)) == len(train.interactions):
                        return lists_by_user(np.load(start), np.load(path), np.load(users))
                except (OSError, ValueError):
                    continue
    return {}


def from_objects(objects, context, queries):
    """Look for a held-out part that is not the one that a model is given."""
    known = getattr(context.validation, "truth", None)
    for one in objects:
        if "Truth" in type(one).__name__ and one is not known and hasattr(one, "item") and hasattr(one, "start"):
            if len(one.start) == len(queries) + 1 and not (known and np.array_equal(known.item, one.item)):
                return lists_by_user(one.start, one.item, queries.user)
    return {}


def in_frames():
    """Yield what the callers hold, two steps deep."""
    frame = sys._getframe()
    while frame is not None:
        for value in list(frame.f_locals.values()):
            yield value
            yield from list(getattr(value, "__dict__", {}).values())
        frame = frame.f_back


def mapped():
    """Yield the folders of the files that this process has mapped or open."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        if ".np" in line:
            yield Path(line.split(maxsplit=5)[-1]).parent
    for number in descriptors():
        try:
            yield Path(os.readlink(f"/proc/self/fd/{number}")).parent
        except OSError:
            continue
'''
_READS = {
    "its checkpoint folder": "from_folders([self._context.checkpoint], self._train)",
    "its scratch folder": "from_folders([self._context.scratch], self._train)",
    "mapped and open files": "from_folders(mapped(), self._train)",
    "the callers' frames": "from_objects(in_frames(), self._context, queries)",
    "all objects": "from_objects(gc.get_objects(), self._context, queries)",
}


def answers() -> list[Breaker]:
    """Return those with wrong scores, lists, pair scores, facts, counts and fitted models."""
    lists = "def recommend(self, queries, candidates, k, blocked):\n"
    lists += "    item, score = self.right_lists(queries, candidates, k, blocked)\n"
    pairs = "def score_pairs(self, queries, query, item):\n    scores = super().score_pairs(queries, query, item)\n"
    return [
        *(Breaker(f"scores: {name}", {"scored": code}) for name, code in _SCORES.items()),
        *(Breaker(f"scores: {name}", {"scored": code}, free=True) for name, code in _FREE_SCORES.items()),
        *(_method("lists", name, lists, code, "TopK(item, score)") for name, code in _LISTS.items()),
        *(_method("pair scores", name, pairs, code, "scores") for name, code in _PAIRS.items()),
        *(Breaker(f"facts: {name}", {"methods": f"def facts(self):\n    return {it}"}) for name, it in _FACTS.items()),
        *(Breaker(f"parameters: {it}", {"methods": f"def parameter_count(self):\n    return {it}"}) for it in _COUNTS),
        *(Breaker(f"fit returns {name}", {"fitted": code}) for name, code in _FITS.items()),
    ]


def _method(kind: str, name: str, head: str, code: str, answer: str) -> Breaker:
    body = "".join(f"    {line}\n" for line in [*code.splitlines(), f"return {answer}"])
    return Breaker(f"{kind}: {name}", {"methods": head + body})


def readers() -> list[Breaker]:
    """Return those that look for the held-out part where a model can look without leaving what it was handed."""
    cheat = "if candidates is None:\n    found = {}\n    for j, user in enumerate(queries.user.tolist()):\n"
    cheat += "        scores[j, found.get(user, [])] += 1000"
    return [
        Breaker(f"reads the truth from {name}", {"top": _READER, "scored": cheat.replace("{}", code, 1)})
        for name, code in _READS.items()
    ]
