internal import COpenSSL

/// What OpenSSL left in this thread's error queue, oldest first.
struct OpenSSLFault: Hashable, Sendable, CustomStringConvertible {
    struct Entry: Hashable, Sendable {
        let library: Int32
        let reason: Int32
        let text: String
        /// The function of OpenSSL that found it.
        let function: String
    }

    let entries: [Entry]

    /// Empties the queue.
    static func drain() -> OpenSSLFault {
        var entries: [Entry] = []
        while true {
            var name: UnsafePointer<CChar>?
            let code = ERR_get_error_all(nil, nil, &name, nil, nil)
            guard code != 0 else { return OpenSSLFault(entries: entries) }
            let text = ERR_reason_error_string(code).map { String(cString: $0) } ?? "code \(code)"
            entries.append(
                Entry(
                    library: shim_ERR_library(code),
                    reason: shim_ERR_reason(code),
                    text: text,
                    function: name.map { String(cString: $0) } ?? ""
                )
            )
        }
    }

    /// OpenSSL's own words; never any bytes of a peer or of a key.
    var description: String {
        entries.isEmpty ? "no reason given" : entries.map(\.text).joined(separator: "; ")
    }
}
