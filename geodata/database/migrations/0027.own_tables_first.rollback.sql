DROP TRIGGER drawing_may ON shape_due;
DROP TRIGGER drawing_may ON grid_border;
DROP TRIGGER drawing_may ON grid_shape;
DROP TRIGGER drawing_may ON partition_exception;
DROP TRIGGER drawing_may ON service_area;
DROP TRIGGER drawing_may ON duty;
GRANT EXECUTE ON FUNCTION round_buildings TO PUBLIC;
ALTER FUNCTION acting_territory RESET search_path;
DO $$
DECLARE
    each record;
    path text;
BEGIN
    FOR each IN
        SELECT p.oid::regprocedure AS name, p.prorettype = 'trigger'::regtype AS is_trigger, p.proconfig
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
          AND EXISTS (SELECT FROM unnest(p.proconfig) setting WHERE setting LIKE 'search_path=%') LOOP
        SELECT regexp_replace(setting, '^search_path=(.*), pg_temp$', '\1') INTO path
        FROM unnest(each.proconfig) setting WHERE setting LIKE 'search_path=%';
        EXECUTE format('ALTER FUNCTION %s SET search_path = %s', each.name, path);
        IF each.is_trigger THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', each.name);
        END IF;
    END LOOP;
END $$;
