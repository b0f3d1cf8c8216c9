import Foundation

/// Where the programs and scripts of this build are.
package struct Installation: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package let daemon: String
    package let tool: String
    /// The folder with Certs/ and Deploy/.
    package let root: String

    package var authorityTool: String { "\(root)/Certs/ca" }
    package var itemsFolder: String { "\(root)/Deploy/demo/items" }

    /// The programs: in CITYSYNC_BIN, beside the running program, or in .build of the root.
    ///
    /// The root: CITYSYNC_ROOT, or the nearest folder with Certs/ca above the working folder or the
    /// running program.
    package static func find() throws(Failure) -> Installation {
        let environment = ProcessInfo.processInfo.environment
        let files = FileManager.default
        let own = (CommandLine.arguments.first.map { files.absolute($0) } ?? "") as NSString
        let running = (try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe")) as NSString?
        let starts = [files.currentDirectoryPath, own as String, (running ?? "") as String]
        let roots = [environment["CITYSYNC_ROOT"]].compactMap { $0 } + starts.flatMap(above)
        guard let root = roots.first(where: { files.isExecutableFile(atPath: "\($0)/Certs/ca") })
        else {
            throw Failure(description: "no folder with Certs/ca here or above; set CITYSYNC_ROOT")
        }
        let folders =
            [environment["CITYSYNC_BIN"]].compactMap { $0 }
            + starts.dropFirst().flatMap { above($0).prefix(4) }
            + ["\(root)/.build/debug", "\(root)/.build/release"]
        guard
            let folder = folders.first(where: {
                files.isExecutableFile(atPath: "\($0)/citysyncd")
                    && files.isExecutableFile(atPath: "\($0)/citysync")
            })
        else {
            throw Failure(
                description:
                    "citysyncd and citysync are not built: swift build, or set CITYSYNC_BIN"
            )
        }
        return Installation(daemon: "\(folder)/citysyncd", tool: "\(folder)/citysync", root: root)
    }

    /// The path itself and every folder above it.
    private static func above(_ path: String) -> [String] {
        guard path.hasPrefix("/") else { return [] }
        var result = [path]
        while let last = result.last, last != "/" {
            result.append((last as NSString).deletingLastPathComponent)
        }
        return result
    }
}

extension FileManager {
    fileprivate func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(currentDirectoryPath)/\(path)"
    }
}
