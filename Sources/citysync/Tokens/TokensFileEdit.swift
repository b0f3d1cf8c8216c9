import AllianceFiles
import Foundation

/// Changes the tokens file while no other citysync does, and replaces it in one step.
///
/// The node may read it at any moment: it sees the file before or after the change, never half of
/// it. The lock is on the file that stands under the name, so that the loser of a race takes up what
/// the winner wrote.
enum TokensFileEdit {
    /// Reads the file at `path`; absent counts as empty.
    static func read(_ path: String) throws(Failure) -> TokensFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 && errno == ENOENT { return TokensFile(entries: []) }
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        return try parsed(descriptor, path)
    }

    /// Runs `change` on what the file holds and stores the result, durable when this returns.
    ///
    /// With `creates` a file that is absent is made, readable by its owner only. When anything fails the file is as
    /// it was.
    static func edit<Result>(
        _ path: String,
        creates: Bool = true,
        _ change: (inout TokensFile) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let path = TokensFileEdit.resolved(path)
        let descriptor = try locked(path, creates: creates)
        defer { close(descriptor) }
        var tokens = try parsed(descriptor, path)
        let result = try change(&tokens)
        try replace(path, with: tokens, like: descriptor)
        return result
    }

    /// Where a symbolic link leads, so that the file is replaced and not the link.
    private static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Opens and locks the file that is under `path` once the lock is held.
    private static func locked(_ path: String, creates: Bool) throws(Failure) -> Int32 {
        while true {
            let flags = O_RDWR | O_CLOEXEC | (creates ? O_CREAT : 0)
            let descriptor = open(path, flags, 0o600)
            guard descriptor >= 0 else { throw failure("open", path) }
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else {
                    defer { close(descriptor) }
                    throw failure("lock", path)
                }
            }
            var held = stat()
            var named = stat()
            let isCurrent =
                fstat(descriptor, &held) == 0 && stat(path, &named) == 0
                && held.st_ino == named.st_ino && held.st_dev == named.st_dev
            if isCurrent { return descriptor }
            // Another citysync replaced it while we waited.
            close(descriptor)
        }
    }

    private static func parsed(_ descriptor: Int32, _ path: String) throws(Failure) -> TokensFile {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw failure("examine", path) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw .notDone("The tokens file \(Escaping.shown(path)) is not a regular file.")
        }
        guard facts.st_mode & 0o077 == 0 else {
            let shown = Escaping.shown(path)
            throw .notDone("The tokens file \(shown) is open to others.\n  Do: chmod 600 \(shown)")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count == 0 { break }
            guard count > 0 else { throw failure("read", path) }
            bytes += buffer[..<count]
        }
        do {
            return try TokensFile.parse(String(decoding: bytes, as: UTF8.self), file: path)
        } catch {
            throw .notDone("The tokens file is not changed.\n\(Escaping.lines("\(error)"))")
        }
    }

    /// Writes a file beside it, makes it durable, and renames it over the old one.
    private static func replace(
        _ path: String,
        with tokens: TokensFile,
        like original: Int32
    ) throws(Failure) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure("write beside", path) }
        let temporary = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        defer { close(descriptor) }
        do throws(Failure) {
            var facts = stat()
            guard fstat(original, &facts) == 0 else { throw failure("examine", path) }
            // The node's user stays the owner when root edits the file.
            if geteuid() == 0, fchown(descriptor, facts.st_uid, facts.st_gid) != 0 {
                throw failure("keep the owner of", path)
            }
            try write(Array(tokens.text.utf8), to: descriptor, path)
            guard fsync(descriptor) == 0 else { throw failure("store", path) }
            guard rename(temporary, path) == 0 else { throw failure("replace", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        try storeName(path)
    }

    private static func write(
        _ bytes: [UInt8],
        to descriptor: Int32,
        _ path: String
    ) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw failure("write", path) }
            rest = rest.dropFirst(count)
        }
    }

    /// A rename is durable once its folder is.
    private static func storeName(_ path: String) throws(Failure) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("store", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("store", path) }
    }

    private static func failure(_ verb: String, _ path: String) -> Failure {
        let reason = SystemError.last
        return .notDone("Cannot \(verb) the tokens file \(Escaping.shown(path)): \(reason).")
    }
}
