-- depends: 0024.rows_ask
-- What visitors are shown is kept until a revision says that it has changed (webmap/core/kept.py): these
-- tables are shown, and counted nowhere.
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON organisation FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('members');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON issue_state FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('issues');
