DROP TABLE plan_reference_line, plan_reference;
