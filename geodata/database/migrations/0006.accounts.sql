-- depends: 0005.revisions
-- Who is signed in, what they may do and where, and what the database itself keeps from them.
--
-- The running application connects as gridmap_app, which owns nothing. For whoever is signed in it
-- takes on one of the roles below for one transaction, and names the session by its token's hash:
-- the functions here look up whose it is, so that a made-up account number opens nothing. There is
-- one policy for each role, since one policy with an OR costs the spatial index. The roles are made
-- by geodata/database/roles.py.

-- The copy of geodata/database/rights.py that the policies read.
CREATE TABLE role_right (
    role text NOT NULL,
    may  text NOT NULL,
    PRIMARY KEY (role, may)
);
CREATE TABLE role_place (
    role    text NOT NULL,
    -- A level of grids, or "organisation".
    held_in text NOT NULL,
    PRIMARY KEY (role, held_in)
);

CREATE TABLE account (
    account_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username    text NOT NULL UNIQUE CHECK (username = lower(username) AND username ~ '^[^[:space:][:cntrl:]]{2,60}$'),
    name        text NOT NULL CHECK (name <> ''),
    -- The duty holder who this is, if any: one's own contact is one's own to see.
    member_id   bigint REFERENCES member ON DELETE SET NULL,
    is_disabled boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- Restricted: read by the door alone.
CREATE TABLE account_secret (
    account_id    bigint PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    -- Argon2id in PHC form; NULL where only single sign-on leads in.
    password_hash text,
    changed_at    timestamptz NOT NULL DEFAULT now(),
    -- Given by somebody else: to be replaced at the first sign-in.
    must_change   boolean NOT NULL DEFAULT false
);

-- OpenID Connect: who the provider says it is.
CREATE TABLE account_identity (
    issuer     text NOT NULL,
    subject    text NOT NULL,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject)
);
-- One at a provider: whoever takes on a user name there gets no second way in here.
CREATE UNIQUE INDEX account_identity_account ON account_identity (account_id, issuer);

-- A role held in a territory or an organisation, for a term.
CREATE TABLE account_role (
    account_role_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id      bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    role            text NOT NULL,
    grid_id         bigint REFERENCES grid ON DELETE CASCADE,
    organisation_id bigint REFERENCES organisation ON DELETE CASCADE,
    term            daterange NOT NULL CHECK (NOT isempty(term) AND NOT lower_inf(term)),
    granted_by      bigint REFERENCES account ON DELETE SET NULL,
    granted_at      timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(grid_id, organisation_id) = 1),
    EXCLUDE USING gist (account_id WITH =, role WITH =, (coalesce(grid_id, -organisation_id)) WITH =, term WITH &&)
);
CREATE INDEX account_role_grid ON account_role (grid_id);
CREATE INDEX account_role_organisation ON account_role (organisation_id);

CREATE FUNCTION account_role_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM role_place p
        WHERE p.role = NEW.role
          AND p.held_in = coalesce((SELECT g.level::text FROM grid g WHERE g.grid_id = NEW.grid_id), 'organisation')) THEN
        RAISE EXCEPTION 'role % cannot be held there', NEW.role
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_role_place';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER account_role_place BEFORE INSERT OR UPDATE ON account_role
    FOR EACH ROW EXECUTE FUNCTION account_role_place();

-- A session lives as long as its row. Only the token's hash is kept: who reads the table can become
-- nobody. No address of the network: it would say where somebody was.
CREATE TABLE session (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- "Keep me signed in": lasts a month instead of a working day without use.
    is_kept    boolean NOT NULL DEFAULT false,
    -- "Chrome, Android": lets people tell their own sessions apart.
    device     text NOT NULL DEFAULT ''
);
CREATE INDEX session_account ON session (account_id);

-- Browsers from which an account was signed in before: they have attempts of their own, so that
-- whoever guesses elsewhere locks out nobody here (OWASP's device cookies).
CREATE TABLE account_device (
    device_hash bytea NOT NULL CHECK (length(device_hash) = 32),
    account_id  bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    seen_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, device_hash)
);

-- Failed attempts by what they are counted for; counted here, because workers share nothing else.
-- The key is a keyed hash: neither names nor addresses can be read from it.
CREATE UNLOGGED TABLE attempt (
    key      bytea PRIMARY KEY,
    since    timestamptz NOT NULL DEFAULT now(),
    failures integer NOT NULL
);

-- What was done, by whom; only ever appended to.
CREATE TABLE audit_event (
    event_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Kept as it was called then: the trail outlives the account. '' is the command line.
    account_id bigint,
    actor      text NOT NULL DEFAULT '',
    action     text NOT NULL CHECK (action ~ '^[a-z][a-z_.]*$'),
    subject    text NOT NULL DEFAULT '',
    subject_id bigint,
    -- Facts about it; never a phone number, a password or a reporter.
    detail     jsonb NOT NULL DEFAULT '{}',
    request_id text NOT NULL DEFAULT ''
);
CREATE INDEX audit_event_at ON audit_event (at DESC, event_id DESC);
CREATE INDEX audit_event_account ON audit_event (account_id, at DESC);
CREATE INDEX audit_event_action ON audit_event (action, at DESC);

CREATE FUNCTION audit_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- The law asks for six months; what is older may go.
        IF OLD.at < now() - interval '183 days' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_event is only ever appended to' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_append_only();
CREATE TRIGGER audit_event_keep BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who acts --------------------------------------------------------------------------------------
-- These see tables that their callers do not, and answer for the caller's own session alone.

CREATE FUNCTION acting_account() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT a.account_id
    FROM session s JOIN account a USING (account_id)
    -- After a transaction the setting is '' and not NULL.
    WHERE s.token_hash = decode(nullif(current_setting('gridmap.session', true), ''), 'hex')
      AND s.expires_at > now() AND NOT a.is_disabled
$$;

CREATE FUNCTION acting_roles(wanted text)
RETURNS TABLE (role text, grid_id bigint, level grid_level, organisation_id bigint)
LANGUAGE sql STABLE ROWS 2 SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.role, r.grid_id, g.level, r.organisation_id
    FROM account_role r
    JOIN role_right m ON m.role = r.role AND m.may = wanted
    LEFT JOIN grid g ON g.grid_id = r.grid_id
    WHERE r.account_id = acting_account() AND r.term @> current_date
      -- With a password that somebody else knows, nobody is anybody yet.
      AND NOT EXISTS (SELECT FROM account_secret s WHERE s.account_id = r.account_id AND s.must_change)
$$;

-- May it be done at all, be it only somewhere?
CREATE FUNCTION acting_may(wanted text) RETURNS boolean
LANGUAGE sql STABLE AS $$ SELECT EXISTS (SELECT FROM acting_roles(wanted)) $$;

CREATE FUNCTION acting_everywhere(wanted text) RETURNS boolean
LANGUAGE sql STABLE AS $$ SELECT EXISTS (SELECT FROM acting_roles(wanted) r WHERE r.level = 'county') $$;

-- The land on which it may be done, WGS 84, as the boundaries run today; NULL if there is none.
-- A query about one place says so in gridmap.box (west,south,east,north): a town has thousands of
-- vertices, and each issue is compared with what is left of them. The box can only take away.
CREATE FUNCTION acting_territory(wanted text) RETURNS geometry
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN box.corners IS NULL THEN land.geom
        ELSE ST_CollectionExtract(ST_Intersection(land.geom, ST_MakeEnvelope(
            box.corners[1], box.corners[2], box.corners[3], box.corners[4], 4326)), 3) END
    FROM (SELECT ST_Union(v.geom) AS geom
          FROM acting_roles(wanted) r
          JOIN grid_version v ON v.grid_id = r.grid_id AND v.valid @> current_date) land,
         (SELECT string_to_array(nullif(current_setting('gridmap.box', true), ''), ',')::float8[] AS corners) box
$$;

CREATE FUNCTION acting_organisations(wanted text) RETURNS bigint[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(r.organisation_id) FROM acting_roles(wanted) r WHERE r.organisation_id IS NOT NULL
$$;

-- The issues that were ever handed to the acting account's units.
CREATE FUNCTION acting_dispatched(wanted text) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT array_agg(DISTINCT e.issue_id) FROM issue_event e
    WHERE e.organisation_id = ANY (acting_organisations(wanted))
      AND e.to_state IN ('dispatched', 'handling', 'fed_back')
$$;
-- Of those and the issues on one's own land, all.
CREATE FUNCTION acting_issues(wanted text) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT array_agg(i.issue_id) || acting_dispatched(wanted) FROM issue i
    WHERE ST_Covers((SELECT acting_territory(wanted)), i.geom)
$$;
-- What was handed to a unit.
CREATE INDEX issue_event_organisation ON issue_event (organisation_id, issue_id) WHERE organisation_id IS NOT NULL;

-- A grid and all that it lies in on a day.
CREATE FUNCTION grid_upwards(bigint, day date) RETURNS SETOF bigint
LANGUAGE sql STABLE ROWS 4 AS $$
    WITH RECURSIVE up AS (
        SELECT $1 AS grid_id
        UNION ALL
        SELECT v.parent_id FROM up JOIN grid_version v ON v.grid_id = up.grid_id AND v.valid @> day
        WHERE v.parent_id IS NOT NULL)
    SELECT grid_id FROM up
$$;

-- The database role for what the acting account may see: decided here and nowhere else.
CREATE FUNCTION acting_scope() RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN bool_or(r.level = 'county') THEN 'gridmap_county'
        WHEN bool_and(r.organisation_id IS NOT NULL) THEN 'gridmap_unit'
        WHEN bool_or(r.organisation_id IS NOT NULL) THEN 'gridmap_several'
        -- Without any land too: one's own contact is one's own to see.
        WHEN acting_account() IS NOT NULL THEN 'gridmap_territory'
        ELSE 'gridmap_app' END
    FROM acting_roles('see_issues') r
$$;

-- May the acting account call this duty holder? Whom one works with: those with a duty in one's own
-- territory, those responsible for what it lies in; for a unit its own people and those responsible
-- where its issues lie; and oneself.
CREATE FUNCTION acting_may_call(member bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    mine bigint[];
    units bigint[];
BEGIN
    IF EXISTS (
        SELECT FROM account a LEFT JOIN account_secret s USING (account_id)
        WHERE a.account_id = acting_account() AND a.member_id = member
          AND NOT coalesce(s.must_change, false)) THEN
        RETURN true;
    END IF;
    SELECT array_agg(r.grid_id) FILTER (WHERE r.grid_id IS NOT NULL),
           array_agg(r.organisation_id) FILTER (WHERE r.organisation_id IS NOT NULL)
    INTO mine, units FROM acting_roles('see_contacts') r;
    IF mine IS NOT NULL AND EXISTS (
        SELECT FROM duty d
        WHERE d.member_id = member AND d.term @> current_date
          AND (EXISTS (SELECT FROM grid_upwards(d.grid_id, current_date) up WHERE up = ANY (mine))
               OR EXISTS (SELECT FROM building b WHERE b.building_id = d.building_id
                          AND ST_Covers(acting_territory('see_contacts'), b.geom))
               OR EXISTS (SELECT FROM duty_role o WHERE o.role = d.role AND o.responsible)
                  AND d.grid_id IN (SELECT grid_upwards(g, current_date) FROM unnest(mine) g))) THEN
        RETURN true;
    END IF;
    RETURN units IS NOT NULL AND (
        EXISTS (SELECT FROM member m WHERE m.member_id = member AND m.organisation_id = ANY (units))
        OR EXISTS (
            SELECT FROM duty d
            JOIN duty_role o ON o.role = d.role AND o.responsible
            WHERE d.member_id = member AND d.term @> current_date AND d.grid_id IN (
                SELECT grid_upwards(i.grid_id, current_date) FROM issue i
                WHERE i.closed_at IS NULL AND i.issue_id = ANY (acting_dispatched('see_contacts')))));
END $$;

-- The one way into the trail: whose session it is decides who did it.
CREATE FUNCTION audit(action text, subject text, subject_id bigint, detail jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    INSERT INTO audit_event (account_id, actor, action, subject, subject_id, detail, request_id)
    SELECT acting_account(),
           coalesce((SELECT a.username FROM account a WHERE a.account_id = acting_account()), ''),
           $1, $2, $3, $4, coalesce(current_setting('gridmap.request', true), '')
$$;

-- What every change of accounts leaves behind.
CREATE FUNCTION account_role_changed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    it record := coalesce(NEW, OLD);
BEGIN
    PERFORM audit('role.' || CASE TG_OP WHEN 'INSERT' THEN 'granted' WHEN 'DELETE' THEN 'taken' ELSE 'changed' END,
                  'account', it.account_id,
                  jsonb_build_object('role', it.role, 'grid_id', it.grid_id,
                                     'organisation_id', it.organisation_id, 'term', it.term));
    -- Whoever may do something else now signs in anew.
    DELETE FROM session WHERE account_id = it.account_id;
    RETURN NULL;
END $$;
CREATE TRIGGER account_role_changed AFTER INSERT OR UPDATE OR DELETE ON account_role
    FOR EACH ROW EXECUTE FUNCTION account_role_changed();

CREATE FUNCTION account_changed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM audit('account.created', 'account', NEW.account_id, jsonb_build_object('username', NEW.username));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM audit('account.removed', 'account', OLD.account_id, jsonb_build_object('username', OLD.username));
    ELSIF NEW.is_disabled <> OLD.is_disabled THEN
        PERFORM audit(CASE WHEN NEW.is_disabled THEN 'account.disabled' ELSE 'account.enabled' END,
                      'account', NEW.account_id, '{}');
        DELETE FROM session WHERE account_id = NEW.account_id;
    ELSE
        PERFORM audit('account.changed', 'account', NEW.account_id,
                      jsonb_build_object('username', NEW.username, 'member_id', NEW.member_id));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER account_changed AFTER INSERT OR UPDATE OR DELETE ON account
    FOR EACH ROW EXECUTE FUNCTION account_changed();

CREATE FUNCTION account_secret_changed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.password_hash IS DISTINCT FROM OLD.password_hash THEN
        PERFORM audit('password.changed', 'account', NEW.account_id, '{}');
        DELETE FROM session WHERE account_id = NEW.account_id;
    END IF;
    RETURN NULL;
END $$;
-- Not when only the cost of the hash was raised: that is the same password (changed_at stays).
CREATE TRIGGER account_secret_changed AFTER UPDATE ON account_secret
    FOR EACH ROW WHEN (NEW.changed_at <> OLD.changed_at) EXECUTE FUNCTION account_secret_changed();

-- Members without a number of their own were known by name and phone: the phone goes out of the key.
UPDATE member m
SET external_key = m.source || ':' || m.name || '/' || left(encode(sha256(convert_to(m.name || '/' || c.phone, 'UTF8')), 'hex'), 16)
FROM member_contact c
WHERE c.member_id = m.member_id AND c.phone <> '' AND m.external_key = m.source || ':' || m.name || '/' || c.phone;

-- What the application may touch -----------------------------------------------------------------

-- Nobody calls a function of ours unless it is named here; plain functions stay open.
REVOKE ALL ON FUNCTION acting_account, acting_roles, acting_dispatched, acting_issues, acting_may_call, audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION acting_account, acting_roles, acting_dispatched, acting_issues, acting_may_call, audit
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_door, gridmap_accounts, gridmap_audit;

-- Public facts.
GRANT SELECT ON grid, grid_version, grid_shape, grid_border, organisation, service_area, duty_role,
    building, duty, issue_category, issue_state, issue_transition, service_kind, facility,
    coverage_day, coverage_grid, revision, setting, role_right, role_place
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_accounts, gridmap_audit, gridmap_door;
-- Not the key under which the county's lists know the person.
GRANT SELECT (member_id, name, pinyin, organisation_id) ON member
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_accounts, gridmap_audit, gridmap_door;
-- Computed when first asked for.
GRANT INSERT, UPDATE, DELETE ON coverage_day, coverage_grid
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county;

-- Restricted facts: readable by all in name, and in fact by whom a policy lets.
ALTER TABLE issue ENABLE ROW LEVEL SECURITY;
ALTER TABLE issue_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE issue_reporter ENABLE ROW LEVEL SECURITY;
ALTER TABLE member_contact ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON issue, issue_event, issue_reporter, member_contact
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county;

-- What a reader looks for is compared after the policy, so an index serves only where the policy
-- itself names what it indexes, or lets everything through. Visitors: nothing, and the primary key
-- says so without reading the table.
CREATE POLICY visitor ON issue FOR SELECT TO gridmap_app USING (issue_id = -1);
-- Taken on only where acting_scope() says so.
CREATE POLICY county ON issue FOR SELECT TO gridmap_county USING (true);
CREATE POLICY territory ON issue FOR SELECT TO gridmap_territory
    USING (ST_Covers((SELECT acting_territory('see_issues')), geom));
CREATE POLICY unit ON issue FOR SELECT TO gridmap_unit
    USING (issue_id = ANY ((SELECT acting_dispatched('see_issues'))::bigint[]));
CREATE POLICY several ON issue FOR SELECT TO gridmap_several
    USING (issue_id = ANY ((SELECT acting_issues('see_issues'))::bigint[]));

-- An event is seen by whoever sees its issue.
CREATE POLICY with_issue ON issue_event FOR SELECT
    TO gridmap_county, gridmap_territory, gridmap_unit, gridmap_several
    USING (EXISTS (SELECT FROM issue i WHERE i.issue_id = issue_event.issue_id));

CREATE POLICY territory ON issue_reporter FOR SELECT TO gridmap_territory, gridmap_several
    USING (EXISTS (SELECT FROM issue i WHERE i.issue_id = issue_reporter.issue_id
                   AND ST_Covers((SELECT acting_territory('see_reporters')), i.geom)));
CREATE POLICY county ON issue_reporter FOR SELECT TO gridmap_county
    USING (EXISTS (SELECT FROM issue i WHERE i.issue_id = issue_reporter.issue_id
                   AND ST_Covers((SELECT acting_territory('see_reporters')), i.geom)));

CREATE POLICY county ON member_contact FOR SELECT TO gridmap_county
    USING ((SELECT acting_everywhere('see_contacts')));
CREATE POLICY own_people ON member_contact FOR SELECT TO gridmap_territory, gridmap_unit, gridmap_several
    USING (acting_may_call(member_id));

-- The door: finds accounts by name, checks passwords, opens and ends sessions.
GRANT SELECT ON account, account_secret, account_identity, account_role, session, account_device, attempt TO gridmap_door;
GRANT INSERT, UPDATE, DELETE ON session, account_device, attempt TO gridmap_door;
GRANT INSERT ON account_identity TO gridmap_door;
GRANT UPDATE (password_hash, changed_at, must_change) ON account_secret TO gridmap_door;

-- Administration of accounts, for whoever has the right, session by session.
GRANT SELECT, INSERT, UPDATE ON account TO gridmap_accounts;
GRANT INSERT, UPDATE ON account_secret TO gridmap_accounts;
GRANT SELECT (account_id, changed_at, must_change) ON account_secret TO gridmap_accounts;
GRANT SELECT, INSERT, UPDATE, DELETE ON account_role TO gridmap_accounts;
GRANT SELECT, DELETE ON session, account_identity, account_device TO gridmap_accounts;

ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE account_secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE account_identity ENABLE ROW LEVEL SECURITY;
ALTER TABLE account_role ENABLE ROW LEVEL SECURITY;
ALTER TABLE session ENABLE ROW LEVEL SECURITY;
ALTER TABLE account_device ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY door ON account FOR SELECT TO gridmap_door USING (true);
CREATE POLICY door ON account_secret TO gridmap_door USING (true);
CREATE POLICY door ON account_identity TO gridmap_door USING (true);
CREATE POLICY door ON account_role FOR SELECT TO gridmap_door USING (true);
CREATE POLICY door ON session TO gridmap_door USING (true);
CREATE POLICY door ON account_device TO gridmap_door USING (true);
CREATE POLICY administration ON account TO gridmap_accounts
    USING ((SELECT acting_may('manage_accounts')));
CREATE POLICY administration ON account_secret TO gridmap_accounts
    USING ((SELECT acting_may('manage_accounts')));
CREATE POLICY administration ON account_identity TO gridmap_accounts
    USING ((SELECT acting_may('manage_accounts')));
CREATE POLICY administration ON account_role TO gridmap_accounts
    USING ((SELECT acting_may('manage_accounts')));
CREATE POLICY administration ON session TO gridmap_accounts
    USING ((SELECT acting_may('manage_accounts')));
CREATE POLICY administration ON account_device TO gridmap_accounts
    USING ((SELECT acting_may('manage_accounts')));

GRANT SELECT ON audit_event TO gridmap_audit;
CREATE POLICY auditor ON audit_event FOR SELECT TO gridmap_audit USING ((SELECT acting_may('read_audit')));
-- A trail of numbers tells an auditor nothing.
GRANT SELECT (account_id, username, name) ON account TO gridmap_audit;
CREATE POLICY auditor ON account FOR SELECT TO gridmap_audit USING ((SELECT acting_may('read_audit')));
