import Testing

@testable import citysync

struct DisplayWidthTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("平潭", 4), ("350128 平潭", 11), ("…", 1), ("é", 1), ("e\u{301}", 1),
        ("ｱ", 1), ("Ａ", 2), ("한국", 4), ("\u{1112}\u{1161}\u{11ab}", 2), ("😀", 2), ("👩‍👩‍👧", 2),
        ("𠮷", 2), ("「」", 4), ("a\u{200b}b", 2),
    ])
    func `a text takes as many columns as a terminal gives it`(_ text: String, _ columns: Int) {
        #expect(DisplayWidth.of(text) == columns)
    }

    @Test func `padding counts columns and never cuts`() {
        #expect(DisplayWidth.padded("平潭", to: 6) == "平潭  ")
        #expect(DisplayWidth.padded("平潭", to: 3) == "平潭")
    }
}

struct EscapingTests {
    @Test(arguments: [
        ("plain 平潭", "plain 平潭"), ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"), ("a\tb", "a\\tb"),
        ("\u{1b}[31m", "\\u{1b}[31m"), ("\u{7f}\u{9b}", "\\u{7f}\\u{9b}"), ("\u{0}", "\\u{0}"),
        ("\u{202e}x\u{2066}", "\\u{202e}x\\u{2066}"), ("\u{2028}", "\\u{2028}"), ("a\\b", "a\\b"),
    ])
    func `control and direction characters are spelled out`(_ text: String, _ shown: String) {
        #expect(Escaping.shown(text) == shown)
    }

    @Test func `a field between tabs tells an escape from the same characters`() {
        #expect(Escaping.tabSeparated("a\nb") == "a\\nb")
        #expect(Escaping.tabSeparated("a\\nb") == "a\\\\nb")
    }
}

struct SpansTests {
    @Test(arguments: [
        (0.0, "0s", "0s"), (1.9, "1s", "1s"), (59, "59s", "59s"), (60, "1m", "1m"),
        (130, "2m", "2m10s"), (3600, "1h", "1h"), (21_600, "6h", "6h"), (21_660, "6h", "6h1m"),
        (90_000, "1d", "1d1h"), (1_040_000, "12d", "12d"), (-5, "0s", "0s"),
    ])
    func `a span has its largest unit, or its two largest`(
        _ seconds: Double,
        _ coarse: String,
        _ fine: String
    ) {
        #expect(Spans.coarse(seconds) == coarse)
        #expect(Spans.fine(seconds) == fine)
    }

    @Test(arguments: [nil, .nan, .infinity, 1e300] as [Double?])
    func `a span that is not known is a question mark`(_ seconds: Double?) {
        #expect(Spans.coarse(seconds) == "?")
        #expect(Spans.fine(seconds) == "?")
    }

    @Test(arguments: [
        (0.0, "+0ms"), (2, "+2ms"), (-12, "-12ms"), (99, "+99ms"), (100, "+0.1s"), (800, "+0.8s"),
        (-2_345, "-2.3s"), (9_990, "+10.0s"), (15_000, "+15s"), (-200_000, "-3m"),
    ])
    func `a skew has its sign and the unit that fits`(_ milliseconds: Double, _ text: String) {
        #expect(Spans.skew(milliseconds: milliseconds) == text)
    }

    @Test func `days of a certificate run out`() {
        #expect(Spans.days(340) == "340d")
        #expect(Spans.days(0) == "0d")
        #expect(Spans.days(-1) == "expired")
        #expect(Spans.days(nil) == "?")
    }
}

struct ListingTests {
    private let listing = Listing(
        columns: [
            .init(title: "A", key: "a"), .init(title: "B", key: "b", isWide: true),
            .init(title: "C", key: "c"),
        ],
        rows: [
            [.init("平潭", exact: "long"), .absent, .init("x")],
            [.init("y"), .init("1\t2"), .init("z")],
        ]
    )

    @Test func `columns line up by display width`() {
        #expect(listing.table(wide: false, ink: .none) == "A     C\n平潭  x\ny     z\n")
    }

    @Test func `wide columns are shown only when asked for`() {
        #expect(
            listing.table(wide: true, ink: .none) == "A     B     C\n平潭  -     x\ny     1\\t2  z\n"
        )
    }

    @Test func `tabs separate exact values and nothing else`() {
        #expect(listing.tabSeparated() == "a\tb\tc\nlong\t\tx\ny\t1\\t2\tz\n")
    }
}

struct ColourTests {
    private func console(terminal: Bool, _ environment: [String: String]) -> Console {
        Console(
            write: { _ in },
            writeError: { _ in },
            environment: environment,
            outputIsTerminal: terminal,
            errorIsTerminal: false
        )
    }

    @Test func `there is colour on a terminal only, and NO_COLOR is obeyed`() {
        #expect(console(terminal: true, [:]).ink.enabled)
        #expect(!console(terminal: false, [:]).ink.enabled)
        #expect(!console(terminal: true, ["NO_COLOR": "1"]).ink.enabled)
        #expect(console(terminal: true, ["NO_COLOR": ""]).ink.enabled)
    }
}
