CREATE FUNCTION acting_may_call(member bigint) RETURNS boolean
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
            WHERE d.member_id = member AND d.term @> current_date AND d.grid_id IN (
                SELECT grid_upwards(i.grid_id, current_date) FROM issue i
                WHERE i.closed_at IS NULL AND i.issue_id = ANY (acting_dispatched('see_contacts')))));
END $$;
REVOKE ALL ON FUNCTION acting_may_call(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION acting_may_call(bigint)
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_door, gridmap_accounts, gridmap_audit;
ALTER POLICY own_people ON member_contact USING (acting_may_call(member_id));
DROP FUNCTION acting_may_call(bigint, bigint[]), acting_dispatched_grids;
