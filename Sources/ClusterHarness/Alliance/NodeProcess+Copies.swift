import Foundation

extension NodeProcess {
    /// Puts a copy of the data folder of a node that is down beside it, under that name.
    package func saveData(as name: String) throws {
        try FileManager.default.copyItem(atPath: place.data, toPath: "\(place.folder)/\(name)")
    }

    /// Puts a saved copy in the data folder's place; the node is down.
    package func restoreData(from name: String) throws {
        let manager = FileManager.default
        try manager.removeItem(atPath: place.data)
        try manager.copyItem(atPath: "\(place.folder)/\(name)", toPath: place.data)
    }

    /// A second node of the same member on a copy of everything this one has, which is down: as when
    /// somebody starts a copied machine beside the first.
    ///
    /// It has ports of its own: nobody dials it, and it dials everybody.
    package func cloned() throws -> NodeProcess {
        let manager = FileManager.default
        let parent = (place.folder as NSString).deletingLastPathComponent
        let clones = "\(parent)/clones"
        try manager.createDirectory(atPath: clones, withIntermediateDirectories: true)
        let copy = NodePlace(member, in: clones)
        try manager.copyItem(atPath: place.folder, toPath: copy.folder)
        try manager.copyItem(atPath: "\(parent)/alliance.yaml", toPath: "\(clones)/alliance.yaml")
        // What the first one left behind; a socket cannot be copied either.
        for name in ["api.sock", "node.log"] where manager.fileExists(atPath: copy.path(name)) {
            try manager.removeItem(atPath: copy.path(name))
        }
        let text = try String(contentsOfFile: place.configuration, encoding: .utf8)
        try Cluster.write(
            text.replacingOccurrences(
                of: "127.0.0.1:\(place.peerPort)",
                with: "127.0.0.1:\(copy.peerPort)"
            )
            .replacingOccurrences(
                of: "127.0.0.1:\(place.apiPort)",
                with: "127.0.0.1:\(copy.apiPort)"
            ),
            to: copy.configuration
        )
        return NodeProcess(copy, installation)
    }
}

extension NodePlace {
    fileprivate func path(_ name: String) -> String { "\(folder)/\(name)" }
}
