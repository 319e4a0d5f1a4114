-- depends: 0026.dispatched_grids
-- A role alone still showed everything to whoever may make temporary tables, which anybody may: these
-- are looked up before the tables of the schema, also by a function that answers with its owner's
-- rights. With a "session" and an "account" of one's own one was everybody.

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
        SELECT substr(setting, length('search_path=') + 1) INTO path
        FROM unnest(each.proconfig) setting WHERE setting LIKE 'search_path=%';
        EXECUTE format('ALTER FUNCTION %s SET search_path = %s, pg_temp', each.name, path);
        -- On a temporary table of one's own it would end the sessions of others.
        IF each.is_trigger THEN
            EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', each.name);
        END IF;
    END LOOP;
    -- It answers with its caller's rights, and its caller makes no map of their own for it.
    SELECT substr(setting, length('search_path=') + 1) INTO path
    FROM pg_proc p, unnest(p.proconfig) setting
    WHERE p.oid = 'acting_account'::regproc AND setting LIKE 'search_path=%';
    EXECUTE format('ALTER FUNCTION acting_territory SET search_path = %s', path);
END $$;
REVOKE ALL ON FUNCTION round_buildings FROM PUBLIC;

-- Whatever else is written where boundaries are drawn asks for the right, too: with the role alone
-- all terms of office could be ended.
CREATE TRIGGER drawing_may BEFORE INSERT OR UPDATE OR DELETE ON duty FOR EACH STATEMENT EXECUTE FUNCTION grid_version_may();
CREATE TRIGGER drawing_may BEFORE INSERT OR UPDATE OR DELETE ON service_area FOR EACH STATEMENT EXECUTE FUNCTION grid_version_may();
CREATE TRIGGER drawing_may BEFORE INSERT OR UPDATE OR DELETE ON partition_exception FOR EACH STATEMENT EXECUTE FUNCTION grid_version_may();
CREATE TRIGGER drawing_may BEFORE INSERT OR UPDATE OR DELETE ON grid_shape FOR EACH STATEMENT EXECUTE FUNCTION grid_version_may();
CREATE TRIGGER drawing_may BEFORE INSERT OR UPDATE OR DELETE ON grid_border FOR EACH STATEMENT EXECUTE FUNCTION grid_version_may();
CREATE TRIGGER drawing_may BEFORE INSERT OR UPDATE OR DELETE ON shape_due FOR EACH STATEMENT EXECUTE FUNCTION grid_version_may();
