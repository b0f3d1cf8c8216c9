import AllianceFiles
import AllianceModel
import Foundation
import NodeStore
import SecureTransport

/// What a node's files say, whether it runs or not.
struct FileChecks {
    /// From here on status warns, too.
    private static let certificateDaysMinimum: Int64 = 30
    private static let revocationDaysMinimum: Int64 = 7
    private static let freePercentMinimum = 5.0
    private static let freePercentWanted = 15.0

    let configuration: NodeConfiguration
    let roster: Roster?
    /// Seconds since 1970.
    let now: Int64

    func all() -> [Diagnosis] {
        credentials() + [tokens()].compactMap { $0 } + [dataFolder(), disk()]
    }

    // MARK: Credentials

    private func credentials() -> [Diagnosis] {
        guard let roster else { return [] }
        let peers = configuration.peers
        let credentials: Credentials
        do {
            credentials = try Credentials.load(
                CredentialFiles(
                    certificate: peers.certificate,
                    key: peers.key,
                    authority: peers.authority,
                    revocations: peers.revocations
                ),
                trustDomain: roster.trustDomain,
                member: configuration.member
            )
        } catch {
            return [.fail("certificate", error.problem, error.remedy)]
        }
        return [
            validity(
                "certificate",
                credentials.notAfterUnixSeconds,
                minimum: FileChecks.certificateDaysMinimum,
                remedy: "Certs/ca request here, issue at the authority, then SIGHUP"
            ),
            credentials.revocationsNextUpdateUnixSeconds.map { next in
                validity(
                    "revocations",
                    next,
                    minimum: FileChecks.revocationDaysMinimum,
                    remedy: "fetch the authority's new list (Certs/ca crl), then SIGHUP"
                )
            }
                ?? .fail(
                    "revocations",
                    "an authority has no revocation list",
                    "put its list into \(peers.revocations), then SIGHUP"
                ),
        ]
    }

    private func validity(
        _ check: String,
        _ end: Int64,
        minimum: Int64,
        remedy: String
    ) -> Diagnosis {
        let days = (end - now) / 86_400
        if end <= now { return .fail(check, "ran out \((now - end) / 86_400)d ago", remedy) }
        if days < minimum { return .warn(check, "runs out in \(days)d", remedy) }
        return .ok(check, "valid for \(days)d")
    }

    // MARK: Tokens

    /// Nil where the node has no tokens file: then there is only the socket.
    private func tokens() -> Diagnosis? {
        guard let path = configuration.api.tokens else { return nil }
        guard FileManager.default.fileExists(atPath: path) else {
            return .warn(
                "tokens",
                "\(path) is not there, so that only the socket can be used",
                "make one: citysync token new"
            )
        }
        do {
            let tokens = try TokensFileEdit.read(path)
            let expired = tokens.entries.count { ($0.expires ?? .max) <= now * 1_000 }
            guard expired == 0 else {
                return .warn(
                    "tokens",
                    "\(expired) of \(tokens.entries.count) are expired",
                    "see citysync token list; revoke them, then SIGHUP"
                )
            }
            return .ok("tokens", "\(tokens.entries.count) in \(path)")
        } catch {
            let lines = (error.message ?? "").split(separator: "\n").map(String.init)
            return .fail("tokens", lines.first ?? "\(path) cannot be read", lines.last)
        }
    }

    // MARK: Data

    private func dataFolder() -> Diagnosis {
        let path = configuration.data
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            if errno == ENOENT {
                return .ok("data", "\(path) is not there yet; the node makes it")
            }
            return .fail("data", "\(path): \(SystemError.last)", "let the node's user read it")
        }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            return .fail("data", "\(path) is no folder", "set data to another path")
        }
        guard facts.st_mode & 0o077 == 0 else {
            return .fail("data", "\(path) can be read by others", "chmod 700 \(path)")
        }
        let database = "\(path)/\(DataFolder.databaseName)"
        var bytes = stat()
        guard stat(database, &bytes) == 0 else {
            return errno == ENOENT
                ? .ok("data", "\(path) holds no store yet")
                : .fail("data", "\(database): \(SystemError.last)", "run this as the node's user")
        }
        guard bytes.st_mode & 0o077 == 0 else {
            return .fail("data", "\(database) can be read by others", "chmod 600 \(database)")
        }
        guard bytes.st_uid == facts.st_uid else {
            return .fail(
                "data",
                "\(database) has another owner than its folder",
                "chown --reference=\(path) \(database)"
            )
        }
        return .ok("data", "\(FileChecks.size(UInt64(bytes.st_size))) in \(path)")
    }

    /// In the unit that leaves two digits at least: `217 KiB`, `12 GiB`.
    private static func size(_ bytes: UInt64) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var amount = bytes
        var unit = 0
        while amount >= 10 << 10, unit + 1 < units.count {
            amount >>= 10
            unit += 1
        }
        return "\(amount) \(units[unit])"
    }

    private func disk() -> Diagnosis {
        var path = configuration.data
        // A folder that is not there yet lies where its parent does.
        while !FileManager.default.fileExists(atPath: path), path.count > 1 {
            path = (path as NSString).deletingLastPathComponent
            if path.isEmpty { path = "." }
        }
        var facts = statvfs()
        guard statvfs(path, &facts) == 0, facts.f_blocks > 0 else {
            return .warn("disk", "\(path): \(SystemError.last)", "look with df")
        }
        let percent = 100 * Double(facts.f_bavail) / Double(facts.f_blocks)
        let free = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
        let text = "\(FileChecks.size(free)) free, \(Int(percent))%"
        let remedy = "free some space, or move the data folder to a larger disk"
        if percent < FileChecks.freePercentMinimum { return .fail("disk", text, remedy) }
        if percent < FileChecks.freePercentWanted { return .warn("disk", text, remedy) }
        return .ok("disk", text)
    }
}
