DROP TRIGGER bump ON organisation;
DROP TRIGGER bump ON issue_state;
