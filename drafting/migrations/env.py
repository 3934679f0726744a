"""Run a migration on the connection that the store hands over, inside its transaction."""

from alembic import context

from drafting.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
