DROP TABLE road_edge, road_node, road_source;
