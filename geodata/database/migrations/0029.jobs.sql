-- depends: 0028.job_queue
-- What is done in the background, by whoever takes jobs from the queue (geodata/jobs): the figures of
-- coverage above all. Readers see those that stand; they compute nothing and write nothing.

-- What jobs have done, written in the transaction that did it: where a worker was killed before it could
-- say so, the next one finds it here and does nothing.
CREATE TABLE job_done (
    job_id bigint PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT now()
);
-- Why the last attempt of a job failed, as a phrase and what stands in it; nothing of what the database says of rows.
CREATE TABLE job_failure (
    job_id  bigint PRIMARY KEY REFERENCES procrastinate_jobs ON DELETE CASCADE,
    at      timestamptz NOT NULL DEFAULT now(),
    message text NOT NULL,
    data    jsonb NOT NULL DEFAULT '{}'
);

-- Is it the owner of the tables who asks, who names no session? Who stepped down from there does not.
CREATE FUNCTION is_owner() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
RETURN session_user = current_user AND current_setting('role') = 'none';
REVOKE ALL ON FUNCTION is_owner FROM PUBLIC;

-- Jobs that are not done. Their arguments are nobody's to see but the day that they are about.
CREATE FUNCTION jobs_listed()
RETURNS TABLE (job_id bigint, task text, day text, state text, attempts integer, since timestamptz, next_at timestamptz,
               message text, data jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT j.id, j.task_name::text, j.args ->> 'day', j.status::text, j.attempts,
           (SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type <> 'scheduled'),
           CASE WHEN j.status = 'todo' THEN j.scheduled_at END, f.message, coalesce(f.data, '{}')
    FROM procrastinate_jobs j LEFT JOIN job_failure f ON f.job_id = j.id
    WHERE j.status IN ('todo', 'doing', 'failed') AND (acting_may('manage_accounts') OR is_owner())
    ORDER BY j.status DESC, j.id
$$;
CREATE FUNCTION job_retried(wanted bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM procrastinate_jobs WHERE id = wanted AND status = 'failed' FOR UPDATE;
    IF NOT FOUND OR NOT (acting_may('manage_accounts') OR is_owner()) THEN
        RETURN false;
    END IF;
    UPDATE procrastinate_jobs SET attempts = 0 WHERE id = wanted;
    PERFORM procrastinate_retry_job_v2(wanted, now(), NULL, NULL, NULL);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION jobs_listed, job_retried FROM PUBLIC;
GRANT EXECUTE ON FUNCTION jobs_listed, job_retried TO gridmap_accounts;

-- Another number whenever the figures of these days are computed: addresses and tags carry it.
CREATE SEQUENCE coverage_number_seq;
ALTER TABLE coverage_stretch ADD COLUMN number bigint NOT NULL DEFAULT nextval('coverage_number_seq');
ALTER SEQUENCE coverage_number_seq OWNED BY coverage_stretch.number;

-- A transaction asks once, whatever it changes. Nobody waits for another who asks at the same time, and
-- no job is skipped because an earlier one, which cannot see this change yet, is about to begin.
CREATE FUNCTION coverage_asked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock)
    VALUES ('coverage', 'refresh_coverage', 10, 'coverage', 'refresh_coverage ' || pg_current_xact_id())
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION coverage_asked FROM PUBLIC;
CREATE TRIGGER coverage_asked AFTER UPDATE OF number ON revision FOR EACH ROW
    WHEN (NEW.subject IN ('grids', 'members', 'services') AND NEW.number > OLD.number) EXECUTE FUNCTION coverage_asked();

-- Ask for the figures of a day that has none. No more than three days wait, whoever asks: each takes long.
CREATE FUNCTION coverage_wanted(wanted date) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)
    SELECT 'coverage', 'compute_coverage', 'coverage', 'compute_coverage ' || wanted, jsonb_build_object('day', wanted)
    WHERE wanted BETWEEN '1949-10-01' AND current_date + 36525
      AND NOT EXISTS (SELECT FROM coverage_stretch WHERE valid @> wanted)
      AND (SELECT count(*) < 3 AND count(*) FILTER (WHERE args ->> 'day' = wanted::text) = 0
           FROM procrastinate_jobs WHERE task_name = 'compute_coverage' AND status IN ('todo', 'doing'))
    ON CONFLICT DO NOTHING;
$$;

-- Since when a change waits for its figures; NULL: none does.
CREATE FUNCTION coverage_waiting_since() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT min(e.at) FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
    WHERE j.task_name IN ('refresh_coverage', 'refresh_coverage_of_other_days') AND j.status IN ('todo', 'doing')
$$;
REVOKE ALL ON FUNCTION coverage_wanted, coverage_waiting_since FROM PUBLIC;
GRANT EXECUTE ON FUNCTION coverage_wanted, coverage_waiting_since
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_accounts, gridmap_audit, gridmap_door, gridmap_draw, gridmap_services;

-- Computed by the queue alone.
REVOKE INSERT, UPDATE, DELETE ON coverage_stretch, coverage_grid, coverage_rest
    FROM gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county, gridmap_draw, gridmap_services;
REVOKE DELETE ON coverage_due
    FROM gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county, gridmap_draw, gridmap_services;
REVOKE ALL ON FUNCTION coverage_counts_again, coverage_analyze FROM PUBLIC;

-- What stands was computed at revisions that may be past.
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock) VALUES ('coverage', 'refresh_coverage', 10, 'coverage');
