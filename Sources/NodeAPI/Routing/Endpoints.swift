import Glibc
package import NodeRuntime
import ReplicationCore

/// What every handler works with; the handlers themselves are extensions, one file for each resource.
package struct Endpoints: Sendable {
    let service: any NodeService & NodeReviewing
    let tokens: TokenDirectory
    let hostRule: HostRule
    /// Of this software, as status shows it.
    let version: String
    let meter: RequestMeter
    let waits: WaitLimit
    let pace: Pace
    let peerUsers = PeerUsers()
    /// Milliseconds since 1970 UTC.
    let wallMilliseconds: @Sendable () -> Int64

    package init(
        service: any NodeService & NodeReviewing,
        tokens: TokenDirectory,
        hosts: [String],
        version: String,
        waitsMaximum: Int = WaitLimit.countDefault,
        pace: Pace = Pace(),
        wallMilliseconds: @escaping @Sendable () -> Int64 = Endpoints.realTime
    ) {
        self.service = service
        self.tokens = tokens
        hostRule = HostRule(hosts: hosts)
        self.version = version
        meter = RequestMeter(routes: Route.all)
        waits = WaitLimit(maximum: waitsMaximum)
        self.pace = pace
        self.wallMilliseconds = wallMilliseconds
    }

    package static let realTime: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// How those that wait for changes are kept waiting.
    package struct Pace: Sendable {
        /// A wait is asked of the node in parts, so that it ends soon when the node is to stop.
        var partMilliseconds: Int64
        /// A stream that has had nothing to say for so long says that it is still there.
        var heartbeat: Duration

        package init(partMilliseconds: Int64 = 1_000, heartbeat: Duration = .seconds(15)) {
            self.partMilliseconds = partMilliseconds
            self.heartbeat = heartbeat
        }
    }
}
