-- depends: 0014.services_office
-- What was changed in the standards of services, so that it can be taken back.

CREATE TABLE standard_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- No reference: what is told here outlives a kind that was taken back.
    kind      text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    -- The user name, as it was then; '' is the command line.
    actor     text NOT NULL DEFAULT '',
    what      text NOT NULL CHECK (what IN ('added', 'changed', 'withdrawn', 'undone')),
    -- All that defines the kind; NULL: it was not there. See geodata/coverage/standards/definition.py.
    before    jsonb,
    after     jsonb
);
-- The last change of a kind is the one that can be taken back.
CREATE INDEX standard_change_kind ON standard_change (kind, change_id);

GRANT SELECT, INSERT ON standard_change TO gridmap_services;
ALTER TABLE standard_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY setting ON standard_change TO gridmap_services USING ((SELECT acting_may('set_standards')));

-- A kind that was added by mistake goes again, as long as no facility is of it.
GRANT DELETE ON service_kind TO gridmap_services;
