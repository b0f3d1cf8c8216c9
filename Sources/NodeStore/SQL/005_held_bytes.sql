-- Schema 5: how much an author has waiting, which is limited.
ALTER TABLE held ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0; -- of the entry: opening, writes, salt and body

UPDATE held SET bytes = coalesce((
  SELECT length(opening) + length(writes) + length(salt) + length(body) FROM log
  WHERE log.position = held.position), 0);
