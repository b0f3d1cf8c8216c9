import AllianceModel
import ReplicationCore

/// How far the asking for what entries of one record wait for has come; in memory only.
struct Inquiry {
    /// When it was asked last.
    var at: Monotonic
    /// The newest entry that it was asked for.
    var upTo: LogPosition
    /// Who was asked then.
    var asked: Set<MemberCode>
    /// Who was asked and had the time to give what it has.
    var answered: Set<MemberCode> = []
}
