"""The database: engine, prepared statements, bulk parameters, the chassis' tables, migrations."""
