-- depends: 0020.rounded_counts
-- The steps of many issues, and several steps of one, are checked and carried over in one go: an
-- import of 121,145 issues called the trigger 230,000 times, and each call wrote every index of the
-- issue again.

DROP TRIGGER issue_event_step ON issue_event;
DROP FUNCTION issue_event_step;

CREATE FUNCTION issue_event_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    -- In one order, so that statements about the same issues wait for each other and do not block.
    PERFORM FROM issue WHERE issue_id IN (SELECT issue_id FROM added) ORDER BY issue_id FOR UPDATE;
    WITH step AS (
        SELECT issue_id, from_state, row_number() OVER each_issue AS place,
               lag(to_state) OVER each_issue AS before
        FROM added WINDOW each_issue AS (PARTITION BY issue_id ORDER BY event_id))
    SELECT step.issue_id, step.from_state,
           CASE WHEN step.place = 1 THEN issue.state ELSE step.before END AS present
    INTO wrong FROM step JOIN issue USING (issue_id)
    WHERE CASE WHEN step.place = 1 THEN issue.state ELSE step.before END
          IS DISTINCT FROM step.from_state
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'issue % is in state %, not in %', wrong.issue_id, wrong.present, wrong.from_state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'issue_event_from_state';
    END IF;
    SELECT issue_id, from_state, to_state INTO wrong FROM added
    WHERE NOT EXISTS (
        SELECT FROM issue_transition t
        WHERE t.from_state IS NOT DISTINCT FROM added.from_state AND t.to_state = added.to_state)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'issue %: no step leads from % to %', wrong.issue_id, wrong.from_state, wrong.to_state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'issue_event_transition';
    END IF;
    UPDATE issue SET
        state = last.to_state,
        closed_at = CASE WHEN issue_state.is_open THEN NULL ELSE last.at END
    FROM (
        SELECT DISTINCT ON (issue_id) issue_id, to_state, at FROM added
        ORDER BY issue_id, event_id DESC) AS last
    JOIN issue_state ON issue_state.state = last.to_state
    WHERE issue.issue_id = last.issue_id;
    RETURN NULL;
END $$;
CREATE TRIGGER issue_event_steps AFTER INSERT ON issue_event
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION issue_event_steps();
