/// Paths as text; nothing here asks the disk.
enum FilePath {
    /// A relative path is relative to the folder of the file that names it.
    static func resolve(_ path: String, namedIn file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }
}
