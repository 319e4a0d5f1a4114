DROP TRIGGER bump ON service_area;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['facility', 'building', 'duty', 'service_area', 'grid_version'] LOOP
        EXECUTE format('DROP TRIGGER coverage_due_made ON %I', name);
        EXECUTE format('DROP TRIGGER coverage_due_changed ON %I', name);
        EXECUTE format('DROP TRIGGER coverage_due_gone ON %I', name);
        EXECUTE format('DROP TRIGGER coverage_due_all ON %I', name);
    END LOOP;
END $$;
DROP TABLE coverage_due, coverage_rest, coverage_grid, coverage_stretch, service_provider;
ALTER TABLE service_kind ADD COLUMN reach_m integer CHECK (reach_m > 0);
UPDATE service_kind k SET reach_m = coalesce(
    (SELECT s.reach FROM service_standard s WHERE s.kind = k.kind AND s.place = 'town' ORDER BY s.valid DESC LIMIT 1), 1000);
ALTER TABLE service_kind ALTER COLUMN reach_m SET NOT NULL;
DROP TABLE service_standard;
DELETE FROM service_kind WHERE kind IN ('grid_worker', 'building_lead');
DROP FUNCTION place_kind, coverage_due, coverage_facility_due, coverage_building_due, coverage_duty_due,
    coverage_area_due, coverage_version_due, coverage_bounds, coverage_number, coverage_many, coverage_counts_again;
CREATE TABLE coverage_day (
    day         date PRIMARY KEY,
    basis       bigint NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    valid       daterange NOT NULL CHECK (valid @> day),
    EXCLUDE USING gist (valid WITH &&)
);
CREATE TABLE coverage_grid (
    day        date NOT NULL REFERENCES coverage_day ON DELETE CASCADE,
    grid_id    bigint NOT NULL REFERENCES grid ON DELETE CASCADE,
    kind       text NOT NULL REFERENCES service_kind,
    households integer NOT NULL,
    served     integer NOT NULL CHECK (served <= households),
    PRIMARY KEY (day, grid_id, kind)
);
GRANT SELECT ON coverage_day, coverage_grid
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_accounts, gridmap_audit, gridmap_door, gridmap_draw;
GRANT INSERT, UPDATE, DELETE ON coverage_day, coverage_grid
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county, gridmap_draw;
