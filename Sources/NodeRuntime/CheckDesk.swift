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
        /// Links whose question is being answered: one at a time, for an answer reads everything;
        /// with the questions that wait behind it.
        var answering: [LinkID: [Check]] = [:]
    }

    private let state = Mutex(State())

    /// Who answers what peers ask; set once, at the node's start.
    func setAnswerer(_ answer: @escaping @Sendable (Check, PeerLink) async -> Void) {
        state.withLock { $0.answer = answer }
    }

    /// Questions of one link that may wait; more are left unanswered.
    private static let waitingMaximum = 8

    /// A peer asks; answered in its turn.
    func asked(_ check: Check, on link: PeerLink) {
        let answer = state.withLock { state -> (@Sendable (Check, PeerLink) async -> Void)? in
            guard let waiting = state.answering[link.id] else {
                state.answering[link.id] = []
                return state.answer
            }
            if waiting.count < Self.waitingMaximum { state.answering[link.id] = waiting + [check] }
            return nil
        }
        guard let answer else { return }
        Task { [self] in
            var next: Check? = check
            while let check = next {
                await answer(check, link)
                next = following(link.id)
            }
        }
    }

    /// The question that waits next; nil, and the link may ask anew, if there is none.
    private func following(_ link: LinkID) -> Check? {
        state.withLock { state in
            guard var waiting = state.answering[link], !waiting.isEmpty else {
                state.answering[link] = nil
                return nil
            }
            let next = waiting.removeFirst()
            state.answering[link] = waiting
            return next
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
            state.answering[link.id]?.removeAll()
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
