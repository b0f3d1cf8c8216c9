/// A decimal as a scaled integer: `units` of 10 to the power of `-scale`.
///
/// No floating point.
package struct ScaledDecimal: Hashable, Sendable {
    package let units: Int64
    /// Digits behind the point, 0 to 18.
    package let scale: UInt8

    package init(units: Int64, scale: UInt8) {
        self.units = units
        self.scale = scale
    }

    /// `12345.60`: an optional `-`, digits without needless leading zeros, and at most `scale`
    /// digits behind the point.
    ///
    /// Fewer are filled up, so that `1.5` and `1.50` are one value; more would have to be rounded,
    /// and are refused, as is what 64 bits cannot hold.
    package init?(_ text: String, scale: UInt8) {
        self.init(utf8: text.utf8, scale: scale)
    }

    package init?(utf8: some Collection<UInt8>, scale: UInt8) {
        guard scale <= FieldType.scaleMaximum else { return nil }
        var rest = Bytes(utf8)[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        let parts = rest.split(
            separator: UInt8(ascii: "."),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard let whole = parts.first, !whole.isEmpty,
            whole.count == 1 || whole.first != UInt8(ascii: "0")
        else { return nil }
        let fraction = parts.count > 1 ? parts[1] : []
        guard parts.count == 1 || (!fraction.isEmpty && fraction.count <= Int(scale)) else {
            return nil
        }
        // Accumulated as negative: the least value has no positive counterpart.
        var units: Int64 = 0
        let filling = Bytes(repeating: UInt8(ascii: "0"), count: Int(scale) - fraction.count)
        for digit in whole + fraction + filling {
            guard digit.isDigit else { return nil }
            let (tens, first) = units.multipliedReportingOverflow(by: 10)
            let (sum, second) = tens.subtractingReportingOverflow(
                Int64(digit - UInt8(ascii: "0"))
            )
            guard !first, !second else { return nil }
            units = sum
        }
        guard isNegative || units != .min else { return nil }
        self.init(units: isNegative ? units : -units, scale: scale)
    }
}

extension ScaledDecimal: CustomStringConvertible {
    /// With exactly `scale` digits behind the point.
    package var description: String {
        let digits = String(units.magnitude)
        let sign = units < 0 ? "-" : ""
        guard scale > 0 else { return sign + digits }
        let filled =
            String(repeating: "0", count: max(0, Int(scale) + 1 - digits.utf8.count)) + digits
        return "\(sign)\(filled.dropLast(Int(scale))).\(filled.suffix(Int(scale)))"
    }
}
