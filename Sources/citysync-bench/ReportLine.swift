/// One figure, as a line of JSON.
struct ReportLine {
    var figure: String
    var value: Double
    var unit: String
    /// The 99th percentile in the same unit, where there is one.
    var p99: Double?
    var rounds: Int
    /// What the machine could do at best, measured in the same run, in the same unit.
    var rawLimit: Double?
    var command: String

    init(
        _ figure: String,
        _ values: [Double],
        _ unit: String,
        p99: [Double]? = nil,
        rawLimit: Double? = nil,
        _ plan: Plan
    ) {
        self.figure = figure
        value = values.median
        self.unit = unit
        self.p99 = p99?.median
        rounds = values.count
        self.rawLimit = rawLimit
        command = "citysync-bench \(plan.command)"
    }

    var json: String {
        let ratio = rawLimit.map { $0 > 0 ? value / $0 : 0 }
        let fields = [
            "\"figure\":\"\(figure)\"", "\"value\":\(value.short)", "\"unit\":\"\(unit)\"",
            "\"p99\":\(p99?.short ?? "null")", "\"rounds\":\(rounds)",
            "\"rawLimit\":\(rawLimit?.short ?? "null")", "\"ratio\":\(ratio?.short ?? "null")",
            "\"command\":\"\(command)\"",
        ]
        return "{\(fields.joined(separator: ","))}"
    }
}

extension [Double] {
    /// The middle one, of an even number the lower of the two; 0 if there is none.
    var median: Double {
        isEmpty ? 0 : sorted()[(count - 1) / 2]
    }
}

extension Double {
    /// Four significant digits.
    var short: String {
        guard self != 0, isFinite else { return "0" }
        var scale = 1.0
        var magnitude = Swift.abs(self)
        while magnitude >= 10_000 {
            magnitude /= 10
            scale *= 10
        }
        while magnitude < 1_000 {
            magnitude *= 10
            scale /= 10
        }
        let rounded = (self / scale).rounded() * scale
        return rounded == rounded.rounded() && Swift.abs(rounded) < 1e15
            ? "\(Int(rounded))" : "\(Float(rounded))"
    }
}
