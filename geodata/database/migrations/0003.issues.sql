-- depends: 0002.people
-- What is open and due: categories, issues, and the events of their way.

-- Two levels: 大类 (parent_id NULL) and 小类.
CREATE TABLE issue_category (
    category_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id   bigint REFERENCES issue_category,
    code        text NOT NULL UNIQUE,
    name_zh     text NOT NULL CHECK (name_zh <> ''),
    name_en     text NOT NULL CHECK (name_en <> ''),
    -- 部件 (a thing: a manhole cover) or 事件 (an occurrence: rubbish).
    kind        text NOT NULL CHECK (kind IN ('object', 'event')),
    -- Time from filing to closing, calendar time.
    time_limit  interval,
    -- Who leads, in words of the local list; organisations are attached later.
    lead_unit   text NOT NULL DEFAULT ''
);

-- The seven stages of digital city management, and the two ways out.
CREATE TABLE issue_state (
    state   text PRIMARY KEY,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    is_open boolean NOT NULL,
    rank    smallint NOT NULL
);
INSERT INTO issue_state VALUES
    ('reported',   '已上报', 'Reported',            true,  1),
    ('filed',      '已受理', 'Filed',               true,  2),
    ('dispatched', '已派遣', 'Dispatched',          true,  3),
    ('handling',   '处理中', 'Being handled',       true,  4),
    ('fed_back',   '已反馈', 'Reported done',       true,  5),
    ('verified',   '已核查', 'Verified on site',    true,  6),
    ('closed',     '已结案', 'Closed',              false, 7),
    ('suspended',  '挂账',   'Hung up',             true,  8),
    ('rejected',   '不受理', 'Not filed',           false, 9);

-- Allowed steps; anything else is refused by the trigger below.
CREATE TABLE issue_transition (
    from_state text REFERENCES issue_state,
    to_state   text NOT NULL REFERENCES issue_state,
    UNIQUE NULLS NOT DISTINCT (from_state, to_state)
);
INSERT INTO issue_transition VALUES
    (NULL, 'reported'),
    ('reported', 'filed'), ('reported', 'rejected'),
    ('filed', 'dispatched'), ('filed', 'rejected'),
    ('dispatched', 'handling'), ('dispatched', 'filed'),
    ('handling', 'fed_back'), ('handling', 'suspended'), ('handling', 'filed'),
    ('fed_back', 'verified'), ('fed_back', 'handling'),
    ('verified', 'closed'), ('verified', 'handling'),
    ('suspended', 'handling'), ('suspended', 'filed'),
    ('closed', 'handling'),
    -- Lists of other systems know only open and closed.
    ('reported', 'closed');

CREATE TABLE issue (
    issue_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Where it came from and its number there; makes an import repeatable.
    source      text NOT NULL DEFAULT '',
    external_id text,
    category_id bigint NOT NULL REFERENCES issue_category,
    title       text NOT NULL CHECK (title <> ''),
    detail      text NOT NULL DEFAULT '',
    geom        geometry(Point, 4326) NOT NULL,
    -- The finest grid in which it was reported; where it lies today is computed.
    grid_id     bigint REFERENCES grid,
    reported_at timestamptz NOT NULL,
    -- Kept by the event trigger, so that lists and tiles need not read the history.
    state       text REFERENCES issue_state,
    due_at      timestamptz,
    closed_at   timestamptz,
    UNIQUE (source, external_id)
);
-- Tiles by place; lists by place and age.
CREATE INDEX issue_geom ON issue USING gist (geom);
CREATE INDEX issue_open_geom ON issue USING gist (geom) WHERE closed_at IS NULL;
-- Open issues of a grid, most urgent first.
CREATE INDEX issue_due ON issue (due_at) WHERE closed_at IS NULL;
CREATE INDEX issue_grid ON issue (grid_id);

-- Restricted: who reported, where the reporter left a contact.
CREATE TABLE issue_reporter (
    issue_id bigint PRIMARY KEY REFERENCES issue ON DELETE CASCADE,
    name     text,
    phone    text
);

-- Every step, only ever appended.
CREATE TABLE issue_event (
    event_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    issue_id        bigint NOT NULL REFERENCES issue,
    at              timestamptz NOT NULL,
    from_state      text REFERENCES issue_state,
    to_state        text NOT NULL REFERENCES issue_state,
    organisation_id bigint REFERENCES organisation,
    note            text NOT NULL DEFAULT ''
);
-- The history of an issue, and its state at a past instant.
CREATE INDEX issue_event_issue ON issue_event (issue_id, at, event_id);

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

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever appended to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER issue_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issue_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The state of an issue at a past instant, from its history.
CREATE FUNCTION issue_state_at(issue bigint, instant timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT e.to_state FROM issue_event e
    WHERE e.issue_id = issue AND e.at <= instant
    ORDER BY e.at DESC, e.event_id DESC
    LIMIT 1
$$;
