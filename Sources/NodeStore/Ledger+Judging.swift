import AllianceModel
import ReplicationCore
import ReplicationWire

/// A statement bears on records: each is judged again from everything that was taken in of it.
///
/// A feed may be of millions, so that is done piece by piece, each in its commit, and goes on after a
/// kill where it was. Until its turn comes a record looks as before; before anything is written to it
/// or taken in of it, it is judged.
extension Ledger {
    /// Entries whose records are judged in one piece.
    private static var pieceEntries: Int { 250 }

    /// True while records are to be judged again: `releaseDue` goes on with it.
    var isJudging: Bool { !judging.isEmpty }

    mutating func judgeAgain(feedsOf writer: Writer) throws(StoreError) {
        for (digest, feed) in feeds.sorted(by: { $0.key < $1.key })
        where feed.tip.identity.writer == writer {
            try note(JudgingPlace(), of: digest)
        }
        try judgeDue(limit: Self.pieceEntries)
    }

    /// Judges every record again that something of that feed was taken in of, pushed or carried; the
    /// first piece at once.
    mutating func judgeAgain(feed: Digest) throws(StoreError) {
        try note(JudgingPlace(), of: feed)
        try judgeDue(limit: Self.pieceEntries)
    }

    /// Goes on with what is to be judged, by about that many entries.
    mutating func judgeDue(limit: Int) throws(StoreError) {
        var left = min(limit, Self.pieceEntries)
        while left > 0, let feed = judging.keys.min() {
            left -= try judgePiece(of: feed, limit: left)
        }
    }

    /// A record as it is, judged first if something bears on it that it was not judged by yet.
    mutating func current(_ key: RecordKey) throws(StoreError) -> StoredRecord? {
        if isJudging { try judgeAgain(key) }
        return try store.record(key)
    }

    /// Returns how many entries were looked at, at least one.
    private mutating func judgePiece(of feed: Digest, limit: Int) throws(StoreError) -> Int {
        guard var place = judging[feed] else { return 1 }
        var keys: Set<RecordKey> = []
        var count = 0
        if place.carried == nil {
            let page = try store.entries(of: feed, after: place.sequence, limit: limit)
            for entry in page { insertKey(of: entry, into: &keys) }
            count = page.count
            place.sequence = page.last?.sequence ?? place.sequence
            if count < limit { place.carried = .beginning }
        }
        var isDone = false
        if count < limit, let from = place.carried {
            let page = try store.carried(from: feed, after: from, limit: limit - count)
            for carried in page {
                guard let entry = try store.entry(at: carried.position) else { continue }
                insertKey(of: entry, into: &keys)
            }
            isDone = page.count < limit - count
            count += page.count
            place.carried = page.last ?? from
        }
        for key in keys.sorted() { try judgeAgain(key) }
        try note(isDone ? nil : place, of: feed)
        return max(count, 1)
    }

    private mutating func note(_ place: JudgingPlace?, of feed: Digest) throws(StoreError) {
        judging[feed] = place
        try store.setJudging(feed, place)
    }

    private func insertKey(of entry: StoredEntry, into keys: inout Set<RecordKey>) {
        guard let feed = knownFeeds[entry.feed] else { return }
        switch EntryContent(entry.bytes, writer: feed.identity.writer, hash: settings.hash) {
        case .changeset(let changeset): keys.insert(changeset.key)
        case .carried(let carried, timestamp: _):
            if let key = EntryCoding.opening(carried.opening)?.key { keys.insert(key) }
        case .statement, .unknown, .malformed: return
        }
    }

    /// Judges one record from everything that was taken in of it.
    ///
    /// Where it looks otherwise now, that is a change of it like any other: at a position of its own in
    /// the log, so that its token changes and readers of changes are told.
    mutating func judgeAgain(_ key: RecordKey) throws(StoreError) {
        guard let stored = try store.record(key) else { return }
        let history = try store.history(stored.row, upTo: .max)
        // What one changeset made was not borne on before, else it would have its state. Judged, not
        // joined: it may have been taken in because nobody waits for what it names, which is a fact too.
        let known =
            if case .made = stored.content {
                try folding(under: .none).judge(history.map(\.entry)).state
            } else {
                try folding.state(of: stored).state
            }
        // Its header may have come by a proof, and stand in none of these.
        let (state, definition) = try folding.judge(history.map(\.entry), under: known.header)
        guard known != state else { return }
        let now = RecordView(state, definition, viewer: settings.member)
        let before = RecordView(known, definition, viewer: settings.member)
        let isChange = !now.looks(like: before, settings.hash)
        let position = isChange ? try store.appendJudgement(on: stored.row) : stored.position
        try store.updateRecord(stored.row, state, appliedAt: position)
        try noteDispute(stored.row, state, definition, isNew: false)
    }
}
