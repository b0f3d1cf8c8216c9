/// Cuts NDJSON into requests and gives each answer back the number that its line has in the file.
struct ImportChunks {
    /// The API's bound for one line.
    static let lineBytesMaximum = 1 << 20
    static let chunkLinesMaximum = 500
    static let chunkBytesMaximum = 1 << 20

    struct Chunk {
        /// The lines to send, each with its end.
        var body: [UInt8] = []
        /// For each line of `body`, in order, its number in the file, from 1.
        var numbers: [Int] = []
        /// The numbers of lines that are too long to be sent at all.
        var tooLong: [Int] = []
    }

    private var lines: InputLines
    private var number = 0
    /// Read already, and the first of the next chunk.
    private var pending: [UInt8]?
    /// Goes into lines that name no item.
    private let item: String?

    init(_ lines: InputLines, item: String?) {
        self.lines = lines
        self.item = item
    }

    /// The next request; nil at the end.
    ///
    /// Empty lines are skipped, and counted.
    mutating func next() throws(Failure) -> Chunk? {
        var chunk = Chunk()
        while chunk.numbers.count + chunk.tooLong.count < ImportChunks.chunkLinesMaximum {
            guard let line = try take() else { break }
            if line.isEmpty { continue }
            guard line.count <= ImportChunks.lineBytesMaximum else {
                chunk.tooLong.append(number)
                continue
            }
            let isFull = chunk.body.count + line.count > ImportChunks.chunkBytesMaximum
            if isFull && !chunk.numbers.isEmpty {
                pending = line
                break
            }
            chunk.numbers.append(number)
            chunk.body += line + [0x0A]
        }
        return chunk.numbers.isEmpty && chunk.tooLong.isEmpty ? nil : chunk
    }

    private mutating func take() throws(Failure) -> [UInt8]? {
        if let line = pending {
            pending = nil
            return line
        }
        guard let line = try lines.line() else { return nil }
        number += 1
        let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        return isBlank ? [] : ImportChunks.completed(line, item: item)
    }

    /// `line` with the item put in where it names none.
    ///
    /// Everything else stays byte for byte, and a
    /// line that is no object is left for the node to refuse.
    static func completed(_ line: [UInt8], item: String?) -> [UInt8] {
        guard let item, let members = JSON(line)?.object, members["item"] == nil,
            let brace = line.firstIndex(of: UInt8(ascii: "{"))
        else { return line }
        let member = Array("\"item\":\(JSON.string(item).text)\(members.isEmpty ? "" : ",")".utf8)
        return line[...brace] + member + line[(brace + 1)...]
    }
}

/// What came of one line.
struct ImportResult: Sendable {
    /// The line's number in the file, from 1.
    var line: Int
    var isRefused: Bool
    var document: JSON

    /// Reads the answer to one chunk; `numbers` are those of the lines sent.
    static func results(_ body: [UInt8], numbers: [Int]) throws(Failure) -> [ImportResult] {
        let answers = body.split(separator: 0x0A).map { JSON(Array($0)) }
        guard answers.count == numbers.count else {
            throw .notDone("The node answered \(answers.count) of \(numbers.count) lines.")
        }
        var results: [ImportResult] = []
        for (index, answer) in answers.enumerated() {
            guard var members = answer?.object, let status = members["status"]?.integer else {
                throw .notDone("The node's answer to line \(numbers[index]) is not understood.")
            }
            members["line"] = .integer(Int64(numbers[index]))
            results.append(
                ImportResult(
                    line: numbers[index],
                    isRefused: !(200..<300).contains(status),
                    document: .object(members)
                )
            )
        }
        return results
    }

    static func tooLong(_ line: Int) -> ImportResult {
        let document = JSON.object([
            "line": .integer(Int64(line)), "id": .null, "status": .integer(413),
            "code": .string("too_large"),
        ])
        return ImportResult(line: line, isRefused: true, document: document)
    }

    var cells: [Listing.Cell] {
        ["line", "id", "status", "code", "field"].map { .optional(document[$0]?.plainText) }
    }

    /// `line 7 refused: field_invalid, applicantId`.
    var text: String {
        let code = document["code"]?.string ?? document["status"]?.plainText ?? "?"
        let words = [code, document["field"]?.string].compactMap { $0 }
        return Escaping.shown("line \(line) refused: \(words.joined(separator: ", "))")
    }
}
