DROP INDEX facility_kind, facility_kind_geom;
CREATE OR REPLACE FUNCTION grid_version_no_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rival record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'grid versions are written under READ COMMITTED only'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    -- The same number in geodata/grids/writing.py: writers that take it first do not wait here.
    PERFORM pg_advisory_xact_lock(341525);
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
      -- Of two versions that this transaction inserts, the younger one looks.
      AND (TG_OP = 'UPDATE' OR other.version_id < NEW.version_id OR other.xmin <> pg_current_xact_id()::xid)
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
