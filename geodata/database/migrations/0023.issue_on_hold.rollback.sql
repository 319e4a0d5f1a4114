UPDATE issue_state SET name_en = 'Hung up' WHERE state = 'suspended';
