-- Schema 2: what bears on verdicts, which records are in dispute, what was carried, what came back.

-- What a join let go is found in the log: rows in the order of arrival would differ from node to node.
DROP TABLE journal;

-- Whose write a held entry waits for: its member and incarnation; null: nobody's that is known.
ALTER TABLE held ADD COLUMN waits_member TEXT;
ALTER TABLE held ADD COLUMN waits_incarnation INTEGER;

-- Incarnations for whose writes nobody waits, as their members declared.
CREATE TABLE gone (
  member TEXT NOT NULL, -- member code
  incarnation INTEGER NOT NULL, -- 64 random bits
  timestamp INTEGER NOT NULL, -- hybrid timestamp of the entry that said so
  PRIMARY KEY (member, incarnation)
) STRICT, WITHOUT ROWID;

-- Incarnations that ran ahead of the time, as their members declared; the lowest counts.
CREATE TABLE ceilings (
  member TEXT NOT NULL, -- member code
  incarnation INTEGER NOT NULL, -- 64 random bits
  ceiling INTEGER NOT NULL, -- its hybrid timestamps count as at most this
  PRIMARY KEY (member, incarnation, ceiling)
) STRICT, WITHOUT ROWID;

-- Feeds of which two branches were proven. A proof may come before its feed does, and may speak of
-- another's feed: it counts for the feed of that digest if the member is the one that writes it.
CREATE TABLE forks (
  feed BLOB NOT NULL, -- digest of the feed's identity, 32 bytes
  member TEXT NOT NULL, -- code of the member that signed both branches
  sequence INTEGER NOT NULL, -- from this sequence on nothing in it counts
  proof BLOB NOT NULL, -- the statement as it came, so that it can be shown
  PRIMARY KEY (feed, member, sequence)
) STRICT, WITHOUT ROWID;

-- Headers of records of which nothing is taken in yet: they count as soon as they are known to be
-- their origin's, though what they stand in is held, or was only proven.
CREATE TABLE headers (
  key BLOB PRIMARY KEY NOT NULL, -- as in records.key
  header BLOB NOT NULL -- the header, encoded
) STRICT, WITHOUT ROWID;

-- Records whose state holds a conflict or a void write; derived from the state, in its commit.
CREATE TABLE disputes (
  record INTEGER PRIMARY KEY REFERENCES records (record), -- which record
  waiting INTEGER NOT NULL, -- conflicts that wait for a decision
  since INTEGER, -- since when the oldest of these stands, hybrid timestamp; null: none waits
  field TEXT, -- field of the oldest; null: none waits, or it is of the record as a whole
  conflict TEXT, -- id of the oldest; null: none waits
  owner TEXT, -- code of the member that has to decide it; null: none waits, or anybody
  void INTEGER NOT NULL -- writes without effect: no authority, overruled, forked and so on
) STRICT;

CREATE INDEX disputes_waiting ON disputes (since) WHERE waiting > 0;

-- Others' changesets that this member carried to parties who were added later.
CREATE TABLE carries (
  stored INTEGER NOT NULL REFERENCES log (position), -- log position of what was carried
  feed INTEGER NOT NULL REFERENCES feeds (feed), -- own feed that it was carried in
  PRIMARY KEY (stored, feed)
) STRICT, WITHOUT ROWID;

-- Carried entries by the feed that their changeset is of: what a fork proof must find again.
CREATE TABLE carried_from (
  feed BLOB NOT NULL, -- digest of the identity of the changeset's own feed, 32 bytes
  sequence INTEGER NOT NULL, -- its place in it, from 1
  position INTEGER NOT NULL REFERENCES log (position), -- log position of the entry that carries it
  PRIMARY KEY (feed, sequence, position)
) STRICT, WITHOUT ROWID;

-- Entries of this member's own feeds that came back from peers: lost here, as by a restored backup.
CREATE TABLE regained (
  feed INTEGER PRIMARY KEY REFERENCES feeds (feed), -- own feed of an earlier incarnation
  entries INTEGER NOT NULL, -- how many came back
  since INTEGER NOT NULL -- when the first did, milliseconds since 1970 UTC
) STRICT;

-- What only one record should have: the values of an item's unique fields, among its open records; a
-- printed id.
CREATE TABLE uniques (
  digest BLOB NOT NULL, -- SHA-256 over what is to be unique, 32 bytes
  record INTEGER NOT NULL REFERENCES records (record), -- which record has it
  kind INTEGER NOT NULL, -- 0 values of fields; 1 a printed id, noted only where two records have it
  PRIMARY KEY (digest, record)
) STRICT, WITHOUT ROWID;

CREATE INDEX uniques_by_record ON uniques (record);

-- Those of `uniques` that more than one record has.
CREATE TABLE collisions (
  digest BLOB PRIMARY KEY NOT NULL -- uniques.digest
) STRICT, WITHOUT ROWID;
