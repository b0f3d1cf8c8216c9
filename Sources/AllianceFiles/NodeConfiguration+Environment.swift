import AllianceModel

/// One key of node.yaml that a variable can stand for.
struct OverridableKey {
    enum Shape {
        case scalar
        /// `a,b`
        case list
        /// `a=b,c=d`
        case map
    }

    let path: [String]
    let shape: Shape

    /// `CITYSYNC_` and the path in capitals: `limits.frameBytes` is CITYSYNC_LIMITS_FRAME_BYTES.
    var variable: String {
        OverridableKey.prefix
            + path.map { key in
                key.reduce(into: "") { result, letter in
                    result += letter.isUppercase ? "_\(letter)" : letter.uppercased()
                }
            }.joined(separator: "_")
    }

    static let prefix = "CITYSYNC_"

    static let all: [OverridableKey] =
        scalars.map { OverridableKey(path: $0, shape: .scalar) } + [
            OverridableKey(path: ["peers", "addresses"], shape: .map),
            OverridableKey(path: ["api", "hosts"], shape: .list),
        ]

    private static let scalars = [
        ["member"], ["data"], ["alliance"], ["peers", "listen"], ["peers", "certificate"],
        ["peers", "key"], ["peers", "authority"], ["peers", "revocations"], ["api", "listen"],
        ["api", "socket"], ["api", "tokens"], ["limits", "frameBytes"],
        ["limits", "clockAheadSeconds"], ["log", "format"], ["log", "level"],
    ]
}

extension NodeConfiguration {
    /// The variables that override node.yaml, in the order of its keys.
    package static var environmentVariables: [String] { OverridableKey.all.map(\.variable) }
}

extension FileReading {
    /// The document with each variable's value in the place of its key.
    ///
    /// A variable under one of the sections that stands for no key is refused as a misspelt one;
    /// others that begin with CITYSYNC_ are other programs'.
    mutating func overlay(_ environment: [String: String], on root: SourceNode) -> SourceNode {
        var root = root.isNull ? SourceNode(content: .mapping([]), place: root.place) : root
        for key in OverridableKey.all {
            guard let value = environment[key.variable],
                let node = overriding(key, with: value)
            else { continue }
            root = root.replacing(key.path[...], with: node)
        }
        let known = OverridableKey.all.map(\.variable)
        let sections = Set(OverridableKey.all.filter { $0.path.count > 1 }.map { $0.path[0] })
        for name in environment.keys.sorted() where !known.contains(name) {
            guard
                sections.contains(where: {
                    name.hasPrefix("\(OverridableKey.prefix)\($0.uppercased())_")
                })
            else { continue }
            let nearest = NearestWord.to(name, of: known)
            refuse(
                "",
                at: .variable(name),
                "stands for no key",
                nearest.map { "did you mean \($0)?" } ?? "unset it"
            )
        }
        return root
    }

    private mutating func overriding(_ key: OverridableKey, with value: String) -> SourceNode? {
        let place = Place.variable(key.variable)
        func scalar(_ text: Substring) -> SourceNode {
            SourceNode(content: .scalar(String(text), .plain), place: place)
        }
        let parts = value.split(separator: ",")
        switch key.shape {
        case .scalar: return scalar(value[...])
        case .list: return SourceNode(content: .sequence(parts.map(scalar)), place: place)
        case .map:
            var entries: [SourceEntry] = []
            for part in parts {
                let pair = part.split(separator: "=", maxSplits: 1)
                guard pair.count == 2, !entries.contains(where: { $0.key == pair[0] }) else {
                    refuse(
                        key.path.joined(separator: "."),
                        at: place,
                        "is not a list of pairs with different keys",
                        "write 350300=10.1.2.3:7420,350700=10.1.2.7:7420"
                    )
                    return nil
                }
                entries.append(
                    SourceEntry(key: String(pair[0]), place: place, value: scalar(pair[1]))
                )
            }
            return SourceNode(content: .mapping(entries), place: place)
        }
    }
}

extension SourceNode {
    /// This with the value at the path replaced, mappings on the way made where they are missing.
    ///
    /// A node that is no mapping stays as it is, and is refused when it is read.
    fileprivate func replacing(_ path: ArraySlice<String>, with node: SourceNode) -> SourceNode {
        guard let key = path.first else { return node }
        let former: [SourceEntry]
        switch content {
        case .mapping(let entries): former = entries
        case .scalar where isNull: former = []
        default: return self
        }
        let rest = path.dropFirst()
        let old = former.first { $0.key == key }?.value
        let value =
            (old ?? SourceNode(content: .mapping([]), place: node.place))
            .replacing(rest, with: node)
        let entry = SourceEntry(key: key, place: node.place, value: value)
        let others = former.filter { $0.key != key }
        return SourceNode(content: .mapping(others + [entry]), place: place)
    }
}
