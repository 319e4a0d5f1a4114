-- depends: 0023.issue_on_hold
-- Every policy asks who it is: a role alone shows nothing. Whoever gets to run a statement of their
-- own may take on any role of the application, and found all issues under one, all hashes of passwords
-- under another (decision 0032).

-- Where somebody who sees the whole county is looking, WGS 84: the box that the query named in
-- gridmap.box, else the globe; NULL without the right. A place and not a yes, since the spatial index
-- then serves: what a reader looks for is compared after the policy, by an index never.
CREATE FUNCTION acting_extent(wanted text) RETURNS geometry
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN box.corners IS NULL THEN ST_MakeEnvelope(-180, -90, 180, 90, 4326)
        ELSE ST_MakeEnvelope(box.corners[1], box.corners[2], box.corners[3], box.corners[4], 4326) END
    FROM (SELECT string_to_array(nullif(current_setting('gridmap.box', true), ''), ',')::float8[] AS corners) box
    WHERE acting_everywhere(wanted)
$$;
ALTER POLICY county ON issue USING (geom && (SELECT acting_extent('see_issues')));

-- The one account that the door has to do with: that of the session, else that of the user name or
-- of the identity at a provider of single sign-on that an attempt names. NULL where none is named.
CREATE FUNCTION door_account() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT coalesce(
        acting_account(),
        -- After a transaction the settings are '' and not NULL; neither is anybody's name.
        (SELECT a.account_id FROM account a WHERE a.username = current_setting('gridmap.username', true)),
        (SELECT i.account_id FROM account_identity i
         WHERE i.issuer = current_setting('gridmap.issuer', true)
           AND i.subject = nullif(current_setting('gridmap.subject', true), '')))
$$;
REVOKE ALL ON FUNCTION door_account FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door_account TO gridmap_door;

ALTER POLICY door ON account USING (account_id = (SELECT door_account()));
ALTER POLICY door ON account_secret USING (account_id = (SELECT door_account()));
ALTER POLICY door ON account_identity USING (account_id = (SELECT door_account()));
ALTER POLICY door ON account_role USING (account_id = (SELECT door_account()));
ALTER POLICY door ON session USING (account_id = (SELECT door_account()));
ALTER POLICY door ON account_device USING (account_id = (SELECT door_account()));

-- What attempts are counted for: only the keys that are named, which nobody can without the
-- installation's secret. Else whoever got in here could lift the limits of everybody.
ALTER TABLE attempt ENABLE ROW LEVEL SECURITY;
CREATE POLICY door ON attempt TO gridmap_door
    USING (key = ANY ((SELECT array_agg(decode(named, 'hex'))
                       FROM unnest(string_to_array(current_setting('gridmap.attempts', true), ',')) named)::bytea[]));
