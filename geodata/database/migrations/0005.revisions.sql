-- depends: 0004.services
-- A number per subject that grows with every change, in the changing transaction. Tile addresses
-- carry it, so a tile can be cached for good and is never stale.

CREATE TABLE revision (
    subject text PRIMARY KEY CHECK (subject IN ('grids', 'members', 'issues', 'services')),
    number  bigint NOT NULL DEFAULT 1,
    -- The transaction that counted last: one transaction counts once, however much it writes.
    counted_in xid8
);
INSERT INTO revision (subject) VALUES ('grids'), ('members'), ('issues'), ('services');

CREATE FUNCTION bump_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE revision SET number = number + 1, counted_in = pg_current_xact_id()
    WHERE subject = TG_ARGV[0] AND counted_in IS DISTINCT FROM pg_current_xact_id();
    RETURN NULL;
END $$;

CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON grid_version FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('grids');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON grid_shape FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('grids');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON partition_exception FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('grids');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON member FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('members');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON duty FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('members');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON duty_role FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('members');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON issue FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('issues');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON issue_category FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('issues');
-- Buildings carry the households that services reach, and the points of building leads.
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON building FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('services');
CREATE TRIGGER bump_members AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON building FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('members');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON facility FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('services');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON service_kind FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('services');

-- Facts about the installation itself: the county's name, whether this is demonstration data.
CREATE TABLE setting (
    key   text PRIMARY KEY,
    value jsonb NOT NULL
);
