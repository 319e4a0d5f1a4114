DROP FUNCTION grid_responsibility, building_responsibility;
DROP TABLE duty, building, duty_role, member_contact, member, service_area, organisation;
