DROP TRIGGER bump_gone ON setting;
DROP TRIGGER bump ON organisation;
DROP TRIGGER bump ON issue_state;
