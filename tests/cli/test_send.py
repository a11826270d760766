"""What `khabar send` says, on a real broker where it sends."""

import re
import zipfile

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from tests.support import warcs
from tests.support.harness import wait_for
from workers.runtime.topics_admin import actual


@pytest.fixture
def crawl(tmp_path):
    records = [
        *warcs.crawl(8, 300),
        warcs.record("response", warcs.http(b"<p>", more=["Content-Encoding: zstd"])),
    ]
    return warcs.write(tmp_path / "crawl.warc.gz", records)


@pytest.mark.integration
def test_a_job_is_counted_gone_on_with_and_over(khabar, settings, topics, crawl):
    begun = khabar("send", crawl, "--limit", "3", "--rate", "1000/s")
    assert begun.exit_code == 0
    assert f"sent 3 events to {settings.topic_prefix}.raw" in begun.stdout
    assert "going on" not in begun.stderr

    rest = khabar("send", crawl)
    assert rest.exit_code == 1
    assert re.search(r"^sent 5 events .*; 8 events with those sent before$", rest.stdout, re.MULTILINE)
    assert "going on after 3 events (" in rest.stderr
    assert "skipped in all attempts: 12\n  8 request records\n" in rest.stderr
    assert "not sent in all attempts: 1\n" in rest.stderr
    assert "the coding 'zstd' is not known" in rest.stderr

    over = khabar("send", crawl)
    assert "nothing to send: all of it was sent already, 8 events. --again sends it once more" in over.stderr
    assert over.stdout == ""
    again = khabar("send", crawl, "--again")
    assert f"sent 8 events to {settings.topic_prefix}.raw" in again.stdout


@pytest.mark.integration
def test_pages_are_sent_each_time_and_once_with_resume(khabar, topics, tmp_path):
    page = tmp_path / "a.txt"
    page.write_bytes(b"a")
    for _ in range(2):
        assert "sent 1 event " in khabar("send", page).stdout
    assert "sent 1 event " in khabar("send", "--resume", page).stdout
    assert "nothing to send" in khabar("send", "--resume", page).stderr


@pytest.mark.integration
def test_a_page_over_what_the_topic_takes_in_this_cluster_fails_alone(khabar, settings, topics, tmp_path):
    name = f"{settings.topic_prefix}.raw"
    with KafkaAdminClient(bootstrap_servers=list(settings.kafka)) as client:
        lower = ConfigResource(ConfigResourceType.TOPIC, name, configs={"max.message.bytes": "100000"})
        client.alter_configs([lower])
        assert wait_for(lambda: actual(client, [name])[name].config["max.message.bytes"] == "100000")
    (tmp_path / "over.txt").write_bytes(b"a" * 200_000)
    (tmp_path / "small.txt").write_bytes(b"b")
    result = khabar("send", tmp_path / "over.txt", tmp_path / "small.txt")
    assert result.exit_code == 1
    assert f"sent 1 event to {name}" in result.stdout
    assert "over.txt: has more than" in result.stderr
    assert "small.txt" not in result.stderr


@pytest.mark.integration
def test_sending_a_folder_without_topics_says_how_to_make_them(khabar, tmp_path):
    result = khabar("send", tmp_path)
    assert result.exit_code == 2
    assert "khabar topics create" in result.stderr


def test_a_dry_run_counts_and_needs_no_kafka(khabar_alone, crawl, tmp_path):
    (tmp_path / "notes.jsonl").write_bytes(b'{"body":"b"}\n{\n')
    result = khabar_alone("send", "--dry-run", tmp_path)
    assert result.exit_code == 1
    assert "would send 9 events to articles.raw" in result.stdout
    assert "skipped: 12" in result.stderr
    assert "notes.jsonl:2: is no envelope" in result.stderr
    assert "would send 2 events" in khabar_alone("send", "--dry-run", "--limit", "2", crawl).stdout


def test_names_from_archives_do_not_reach_the_terminal_as_they_are(khabar_alone, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("\x1b[2J\u202e.json", b"{")  # RIGHT-TO-LEFT OVERRIDE
    said = khabar_alone("send", "--dry-run", tmp_path / "a.zip").stderr
    assert "a.zip!.json: is no envelope" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Name FILEs"),
        (["--demo", "a.txt"], "Name FILEs"),
        (["-", "--resume"], "standard input cannot be read a second time"),
        (["a", "--format", "warc", "--content-type", "text/html"], "say one of them"),
        (["a.txt", "--rate", "fast"], "is no rate"),
        (["a.txt", "--rate", "0"], "is no rate"),
        (["a.txt", "--limit", "0"], "--limit"),
        (["a.txt", "--format", "rar"], "--format"),
    ],
)
def test_a_mistaken_option_is_explained(khabar_alone, arguments, words):
    result = khabar_alone("send", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
