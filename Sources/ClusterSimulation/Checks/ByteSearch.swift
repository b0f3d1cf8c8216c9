#if canImport(Glibc)
import Glibc
#endif

extension [UInt8] {
    /// The offset of the first occurrence from `start` on; nil if there is none.
    func firstOffset(of pattern: [UInt8], from start: Int = 0) -> Int? {
        guard let first = pattern.first else { return nil }
        return withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var offset = start
            while offset + pattern.count <= bytes.count {
                let rest = bytes.count - pattern.count + 1 - offset
                guard let found = memchr(base + offset, Int32(first), rest) else { return nil }
                offset = base.distance(to: UnsafeRawPointer(found))
                if memcmp(found, pattern, pattern.count) == 0 { return offset }
                offset += 1
            }
            return nil
        }
    }

    /// What stands between each occurrence of a mark and the next `>`; a value that a page's end cuts
    /// in two tells nothing.
    func tags(after mark: String) -> Set<String> {
        let pattern = Array(mark.utf8)
        var tags: Set<String> = []
        var offset = 0
        while let found = firstOffset(of: pattern, from: offset) {
            offset = found + pattern.count
            let end = Swift.min(count, offset + 64)
            let tail = self[offset..<end].prefix { $0 != UInt8(ascii: ">") }
            if offset + tail.count < end { tags.insert(String(decoding: tail, as: UTF8.self)) }
        }
        return tags
    }
}
