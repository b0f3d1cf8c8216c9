package import NodeStore

/// Why a node did not start: what, where, and what to do; one line each.
package struct NodeStartError: Error, Hashable, Sendable, CustomStringConvertible {
    package let reason: String
    package let remedy: String

    package init(_ reason: String, remedy: String) {
        self.reason = reason
        self.remedy = remedy
    }

    package var description: String { "\(reason)\n  remedy: \(remedy)" }
}

extension NodeStartError {
    package init(_ error: StoreError) {
        self.init(error.explanation, remedy: error.remedy)
    }
}
