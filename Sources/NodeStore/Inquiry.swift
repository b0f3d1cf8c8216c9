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

/// One look through all that waits, page by page.
struct InquiryRound {
    /// Up to this entry it was seen.
    var upTo: LogPosition = 0
    var records: Set<RecordKey> = []
    /// Earlier incarnations of this member whose writes are waited for.
    var writers: Set<Writer> = []
}
