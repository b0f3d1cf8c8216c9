-- Schema 3: requests whose answer a restored store does not know.

-- Writes of this member's earlier incarnations that came back from peers, by the request that they
-- were made for: a repetition of it is answered, not done again.
CREATE TABLE regained_requests (
  request BLOB NOT NULL, -- request id: the first 16 bytes of requests.key
  key BLOB NOT NULL, -- the record that was written, as in records.key
  PRIMARY KEY (request, key)
) STRICT, WITHOUT ROWID;
