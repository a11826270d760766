"""tar and zip archives."""

import gzip
import io
import os
import tarfile
import threading
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from tests.support.sources import everything, goes_on_everywhere, plan_of
from workers.feeds.sources.inputs import STDIN, read, sources
from workers.feeds.sources.kinds import Kind

ENVELOPE = '{"body":"خبر","url":"https://x/%d"}\n'
LINES = "".join(ENVELOPE % number for number in range(4)).encode()
MEMBERS = {
    "b.html": b"<p>\xcf\xf0",
    "a/c.jsonl": LINES,
    "a/d.json": (ENVELOPE % 9).encode(),
    "e.jsonl.gz": gzip.compress(LINES),
    ".f.txt": b"hidden",
    "__MACOSX/b.html": b"a shadow",
    "g.png": b"\x89PNG",
    "h.warc.gz": b"",
    "../../i.txt": b"outside",
    "/etc/j.txt": b"absolute",
    "last.jsonl": LINES,
}
WHERE = ["b.html", *(f"a/c.jsonl:{n}" for n in (1, 2, 3, 4)), "a/d.json", *(f"e.jsonl.gz:{n}" for n in (1, 2, 3, 4)),
         "../../i.txt", "/etc/j.txt", *(f"last.jsonl:{n}" for n in (1, 2, 3, 4))]  # fmt: skip
ARCHIVES = ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz"]


def packed(path: Path, members=MEMBERS) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.mkdir("a")
            for name, data in members.items():
                archive.writestr(name, data)
        return path
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as archive:
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("name", ARCHIVES)
def test_pages_and_envelopes_of_the_archive_are_read_in_its_order(tmp_path, name):
    path = packed(tmp_path / name)
    events, mistakes, skipped = everything(plan_of(path))
    assert [event.where for event in events] == [f"{path}!{where}" for where in WHERE]
    assert events[0].value == MEMBERS["b.html"]
    assert events[0].headers == (("content-type", b"text/html"),)
    assert events[1].key == b"https://x/0"
    assert mistakes == []
    assert skipped == {"HIDDEN": 2, "OTHER_FILE": 1, "NESTED": 1}
    assert sorted(tmp_path.rglob("*")) == [path]


@pytest.mark.parametrize("name", ARCHIVES)
def test_reading_goes_on_after_any_event_of_the_archive(tmp_path, name):
    assert goes_on_everywhere(plan_of(packed(tmp_path / name))) == len(WHERE) + 4


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_member_over_the_limit_is_a_mistake_and_the_next_one_is_read(tmp_path, name):
    members = {
        "bomb.txt": bytes(2_000_000),
        "bomb.html.gz": gzip.compress(bytes(2_000_000)),
        "b.txt": b"b",
    }
    events, mistakes, _ = everything(plan_of(packed(tmp_path / name, members), limit=1000))
    assert [event.value for event in events] == [b"b"]
    assert [mistake.where.partition("!")[2] for mistake in mistakes] == ["bomb.txt", "bomb.html.gz"]
    assert "more than 1,000 bytes" in str(mistakes[0])


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("part", [0.3, 0.7, 0.89])
def test_an_archive_that_breaks_off_is_a_mistake(tmp_path, name, part):
    members = {f"{number}.txt": os.urandom(20_000) for number in range(5)}
    path = packed(tmp_path / name, members)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    events, mistakes, _ = everything(plan_of(path))
    assert len(mistakes) in {1, 2}
    assert mistakes[-1].where.startswith(str(path))
    assert [event.value for event in events] == list(members.values())[: len(events)]


def test_a_tar_archive_that_ends_between_two_members_is_a_mistake(tmp_path):
    path = packed(tmp_path / "a.tar", {"a.txt": b"a", "b.txt": b"b"})
    path.write_bytes(path.read_bytes()[: 5 * 512])  # the folder, a.txt, b.txt; then its end mark
    events, [mistake], _ = everything(plan_of(path))
    assert [event.value for event in events] == [b"a", b"b"]
    assert "breaks off" in str(mistake)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
@pytest.mark.parametrize("data", [b"", b"no archive" * 100])
def test_what_is_no_archive_is_a_mistake(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    events, [mistake], _ = everything(plan_of(tmp_path / name))
    assert events == []
    assert "archive" in str(mistake)


def test_encrypted_and_damaged_members_of_a_zip_archive_are_mistakes_and_the_others_are_read(tmp_path):
    path = packed(tmp_path / "a.zip", {"a.txt": b"secret", "b.txt": b"damaged" * 9, "c.txt": b"c"})
    data = bytearray(path.read_bytes())
    entry = data.index(
        b"PK\x01\x02", data.index(b"PK\x01\x02") + 1
    )  # the second one: a.txt, after the folder
    data[entry + 8] |= 1
    body = data.index(b"b.txt") + len(b"b.txt")
    data[body : body + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    events, mistakes, _ = everything(plan_of(path))
    assert [event.value for event in events] == [b"c"]
    assert "a.zip!a.txt: is encrypted" in str(mistakes[0])
    assert "a.zip!b.txt: cannot be unpacked" in str(mistakes[1])


def test_links_and_devices_in_a_tar_archive_are_counted(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (
            ("a.txt", tarfile.SYMTYPE),
            ("b.txt", tarfile.LNKTYPE),
            ("c.txt", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert everything(plan_of(path)) == ([], [], {"NO_FILE": 3})


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME], ids=str)
def test_a_header_that_unpacks_to_much_is_a_mistake_and_costs_no_memory(tmp_path, kind):
    path, size = tmp_path / "a.tar.gz", 64 << 20
    bomb = tarfile.TarInfo("bomb")
    bomb.type, bomb.size = kind, size
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(tarfile.TarInfo("a.txt").tobuf() + bomb.tobuf())
        for _ in range(size >> 20):
            stream.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        events, [mistake], _ = everything(plan_of(path, limit=1000))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [event.value for event in events] == [b""]
    assert "breaks off, or is broken, after member 1" in str(mistake)
    assert peak_bytes < 8 << 20


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_a_tar_archive_is_read_from_a_pipe(tmp_path, name):
    content = packed(tmp_path / name).read_bytes()
    ours, theirs = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(theirs, content), os.close(theirs)))
    writer.start()
    with os.fdopen(ours, "rb") as stream:
        plan = plan_of(STDIN, kind=Kind.TAR)
        found = [step.read for source in sources(plan.paths) for step in read(plan, source, stream)]
    writer.join()
    assert [item.where for item in found if hasattr(item, "where")] == [
        f"standard input!{where}" for where in WHERE
    ]
