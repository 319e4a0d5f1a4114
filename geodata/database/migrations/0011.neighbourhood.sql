-- depends: 0010.plan_references
-- Asked kind by kind, by panels and by the consequences of a plan: with the place alone as a key,
-- each kind reads the facilities of all others, or the whole county's.

-- Facilities of a kind at a place.
CREATE INDEX facility_kind_geom ON facility USING gist (kind, geom);
-- Whether there is any of a kind.
CREATE INDEX facility_kind ON facility (kind);

-- A version that ends cannot come to overlap what was there. Else as in 0001.
CREATE OR REPLACE FUNCTION grid_version_no_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rival record;
    -- Ground and days that the version had before: only what came since can overlap them.
    is_shrunk boolean := false;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'grid versions are written under READ COMMITTED only'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    -- The same number in geodata/grids/writing.py: writers that take it first do not wait here.
    PERFORM pg_advisory_xact_lock(341525);
    IF TG_OP = 'UPDATE' THEN
        is_shrunk := NEW.valid <@ OLD.valid AND (NEW.grid_id, NEW.level) = (OLD.grid_id, OLD.level)
                     AND NEW.geom = OLD.geom;
    END IF;
    -- The version may have changed again, or gone, since the trigger was queued.
    SELECT * INTO NEW FROM grid_version WHERE version_id = NEW.version_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT other.code, other.name, other.grid_id INTO rival
    FROM grid_version other
    WHERE other.level = NEW.level
      AND other.geom && NEW.geom
      AND other.valid && NEW.valid
      AND other.grid_id <> NEW.grid_id
      AND CASE
          -- Of two versions that this transaction writes, the younger one looks. So one that merely
          -- ends looks at older ones of this transaction, savepoints in it included, and the others
          -- were looked at when it began: nine of ten comparisons of a publication are spared.
          WHEN is_shrunk THEN other.version_id < NEW.version_id
                          AND age(other.xmin) <= age(pg_current_xact_id()::xid)
          WHEN TG_OP = 'INSERT' THEN other.version_id < NEW.version_id
                                  OR other.xmin <> pg_current_xact_id()::xid
          ELSE true
      END
      AND ST_Relate(other.geom, NEW.geom, 'T********')
      AND NOT EXISTS (
          SELECT FROM partition_exception e
          WHERE e.kind = 'overlap'
            AND (e.grid_id, e.other_id) IN ((NEW.grid_id, other.grid_id), (other.grid_id, NEW.grid_id)))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'grid % (%) overlaps % (%)', NEW.code, NEW.name, rival.code, rival.name
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'grid_version_no_overlap',
                  DETAIL = json_build_object('grid_id', NEW.grid_id, 'other_id', rival.grid_id)::text;
    END IF;
    RETURN NULL;
END $$;

ALTER FUNCTION grid_version_no_overlap() SET plan_cache_mode = 'force_custom_plan';
