package import AllianceModel
import ReplicationCore
import SwiftProtobuf

/// Item definitions as bytes; layout: `Definition` in citysync.proto.
///
/// One meaning has one encoding: the model sorts and fills in defaults, generated code writes
/// fields in the order of their numbers, and bytes that encode otherwise are refused. So equal
/// definitions have equal digests, whoever proposes them.
package enum DefinitionCoding {
    /// The encoding of a valid definition; a number that the layout cannot hold is clamped.
    package static func encode(_ definition: ItemDefinition) -> Bytes {
        SchemaDefinition(definition).encoded()
    }

    /// The definition's identity: SHA-256 of its encoding.
    ///
    /// Records name it.
    package static func digest(_ definition: ItemDefinition, _ hash: HashFunction) -> Digest {
        digest(ofEncoded: encode(definition), hash)
    }

    package static func digest(ofEncoded bytes: Bytes, _ hash: HashFunction) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The valid definition of which these bytes are the encoding; nil where `read` throws.
    package static func decode(_ bytes: Bytes) -> ItemDefinition? {
        try? read(bytes)
    }

    /// The same, saying why not.
    package static func read(_ bytes: Bytes) throws(DefinitionRefusal) -> ItemDefinition {
        guard bytes.count <= WireLimits.definitionBytes else {
            throw .tooLong(bytesMaximum: WireLimits.definitionBytes)
        }
        let definition: ItemDefinition
        do throws(Misfit) {
            definition = try SchemaDefinition.decoded(bytes[...]).model()
        } catch {
            if case .unknown(let reason) = error { throw .unknown(reason) }
            throw .malformed(error.reason)
        }
        guard encode(definition) == bytes else {
            throw SchemaDefinition.holdsUnknownFields(bytes)
                ? .unknown("the definition has fields of a later version")
                : .malformed("the definition is not in its one encoding")
        }
        let problems = definition.problems()
        guard problems.isEmpty else { throw .invalid(problems) }
        return definition
    }
}

/// Why bytes are not a definition that this release can judge by.
package enum DefinitionRefusal: Error, Hashable, CustomStringConvertible {
    case tooLong(bytesMaximum: Int)
    /// Not the encoding of any definition.
    case malformed(String)
    /// Uses something of a later version; an upgrade may read it.
    case unknown(String)
    /// Readable, but against the model's rules: every reason.
    case invalid([DefinitionProblem])

    package var description: String {
        switch self {
        case .tooLong(let bytesMaximum): "the definition is longer than \(bytesMaximum) bytes"
        case .malformed(let reason), .unknown(let reason): reason
        case .invalid(let problems):
            "the definition has \(problems.count) problems; "
                + (problems.first?.description ?? "")
        }
    }
}
