"""Write the next migration of the server's store: what the tables in the code have and the migrations have not.

    python scripts/migration.py add_colour

Look it over before it is committed: Alembic can't tell a renamed column from a new one. There is no way back but a
backup: a server never undoes a migration.
"""

import argparse
import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

from kinora.serve.store.database import Database
from kinora.serve.store.migrating import scripts
from kinora.serve.store.tables import metadata


def main() -> None:
    """Compare, and write what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what changes, as one word: add_colour")
    name = parser.parse_args().name
    found = scripts()
    number = f"{1 + len(list(found.walk_revisions())):04}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(str(Path(folder) / "kinora.db"))
        database.upgrade()
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
            change = produce_migrations(context, metadata())
        database.close()
    assert change.upgrade_ops is not None
    path = Path(found.versions) / f"v{number}_{name}.py"
    found._generate_template(
        Path(found.dir) / "script.py.mako",
        path,
        message=name.replace("_", " ").capitalize(),
        up_revision=number,
        down_revision=found.get_current_head(),
        upgrades=render_python_code(change.upgrade_ops, render_as_batch=True),
    )
    print(path)


if __name__ == "__main__":
    main()
