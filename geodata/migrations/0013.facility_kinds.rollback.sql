DROP INDEX facility_kind, facility_kind_geom;
