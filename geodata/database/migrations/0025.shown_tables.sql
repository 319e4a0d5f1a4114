-- depends: 0024.rows_ask
-- What visitors are shown is kept until a revision says that it has changed (webmap/core/kept.py): these
-- tables are shown, and counted nowhere.
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON organisation FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('members');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON issue_state FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('issues');
-- How fast people walk is 4.5 km/h again once it is not set any more.
CREATE TRIGGER bump_gone AFTER DELETE ON setting FOR EACH ROW WHEN (OLD.key = 'walking_km_h') EXECUTE FUNCTION bump_revision('services');
