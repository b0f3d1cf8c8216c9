package import AllianceModel

extension RecordView {
    /// Whether the record is still to be dealt with: not deleted, and no case at its workflow's end.
    package var isOpen: Bool {
        guard !isDeleted else { return false }
        guard let workflow = definition.workflow, let stage else { return true }
        return !workflow.transitions(from: stage).isEmpty
    }

    /// SHA-256 over the item and the values of the fields that are to be unique among its open
    /// records; nil if the definition names none, one of them has no value or is not for the viewer,
    /// or the record is not open.
    package func unique(hash: HashFunction) -> Digest? {
        guard !definition.unique.isEmpty, isOpen else { return nil }
        var parts = ProtobufWriter(capacity: 128)
        parts.bytes(1, definition.item.utf8)
        for name in definition.unique {
            guard let field = definition.field(name), let text = value(of: field)?.text else {
                return nil
            }
            parts.bytes(2, name.utf8)
            parts.bytes(3, text.utf8)
        }
        return parts.bytes.withUnsafeBytes { hash($0) }
    }

    /// SHA-256 over the origin and the request for which it made the record; nil if the request had no
    /// key, or the record is not open.
    ///
    /// A request makes one record; but a node that was restored does not know what it made.
    package func creation(hash: HashFunction) -> Digest? {
        guard let request = state.creationRequest, isOpen else { return nil }
        var parts = ProtobufWriter(capacity: 64)
        parts.bytes(1, state.key.origin.utf8)
        parts.bytes(4, request)
        return parts.bytes.withUnsafeBytes { hash($0) }
    }

    /// What only one open record should have.
    package func uniques(hash: HashFunction) -> [Digest] {
        [unique(hash: hash), creation(hash: hash)].compactMap(\.self)
    }
}
