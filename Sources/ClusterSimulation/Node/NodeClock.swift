import ReplicationCore

/// A node's two clocks over the virtual time: a monotonic one that drifts, and a wall clock that
/// drifts as much and is set forwards and back.
struct NodeClock {
    /// Virtual time, monotonic and wall clock at the last change of pace.
    private var anchor: (virtual: Int64, monotonic: Int64, wall: Int64)
    /// How much faster than the virtual time, in parts per million.
    private(set) var driftPartsPerMillion: Int64 = 0

    /// 2026-03-30, about.
    static let epochMilliseconds: Int64 = 1_774_800_000_000

    init(skewMilliseconds: Int64) {
        anchor = (0, 1_000, Self.epochMilliseconds + skewMilliseconds)
    }

    private func elapsed(_ now: Int64) -> Int64 {
        let time = now - anchor.virtual
        return time + time * driftPartsPerMillion / 1_000_000
    }

    func monotonic(_ now: Int64) -> Monotonic {
        Monotonic(milliseconds: anchor.monotonic + elapsed(now))
    }

    func wallMilliseconds(_ now: Int64) -> Int64 { anchor.wall + elapsed(now) }

    /// How far the wall clock is from the true one.
    func errorMilliseconds(_ now: Int64) -> Int64 {
        wallMilliseconds(now) - (Self.epochMilliseconds + now)
    }

    /// The first virtual moment at which the monotonic clock has come there.
    func virtual(_ moment: Monotonic, notBefore now: Int64) -> Int64 {
        var time =
            anchor.virtual + (moment.milliseconds - anchor.monotonic) * 1_000_000
            / (1_000_000 + driftPartsPerMillion)
        while monotonic(time) < moment { time += 1 }
        return max(time, now)
    }

    mutating func drift(_ partsPerMillion: Int64, at now: Int64) {
        anchor = (now, monotonic(now).milliseconds, wallMilliseconds(now))
        driftPartsPerMillion = partsPerMillion
    }

    mutating func step(byMilliseconds delta: Int64, at now: Int64) {
        anchor = (now, monotonic(now).milliseconds, wallMilliseconds(now) + delta)
    }
}
