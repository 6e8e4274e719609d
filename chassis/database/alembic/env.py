"""Alembic's environment: the connection is handed over by `chassis.database.migration.upgrade`."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    on_version_apply=context.config.attributes["after_revision"],
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
