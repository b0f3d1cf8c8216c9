-- Schema 1. Every column has its unit and the meaning of null. Bytes stand as they came: nothing is
-- compressed or encoded again. Unsigned 64-bit numbers are kept by their bits, so those from 2^63 on
-- read as negative.

CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1), -- one row only
  secret BLOB NOT NULL CHECK (length(secret) = 32), -- random bytes that key the HMAC over idempotency keys
  projected INTEGER NOT NULL, -- log position up to which the list index knows every change
  projected_record INTEGER NOT NULL -- records.record up to which the list index knows every record
) STRICT;

CREATE TABLE incarnations (
  number INTEGER PRIMARY KEY, -- 1, 2, 3 ... in the order of the node's starts
  incarnation INTEGER NOT NULL UNIQUE, -- 64 random bits
  first INTEGER NOT NULL, -- first log position it could write
  last INTEGER -- last log position when the next one started; null: the present one
) STRICT;

CREATE TABLE feeds (
  feed INTEGER PRIMARY KEY, -- the store's short name of the feed
  digest BLOB NOT NULL UNIQUE, -- SHA-256 of the identity, 32 bytes
  member TEXT NOT NULL, -- code of the member that writes it
  incarnation INTEGER NOT NULL, -- 64 random bits of the member's incarnation
  audience TEXT NOT NULL, -- 'private', 'alliance', or member codes with one space between
  class TEXT NOT NULL, -- 'normal' or 'urgent'
  roster BLOB NOT NULL, -- digest of the roster it was begun under, 32 bytes
  size INTEGER NOT NULL, -- entries in it
  frontier BLOB NOT NULL, -- roots of its complete subtrees, the largest first, 32 bytes each
  latest INTEGER NOT NULL -- hybrid timestamp of its last entry; 0 before the first
) STRICT;

-- The local order of arrival of everything: changesets, statements, releases.
CREATE TABLE log (
  position INTEGER PRIMARY KEY, -- 1, 2, 3 ...
  kind INTEGER NOT NULL, -- 0 changeset applied here; 1 changeset held when it came; 2 other entry; 3 release
  feed INTEGER REFERENCES feeds (feed), -- the feed it belongs to; null: a release
  sequence INTEGER, -- its place in the feed, from 1; null: a release
  timestamp INTEGER, -- hybrid timestamp: milliseconds since 1970 << 16 | counter; null: a release
  leaf BLOB, -- its leaf in the feed's Merkle tree, 32 bytes; null: a release
  opening BLOB, -- opening of its envelope, verbatim; null: a release
  writes BLOB, -- writes of its envelope, verbatim; null: a release
  salt BLOB, -- 16 random bytes; null: a release
  body BLOB, -- values or statement, verbatim; null: a release
  released INTEGER REFERENCES log (position) -- position of the held entry that took effect here; null: an entry
) STRICT;

CREATE UNIQUE INDEX log_by_sequence ON log (feed, sequence) WHERE sequence IS NOT NULL;

-- Frontiers at some sizes of a feed, about every 1,024 entries, so that the root at any size costs
-- few leaves.
CREATE TABLE frontiers (
  feed INTEGER NOT NULL REFERENCES feeds (feed), -- whose frontier
  size INTEGER NOT NULL, -- at how many entries
  frontier BLOB NOT NULL, -- roots of its complete subtrees, the largest first, 32 bytes each
  PRIMARY KEY (feed, size)
) STRICT, WITHOUT ROWID;

-- Heads that members signed, as received.
CREATE TABLE heads (
  feed INTEGER NOT NULL REFERENCES feeds (feed), -- whose head
  size INTEGER NOT NULL, -- entries that it covers
  root BLOB NOT NULL, -- root of the Merkle tree over them, 32 bytes
  key BLOB NOT NULL, -- SHA-256 of the signing certificate, 32 bytes
  signature BLOB NOT NULL, -- raw r || s
  PRIMARY KEY (feed, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
  record INTEGER PRIMARY KEY, -- the store's short name of the record, in the order of arrival
  key BLOB NOT NULL UNIQUE, -- origin's code, 0, UUID, 16 bytes of the header's digest: in key order
  made_at INTEGER NOT NULL, -- log position at which the changeset that made it took effect
  position INTEGER NOT NULL, -- last log position at which something took effect on it
  state BLOB -- RecordState, encoded; null: only that one changeset was applied
) STRICT;

-- What took effect on a record after the changeset that made it.
CREATE TABLE applied (
  position INTEGER PRIMARY KEY, -- log position at which it took effect: the entry's or its release's
  record INTEGER NOT NULL REFERENCES records (record), -- on which record
  stored INTEGER NOT NULL -- log position of the entry
) STRICT;

CREATE INDEX applied_by_record ON applied (record);

-- Values that a join let go.
CREATE TABLE journal (
  entry INTEGER PRIMARY KEY, -- 1, 2, 3 ... in the order of their letting go
  record INTEGER NOT NULL REFERENCES records (record), -- of which record
  field TEXT NOT NULL, -- of which field
  member TEXT NOT NULL, -- the value's dot: member
  incarnation INTEGER NOT NULL, -- the value's dot: incarnation
  number INTEGER NOT NULL, -- the value's dot: number
  timestamp INTEGER NOT NULL, -- hybrid timestamp of the write
  value BLOB NOT NULL, -- the value, encoded
  by_member TEXT NOT NULL, -- dot of the write that let it go: member
  by_incarnation INTEGER NOT NULL, -- dot of the write that let it go: incarnation
  by_number INTEGER NOT NULL -- dot of the write that let it go: number
) STRICT;

CREATE INDEX journal_by_record ON journal (record);

-- Genuine entries that cannot take effect yet.
CREATE TABLE held (
  position INTEGER PRIMARY KEY REFERENCES log (position), -- log position of the entry
  reason TEXT NOT NULL, -- HeldReason
  detail TEXT NOT NULL, -- what it waits for, in words without values
  author TEXT NOT NULL, -- code of the member that wrote it
  timestamp INTEGER NOT NULL, -- hybrid timestamp of the entry
  key BLOB, -- the record it waits on, as in records.key; null: on none
  definition BLOB, -- digest of the definition it waits on, 32 bytes; null: on none, or unknown
  since INTEGER NOT NULL, -- when it came, milliseconds since 1970 UTC
  next_try INTEGER -- when to try again, milliseconds since 1970 UTC; null: when what it waits for comes
) STRICT;

CREATE INDEX held_by_key ON held (key) WHERE key IS NOT NULL;
CREATE INDEX held_by_definition ON held (definition) WHERE definition IS NOT NULL;
CREATE INDEX held_by_next_try ON held (next_try) WHERE next_try IS NOT NULL;
CREATE INDEX held_by_author ON held (author, timestamp);

CREATE TABLE proposals (
  number INTEGER PRIMARY KEY, -- 1, 2, 3 ... in the order of arrival
  digest BLOB NOT NULL UNIQUE, -- SHA-256 of the proposal's encoding, 32 bytes
  definition BLOB NOT NULL, -- the definition's encoding, verbatim
  definition_digest BLOB NOT NULL, -- SHA-256 of it, 32 bytes
  predecessor BLOB, -- digest of the definition it follows, 32 bytes; null: an item's first version
  roster BLOB NOT NULL, -- digest of the roster it is voted on under, 32 bytes
  proposer TEXT NOT NULL, -- member code
  timestamp INTEGER NOT NULL -- hybrid timestamp of the entry that brought it
) STRICT;

CREATE TABLE approvals (
  number INTEGER PRIMARY KEY, -- 1, 2, 3 ... in the order of arrival
  proposal BLOB NOT NULL, -- digest of the proposal, which may come later, 32 bytes
  member TEXT NOT NULL, -- code of the member that approves
  key BLOB NOT NULL, -- SHA-256 of the certificate whose key signed, 32 bytes
  signature BLOB NOT NULL, -- raw r || s
  timestamp INTEGER NOT NULL, -- hybrid timestamp of the entry that brought it
  UNIQUE (proposal, member)
) STRICT;

-- Certificates whose keys signed, kept for ever so that what they signed can be judged.
CREATE TABLE certificates (
  number INTEGER PRIMARY KEY, -- 1, 2, 3 ... in the order of arrival
  digest BLOB NOT NULL UNIQUE, -- SHA-256 of it, 32 bytes
  member TEXT NOT NULL, -- code of the member whose key it certifies
  der BLOB NOT NULL -- the certificate, DER
) STRICT;

CREATE TABLE requests (
  request INTEGER PRIMARY KEY, -- 1, 2, 3 ...
  key BLOB NOT NULL UNIQUE, -- HMAC-SHA-256 of the client's idempotency key under meta.secret
  digest BLOB NOT NULL, -- SHA-256 over method, path and body, 32 bytes
  status INTEGER NOT NULL, -- HTTP status that was answered
  subject TEXT NOT NULL -- printed id of what was made or changed
) STRICT;

CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY, -- 1, 2, 3 ...
  time INTEGER NOT NULL, -- milliseconds since 1970 UTC
  actor TEXT NOT NULL, -- the token's name, or 'socket:' and the peer's user
  route TEXT NOT NULL, -- method and route template
  subject TEXT, -- printed id of the record, or what else was acted on; null: nothing in particular
  result INTEGER NOT NULL -- HTTP status
) STRICT;

-- The list index: a projection of the records that follows the log behind (meta.projected).
CREATE TABLE listed (
  record INTEGER PRIMARY KEY REFERENCES records (record), -- which record
  item TEXT NOT NULL, -- the item's code
  home TEXT NOT NULL, -- member code
  stage TEXT, -- the stage shown; null: a plain record
  holder TEXT, -- code of the member that holds the case; null: a plain record
  subject TEXT, -- canonical text of the subject field; null: none, or not set
  updated INTEGER NOT NULL -- greatest timestamp applied, milliseconds since 1970 UTC
) STRICT;

CREATE INDEX listed_by_item ON listed (item);
CREATE INDEX listed_by_home ON listed (home);
CREATE INDEX listed_by_stage ON listed (stage) WHERE stage IS NOT NULL;
CREATE INDEX listed_by_holder ON listed (holder) WHERE holder IS NOT NULL;
CREATE INDEX listed_by_updated ON listed (updated);

-- The list index by subject. Subjects come in no order, so they are added in batches sorted by
-- subject, which an index of the table above could not be.
CREATE TABLE subjects (
  subject TEXT NOT NULL, -- listed.subject
  record INTEGER NOT NULL REFERENCES records (record), -- which record has it
  PRIMARY KEY (subject, record)
) STRICT, WITHOUT ROWID;
