import Foundation

/// A folder of its own under TMPDIR or /tmp, with a short path: a Unix socket's has at most 107
/// bytes.
///
/// Removed at the end of the process at the latest; kept when CITYSYNC_KEEP=1.
package struct TemporaryFolder: Sendable, CustomStringConvertible {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package let path: String

    package static var areKept: Bool {
        ProcessInfo.processInfo.environment["CITYSYNC_KEEP"] == "1"
    }

    package init(in parent: String? = nil) throws(Failure) {
        let wanted = parent ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        // A long TMPDIR would leave no room for a socket's name.
        let parent = wanted.utf8.count <= 60 && !wanted.contains(" ") ? wanted : "/tmp"
        guard let template = strdup("\(parent)/citysync-XXXXXX") else {
            throw Failure(description: "no memory for the name of a folder")
        }
        defer { free(template) }
        guard mkdtemp(template) != nil else {
            let reason = String(cString: strerror(errno))
            throw Failure(description: "cannot make a folder in \(parent): \(reason)")
        }
        path = String(cString: template)
        if !TemporaryFolder.areKept { Guard.shared.removeAtEnd(path) }
    }

    package var description: String { path }

    package func remove() {
        guard !TemporaryFolder.areKept else { return }
        // What cannot be removed now is removed by the guard at the end.
        try? FileManager.default.removeItem(atPath: path)
    }
}
