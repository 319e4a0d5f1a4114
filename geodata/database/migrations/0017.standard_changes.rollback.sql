DROP TABLE standard_change;
REVOKE DELETE ON service_kind FROM gridmap_services;
