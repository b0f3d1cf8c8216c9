import AllianceFiles
import AllianceModel
import Foundation
import Logging

/// Log lines on standard error: as text for people, or one JSON object a line.
struct LineLogHandler: LogHandler {
    let format: LogFormat
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(format: LogFormat) {
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .sorted { $0.key < $1.key }
        let time = Timestamps.format(Int64(Date().timeIntervalSince1970 * 1_000))
        let line =
            switch format {
            case .text: Self.text(event, fields, time)
            case .json: Self.json(event, fields, time)
            }
        // One write a line, so that lines of several threads do not mix.
        FileHandle.standardError.write(Data(line.utf8))
    }

    private static func text(
        _ event: LogEvent,
        _ fields: [(key: String, value: Logger.Metadata.Value)],
        _ time: String
    ) -> String {
        var line = "\(time) \(event.level.rawValue.uppercased()) \(escaped("\(event.message)"))"
        for (key, value) in fields { line += " \(key)=\(escaped("\(value)"))" }
        return line + "\n"
    }

    private static func json(
        _ event: LogEvent,
        _ fields: [(key: String, value: Logger.Metadata.Value)],
        _ time: String
    ) -> String {
        var line = "{\"time\":\"\(time)\",\"level\":\"\(event.level.rawValue)\","
        line += "\"message\":\(quoted("\(event.message)"))"
        for (key, value) in fields { line += ",\(quoted(key)):\(quoted("\(value)"))" }
        return line + "}\n"
    }

    /// Text of other members is data: control characters never reach a terminal or begin a line.
    private static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return text }
        return text.unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }.joined()
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case let control where control.value < 0x20 || control.value == 0x7f:
                let digits = String(control.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
