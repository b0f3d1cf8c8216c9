import ReplicationCore
import ReplicationWire

/// One connection between two processes: bytes come in the order in which they were sent, late, or
/// not at all once it is broken.
struct Link {
    /// What is under way to one end.
    enum Flight {
        case frame([UInt8])
        /// The other side closed.
        case end
    }

    struct End {
        let node: Int
        let process: Int
        var decoder: FrameDecoder
        var isOpen = true
        var incoming: [Flight] = []
        /// Nothing sent later arrives earlier.
        var lastArrival: Int64 = 0
    }

    let number: Int
    /// The one that dialled first.
    var ends: [End]

    /// An end's name for its process.
    static func id(_ number: Int, end: Int) -> LinkID {
        LinkID(rawValue: UInt64(2 * number + end))
    }

    static func place(of id: LinkID) -> (number: Int, end: Int) {
        (Int(id.rawValue / 2), Int(id.rawValue % 2))
    }
}
