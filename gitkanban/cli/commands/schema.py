"""`gitkanban schema`: the JSON schema of a file of the board, for editors and other programs."""

from gitkanban.cli import declare, schemas
from gitkanban.cli.streams import echo


@declare.command("schema")
@declare.argument("name", type=declare.choice(schemas.NAMES))
def schema_command(name: str) -> None:
    """Print the JSON schema of config.yaml, a card, a run's record, or a plan.

    cards is a file of new cards for `add --from`; plan is what `tick --json` prints, with --dry-run
    the plan of a tick.

    A board that `init` makes has two of them in its folder `schema`, so that an editor with the
    YAML language server completes and checks config.yaml, offline. After an upgrade:

    \b
    gitkanban schema config > .kanban/schema/config.json
    gitkanban schema card > .kanban/schema/card.json
    """
    echo(schemas.text(name), nl=False)
