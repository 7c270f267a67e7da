"""Alembic runs this for each upgrade, on the connection that `schema.open_database` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
