DROP TRIGGER bump ON setting;
DROP TRIGGER coverage_due ON setting;
DROP TABLE road_edge, road_node, road_source;
