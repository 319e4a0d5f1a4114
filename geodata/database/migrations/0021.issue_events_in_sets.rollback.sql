DROP TRIGGER issue_event_steps ON issue_event;
DROP FUNCTION issue_event_steps;

CREATE FUNCTION issue_event_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    present text;
BEGIN
    SELECT state INTO present FROM issue WHERE issue_id = NEW.issue_id FOR UPDATE;
    IF present IS DISTINCT FROM NEW.from_state THEN
        RAISE EXCEPTION 'issue % is in state %, not in %', NEW.issue_id, present, NEW.from_state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'issue_event_from_state';
    END IF;
    IF NOT EXISTS (
        SELECT FROM issue_transition t
        WHERE t.from_state IS NOT DISTINCT FROM NEW.from_state AND t.to_state = NEW.to_state) THEN
        RAISE EXCEPTION 'issue %: no step leads from % to %', NEW.issue_id, NEW.from_state, NEW.to_state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'issue_event_transition';
    END IF;
    UPDATE issue SET
        state = NEW.to_state,
        closed_at = CASE WHEN (SELECT is_open FROM issue_state s WHERE s.state = NEW.to_state)
                         THEN NULL ELSE NEW.at END
    WHERE issue_id = NEW.issue_id;
    RETURN NEW;
END $$;
CREATE TRIGGER issue_event_step BEFORE INSERT ON issue_event
    FOR EACH ROW EXECUTE FUNCTION issue_event_step();
