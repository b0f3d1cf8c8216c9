import AllianceModel
import FoundationEssentials
import ReplicationCore
import SwiftProtobuf

/// Why bytes are not a value.
///
/// The reasons name fields, never what stands in them.
enum Misfit: Error, Hashable {
    /// Against the layout's rules, in any version.
    case malformed(String)
    /// Something that a later version may mean.
    case unknown(String)
    /// Readable, but more than is taken.
    case excessive(String)

    var reason: String {
        switch self {
        case .malformed(let reason), .unknown(let reason), .excessive(let reason): reason
        }
    }

    /// What ends a session over it.
    var fault: Fault {
        switch self {
        case .malformed(let reason), .unknown(let reason): Fault(.frameMalformed, reason)
        case .excessive(let reason): Fault(.limitExceeded, reason)
        }
    }
}

extension SwiftProtobuf.Message {
    /// The encoding: fields in the order of their numbers, so one value has one encoding.
    ///
    /// Our messages have neither required fields nor extensions, so only 2 GiB could fail.
    func encoded() -> Bytes {
        do {
            return try serializedBytes()
        } catch {
            fatalError("\(Self.protoMessageName) does not encode: \(error)")
        }
    }

    /// The message of these bytes, as generated code reads them; what it does not know is dropped.
    static func decoded(_ bytes: ArraySlice<UInt8>) throws(Misfit) -> Self {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        do {
            return try Self(serializedBytes: Bytes(bytes), options: options)
        } catch {
            throw .malformed("\(protoMessageName) is not protobuf")
        }
    }

    /// True if these bytes hold fields of a later version anywhere.
    static func holdsUnknownFields(_ bytes: Bytes) -> Bool {
        guard let kept = try? Self(serializedBytes: bytes),
            let dropped = try? decoded(bytes[...])
        else { return false }
        return !kept.isEqualTo(message: dropped)
    }
}

extension Digest {
    init(_ data: Data, _ field: String) throws(Misfit) {
        guard let digest = Digest(bytes: data) else {
            throw .malformed("\(field) is not 32 bytes")
        }
        self = digest
    }

    var data: Data { withUnsafeBytes { Data($0) } }
}

extension MemberCode {
    init(_ string: String, _ field: String) throws(Misfit) {
        guard let code = MemberCode(string) else {
            throw .malformed("\(field) is not a member code")
        }
        self = code
    }
}

extension Text {
    /// NUL is no text.
    init(_ string: String, _ field: String) throws(Misfit) {
        guard let text = Text(validating: string.utf8) else {
            throw .malformed("\(field) is not text")
        }
        self = text
    }
}

extension Sequence {
    /// `map` with typed throws, which the standard library's closure does not infer.
    func mapped<Value>(
        _ transform: (Element) throws(Misfit) -> Value
    ) throws(Misfit) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(underestimatedCount)
        for element in self { values.append(try transform(element)) }
        return values
    }
}

/// Throws unless every element is greater than the one before: sorted, each once.
func checkAscending<Key: Comparable>(
    _ keys: some Sequence<Key>,
    _ field: String
) throws(Misfit) {
    var last: Key?
    for key in keys {
        if let last, last >= key { throw .malformed("\(field) is not sorted, each once") }
        last = key
    }
}

/// Throws unless `count` is at most `maximum`.
func checkLimit(_ count: Int, _ maximum: Int, _ field: String) throws(Misfit) {
    guard count <= maximum else {
        throw .excessive("\(field): \(count) are more than \(maximum)")
    }
}

/// Throws unless `condition` holds.
func check(_ condition: Bool, _ reason: @autoclosure () -> String) throws(Misfit) {
    guard condition else { throw .malformed(reason()) }
}
