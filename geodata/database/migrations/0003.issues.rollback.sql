DROP FUNCTION issue_state_at;
DROP TABLE issue_event, issue_reporter, issue, issue_transition, issue_state, issue_category;
DROP FUNCTION issue_event_step, refuse_change;
