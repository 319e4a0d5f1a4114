-- depends: 0009.plans
-- Asked kind by kind, by panels and by the consequences of a plan: with the place alone as a key,
-- each kind reads the facilities of all others, or the whole county's.

-- Facilities of a kind at a place.
CREATE INDEX facility_kind_geom ON facility USING gist (kind, geom);
-- Whether there is any of a kind.
CREATE INDEX facility_kind ON facility (kind);
