DROP TRIGGER standard_may ON service_standard;
DROP TRIGGER standard_may ON service_provider;
DROP TRIGGER standard_may ON service_kind;
DROP FUNCTION standard_may;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM gridmap_services;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM gridmap_services;
