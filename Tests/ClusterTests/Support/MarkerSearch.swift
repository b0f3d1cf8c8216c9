import Foundation
import Glibc

/// Finds planted texts in files, as UTF-8 and as UTF-16 of both byte orders.
///
/// Random markers share a beginning that occurs nowhere else, so one pass finds them all.
struct MarkerSearch {
    static let beginning = "Zq7~"
    static let markerCharacters = 20

    /// A fresh marker.
    static func marker(_ random: inout SeededGenerator) -> String {
        let digits = String(random.next() | 1 << 63, radix: 16)
        return beginning + digits
    }

    /// Every marker in a file, and every one of `texts` (at least 4 characters each).
    static func found(in path: String, texts: [String] = []) -> Set<String> {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        let bytes = [UInt8](data)
        var found: Set<String> = []
        for encoding in [String.Encoding.utf8, .utf16LittleEndian, .utf16BigEndian] {
            let unit = encoding == .utf8 ? 1 : 2
            for place in places(of: beginning, encoding, in: bytes) {
                let end = min(bytes.count, place + markerCharacters * unit)
                let text = String(data: Data(bytes[place..<end]), encoding: encoding)
                // Damaged text counts as well: a piece of a marker must not be there either.
                found.insert(text ?? "a broken marker in \(path)")
            }
            for text in texts where !places(of: text, encoding, in: bytes).isEmpty {
                found.insert(text)
            }
        }
        return found
    }

    private static func places(
        of text: String,
        _ encoding: String.Encoding,
        in bytes: [UInt8]
    ) -> [Int] {
        guard let needle = text.data(using: encoding).map({ [UInt8]($0) }), !needle.isEmpty else {
            return []
        }
        var places: [Int] = []
        bytes.withUnsafeBytes { haystack in
            guard let base = haystack.baseAddress else { return }
            var place = 0
            while place + needle.count <= haystack.count {
                let left = haystack.count - place - needle.count + 1
                guard let hit = memchr(base + place, Int32(needle[0]), left) else { return }
                place = UnsafeRawPointer(hit) - base
                if memcmp(base + place, needle, needle.count) == 0 { places.append(place) }
                place += 1
            }
        }
        return places
    }

    /// Every file under a folder: path relative to it, and whole path.
    static func files(under folder: String) -> [(name: String, path: String)] {
        let names = FileManager.default.enumerator(atPath: folder)?.allObjects ?? []
        return names.compactMap { $0 as? String }.sorted().map { ($0, "\(folder)/\($0)") }
    }
}
