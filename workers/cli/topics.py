"""khabar topics"""

import click
import orjson

from workers.cli.context import pass_settings, services
from workers.config import Settings
from workers.topics import DAY_MS, MIB, table


@click.group("topics")
def command() -> None:
    """Create, check and list the topics."""


@command.command("create")
@click.option("--json", "as_json", is_flag=True, help='{"created": [...], "existing": [...]}')
@pass_settings
def create(settings: Settings, *, as_json: bool) -> None:
    """Create the topics that are missing; those that exist are left as they are."""
    from workers.runtime import topics_admin  # noqa: PLC0415
    from workers.runtime.clients import admin, speaking_to  # noqa: PLC0415

    addresses = services(settings)
    with admin(settings, addresses) as client, speaking_to(addresses):
        made = topics_admin.create(client, settings)
    existing = [topic.name for topic in table(settings.topic_prefix).values() if topic.name not in made]
    if as_json:
        click.echo(orjson.dumps({"created": made, "existing": existing}))
        return
    for name in made:
        click.echo(f"created {name}: {settings.partitions} partitions, {settings.replication} replicas")
    if existing:
        click.echo(f"already there: {', '.join(existing)} (compare with: khabar topics check)")


@command.command("check")
@click.option("--json", "as_json", is_flag=True, help="A list of differences, empty when there are none.")
@click.pass_context
@pass_settings
def check(settings: Settings, ctx: click.Context, *, as_json: bool) -> None:
    """Compare the cluster's topics with what Khabar needs; exit code 1 when they differ."""
    from workers.runtime import topics_admin  # noqa: PLC0415
    from workers.runtime.clients import admin, speaking_to  # noqa: PLC0415

    addresses = services(settings)
    names = [topic.name for topic in table(settings.topic_prefix).values()]
    with admin(settings, addresses) as client, speaking_to(addresses):
        found = topics_admin.differences(settings, topics_admin.actual(client, names))
    if as_json:
        click.echo(orjson.dumps(found))
    elif found:
        click.echo("\n".join(map(str, found)))
    else:
        click.echo(f"{len(names)} topics at {', '.join(addresses.kafka)} are as they should be")
    ctx.exit(1 if found else 0)


@command.command("ls")
@click.option("--json", "as_json", is_flag=True, help="A list of objects.")
@pass_settings
def ls(settings: Settings, *, as_json: bool) -> None:
    """List the topics as Khabar needs them; no Kafka is asked."""
    topics = list(table(settings.topic_prefix).values())
    if as_json:
        click.echo(orjson.dumps(topics))
        return
    width = max(len(topic.name) for topic in topics)
    for topic in topics:
        limits = f"{topic.retention_ms // DAY_MS:>3} days  {topic.max_message_bytes // MIB:>3} MiB"
        click.echo(f"{topic.name:<{width}}  {limits}  {topic.about}")
