/// What was waited for in vain, and how far it was.
package struct WaitedInVain: Error, CustomStringConvertible {
    package var what: String
    package var limit: Duration
    package var lacking: String

    package var description: String { "not within \(limit): \(what); \(lacking)" }
}

/// Asks `lacking` again and again until it returns nil: nothing is lacking any more.
///
/// What it throws is lacking too.
package func waitUntil(
    _ what: String,
    within limit: Duration = .seconds(120),
    every pause: Duration = .milliseconds(20),
    lacking: () async throws -> String?
) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
        let missing: String?
        do { missing = try await lacking() } catch { missing = "\(error)" }
        guard let missing else { return }
        try Task.checkCancellation()
        guard ContinuousClock.now < deadline else {
            throw WaitedInVain(what: what, limit: limit, lacking: missing)
        }
        try await Task.sleep(for: pause)
    }
}

/// Asks `condition` again and again until it holds.
package func waitUntil(
    _ what: String,
    within limit: Duration = .seconds(30),
    every pause: Duration = .milliseconds(20),
    holds condition: () async throws -> Bool
) async throws {
    try await waitUntil(what, within: limit, every: pause) {
        try await condition() ? nil : "it does not hold"
    }
}
