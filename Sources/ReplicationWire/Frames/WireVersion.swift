package import AllianceModel
package import ReplicationCore

/// The versions of the protocol and the features beside them.
///
/// A version says how bytes are read; a feature says what a node can do. A new optional message or
/// field needs neither: who does not know it ignores it. One that must not be ignored is a feature
/// whose name starts with `!`.
package enum WireVersion {
    /// What this release speaks.
    package static let supported: ClosedRange<UInt32> = 1...1
    /// What this release knows, sorted.
    package static let features: [Text] = []

    /// The highest version that both speak; `version_unsupported`, saying who must be upgraded,
    /// if there is none.
    package static func highestCommon(
        _ ours: ClosedRange<UInt32> = supported,
        with theirs: ClosedRange<UInt32>
    ) throws(Fault) -> UInt32 {
        guard !ours.overlaps(theirs) else { return min(ours.upperBound, theirs.upperBound) }
        let older = theirs.upperBound < ours.lowerBound ? "the peer" : "this node"
        throw Fault(
            .versionUnsupported,
            "the peer speaks versions \(named(theirs)), this node \(named(ours)): upgrade \(older)"
        )
    }

    /// Throws `feature_missing`, naming them, if the peer requires features that are not known.
    package static func check(
        _ theirs: [Text],
        known: [Text] = features
    ) throws(Fault) {
        let missing = theirs.filter { $0.utf8.first == UInt8(ascii: "!") && !known.contains($0) }
        guard !missing.isEmpty else { return }
        let names = missing.map(\.string).joined(separator: ", ")
        throw Fault(.featureMissing, "the peer requires \(names): upgrade this node")
    }

    private static func named(_ range: ClosedRange<UInt32>) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }
}
