import AllianceModel
import ClusterHarness
import Foundation
import SecureTransport

/// A member's node made by hand from docs/wire-format.md, which says whatever it is told to: the
/// truth, or what no good node would say.
struct HandmadeNode {
    let credentials: Credentials
    let alliance: String
    /// Digest of the roster.
    let roster: [UInt8]
    /// Digest of the definition of T-NOTICE.
    let definition: [UInt8]
    let incarnation: UInt64

    var member: String { credentials.member.string }

    // MARK: Feeds

    enum Audience {
        case `private`
        case members([String])
        case alliance
    }

    struct Feed {
        var member: String
        var incarnation: UInt64
        var audience: Audience
        var roster: [UInt8]

        /// A `FeedIdentity`.
        var identity: [UInt8] {
            WireWriter.message {
                $0.text(1, member)
                $0.fixed(2, incarnation)
                switch audience {
                case .private: $0.number(3, 1)
                case .members(let members):
                    $0.number(3, 2)
                    for member in members { $0.text(4, member) }
                case .alliance: $0.number(3, 3)
                }
                $0.number(5, 1)
                $0.bytes(6, roster)
            }
        }

        var digest: [UInt8] {
            let audience: [UInt8]
            switch self.audience {
            case .private: audience = [0]
            case .members(let members):
                audience = [1] + members.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
            case .alliance: audience = [2]
            }
            return sha256(
                counted([
                    Array("citysync feed".utf8), Array(member.utf8), bigEndian(incarnation),
                    audience, [0], roster,
                ])
            )
        }
    }

    func feed(of member: String? = nil, for audience: Audience = .alliance) -> Feed {
        Feed(
            member: member ?? self.member,
            incarnation: incarnation,
            audience: audience,
            roster: roster
        )
    }

    // MARK: Entries

    struct Entry {
        var opening: [UInt8]
        var writes: [UInt8]
        var salt: [UInt8]
        var body: [UInt8]

        var leaf: [UInt8] { sha256([0] + opening + sha256(writes) + sha256(salt + body)) }
    }

    /// The creation of a T-NOTICE with that mark, by another definition if one is given.
    func creation(
        _ uuid: String,
        mark: String,
        definition other: [UInt8]? = nil,
        secondsAgo: Int = 0
    ) -> Entry {
        let header = WireWriter.message {
            $0.text(1, "T-NOTICE")
            $0.bytes(2, other ?? definition)
            $0.text(3, member)
        }
        let key = WireWriter.message {
            $0.text(1, member)
            $0.bytes(2, hexadecimal(uuid))
            $0.bytes(3, Array(sha256(header).prefix(16)))
        }
        let milliseconds = UInt64((Date().timeIntervalSince1970 - Double(secondsAgo)) * 1_000)
        let write = WireWriter.message { $0.text(1, "mark") }
        let value = WireWriter.message { $0.text(1, mark) }
        return Entry(
            opening: WireWriter.message {
                $0.number(1, 1)
                $0.fixed(2, milliseconds << 16)
                $0.bytes(3, key)
                $0.bytes(4, header)
            },
            writes: WireWriter.message { $0.bytes(1, write) },
            salt: Array(sha256(Array(mark.utf8)).prefix(16)),
            body: WireWriter.message { $0.bytes(1, value) }
        )
    }

    /// The root over some leaves (RFC 9162, section 2.1.1).
    static func root(_ leaves: [[UInt8]]) -> [UInt8] {
        guard leaves.count > 1 else { return leaves.first ?? sha256([]) }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        return sha256([1] + root(Array(leaves[..<split])) + root(Array(leaves[split...])))
    }

    // MARK: Messages

    func hello() -> [UInt8] {
        frame(1) {
            $0.text(1, alliance)
            $0.bytes(2, roster)
            $0.bytes(3, roster)
            $0.text(4, member)
            $0.fixed(5, incarnation)
            $0.number(6, 1)
            $0.number(7, 1)
            $0.signed(9, Int64(Date().timeIntervalSince1970 * 1_000))
            $0.bytes(10, credentials.certificate.der)
        }
    }

    /// `size`, `root`, `signature`: what the head says instead of the truth.
    func push(
        _ entries: [Entry],
        of feed: Feed,
        first: Int = 1,
        after before: [Entry] = [],
        size: Int? = nil,
        root: [UInt8]? = nil,
        signature forged: ((_ good: [UInt8]) -> [UInt8])? = nil
    ) throws -> [UInt8] {
        let size = UInt64(size ?? first - 1 + entries.count)
        let root = root ?? HandmadeNode.root((before + entries).map(\.leaf))
        let head = counted([
            Array("citysync head".utf8), [1], Array(alliance.utf8), Array(feed.member.utf8),
            feed.digest, bigEndian(size), root,
        ])
        let good = try credentials.signingKey.sign(head)
        let part = WireWriter.message {
            $0.bytes(1, feed.identity)
            $0.number(2, UInt64(first))
            $0.number(3, size)
            $0.bytes(4, root)
            $0.bytes(5, credentials.certificate.fingerprint.bytes)
            $0.bytes(6, forged?(good) ?? good)
        }
        return frame(5) { push in
            push.bytes(1, part)
            for entry in entries {
                push.bytes(
                    2,
                    WireWriter.message {
                        $0.number(1, 0)
                        $0.bytes(2, entry.opening)
                        $0.bytes(3, entry.writes)
                        $0.bytes(4, entry.salt)
                        $0.bytes(5, entry.body)
                    }
                )
            }
        }
    }

    /// A Have of all feeds of a member's incarnation.
    func have(
        of member: String,
        _ incarnation: UInt64,
        _ feeds: [(feed: Feed, size: UInt64, root: [UInt8])]
    ) -> [UInt8] {
        let list = WireWriter.message { list in
            list.text(1, member)
            list.fixed(2, incarnation)
            for (feed, size, root) in feeds {
                list.bytes(
                    3,
                    WireWriter.message {
                        $0.bytes(1, feed.identity)
                        $0.number(2, size)
                        $0.bytes(3, root)
                    }
                )
            }
        }
        return frame(3) { $0.bytes(3, list) }
    }

    /// An Ack of so many entries of a feed.
    func ack(_ feed: Feed, upTo size: UInt64) -> [UInt8] {
        let stored = WireWriter.message {
            $0.bytes(1, feed.digest)
            $0.number(2, size)
        }
        return frame(6) { $0.bytes(1, stored) }
    }

    /// An orderly end, which leaves nothing behind that could be refused.
    func farewell() -> [UInt8] { frame(7) { $0.text(1, "shutting_down") } }

    private func frame(_ number: UInt64, _ build: (inout WireWriter) -> Void) -> [UInt8] {
        let message = WireWriter.message { $0.bytes(number, WireWriter.message(build)) }
        return withUnsafeBytes(of: UInt32(message.count).bigEndian) { Array($0) } + message
    }

    /// The code of the Fault in what a node sent, if it sent one.
    static func fault(in stream: [UInt8]) -> String? {
        WireReader.frames(stream).lazy.compactMap { $0.fields[7].flatMap(WireReader.init) }
            .first.map { String(decoding: $0.fields[1] ?? [], as: UTF8.self) }
    }
}

func sha256(_ bytes: [UInt8]) -> [UInt8] { SHA256.hash(bytes).bytes }

func bigEndian(_ value: UInt64) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

func bigEndian(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

/// Parts, each preceded by its count: 4 bytes, big-endian.
func counted(_ parts: [[UInt8]]) -> [UInt8] {
    parts.flatMap { part in
        withUnsafeBytes(of: UInt32(part.count).bigEndian) { Array($0) } + part
    }
}

/// Hexadecimal digits as bytes; hyphens are left out.
func hexadecimal(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}
