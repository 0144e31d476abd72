"""Content-addressed, append-only results: a folder that has a manifest is complete and is never edited.

``root/<kind>/<first two digits>/<key>/`` holds ``manifest.json`` and the files it names with their sha256; the manifest
has a sha256 of itself. A folder is written beside its place, synced, and renamed into it, so that a kill at any moment
leaves it whole or absent, several processes may share one store (``leases``), and *resuming means skipping keys that
exist*.

Sums are checked: each process compares a file with its sum once, when it opens the file. A damaged entry that can be
made anew (see ``shapes.REMADE``) counts as absent; any other damage is refused in one line.
"""

from benchsuite.store.entry import MANIFEST, Draft, Entry, sync
from benchsuite.store.json_files import from_text, is_there, read_json, unreadable
from benchsuite.store.leases import Holder, Leases, held, tables_key
from benchsuite.store.shapes import CACHES, manifest_fault, misfit
from benchsuite.store.store import Store

__all__ = [
    "CACHES",
    "MANIFEST",
    "Draft",
    "Entry",
    "Holder",
    "Leases",
    "Store",
    "from_text",
    "held",
    "is_there",
    "manifest_fault",
    "misfit",
    "read_json",
    "sync",
    "tables_key",
    "unreadable",
]
