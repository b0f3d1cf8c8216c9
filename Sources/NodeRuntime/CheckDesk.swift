import AllianceModel
import ReplicationCore
import SecureTransport
import Synchronization

/// Questions and answers of `verify` between two members.
final class CheckDesk: Sendable {
    private struct Question {
        var member: MemberCode
        var link: LinkID
        var continuation: CheckedContinuation<Checked.Content?, Never>
    }

    private struct State {
        var nextNumber: UInt64 = 1
        var questions: [UInt64: Question] = [:]
        var answer: (@Sendable (Check, PeerLink) async -> Void)?
        /// Links whose question is being answered: one at a time, for an answer reads everything.
        var answering: Set<LinkID> = []
    }

    private let state = Mutex(State())

    /// Who answers what peers ask; set once, at the node's start.
    func setAnswerer(_ answer: @escaping @Sendable (Check, PeerLink) async -> Void) {
        state.withLock { $0.answer = answer }
    }

    /// A peer asks; a second question before the first is answered is left unanswered.
    func asked(_ check: Check, on link: PeerLink) {
        let answer = state.withLock { state in
            state.answering.insert(link.id).inserted ? state.answer : nil
        }
        guard let answer else { return }
        Task { [self] in
            await answer(check, link)
            state.withLock { _ = $0.answering.remove(link.id) }
        }
    }

    func answered(_ checked: Checked, by member: MemberCode) {
        let question = state.withLock { state -> Question? in
            guard state.questions[checked.number]?.member == member else { return nil }
            return state.questions.removeValue(forKey: checked.number)
        }
        question?.continuation.resume(returning: checked.content)
    }

    /// Asks over a link; nil if no answer came in that time.
    func ask(bucket: UInt8?, over link: PeerLink, seconds: Int) async -> Checked.Content? {
        let number = state.withLock { state in
            defer { state.nextNumber += 1 }
            return state.nextNumber
        }
        let timeout = Task { [self] in
            try await Task.sleep(for: .seconds(seconds))
            expire(number)
        }
        defer { timeout.cancel() }
        return await withCheckedContinuation { continuation in
            state.withLock { state in
                state.questions[number] = Question(
                    member: link.peer.member,
                    link: link.id,
                    continuation: continuation
                )
            }
            link.send(.check(Check(number: number, bucket: bucket)))
        }
    }

    /// Nobody answers over that link any more.
    func lost(_ link: PeerLink) {
        let lost = state.withLock { state in
            state.answering.remove(link.id)
            let numbers = state.questions.filter { $0.value.link == link.id }.keys
            return numbers.compactMap { state.questions.removeValue(forKey: $0) }
        }
        for question in lost { question.continuation.resume(returning: nil) }
    }

    private func expire(_ number: UInt64) {
        let question = state.withLock { $0.questions.removeValue(forKey: number) }
        question?.continuation.resume(returning: nil)
    }
}
