"""How Alembic runs our migrations: on the connection it is handed, within the caller's transaction."""

from alembic import context

from kinora.serve.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
