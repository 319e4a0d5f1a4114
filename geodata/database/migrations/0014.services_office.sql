-- depends: 0013.roads
-- The office in which services are planned: standards are set, scenarios tried.

GRANT SELECT ON grid, grid_version, grid_shape, grid_border, partition_exception, organisation,
    service_area, duty_role, building, duty, service_kind, service_standard, service_provider,
    facility, coverage_stretch, coverage_grid, coverage_rest, coverage_due, road_source, road_node,
    road_edge, revision, setting, role_right, role_place TO gridmap_services;
GRANT SELECT (member_id, name, pinyin, organisation_id) ON member TO gridmap_services;
GRANT EXECUTE ON FUNCTION acting_account, acting_roles, acting_dispatched, acting_issues, audit TO gridmap_services;

-- Computed when first asked for.
GRANT INSERT, UPDATE, DELETE ON coverage_stretch, coverage_grid, coverage_rest TO gridmap_services;
GRANT DELETE ON coverage_due TO gridmap_services;

GRANT INSERT, UPDATE, DELETE ON service_standard, service_provider TO gridmap_services;
GRANT INSERT, UPDATE ON service_kind TO gridmap_services;
GRANT UPDATE ON revision TO gridmap_services;

-- Not by the office alone: by whoever has the right to. Migrations and the owner are let pass.
CREATE FUNCTION standard_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'gridmap_services' AND NOT acting_may('set_standards') THEN
        RAISE EXCEPTION 'standards are set by those who have the right to'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER standard_may BEFORE INSERT OR UPDATE OR DELETE ON service_standard
    FOR EACH STATEMENT EXECUTE FUNCTION standard_may();
CREATE TRIGGER standard_may BEFORE INSERT OR UPDATE OR DELETE ON service_provider
    FOR EACH STATEMENT EXECUTE FUNCTION standard_may();
CREATE TRIGGER standard_may BEFORE INSERT OR UPDATE OR DELETE ON service_kind
    FOR EACH STATEMENT EXECUTE FUNCTION standard_may();
