import AllianceModel

// Deadlines: silence, missing answers, missing acknowledgements.

extension Replica {
    func earliestDeadline() -> Monotonic? {
        var earliest: Monotonic?
        for session in sessions.values {
            let deadline = deadline(of: session)
            if earliest.map({ deadline < $0 }) ?? true { earliest = deadline }
        }
        if let relayAt { earliest = min(earliest ?? relayAt, relayAt) }
        return earliest
    }

    private func deadline(of session: PeerSession) -> Monotonic {
        guard session.isAcquainted else { return helloDeadline(session) }
        var earliest =
            answerDeadline(session) ?? min(idleDeadline(session), comparingDeadline(session))
        if let deadline = searchDeadline(session) { earliest = min(earliest, deadline) }
        if let surveyAt = session.surveyAt { earliest = min(earliest, surveyAt) }
        if let deadline = acknowledgementDeadline(session) { earliest = min(earliest, deadline) }
        return earliest
    }

    private func helloDeadline(_ session: PeerSession) -> Monotonic {
        session.connectedAt.advanced(byMilliseconds: settings.helloTimeoutMilliseconds)
    }

    private func idleDeadline(_ session: PeerSession) -> Monotonic {
        let grace = settings.member < session.peer ? 0 : settings.idleGraceMilliseconds
        return session.heardAt.advanced(byMilliseconds: settings.idleMilliseconds + grace)
    }

    /// Where something is heard all the time, nothing would ever be compared.
    private func comparingDeadline(_ session: PeerSession) -> Monotonic {
        let grace = settings.member < session.peer ? 0 : settings.idleGraceMilliseconds
        return session.comparedAt
            .advanced(byMilliseconds: settings.comparingMilliseconds + grace)
    }

    private func answerDeadline(_ session: PeerSession) -> Monotonic? {
        session.answerAwaitedSince?
            .advanced(byMilliseconds: settings.answerTimeoutMilliseconds)
    }

    private func acknowledgementDeadline(_ session: PeerSession) -> Monotonic? {
        guard !session.isIdle, !session.isPaused else { return nil }
        return session.progressAt
            .advanced(byMilliseconds: settings.acknowledgementTimeoutMilliseconds)
    }

    /// Does what is due.
    mutating func expire(wallMilliseconds: Int64) {
        for link in sessions.keys.sorted() {
            guard let session = sessions[link] else { continue }
            if let fault = faultOverdue(session) {
                close(link, fault)
            } else if session.isAcquainted {
                speak(session, on: link, wallMilliseconds: wallMilliseconds)
            }
        }
        if let relayAt, relayAt <= now { runErrands() }
    }

    private func faultOverdue(_ session: PeerSession) -> Fault? {
        guard session.isAcquainted else {
            return helloDeadline(session) <= now
                ? Fault(.timeout, "no Hello within \(settings.helloTimeoutMilliseconds) ms") : nil
        }
        if let deadline = answerDeadline(session), deadline <= now {
            return Fault(.timeout, "no answer within \(settings.answerTimeoutMilliseconds) ms")
        }
        if let deadline = acknowledgementDeadline(session), deadline <= now {
            return Fault(
                .timeout,
                "no acknowledgement within \(settings.acknowledgementTimeoutMilliseconds) ms"
            )
        }
        return faultUnanswered(session)
    }

    /// Breaks a silence, or begins a comparison again that has led to nothing.
    private mutating func speak(
        _ session: PeerSession,
        on link: LinkID,
        wallMilliseconds: Int64
    ) {
        if let surveyAt = session.surveyAt, surveyAt <= now {
            let doublings = Int64(min(session.surveyAttempts + 1, 10))
            let delay = settings.surveyRetryMilliseconds << doublings
            sessions[link]?.surveyAttempts += 1
            sessions[link]?.surveyAt = now.advanced(
                byMilliseconds: min(delay, settings.idleMilliseconds)
            )
            ping(link, wantsAnswer: true, wallMilliseconds: wallMilliseconds)
        } else if session.answerAwaitedSince == nil,
            min(idleDeadline(session), comparingDeadline(session)) <= now
        {
            ping(link, wantsAnswer: true, wallMilliseconds: wallMilliseconds)
        }
    }
}
