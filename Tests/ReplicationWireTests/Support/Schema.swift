import AllianceModel
import SwiftProtobuf

extension SwiftProtobuf.Message {
    /// A copy with one change.
    func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }

    /// The encoding by generated code, as an array.
    func bytes() throws -> [UInt8] { try serializedBytes() }
}
