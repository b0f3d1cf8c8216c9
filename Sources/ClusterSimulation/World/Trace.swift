/// What happened, line by line, for a reader; and a digest of it, so that two runs can be compared
/// without keeping either.
package struct Trace {
    /// Where lines go; nil: nobody reads them, and none is made.
    package var sink: ((String) -> Void)?
    /// FNV-1a over every number noted.
    package private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325

    package init(sink: ((String) -> Void)? = nil) { self.sink = sink }

    mutating func note(_ now: Int64, _ numbers: UInt64..., text: @autoclosure () -> String) {
        mix(UInt64(bitPattern: now))
        for number in numbers { mix(number) }
        if let sink { sink("\(now) \(text())") }
    }

    private mutating func mix(_ number: UInt64) {
        digest = (digest ^ number) &* 0x0000_0100_0000_01b3
        digest ^= digest >> 29
    }
}
