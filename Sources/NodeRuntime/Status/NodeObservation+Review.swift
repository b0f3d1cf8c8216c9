import AllianceModel
import NodeStore
import ReplicationCore

/// Findings about what was written: conflicts that wait, writes without effect, forks, what came back.
extension NodeObservation {
    var reviewFindings: [StatusDocument.Finding] {
        conflictFindings + voidFindings + forkFindings + repeatedVoteFindings + regainedFindings
            + goneFindings
    }

    private var conflictFindings: [StatusDocument.Finding] {
        guard disputes.waiting > 0 else { return [] }
        guard let (identifier, dispute) = disputes.oldest, let since = dispute.since else {
            // Between records: the list tells which.
            let text =
                disputes.waiting == 1
                ? "a conflict between records waits for a decision"
                : "\(disputes.waiting) conflicts between records wait for a decision"
            return [
                finding(.warning, "conflicts", member, text, remedy: "citysync conflicts list")
            ]
        }
        let age = now - since.milliseconds
        let what = dispute.field.map { "\($0)" } ?? "the record"
        let whom = dispute.owner.map { " for \($0)" } ?? ""
        let more = disputes.waiting > 1 ? ", and \(disputes.waiting - 1) more" : ""
        return [
            StatusDocument.Finding(
                severity: age > HealthThresholds.heldMilliseconds ? .critical : .warning,
                code: "conflicts",
                subject: identifier.description,
                text: "\(what) waits\(whom) since \(max(0, age).span)\(more)",
                remedy: dispute.conflict.map { "citysync conflicts show \($0)" }
                    ?? "citysync conflicts list"
            )
        ]
    }

    /// Decided by rule: nobody has to act, and everybody may look.
    private var voidFindings: [StatusDocument.Finding] {
        guard disputes.voids > 0 else { return [] }
        let what = disputes.voids == 1 ? "1 write counts" : "\(disputes.voids) writes count"
        let text = "\(what) for nothing (no authority, overruled and the like)"
        return [
            finding(
                .info,
                "void",
                member,
                text,
                remedy: "citysync conflicts list"
            )
        ]
    }

    private var forkFindings: [StatusDocument.Finding] {
        let members = Set(forks.map(\.member)).sorted()
        return members.map { member in
            let count = forks.count { $0.member == member }
            let text =
                "signed two histories of \(count == 1 ? "a feed" : "\(count) feeds"): "
                + "a clone of its node runs, or it is dishonest"
            return finding(
                .critical,
                "fork",
                member,
                text,
                remedy: "that city: stop the second node; citysync conflicts list --kind forked"
            )
        }
    }

    /// Both count: which came second depends on who is asked.
    private var repeatedVoteFindings: [StatusDocument.Finding] {
        repeatedVotes.map { vote in
            finding(
                .warning,
                "approved_twice",
                vote.member,
                "stands by \(vote.definitions.count) definitions of \(vote.item) v\(vote.version): "
                    + "it was restored from a backup, or it is dishonest; all of them count",
                remedy: "citysync items show \(vote.item)"
            )
        }
    }

    /// Decided already: what is left is to know it.
    private var goneFindings: [StatusDocument.Finding] {
        Set(gone.map(\.member)).sorted().map { of in
            let starts = gone.count { $0.member == of }
            let text =
                "part of what it wrote in \(starts == 1 ? "an earlier start" : "\(starts) starts") "
                + "is lost, as with a disk: nobody has it, and nobody waits for it"
            return finding(
                .info,
                "gone",
                of,
                text,
                remedy: of == member
                    ? "compare with paper what was taken in just before the loss"
                    : "that city knows best what it may have been"
            )
        }
    }

    private var regainedFindings: [StatusDocument.Finding] {
        let entries = regained.reduce(0) { $0 + $1.entries }
        guard entries > 0 else { return [] }
        let text =
            "\(entries == 1 ? "1 change" : "\(entries) changes") of this member came back from its "
            + "peers: its store had lost them"
        return [
            finding(
                .info,
                "regained",
                member,
                text,
                remedy: "what was private to this member is not among them"
            )
        ]
    }
}
