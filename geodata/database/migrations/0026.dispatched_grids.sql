-- depends: 0025.shown_tables
-- Whom a unit may call was asked of each duty holder by walking up from every open issue of the unit:
-- 100 ms a person with 450 issues. The grids that these lie in are found once for a statement.

-- The grids in which the open issues lie that were handed to the acting account's units, and all that
-- these lie in today; NULL where there are none.
CREATE FUNCTION acting_dispatched_grids(wanted text) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH RECURSIVE up AS (
        SELECT i.grid_id FROM issue i
        WHERE i.closed_at IS NULL AND i.grid_id IS NOT NULL AND i.issue_id = ANY (acting_dispatched(wanted))
        UNION
        SELECT v.parent_id FROM up JOIN grid_version v ON v.grid_id = up.grid_id AND v.valid @> current_date
        WHERE v.parent_id IS NOT NULL)
    SELECT array_agg(grid_id) FROM up
$$;

-- As before, with those grids handed in.
CREATE FUNCTION acting_may_call(member bigint, dispatched_grids bigint[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    mine bigint[];
    units bigint[];
BEGIN
    IF EXISTS (
        SELECT FROM account a LEFT JOIN account_secret s USING (account_id)
        WHERE a.account_id = acting_account() AND a.member_id = member
          AND NOT coalesce(s.must_change, false)) THEN
        RETURN true;
    END IF;
    SELECT array_agg(r.grid_id) FILTER (WHERE r.grid_id IS NOT NULL),
           array_agg(r.organisation_id) FILTER (WHERE r.organisation_id IS NOT NULL)
    INTO mine, units FROM acting_roles('see_contacts') r;
    IF mine IS NOT NULL AND EXISTS (
        SELECT FROM duty d
        WHERE d.member_id = member AND d.term @> current_date
          AND (EXISTS (SELECT FROM grid_upwards(d.grid_id, current_date) up WHERE up = ANY (mine))
               OR EXISTS (SELECT FROM building b WHERE b.building_id = d.building_id
                          AND ST_Covers(acting_territory('see_contacts'), b.geom))
               OR EXISTS (SELECT FROM duty_role o WHERE o.role = d.role AND o.responsible)
                  AND d.grid_id IN (SELECT grid_upwards(g, current_date) FROM unnest(mine) g))) THEN
        RETURN true;
    END IF;
    RETURN units IS NOT NULL AND (
        EXISTS (SELECT FROM member m WHERE m.member_id = member AND m.organisation_id = ANY (units))
        OR EXISTS (
            SELECT FROM duty d
            JOIN duty_role o ON o.role = d.role AND o.responsible
            WHERE d.member_id = member AND d.term @> current_date AND d.grid_id = ANY (dispatched_grids)));
END $$;

REVOKE ALL ON FUNCTION acting_dispatched_grids, acting_may_call(bigint, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION acting_dispatched_grids, acting_may_call(bigint, bigint[])
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county;
ALTER POLICY own_people ON member_contact
    USING (acting_may_call(member_id, (SELECT acting_dispatched_grids('see_contacts'))));
DROP FUNCTION acting_may_call(bigint);
