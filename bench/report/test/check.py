#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads saved results as `oncpu-bench` does, without measuring: check.py ONCPU-BENCH summary|diff|html|malformed"""
import copy
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.dom.minidom

bench, what = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
original = os.path.join(here, "results.json")
work = tempfile.TemporaryDirectory()


def run(*args, status):
    done = subprocess.run([bench, *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, f"{args}: status {done.returncode}, not {status}\n{done.stdout}{done.stderr}"
    return done


def load():
    with open(original) as file:
        return json.load(file)


def save(name, results):
    path = os.path.join(work.name, name)
    with open(path, "w") as file:
        file.write(results if isinstance(results, str) else json.dumps(results))
    return path


def series(results, subject, threads, neighbours=0):
    return next(s for s in results["results"] if s["subject"] == subject and s["threads"] == threads
                and s["neighbours"] == neighbours and s["cs_ns"] > 0)


def summary():
    with open(os.path.join(here, "summary.txt")) as file:
        expected = file.read()
    found = run("summary", original, status=0).stdout
    assert found == expected, f"not as in summary.txt:\n{found}"
    other = run("summary", "--subject", "ttas", original, status=0).stdout
    assert "ttas has at least" in other, other
    nobody = run("summary", "--subject", "nobody", original, status=0).stdout
    assert "Nothing to compare" in nobody, nobody
    # No cell is passed over in silence.
    results = load()
    series(results, "oncpu", 8).update(rounds=[], error="stuck")
    found = run("summary", save("missing.json", results), status=0).stdout
    assert "Not counted: 0 cells where no other lock was fair, 1 without figures of oncpu." in found, found


def slower(results, share, subject="oncpu"):
    results = copy.deepcopy(results)
    for one in series(results, subject, 8, 2)["rounds"]:
        one["throughput"] *= share
    return results


def counts(text):
    return [int(n) for n in re.search(r"Worse: (\d+)\. Better: (\d+)\.", text).groups()]


def diff():
    results = load()
    assert counts(run("diff", original, original, status=0).stdout) == [0, 0]
    worse = save("worse.json", slower(results, 0.8))
    found = run("diff", original, worse, status=1).stdout
    assert counts(found) == [1, 0], found
    assert re.search(r"^Worse:\n +0\.800 x .* throughput +oncpu +contended, 8 threads, .*2 neighbours$", found, re.M), found
    assert counts(run("diff", worse, original, status=0).stdout) == [0, 1]
    assert counts(run("diff", "--threshold", "25", original, worse, status=0).stdout) == [0, 0]
    assert counts(run("diff", "--subject", "ttas", original, worse, status=0).stdout) == [0, 0]
    # A base that got slower alone is seen by --relative in the others, as better.
    base = save("base.json", slower(results, 0.8, "pthread"))
    assert counts(run("diff", "--relative", original, base, status=0).stdout)[0] == 0
    # Three rounds can show nothing.
    for one in results["results"]:
        one["rounds"] = one["rounds"][:3]
    few = save("few.json", results)
    found = run("diff", few, save("few_worse.json", slower(results, 0.5)), status=0).stdout
    assert "too few rounds" in found and counts(found) == [0, 0], found
    empty = save("empty.json", dict(results, results=[]))
    assert "nothing in common" in run("diff", original, empty, status=2).stdout


def exact(a, b):
    """The share of all ways to part the values that are at least as uneven, by trying them."""
    values = sorted(a + b)
    rank = {v: sum(i + 1 for i, w in enumerate(values) if w == v) / values.count(v) for v in values}
    mean = len(a) * (len(values) + 1) / 2
    far = abs(sum(rank[v] for v in a) - mean)
    ways = [abs(sum(rank[v] for v in pick) - mean) >= far - 1e-9 for pick in itertools.combinations(values, len(a))]
    return sum(ways) / len(ways)


def rank_test():
    only = load()
    only["results"] = [series(only, "oncpu", 8)]
    for a, b in (([1, 2, 3, 4], [5, 6, 7, 8]), ([1, 2, 2, 3, 9], [2, 3, 3, 8]), ([1, 5, 9, 9, 9, 12], [2, 6, 9, 13, 14, 15]),
                 ([3, 3, 3, 3], [3, 3, 3, 3])):
        paths = []
        for name, values in ("a.json", a), ("b.json", b):
            only["results"][0]["rounds"] = [{"throughput": v} for v in values]
            paths.append(save(name, only))
        found = subprocess.run([bench, "diff", "--all", *paths], capture_output=True, text=True).stdout
        p = re.search(r" x  p ([0-9.e-]+)", found).group(1)
        assert float(p) == float(f"{exact(a, b):.2g}"), f"{a} {b}: {p}, not {exact(a, b)}"


class Page:
    def __init__(self, path):
        with open(path) as file:
            self.text = file.read()
        self.tree = xml.dom.minidom.parseString(self.text.replace("<!DOCTYPE html>", "").encode())

    def check(self, subjects, cells):
        outside = re.sub(r'xmlns="http://www.w3.org/2000/svg"', "", self.text)
        assert "http:" not in outside and "https:" not in outside and "<script" not in outside
        shown = "".join(node.data for node in self.texts(self.tree))
        for name in subjects + cells:
            assert name in shown, f"{name} is not in the report"
        assert "nan" not in re.findall(r"[a-z]+", shown.lower()), "a figure that is no number is shown"
        assert not re.search(r'="[^"]*\b(nan|inf)\b', self.text), "something is drawn where no number says"

    def texts(self, node):
        for child in node.childNodes:
            if child.nodeType == child.TEXT_NODE and node.nodeName != "style":
                yield child
            yield from self.texts(child)


def html():
    results = load()
    subjects = sorted({s["subject"] for s in results["results"]})
    cells = ["500 ns inside, 1.5 \u00b5s outside, 2 neighbours", "2 \u00b5s inside, 20 \u00b5s outside", "a program",
             "A CPU <fast> & \"cheap\"", "is <not> here"]
    page, figure = os.path.join(work.name, "page.html"), os.path.join(work.name, "map.svg")
    run("report", "-o", page, "--figure", figure, original, status=0)
    Page(page).check(subjects, cells + ["Neighbours' share"])
    Page(figure).check([], ["outside 3 \u00d7 inside", "500 ns"])
    for one in results["results"]:
        if one["neighbours"]:
            one.update(neighbours=0, cpus=1, quota=50)
            for figures in one["rounds"]:
                del figures["neighbour_share"]
    run("report", "-o", page, "--figure", figure, save("conditions.json", results), status=0)
    Page(page).check(subjects, ["500 ns inside, 1.5 \u00b5s outside, on 1 CPU, quota 50 %"])
    with open(page) as file:
        assert "Neighbours' share" not in file.read(), "a section without figures"
    results = load()
    # Names may hold markup, a lock may be missing in places, and have failed.
    for one in results["results"]:
        one["subject"] = one["subject"].replace("ttas", "<b>&ttas")
    series(results, "oncpu", 2).update(rounds=[], error="was \"stuck\" & gone")
    second = save("second.json", slower(results, 0.8))
    run("report", "-o", page, "--figure", figure, original, second, status=0)
    Page(page).check(subjects + ["<b>&ttas"], cells + ["was \"stuck\" & gone", "What changed"])
    Page(figure).check([], ["after by that before"])
    run("report", "-o", os.path.join(work.name, "no", "such", "folder.html"), original, status=1)


def change(path, value):
    results = load()
    at = results
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return results


def malformed():
    text = json.dumps(load())
    for cut in range(0, len(text), 997):
        assert run("summary", save("cut.json", text[:cut]), status=2).stderr.startswith("oncpu-bench: ")
    first = ["results", 0]
    for path, value in ((["results"], {}), (["machine"], []), (["machine", "cpu"], 3), (["machine", "cpus"], -1), (first, 5),
                        (first + ["subject"], None), (first + ["group"], 3), (first + ["unit"], []),
                        (first + ["workload"], 3), (first + ["threads"], 1.5), (first + ["threads"], 10**12),
                        (first + ["cs_ns"], -1), (first + ["cs_ns"], "0"), (first + ["rounds"], {}),
                        (first + ["rounds", 0], 7), (first + ["rounds", 0, "throughput"], "fast"),
                        (["not_run", 0, "why"], 1)):
        bad = save("bad.json", change(path, value))
        for command in ("summary", bad), ("report", "-o", os.path.join(work.name, "x.html"), bad), ("diff", original, bad):
            message = run(*command, status=2).stderr
            assert re.match(r"oncpu-bench: .*bad\.json: ", message), f"{path}: {message}"
    run("summary", os.path.join(work.name, "none.json"), status=2)
    # Long names are cut, and nothing else happens.
    run("summary", save("long.json", change(first + ["group"], "g" * 5000)), status=0)
    for command in ("summary",), ("diff", original), ("report",), ("diff", "--threshold", "many", original, original):
        run(*command, status=2)


checks = {"summary": [summary], "diff": [diff, rank_test], "html": [html], "malformed": [malformed]}
for check in checks[what]:
    check()
