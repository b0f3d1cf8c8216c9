-- Schema 4: what a statement bears on is judged again piece by piece.
--
-- A record that looks otherwise since then has a row of `log` of kind 4 for it, with nothing in it, and
-- one of `applied` at that position whose `stored` is the position itself.

-- Feeds whose records are still to be judged again, and how far that is.
CREATE TABLE judging (
  feed BLOB PRIMARY KEY NOT NULL, -- digest of the feed's identity, 32 bytes
  sequence INTEGER NOT NULL, -- records of its entries up to this one are done
  carried INTEGER, -- and those of what was carried from it, up to this sequence; null: not begun
  carried_position INTEGER -- and of that sequence up to this log position; null: not begun
) STRICT, WITHOUT ROWID;
