"""How the database came to be: one file a step, run in order by Alembic. Steps are never edited once released."""
